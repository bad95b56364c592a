"""Updates that go well, and what an operator may and may not do meanwhile."""
from registry import scenario

UPDATED = """
    Boot slot:    B (vda3)
    Version:      1.0.1
    Boot status:  CONFIRMED
    Previous:     1.0.0 (vda2, available for rollback)
    """
ON_TRIAL = """
    Boot slot:    B (vda3)
    Version:      1.0.1
    Boot status:  TRIAL (not confirmed yet, 2 of 3 tries left, falls back in M:SS)
    Previous:     1.0.0 (vda2, available for rollback)
    """


@scenario(seconds=60)
def update_and_confirm(device):
    """A new version is fetched, booted on trial, found healthy and confirmed."""
    device.expect_status("""
        Boot slot:    A (vda2)
        Version:      1.0.0
        Boot status:  CONFIRMED
        """)
    device.expect_watchdog("systemd")
    device.apply("1.0.1")
    device.expect_status("""
        Boot slot:    A (vda2)
        Version:      1.0.0
        Boot status:  CONFIRMED
        Staged:       1.0.1 (vda3, activates on reboot)
        """)
    device.expect_environment(ORDER="B A", A_OK="1", A_TRY="0", B_OK="1", B_TRY="0", TRIAL="B", WHY="")

    device.reboot_into_trial()
    device.expect_status(ON_TRIAL)
    device.expect_marker("1.0.1")
    device.expect_environment(ORDER="B A", A_OK="1", A_TRY="0", B_OK="1", B_TRY="1", TRIAL="B", WHY="started")
    device.expect_watchdog("krux-health")
    device.expect_console(r"^krux: slot B, try 1 of 3$", times=1)

    device.make_ready()
    device.expect_verdict("Version 1.0.1 is confirmed.")
    device.expect_status(UPDATED)
    device.expect_marker(None)
    device.expect_environment(ORDER="B A", A_OK="1", A_TRY="0", B_OK="1", B_TRY="0", TRIAL="-", WHY="")
    device.expect_watchdog("systemd")
    device.run("systemctl start boot-complete.target")
    device.expect_in_history("slot B install-started 1.0.1", "slot B staged 1.0.1",
                             "slot B confirmed 1.0.1: krux-health")


@scenario(start="updated", seconds=40)
def rollback(device):
    """An operator goes back to the version before: it boots on trial too, and is confirmed."""
    device.expect_status(UPDATED)
    device.expect("the answer", device.run("krux update rollback --no-reboot").strip(),
                  "Rollback to 1.0.0 staged. It will activate on reboot.")
    device.expect_status("""
        Boot slot:    B (vda3)
        Version:      1.0.1
        Boot status:  CONFIRMED
        Staged:       1.0.0 (vda2, activates on reboot)
        """)
    device.reboot_into_trial()
    device.expect_status("""
        Boot slot:    A (vda2)
        Version:      1.0.0
        Boot status:  TRIAL (not confirmed yet, 2 of 3 tries left, falls back in M:SS)
        Previous:     1.0.1 (vda3, available for rollback)
        """)
    device.make_ready()
    device.settle()
    device.expect_status("""
        Boot slot:    A (vda2)
        Version:      1.0.0
        Boot status:  CONFIRMED
        Previous:     1.0.1 (vda3, available for rollback)
        """)
    device.expect_environment(ORDER="A B", A_OK="1", A_TRY="0", B_OK="1", B_TRY="0", TRIAL="-", WHY="")
    device.expect_in_history("slot A staged 1.0.0", "slot A rolled-back 1.0.0: from 1.0.1",
                             "slot A confirmed 1.0.0: krux-health")


@scenario(start="trial", seconds=40, releases=["1.0.2:panic"])
def reject(device):
    """While a trial is open no update is accepted; an operator ends it, and the old version comes back."""
    device.expect_status(ON_TRIAL)
    device.expect_refusal("krux update apply --no-reboot http://10.0.2.100/kruxos-1.0.2-panic.krux", 80, """
        krux-update: the running version is on trial and the other slot is its way back
          hint: wait for the health check, or end the trial with 'krux-update confirm' or 'reject'
        """)
    device.expect_refusal("krux update rollback --no-reboot", 80, """
        krux-update: the running version is on trial
          hint: 'krux-update reject' ends the trial and goes back
        """)
    answer = device.run("krux update reject --no-reboot --reason 'the display stays dark'")
    device.expect("the answer", answer, "Rejected. Version 1.0.0 will come back on reboot.")
    device.expect_status("""
        Boot slot:    B (vda3)
        Version:      1.0.1
        Boot status:  REJECTED (the other slot boots next)
        Previous:     1.0.0 (vda2, available for rollback)
        """)
    device.expect_refusal("krux update confirm", 80, """
        krux-update: the running version was rejected, and the other slot boots next
          hint: reboot first
        """)
    device.reboot()
    device.settle()
    device.expect_status("""
        Boot slot:    A (vda2)
        Version:      1.0.0
        Boot status:  CONFIRMED (rolled back from 1.0.1)
        Rollback reason: the display stays dark
        """)
    device.expect_evidence("an operator rejected it")
    device.expect_environment(ORDER="A B", A_OK="1", A_TRY="0", B_OK="0", TRIAL="-", WHY="")
