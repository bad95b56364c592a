"""New versions that come up and are not healthy: krux-health goes back by itself."""
from registry import scenario

WENT_BACK = """
    Boot slot:    A (vda2)
    Version:      1.0.0
    Boot status:  CONFIRMED (rolled back from 1.0.2)
    Rollback reason: {reason}
    """


def expect_return(device, reason, evidence):
    """1.0.0 is back and healthy, says why, and the other slot boots no more."""
    device.expect_verdict("The boot is healthy.")
    device.expect_status(WENT_BACK.format(reason=reason))
    device.expect_evidence(evidence)
    device.expect_environment(ORDER="A B", A_OK="1", A_TRY="0", B_OK="0", B_TRY="1", TRIAL="-", WHY="")
    device.expect_marker(None)
    device.expect_watchdog("systemd")
    # One try each: none is wasted on a version that gave up by itself.
    device.expect_console(r"^krux: slot B, try ", times=1)


@scenario(seconds=110, releases=["1.0.2:unhealthy"])
def unhealthy(device):
    """A service fails in the new version: it goes back at the deadline."""
    device.apply("1.0.2:unhealthy")
    trial = device.reboot()
    device.until("[ -e /run/krux/trial ]")
    device.expect_marker("1.0.2")
    device.wait_for_boot()
    reason = "Health check timeout: gateway failed to start"
    expect_return(device, reason, f"krux-health: {reason}\nboot: {trial}")
    device.expect_in_history("slot B install-started 1.0.2", "slot B staged 1.0.2",
                             f"slot B failed 1.0.2: {reason}")
    again = "krux update apply --no-reboot http://10.0.2.100/kruxos-1.0.2-unhealthy.krux"
    device.expect_refusal(again, 80, f"""
        krux-update: release 1.0.2 failed on this device before: {reason}
          hint: install a newer release, or add --force to try it again
        """)


@scenario(seconds=110, releases=["1.0.2:check-hangs"])
def check_hangs(device):
    """A required check never ends: it is ended, and the version goes back at the deadline."""
    device.apply("1.0.2:check-hangs")
    trial = device.reboot()
    device.wait_for_boot()
    reason = "Health check timeout: required check 10-selftest did not end within 10 s"
    expect_return(device, reason, f"krux-health: {reason}\nboot: {trial}")


@scenario(seconds=70, releases=["1.0.2:emergency"])
def emergency(device):
    """The new version ends in an emergency shell that nobody is there to use."""
    device.apply("1.0.2:emergency")
    trial = device.reboot()
    device.wait_for_boot()
    reason = "The boot ended in emergency.target: nothing is mounted at /srv"
    expect_return(device, reason, f"krux-health: {reason}\nboot: {trial}")


@scenario(seconds=70, releases=["1.0.2:no-data"])
def no_data(device):
    """The new version does not find the data partition, and still says why it went back."""
    device.apply("1.0.2:no-data")
    device.reboot()
    device.wait_for_boot()
    expect_return(device, "The data partition did not mount at /data",
                  "boot control: the system on trial left this reason")


@scenario(start="trial", seconds=75)
def watcher_killed(device):
    """krux-health is killed in a trial: it is started again, and decides at the same deadline."""
    watcher = "systemctl show --property=MainPID --value krux-health"
    before = device.run(f"{watcher}; grep trialDeadline /run/krux/health.json").split("\n", 1)
    trial = device.run("cat /proc/sys/kernel/random/boot_id").strip()
    device.run("systemctl kill --signal=KILL --kill-whom=main krux-health")
    device.until(f"pid=$({watcher}) && [ $pid != 0 ] && [ $pid != {before[0]} ]"
                 " && ls -l /proc/$pid/fd | grep -q /dev/watchdog0")
    restarts = device.run("systemctl show --property=NRestarts krux-health")
    device.expect("the restarts", restarts, "NRestarts=1")
    device.expect("the deadline", device.run("grep trialDeadline /run/krux/health.json"), before[1])
    device.expect_watchdog("krux-health")
    device.expect_marker("1.0.1")
    device.wait_for_boot()
    device.settle()
    reason = "Health check timeout: gateway failed to start"
    device.expect_status(f"""
        Boot slot:    A (vda2)
        Version:      1.0.0
        Boot status:  CONFIRMED (rolled back from 1.0.1)
        Rollback reason: {reason}
        """)
    device.expect_evidence(f"krux-health: {reason}\nboot: {trial}")


@scenario(seconds=25)
def emergency_of_an_operator(device):
    """Somebody enters the emergency shell of a confirmed system: that is no reason to reboot."""
    device.run("systemctl --no-block emergency")
    ended = "systemctl show --property=ExecMainExitTimestampMonotonic --value krux-emergency"
    device.until(f"systemctl --quiet is-active emergency.target && [ $({ended}) != 0 ]")
    device.expect("its end", device.run("systemctl show --property=Result krux-emergency"), "Result=success")
    device.expect("the jobs", device.run("systemctl list-jobs --no-legend"), "")
    device.expect_watchdog("systemd")
    device.run("systemctl --no-block default")
    device.vm.wait_until_up()
    device.expect_status("""
        Boot slot:    A (vda2)
        Version:      1.0.0
        Boot status:  CONFIRMED
        """)
    device.expect_environment(ORDER="A B", A_OK="1", A_TRY="0", B_OK="0", TRIAL="-", WHY="")
