"""What has to be true of a device after a command that a fault was put into.

Each function gives sentences about what is wrong: none, mostly.
"""
import re

import decision
from device import GOAL, HEAD, whole

# docs/operators.md, "Exit statuses". 1 is left out: no error that is foreseen ends so.
STATUSES = (0, 64, 65, 66, 69, 74, 75, 76, 77, 78, 80, 81, 82, 130)
OTHER = decision.OTHER
# More boots than any state of the counters lasts for.
BOOTS_IN_A_ROW = 8


def ending(ended, allowed):
    """A documented status, and one sentence with a hint if that is a failure."""
    if ended.status is None:
        yield "it hangs"
    elif ended.status in (allowed, 0):
        return
    elif ended.status not in STATUSES:
        yield f"it ended with status {ended.status}: {ended.said}"
    else:
        said = re.findall(r"^krux-(?:update|health): (.+)$", ended.errors, re.M)
        if len(said) != 1:
            yield f"it failed with {len(said)} sentences: {ended.said}"
        elif ended.status != 69 and not re.search(r"^  hint: .+$", ended.errors, re.M):
            yield f"it failed without a hint: {ended.said}"


def boots(device, lies):
    """Whatever boots next, and after that, is whole."""
    if device.environment is None and not lies:
        yield "the boot environment cannot be read"
    slots = {name: device.slot(name) for name in "AB"}
    versions = {name: whole(device.kit, data) for name, data in slots.items()}
    has_head = {name: any(data[:HEAD]) for name, data in slots.items()}
    control = device.control
    for name in control.bootable:
        if has_head[name] and not versions[name]:
            yield f"slot {name} is bootable, has its head, and is not whole"
    for number in range(1, BOOTS_IN_A_ROW + 1):
        decided = decision.decide(control, has_head.get)
        if decided.slot is None:
            yield f"no slot boots at boot {number}"
            return
        if not versions[decided.slot]:
            yield f"slot {decided.slot} boots at boot {number} and is not whole"
        control = decided.control


def untouched(before, device):
    """`before` is the slot that ran, and its content."""
    slot, data = before
    if device.slot(slot) != data:
        yield f"slot {slot}, which runs, was written"


def not_blamed(blamed_before, device):
    for name in blamed(device) - blamed_before:
        yield f"version {name} was blamed"


def blamed(device):
    slots = (device.ledger or {}).get("slots") or {}
    return {record.get("version") for record in slots.values() if record.get("state") == "failed"}


# -- What a command says ----------------------------------------------------------------------------------


def claims(command, ended, device, lies, booted):
    """What a command that ended with status 0 said is true. `booted` ran before it."""
    if ended.status != 0:
        return
    # Of the record nothing is claimed.
    warned = re.search(r"warning: (?!the audit log )", ended.errors)
    for problem in (claimed_switch(command, ended, device, booted) if ended.outcome in SWITCHED
                    else claimed_end(command, ended, device, booted)):
        yield f"it said {ended.outcome or ended.said}, and {problem}"
    record = LEDGER_SAYS.get(ended.outcome)
    if record and not lies and not warned:
        slot = booted if record == "confirmed" or ended.outcome == "rejected" else OTHER[booted]
        found = device.record(slot).get("state")
        if found != record and not (ended.outcome == "tries-given-back" and found is None):
            yield f"it said {ended.outcome}, and the ledger says {found} of slot {slot}"


SWITCHED = ("staged", "already-staged")
LEDGER_SAYS = {"staged": "staged", "already-staged": "staged", "confirmed": "confirmed",
               "tries-given-back": "confirmed", "rejected": "failed", "cancelled": "cancelled"}


def claimed_switch(command, ended, device, booted):
    target = OTHER[booted]
    said = next(event["version"] for event in ended.events if event.get("event") == "finished")
    if device.holds(target) != said:
        yield f"slot {target} does not hold {said}"
    yield from differs(device, first=target, trial=target, bootable=(booted, target), full=target)


def claimed_end(command, ended, device, booted):
    other = OTHER[booted]
    healthy = command.program == "krux-health" and re.search("is confirmed|is healthy", ended.errors)
    if ended.outcome in ("confirmed", "tries-given-back", "environment-recreated") or healthy:
        kept = "the tries were not given back" in ended.errors
        yield from differs(device, not_trial=booted, **({} if kept else {"bootable": (booted,), "full": booted}))
    elif ended.outcome == "cancelled":
        yield from differs(device, first=booted, trial=None, bootable=(booted,), full=booted)
    elif ended.outcome == "rejected":
        yield from differs(device, first=other, trial=None, bootable=(other,), full=other, not_bootable=booted)


