"""The ledger on the data partition is lost or damaged: that costs history, and never a boot or a way back."""
from device import LEDGER, PREVIOUS_LEDGER
from registry import scenario

SCRIBBLE = f"echo garbage | tee {LEDGER} > {PREVIOUS_LEDGER}"
NO_LEDGER = "warning: there is no ledger yet; history starts now"
DAMAGED = "warning: the ledger is damaged: unexpected character at byte 0; history starts anew"
CONFIRMED = """
    Boot slot:    B (vda3)
    Version:      1.0.1
    Boot status:  CONFIRMED
    """
WENT_BACK = """
    Boot slot:    A (vda2)
    Version:      1.0.0
    Boot status:  CONFIRMED (rolled back from unknown)
    Rollback reason: {reason}
    """


@scenario(seconds=55)
def ledger_lost_when_staged(device):
    """The newest ledger is deleted while an update is staged: the one before it is used."""
    warning = "warning: the ledger is missing; the one before it is used"
    device.apply("1.0.1")
    device.run(f"rm {LEDGER}")
    device.expect_status("""
        Boot slot:    A (vda2)
        Version:      1.0.0
        Boot status:  CONFIRMED
        Staged:       1.0.1 (vda3, activates on reboot)
        """, warning)
    device.reboot_into_trial()
    device.expect_status("""
        Boot slot:    B (vda3)
        Version:      1.0.1
        Boot status:  TRIAL (not confirmed yet, 2 of 3 tries left, falls back in M:SS)
        Previous:     1.0.0 (vda2, available for rollback)
        """, warning)
    device.make_ready()
    device.expect_verdict("Version 1.0.1 is confirmed.")
    device.expect_status(CONFIRMED + "Previous:     1.0.0 (vda2, available for rollback)")
    device.expect_environment(ORDER="B A", A_OK="1", A_TRY="0", B_OK="1", B_TRY="0", TRIAL="-", WHY="")


@scenario(start="trial", seconds=35, releases=["1.0.2:unhealthy"])
def ledger_lost_in_trial(device):
    """The whole folder of the ledger is deleted in a trial: it is confirmed, and the next update works."""
    device.run("rm -r /data/krux")
    device.expect_status("""
        Boot slot:    B (vda3)
        Version:      1.0.1
        Boot status:  TRIAL (not confirmed yet, 2 of 3 tries left, falls back in M:SS)
        """, NO_LEDGER)
    device.make_ready()
    device.expect_verdict("Version 1.0.1 is confirmed.")
    device.expect_status(CONFIRMED, NO_LEDGER)
    device.expect_environment(ORDER="B A", A_OK="1", A_TRY="0", B_OK="1", B_TRY="0", TRIAL="-", WHY="")
    device.apply("1.0.2:unhealthy")
    device.expect_status(CONFIRMED + "Staged:       1.0.2 (vda2, activates on reboot)")


@scenario(start="trial", seconds=75)
def ledger_damaged_in_trial(device):
    """Both ledgers are scribbled over in the trial of an unhealthy version: it goes back, and says why."""
    device.run(SCRIBBLE)
    device.expect_status("""
        Boot slot:    B (vda3)
        Version:      1.0.1
        Boot status:  TRIAL (not confirmed yet, 2 of 3 tries left, falls back in M:SS)
        """, DAMAGED)
    device.wait_for_boot()
    device.expect_verdict("The boot is healthy.")
    device.expect_status(WENT_BACK.format(reason="Health check timeout: gateway failed to start"))
    device.expect_environment(ORDER="A B", A_OK="1", A_TRY="0", B_OK="0", TRIAL="-")


@scenario(start="updated", seconds=40)
def ledger_damaged_when_confirmed(device):
    """Both ledgers are scribbled over on a confirmed system: it goes on and boots again."""
    device.run(SCRIBBLE)
    device.expect_status(CONFIRMED, DAMAGED)
    device.reboot()
    device.expect_verdict("The boot is healthy.")
    device.expect_status(CONFIRMED, DAMAGED)
    device.expect_environment(ORDER="B A", A_OK="1", A_TRY="0", B_OK="1", B_TRY="0", TRIAL="-", WHY="")


@scenario(start="trial", seconds=40)
def ledger_lost_after_rejection(device):
    """The ledger is deleted after a rejection: boot control still has the reason, and knows the image."""
    device.run("krux update reject --no-reboot --reason 'the display stays dark'")
    device.run(f"rm {LEDGER} {PREVIOUS_LEDGER}")
    device.reboot()
    device.expect_verdict("The boot is healthy.")
    device.expect_status(WENT_BACK.format(reason="the display stays dark"))
    device.expect_refusal("krux update apply --no-reboot http://10.0.2.100/kruxos-1.0.1.krux", 80, """
        krux-update: release 1.0.1 failed on this device before
          hint: install a newer release, or add --force to try it again
        """)


@scenario(seconds=55)
def ledger_lost_after_failure(device):
    """The ledger is deleted before a version that never comes up: why is found out all the same."""
    device.apply("1.0.1")
    device.run("rm -r /data/krux")
    device.vm.shut_down()
    device.vm.disk.write("root-b", 0, bytes(64 << 10))
    device.vm.start()
    device.wait_for_boot()
    device.expect_verdict("The boot is healthy.")
    device.expect_status(
        WENT_BACK.format(reason="The new version could not be loaded by the bootloader: 1 of 3 tries used"))
    device.expect_environment(ORDER="A B", A_OK="1", A_TRY="0", B_OK="0", TRIAL="-")
