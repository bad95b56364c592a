"""Things that are wrong on purpose. A check that does not find them proves nothing when it finds nothing."""
import invariants
import json
from device import read, write
from ground import running
from kinds import Kind
from life import COMMANDS

APPLY = next(command for command in COMMANDS if command.name == "apply")


def hidden_head(ground, device):
    """The disk alters a bit of the head, the last write to the target, and shows the right one when read back."""
    kind = Kind("hide", "hide", ("write",))
    only = {"KRUX_FAULT_FILE": "root-b.img"}
    counting = ground.fresh(APPLY.state)
    writes = len(APPLY.run(counting, kind.environment(ground.kit, counting) | only).log)
    counting.remove()
    booted = device.booted
    ended = APPLY.run(device, kind.environment(ground.kit, device, writes, ground.seed) | only)
    if ended.status != 0:
        return []
    return [*invariants.boots(device, False), *invariants.claims(APPLY, ended, device, False, booted)]


def rotten_slot(ground, device):
    device.must(device.apply("1.0.1"))
    flip(device.file("root-b.img"), 1 << 20)
    return invariants.boots(device, False)


def written_system(ground, device):
    before = running(device)
    flip(device.file("root-a.img"), 1 << 20)
    return invariants.untouched(before, device)


def switch_that_never_was(ground, device):
    environment = read(device.file("grubenv"))
    ended = device.must(device.apply("1.0.1"))
    write(device.file("grubenv"), environment)
    return invariants.claims(APPLY, ended, device, False, "A")


def false_status(ground, device):
    device.must(device.apply("1.0.1"))
    flip(device.file("root-b.img"), 1 << 20)
    return invariants.status_is_true(device, False)


def false_blame(ground, device):
    before = invariants.blamed(device)
    device.must(device.apply("1.0.1"))
    ledger = device.ledger
    ledger["slots"]["B"]["state"] = "failed"
    write(device.file("ledger.json"), json.dumps(ledger).encode())
    return invariants.not_blamed(before, device)


def undocumented_end(ground, device):
    kind = Kind("kill", "kill", ("write",))
    return invariants.ending(APPLY.run(device, kind.environment(ground.kit, device, 1)), None)


def flip(path, place):
    data = bytearray(read(path))
    data[place] ^= 1
    write(path, bytes(data))


CONTROLS = (hidden_head, rotten_slot, written_system, switch_that_never_was, false_status, false_blame,
            undocumented_end)


def run(ground):
    for control in CONTROLS:
        device = ground.fresh("new")
        found = list(control(ground, device))
        device.remove()
        name = control.__name__.replace("_", " ")
        if found:
            print(f"control: found ({name}: {found[0]})", flush=True)
        else:
            ground.tally.found(f"control {name}", ["the checks do not find it"])
