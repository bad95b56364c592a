"""Every kind of fault at every call of every command, and what has to be true afterwards."""
import invariants
from ground import running
from kinds import KINDS, Kind
from life import COMMANDS

# Of a command that looks again and again for what does not come: the calls at its start, and at its end.
ENOUGH = 120
# Of these one installs a delta.
DELTA_COMMAND = "apply-over"


def run(ground):
    for command in COMMANDS:
        if ground.wants(command.name):
            mark = ground.mark()
            if command.name == DELTA_COMMAND:
                ground.check(command.name, reads_of_the_base(ground, command))
            cases = [case for kind in KINDS if ground.wants(command.name, kind.name)
                     for case in numbered(ground, command, kind)]
            ground.each(lambda *case: one(ground, *case), cases)
            ground.say(command.name, mark)


def reads_of_the_base(ground, command):
    """A delta that is none, or that reads the base one place after another, would be proved for nothing."""
    device = ground.fresh(command.state)
    asked = command.run(device, Kind("none", "", ("submit",)).environment(ground.kit, device)).log
    device.remove()
    return [] if len(asked) > 30 else [f"it asked for {len(asked)} places of the base together"]


def numbered(ground, command, kind):
    """The calls of the command that the kind can happen to, by number."""
    device = ground.fresh(command.state)
    counted = len(command.run(device, kind.environment(ground.kit, device)).log)
    device.remove()
    numbers = [number for number in range(1, counted + 1) if min(number, counted - number) <= ENOUGH]
    numbers = ground.chosen(f"{command.name}/{kind.name}", numbers, KINDS.index(kind))
    return [(command, kind, number) for number in numbers]


def one(ground, command, kind, number):
    device = ground.fresh(command.state)
    try:
        before, blamed, control = running(device), invariants.blamed(device), device.environment
        fault = kind.environment(ground.kit, device, number, ground.seed + number)
        ended = command.run(device, fault)
        ground.tally.count(bool(ended.log))
        name = f"{command.name}/{kind.name}/{number} ({ended.log[0] if ended.log else 'never came'})"
        good = ground.safe(name, device, before, ended, kind.ends, kind.lies or command.repairs)
        good &= ground.check(name, invariants.claims(command, ended, device, kind.lies, before[0]))
        if not command.blames and not kind.lies:
            good &= ground.check(name, invariants.not_blamed(blamed, device))
        if command.keeps and device.environment != control:
            good &= ground.check(name, ["it changed boot control"])
        # Two faults that leave the same behind have the same future.
        if good and ground.tally.is_new((command.name, kind.lies, device.kept())):
            afterwards(ground, name, command, device, kind)
    finally:
        device.remove()


def afterwards(ground, name, command, device, kind):
    """Stops at the first step with something wrong: the later ones would only repeat it."""
    lies = kind.lies or command.repairs
    _ = (ground.check(name, invariants.status_is_true(device, lies))
         and ground.check(name, invariants.again(command, device, kind))
         and ground.check(name, invariants.converges(device, lies))
         and ground.check(name, invariants.status_is_true(device, kind.lies)))
