"""GRUB's environment is lost or damaged: the script's defaults boot, and krux-health writes a new one."""
from device import GRUBENV
from registry import scenario

ZEROS = f"dd if=/dev/zero of={GRUBENV} bs=1024 count=1 conv=notrunc status=none"
DAMAGED = f"warning: {GRUBENV}: the boot environment is damaged: it is no environment block of 1024 bytes"
NEW = "The boot is healthy. A new boot environment was written."
UNKNOWN = """
    Boot slot:    B (vda3)
    Version:      1.0.1
    Boot status:  UNKNOWN (the boot environment cannot be read)
    Previous:     1.0.0 (vda2, available for rollback)
    """


def expect_defaults(device):
    """GRUB's script took slot A, by its defaults; the environment that is there now is whole."""
    device.expect_verdict(NEW)
    device.expect_status("""
        Boot slot:    A (vda2)
        Version:      1.0.0
        Boot status:  CONFIRMED
        Previous:     1.0.1 (vda3, available for rollback)
        """)
    device.expect_environment(ORDER="A B", A_OK="1", A_TRY="0", B_OK="1", B_TRY="0", TRIAL="-", TRIES="3",
                              WHY="")
    device.expect_in_history("slot A repaired 1.0.0: boot environment")


@scenario(start="updated", seconds=40)
def environment_zeros(device):
    """The environment is all zeros."""
    device.run(ZEROS)
    device.expect_status(UNKNOWN, DAMAGED)
    device.reboot()
    expect_defaults(device)


@scenario(start="updated", seconds=40)
def environment_empty(device):
    """The environment is a file without content."""
    device.run(f"truncate --size=0 {GRUBENV}")
    device.expect_status(UNKNOWN, f"warning: {GRUBENV}: the boot environment is damaged: it is empty")
    device.reboot()
    expect_defaults(device)


@scenario(start="updated", seconds=40)
def environment_truncated(device):
    """The environment is cut after its first variables: GRUB goes by those, and boots the same slot again."""
    device.run(f"truncate --size=100 {GRUBENV}")
    device.expect_status(UNKNOWN, DAMAGED)
    device.reboot()
    device.expect_verdict(NEW)
    device.expect_status("""
        Boot slot:    B (vda3)
        Version:      1.0.1
        Boot status:  CONFIRMED
        Previous:     1.0.0 (vda2, available for rollback)
        """)
    device.expect_environment(ORDER="B A", A_OK="1", A_TRY="0", B_OK="1", B_TRY="0", TRIAL="-", TRIES="3",
                              WHY="")


@scenario(start="updated", seconds=75)
def environment_deleted(device):
    """The environment is gone. The next update waits until the bootloader is seen to save its tries again."""
    device.run(f"rm {GRUBENV}")
    device.expect_status(UNKNOWN, f"warning: there is no boot environment at {GRUBENV}")
    device.reboot()
    expect_defaults(device)
    device.expect_refusal("krux update rollback --no-reboot", 80, """
        krux-update: the bootloader did not save the try of this boot, so nothing would fall back
          hint: install a boot script as docs/boot.md describes, reboot once, and try again
        """)
    device.reboot()
    device.expect_verdict("The boot is healthy.")
    device.expect("the answer", device.run("krux update rollback --no-reboot").strip(),
                  "Rollback to 1.0.1 staged. It will activate on reboot.")


@scenario(start="trial", seconds=20)
def environment_damaged_in_trial(device):
    """The environment is damaged in the trial of a healthy version: it is confirmed with a new one."""
    device.run(ZEROS)
    device.expect_status(UNKNOWN, DAMAGED)
    device.make_ready()
    device.expect_verdict(NEW)
    device.expect_status("""
        Boot slot:    B (vda3)
        Version:      1.0.1
        Boot status:  CONFIRMED
        Previous:     1.0.0 (vda2, available for rollback)
        """)
    device.expect_marker(None)
    device.expect_environment(ORDER="B A", A_OK="1", A_TRY="0", B_OK="1", B_TRY="0", TRIAL="-", TRIES="3",
                              WHY="")
    device.expect_in_history("slot B confirmed 1.0.1: krux-health", "slot B repaired 1.0.1: boot environment")


@scenario(start="trial", seconds=75)
def environment_damaged_in_bad_trial(device):
    """The environment is damaged in the trial of an unhealthy version: it goes back all the same."""
    device.run(ZEROS)
    trial = device.run("cat /proc/sys/kernel/random/boot_id").strip()
    device.wait_for_boot()
    device.expect_verdict("The boot is healthy.")
    reason = "Health check timeout: gateway failed to start"
    device.expect_status(f"""
        Boot slot:    A (vda2)
        Version:      1.0.0
        Boot status:  CONFIRMED (rolled back from 1.0.1)
        Rollback reason: {reason}
        """)
    device.expect_evidence(f"krux-health: {reason}\nboot: {trial}")
    device.expect_environment(ORDER="A B", A_OK="1", A_TRY="0", B_OK="0", TRIAL="-", TRIES="3",
                              WHY="")