def differs(device, bootable=(), full=None, not_bootable=None, not_trial=None, **expected):
    """What boot control has otherwise, as the boot script understands it. `full` has all its tries."""
    control = device.control
    if device.environment is None:
        yield "the boot environment cannot be read"
    for name, value in expected.items():
        if getattr(control, name) != value:
            yield f"boot control has {name} {getattr(control, name)}"
    for slot in bootable:
        if slot not in control.bootable:
            yield f"slot {slot} is not bootable"
    if not_bootable in control.bootable:
        yield f"slot {not_bootable} is bootable"
    if full and control.made[full]:
        yield f"slot {full} has tries made"
    if not_trial and control.trial == not_trial:
        yield "the trial is still on"


# -- Afterwards, without a fault ----------------------------------------------------------------------------


def status_is_true(device, lies):
    """`status` works, writes nothing, and says what is so. What a ledger says is not held against a disk that lies."""
    before = device.files()
    ended = device.update("status")
    if ended.status != 0 or not ended.events:
        yield f"status ended with {ended.status}: {ended.said}"
        return
    if device.files() != before:
        yield "status wrote something"
    said, booted = ended.events[0], device.booted
    other = OTHER[booted]
    if said["bootedSlot"] != booted:
        yield f"status names slot {said['bootedSlot']}"
    if device.environment is None:
        control = None
        if said["bootStatus"] != "unknown":
            yield f"status says {said['bootStatus']} without a boot environment"
    else:
        control = device.control
        if said["nextBoot"] != (decision.decide(control).slot or "rescue"):
            yield f"status says that {said['nextBoot']} boots next"
        if (said["bootStatus"] == "trial") != (control.trial == booted):
            yield f"status says {said['bootStatus']}"
    if lies or control is None:
        return
    if said.get("version") != device.holds(booted):
        yield f"status says that {said.get('version')} runs"
    for key in ("stagedVersion", "rollbackVersion"):
        if said.get(key) and said[key] != device.holds(other):
            yield f"status has {key} {said[key]}, which slot {other} does not hold"
    if (said.get("stagedVersion") is not None) and control.trial != other:
        yield "status says that something is staged"


def again(command, device, kind):
    """The same command once more ends as documented."""
    booted = device.booted
    ended = command.run(device)
    yield from ending(ended, None)
    if ended.status not in command.again and not kind.lies:
        yield f"once more it ended with {ended.status}: {ended.said}"
    yield from claims(command, ended, device, kind.lies, booted)
    yield from boots(device, kind.lies or command.repairs)


CURES = {"trial_open": ("confirm",), "reboot_pending": ("reboot",), "bootloader_does_not_save": ("reboot",)}
# A boot environment that the disk had damaged.
REPAIRS = {"missing": ("confirm", "reboot"), "damaged": ("confirm", "reboot")}


def converges(device, lies):
    """An operator who does what the refusals say gets the newest release confirmed."""
    device.configure()
    cures = {**CURES, **REPAIRS} if lies else CURES
    for _ in range(5):
        ended = device.apply(GOAL)
        if ended.status == 0:
            yield from runs_goal(device)
            return
        if lies and ended.status == 80 and ended.code not in cures:
            return  # the ledger, or what stands in it, was altered
        if ended.code not in cures:
            break
        for cure in cures[ended.code]:
            done = device.update(cure)
            if done.status != 0:
                yield f"{cure}, which cures {ended.code}, ended with {done.status}: {done.said}"
    yield f"apply does not come to an end: {ended.status}: {ended.said}"


def runs_goal(device):
    target = OTHER[device.booted]
    for words in (("krux-update", "reboot"), ("krux-health", "run")):
        ended = device.health(*words[1:]) if words[0] == "krux-health" else device.update(*words[1:])
        if ended.status != 0:
            yield f"{' '.join(words)} of the new version ended with {ended.status}: {ended.said}"
    if device.booted != target or device.holds(target) != GOAL:
        yield f"slot {device.booted} runs, with {device.holds(target)}"
    if device.control.trial is not None:
        yield "the new version is not confirmed"
