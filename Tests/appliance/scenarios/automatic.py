"""Automatic updates over real reboots: krux-auto.timer starts them, and nobody gives another command."""
import datetime
import re

from device import lines
from registry import scenario

TIMER = "krux-auto.timer"
# A turn comes a second after the timer is started and not after minutes, and there is only that one.
SOON = b"""[Timer]
OnBootSec=
OnUnitInactiveSec=
OnActiveSec=1s
RandomizedDelaySec=0
AccuracySec=100ms
"""
BAD = "Health check timeout: gateway failed to start"
# The only parts of a status that no scenario can know beforehand.
NEXT_CHECK = re.compile(r"^(Next check: +).*$", re.MULTILINE)
OPENING = re.compile(r"which opens .*$", re.MULTILINE)


def window(device, begins, hours):
    """A window that begins so many hours from now, by the device's own clock."""
    now = datetime.datetime.fromtimestamp(int(device.run("date +%s")), datetime.timezone.utc)
    begin = now + datetime.timedelta(hours=begins)
    return f"{begin:%H:%M}-{begin + datetime.timedelta(hours=hours):%H:%M}"


def pass_an_hour(device):
    """Has the next check due. In another boot than that of the last one the wall clock tells how long ago it was."""
    device.run("date --set '+1 hour'")


def begin_turn(device):
    """Has the timer's next turn come now. Its setting is of this boot: the next has the image's again."""
    device.run(f"systemctl stop {TIMER} && mkdir -p /run/systemd/system/{TIMER}.d")
    device.vm.put(f"/run/systemd/system/{TIMER}.d/soon.conf", SOON)
    device.run(f"systemctl daemon-reload && systemctl start {TIMER}")


def turn(device):
    """A turn that does not reboot: what it printed."""
    ended = "systemctl show --value --property=ExecMainExitTimestampMonotonic krux-auto"
    before = device.run(ended).strip()
    begin_turn(device)
    device.until(f"[ $({ended}) != {before} ] && ! systemctl --quiet is-active krux-auto")
    said = device.run("journalctl --sync && journalctl --quiet --output=cat _TRANSPORT=stdout"
                      " _SYSTEMD_INVOCATION_ID=$(systemctl show --value --property=InvocationID krux-auto)")
    result = device.run("systemctl show --value --property=Result krux-auto")
    device.expect("how the turn ended", result, "success")
    return said


def turn_into_trial(device):
    """A turn that reboots: it and the trial's boot are waited for."""
    begin_turn(device)
    device.wait_for_boot()


def expect_status(device, status):
    """All of `krux update status` but for times that are not known beforehand."""
    actual, warnings = device.status()
    actual = OPENING.sub("which opens THEN", NEXT_CHECK.sub(r"\1THEN", actual))
    device.expect("the status", actual, status)
    device.expect("the status's warnings", warnings, "")


def expect_metrics(device, **values):
    """Some gauges of `krux update metrics`: those without labels, and the running version."""
    printed = lines(device.run("krux update metrics"))
    found = dict(line.removeprefix("krux_").rsplit(" ", 1) for line in printed if not line.startswith("#"))
    found["version"] = next(name for name in found if name.startswith("version_info")).split('"')[1]
    device.expect("the metrics", *("\n".join(f"{name} {each.get(name, 'missing')}" for name in values)
                                   for each in (found, {name: str(value) for name, value in values.items()})))


@scenario(seconds=270, releases=["1.0.2:unhealthy", "1.0.5"], feed=True)
def automatic(device):
    """A release waits for its window, boots, is confirmed; one that is bad comes back and is left; a newer one is taken."""
    device.publisher.offer("1.0.1")
    closed = window(device, begins=2, hours=1)
    device.run(f"krux update auto on --reboot --interval 15m --time-zone UTC --window {closed}")
    turn(device)
    expect_status(device, """
        Boot slot:    A (vda2)
        Version:      1.0.0
        Boot status:  CONFIRMED
        Downloaded:   1.0.1 (vda3, not next to boot yet)
        Next check:   THEN
        Automatic:    1.0.1 is downloaded and waits for the window, which opens THEN
        """)
    device.expect_environment(ORDER="A B", B_OK="0", TRIAL="-")
    expect_metrics(device, version="1.0.0", trial=0, staged=0, update_available=1)

    device.run(f"krux update auto on --window {window(device, begins=-1, hours=8)}")
    turn_into_trial(device)
    device.expect_verdict("Version 1.0.1 is confirmed.")
    expect_status(device, """
        Boot slot:    B (vda3)
        Version:      1.0.1
        Boot status:  CONFIRMED
        Previous:     1.0.0 (vda2, available for rollback)
        Next check:   THEN
        Automatic:    the newest version for this device is running
        """)
    device.expect_in_history("slot B staged 1.0.1", "slot B confirmed 1.0.1: krux-health")
    expect_metrics(device, version="1.0.1", trial=0, staged=0, rolled_back=0, boot_healthy=1, known_bad_images=0)

    device.publisher.offer("1.0.2:unhealthy")
    pass_an_hour(device)
    turn_into_trial(device)
    device.wait_for_boot()
    device.expect_verdict("The boot is healthy.")
    # What failed once is not tried again, though the feed still offers it.
    device.expect("the turn's answer", NEXT_CHECK.sub(r"\1THEN", turn(device)), f"""
        Asked the feed.
        Waiting: 1.0.2 failed on this device before: {BAD}.
        Next check: THEN
        """)
    expect_status(device, f"""
        Boot slot:    B (vda3)
        Version:      1.0.1
        Boot status:  CONFIRMED (rolled back from 1.0.2)
        Rollback reason: {BAD}
        Next check:   THEN
        Automatic:    1.0.2 failed on this device before: {BAD}
        """)
    device.expect_environment(ORDER="B A", A_OK="0", B_OK="1", B_TRY="0", TRIAL="-")
    device.expect_in_history("slot A staged 1.0.2", f"slot A failed 1.0.2: {BAD}")
    expect_metrics(device, version="1.0.1", trial=0, staged=0, rolled_back=1, boot_healthy=1, known_bad_images=1)

    device.publisher.offer("1.0.5")
    device.reboot()
    device.expect_verdict("The boot is healthy.")
    pass_an_hour(device)
    turn_into_trial(device)
    device.expect_verdict("Version 1.0.5 is confirmed.")
    turn(device)
    expect_status(device, """
        Boot slot:    A (vda2)
        Version:      1.0.5
        Boot status:  CONFIRMED
        Previous:     1.0.1 (vda3, available for rollback)
        Next check:   THEN
        Automatic:    the newest version for this device is running
        """)
    device.expect_in_history("slot A staged 1.0.5", "slot A confirmed 1.0.5: krux-health")
    expect_metrics(device, version="1.0.5", trial=0, staged=0, rolled_back=0, boot_healthy=1)
