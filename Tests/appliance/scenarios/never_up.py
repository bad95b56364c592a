"""New versions that never get as far as krux-health: the bootloader or the watchdog goes back."""
from registry import scenario

NEVER_RAN = "krux-health left no note in the trial"
NO_PANIC = "kernel: no record of a panic"
NOT_BY_WATCHDOG = "watchdog: the reset before this boot did not come from it"
BY_WATCHDOG = "watchdog: the reset before this boot came from the hardware watchdog"


def expect_return(device, what, tries, watchdog, version="1.0.2"):
    """1.0.0 is back after so many tries of slot B, as in `3 of 3 tries used`."""
    device.wait_for_boot()
    device.expect_verdict("The boot is healthy.")
    device.expect_status(f"""
        Boot slot:    A (vda2)
        Version:      1.0.0
        Boot status:  CONFIRMED (rolled back from {version})
        Rollback reason: {what}: {tries} tries used
        """)
    device.expect_evidence(
        f"boot control: slot B on trial, {tries} tries used\n{NEVER_RAN}\n{watchdog}\n{NO_PANIC}")
    device.expect_environment(ORDER="A B", A_OK="1", A_TRY="0", B_OK="0", B_TRY=tries[0], TRIAL="-", WHY="")
    device.expect_console(r"^krux: slot B, try ", times=int(tries[0]))
    device.expect_watchdog("systemd")


@scenario(seconds=90, releases=["1.0.2:panic"])
def panic(device):
    """The kernel panics, each time it is tried."""
    device.apply("1.0.2:panic")
    device.begin_reboot()
    expect_return(device, "The new version did not come up", "3 of 3", NOT_BY_WATCHDOG)
    device.expect_console(r"Kernel panic - not syncing: Attempted to kill init!", times=3)


@scenario(seconds=90, releases=["1.0.2:bad-kernel"])
def bad_kernel(device):
    """GRUB finds a kernel that it cannot load; then it cannot load another one, and starts over."""
    device.apply("1.0.2:bad-kernel")
    device.begin_reboot()
    expect_return(device, "The new version did not come up", "3 of 3", NOT_BY_WATCHDOG)
    device.expect_console(r"^krux: slot B does not load, starting over$", times=3)


@scenario(seconds=50)
def no_system(device):
    """What was staged has gone from the partition: GRUB goes on to the other slot in the same boot."""
    device.apply("1.0.1")
    device.vm.shut_down()
    device.vm.disk.write("root-b", 0, bytes(64 << 10))
    device.vm.start()
    expect_return(device, "The new version could not be loaded by the bootloader", "1 of 3", NOT_BY_WATCHDOG,
                  version="1.0.1")
    device.expect_console(r"^krux: slot B has no system$", times=1)


@scenario(seconds=240, releases=["1.0.2:hang"])
def hang(device):
    """The first program hangs after it has armed the watchdog: three resets."""
    device.apply("1.0.2:hang")
    device.begin_reboot()
    expect_return(device, "The hardware watchdog reset the new version before it was confirmed", "3 of 3",
                  BY_WATCHDOG)
    device.expect_console(r"^initrd: hanging$", times=3)


@scenario(seconds=130, releases=["1.0.2:no-health"])
def no_health(device):
    """The new version comes up and never starts krux-health: nobody feeds the watchdog. One try only."""
    device.apply("1.0.2:no-health")
    device.vm.shut_down()
    device.vm.disk.set_environment(TRIES=1)
    device.vm.start()
    device.wait_for_boot()
    device.until("systemctl --quiet is-active multi-user.target")
    expect_return(device, "The hardware watchdog reset the new version before it was confirmed", "1 of 1",
                  BY_WATCHDOG)
