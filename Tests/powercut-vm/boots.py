"""Boots a disk that a power cut left: it comes up by itself, says what is true, and takes the next update."""
import json
import os
import subprocess

from decision import decide
from device import Device, bundle
from vm import WEB, MachineFailed

import rules
from releases import GOOD, NEXT, UNHEALTHY

# Boots until a system is there to stay: the tries of a trial, and the one after them.
BOOTS = 5


def expected_slot(facts):
    """The slot that is to be running in the end, if no boot is cut short."""
    first = decide(facts.control, lambda slot: facts.slots[slot].kind != "zeroed").slot
    return first if facts.release(first).good else rules.OTHER[first]


def come_up(device):
    """Waits until a system has found itself healthy, through a trial that falls back if there is one."""
    for _ in range(BOOTS):
        device.wait_for_boot()
        try:
            state = device.settle()
        except MachineFailed:
            if len(device.vm.agent.boots) > device.vm.known_boots:
                continue
            raise
        if state != "active":
            raise device.vm.failure(f"krux-health ended as {state}")
        return
    raise device.vm.failure(f"no boot of {BOOTS} was there to stay")


def expect(device, what, actual, expected):
    if actual != expected:
        raise device.vm.failure(f"{what}: {actual!r}, and not {expected!r}")


def expect_truth(device, slot, version):
    """`krux update status`, held against the running system and the boot environment."""
    status = json.loads(device.run("krux update status --json 2> /dev/null"))
    expect(device, "the slot that runs",
           [word for word in device.run("cat /proc/cmdline").split() if word.startswith("krux.slot=")],
           [f"krux.slot={slot}"])
    expect(device, "the version that runs",
           device.run("grep ^IMAGE_VERSION= /usr/lib/os-release").strip(), f"IMAGE_VERSION={version}")
    expect(device, "the status's slot", status["bootedSlot"], slot)
    expect(device, "the status's version", status["version"], version)
    expect(device, "the boot status", status["bootStatus"], "confirmed")
    expect(device, "the next boot", status["nextBoot"], slot)
    expect(device, "the warnings", status["warnings"], [])
    bad = UNHEALTHY.split(":")[0]
    if status.get("rolledBackFrom") not in (None, bad) or status.get("failedOverFrom"):
        raise device.vm.failure(f"somebody is blamed for a power cut: {status}")
    expect(device, "the images known as bad", {image["version"] for image in status["knownBad"]} - {bad}, set())
    device.expect_environment(**{f"{slot}_OK": "1", f"{slot}_TRY": "0", "TRIAL": "-"})


def converge(device, slot, version):
    """The next update: of the good release, or where that runs of the one after it."""
    release = NEXT if version == GOOD else GOOD
    output = device.run(f"krux update apply --no-reboot {WEB}/{bundle(release)}", timeout=600)
    if "activate on reboot" not in output and "already staged" not in output:
        raise device.vm.failure(f"apply said: {output}")
    device.reboot()
    device.expect_verdict(f"Version {release} is confirmed.")
    expect_truth(device, rules.OTHER[slot], release)


def prove(path, folder, web_port, facts):
    """Boots the disk image until it is updated. Raises Failed with what is not as it has to be."""
    os.makedirs(folder, exist_ok=True)
    slot = expected_slot(facts)
    version = facts.slots[slot].whole
    device = Device(path, folder, web_port)

    def steps(device):
        device.vm.start()
        come_up(device)
        expect_truth(device, slot, version)
        converge(device, slot, version)
        device.vm.power_off()
    with device.vm:
        device.play(steps)


def kill(device, chance):
    """An update and its trial, ended by SIGKILL at some moment; returns how long that was after the beginning.

    The host's page cache survives, so this is no power cut: what QEMU had been given is there.
    """
    # The update itself takes some ten seconds, its trial the rest.
    seconds = chance.uniform(0, chance.choice((12, 60)))
    device.note(f"to be killed after {seconds:.2f} s")
    device.vm.agent.send(f"krux update apply --no-reboot {WEB}/{bundle(GOOD)} && systemctl reboot", 600)
    try:
        device.vm.process.wait(seconds)
    except subprocess.TimeoutExpired:
        pass
    device.vm.power_off()
    return seconds
