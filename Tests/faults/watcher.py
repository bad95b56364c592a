"""krux-health is killed at every change that it makes, and started again as systemd does: it comes to the same end."""
import invariants
from ground import running
from kinds import CHANGES, Kind
from life import COMMANDS

KILL = Kind("kill", "kill", CHANGES, ends=-9)
# How often it is killed at that call before it is left in peace.
KILLS = (1, 3)
WATCHERS = [command for command in COMMANDS
            if command.words[:1] in (("run",), ("emergency",)) and not command.repairs]
# Nothing is waited for here, so that a busy machine is no disk that does not answer.
AT_ITS_PACE = {"KRUX_FAULT_SPEED": "1"}


def run(ground):
    if not ground.wants("watcher"):
        return
    mark, cases = ground.mark(), []
    for command in WATCHERS:
        device = ground.fresh(command.state)
        counted = len(command.run(device, KILL.environment(ground.kit, device) | AT_ITS_PACE).log)
        expected = outcome(device)
        device.remove()
        numbers = ground.chosen(f"watcher/{command.name}", range(1, counted + 1))
        cases += [(ground, command, number, kills, expected) for number in numbers for kills in KILLS]
    ground.each(one, cases)
    ground.say("watcher", mark)


def one(ground, command, number, kills, expected):
    name, device = f"watcher/{command.name}/{number} ({kills} times)", ground.fresh(command.state)
    try:
        before = running(device)
        for _ in range(kills):
            ended = command.run(device, KILL.environment(ground.kit, device, number) | AT_ITS_PACE)
            ground.tally.count(ended.status == -9)
            ground.safe(name, device, before, ended, -9)
            if ended.status != -9 or boot_is_over(device, before[0]):
                break
        if ended.status == -9 and not boot_is_over(device, before[0]):
            ended = command.run(device, AT_ITS_PACE)
            ground.safe(name, device, before, ended)
        found = outcome(device)
        ground.check(name, [f"{part} is {found[part]}, and {expected[part]} without a kill"
                            for part in expected if found[part] != expected[part]])
    finally:
        device.remove()


def boot_is_over(device, booted):
    """The folder's reboot, which the watcher plays itself, has spent a try; there is no watcher after that. One that
    was cut off is done again, as a machine cannot stop there."""
    if device.booted == booted and device.control.made[invariants.OTHER[booted]]:
        device.must(device.update("reboot"))
    return device.booted != booted


def outcome(device):
    """What is left, without what one boot more or less changes."""
    slots = (device.ledger or {}).get("slots") or {}
    records = {slot: {key: record.get(key) for key in ("version", "state", "failure", "everConfirmed")}
               for slot, record in slots.items()}
    environment = {name: value for name, value in (device.environment or {}).items() if not name.endswith("_TRY")}
    events = [(entry["event"], entry["slot"]) for entry in (device.ledger or {}).get("history") or []]
    # A watcher that is started again may find a boot unhealthy once more, and says so.
    told = [event for event, before in zip(events, [None, *events]) if event != before]
    return {"the slot that runs": device.booted, "boot control": environment, "the ledger": records,
            "the history": told}
