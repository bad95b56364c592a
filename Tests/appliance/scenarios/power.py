"""Power cuts early in the boots of a confirmed version, until the bootloader takes it for broken."""
from registry import scenario


def cut_boot(device, tries_made, until_up):
    """A boot of slot B that ends in a power cut before it is found healthy."""
    device.vm.start()
    device.vm.wait(rf"^krux: slot B, try {tries_made} of 3$")
    if until_up:
        device.wait_for_boot()
    device.vm.power_off()
    device.expect_environment(ORDER="B A", A_OK="1", A_TRY="0", B_OK="1", B_TRY=str(tries_made), TRIAL="-")


@scenario(start="updated", seconds=120)
def fail_over(device):
    """Three boots are cut short: the older version takes over, nobody is blamed, and the way back is open."""
    device.vm.power_off()
    cut_boot(device, 1, until_up=False)
    cut_boot(device, 2, until_up=True)
    cut_boot(device, 3, until_up=True)

    device.vm.start()
    device.wait_for_boot()
    device.expect_verdict("The boot is healthy.")
    failed_over = """
        Boot slot:    A (vda2)
        Version:      1.0.0
        Boot status:  CONFIRMED (failed over from 1.0.1)
        Previous:     1.0.1 (vda3, available for rollback)
        Fail-over reason: {reason}
        """
    reason = "3 boots of slot B in a row were not found healthy; 'krux-update rollback' returns to it"
    device.expect_status(failed_over.format(reason=reason))
    device.expect_environment(ORDER="B A", A_OK="1", A_TRY="0", B_OK="1", B_TRY="3", TRIAL="-", WHY="")
    device.expect_in_history("slot B confirmed 1.0.1: krux-health",
                             "slot B failed-over 1.0.1: 3 of 3 boots of it were not found healthy")

    device.run("krux update rollback --no-reboot")
    device.reboot()
    device.expect_verdict("Version 1.0.1 is confirmed.")
    device.expect_status("""
        Boot slot:    B (vda3)
        Version:      1.0.1
        Boot status:  CONFIRMED
        Previous:     1.0.0 (vda2, available for rollback)
        """)
    device.expect_environment(ORDER="B A", A_OK="1", A_TRY="0", B_OK="1", B_TRY="0", TRIAL="-", WHY="")


@scenario(start="updated", seconds=60)
def power_cut_once(device):
    """One boot is cut short: nothing follows from it but a spent try, and that is given back."""
    device.vm.power_off()
    cut_boot(device, 1, until_up=True)
    device.vm.start()
    device.vm.wait(r"^krux: slot B, try 2 of 3$")
    device.wait_for_boot()
    device.expect_verdict("The boot is healthy.")
    device.expect_status("""
        Boot slot:    B (vda3)
        Version:      1.0.1
        Boot status:  CONFIRMED
        Previous:     1.0.0 (vda2, available for rollback)
        """)
    device.expect_environment(ORDER="B A", A_OK="1", A_TRY="0", B_OK="1", B_TRY="0", TRIAL="-", WHY="")
