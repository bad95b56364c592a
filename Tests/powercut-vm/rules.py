"""What has to be true of every disk that a power cut may leave (docs/boot.md), whatever was going on."""
from dataclasses import dataclass

from decision import OTHER, Control, decide, variables

from partitions import Data, Esp, Slot

NO_IMAGE = "0" * 64


@dataclass(frozen=True)
class Release:
    """An image that may be in a slot."""
    name: str
    digest: str
    good: bool


@dataclass
class Facts:
    """What a rebuilt disk holds."""
    esp: Esp
    slots: dict  # "A", "B" → Slot
    data: Data
    releases: dict  # name → Release

    @property
    def control(self):
        return Control.read(self.esp.environment)

    def release(self, slot):
        return self.releases.get(self.slots[slot].whole)

    def record(self, slot):
        return (self.data.ledger or {}).get("slots", {}).get(slot, {})

    @property
    def summary(self):
        """A few words for people."""
        def words(name, slot):
            yield f"{name}: {slot.whole or slot.kind}"
            if name in self.control.bootable:
                yield "bootable"
            if name == self.control.trial:
                yield "on trial"
        slots = ", ".join(" ".join(words(name, slot)) for name, slot in self.slots.items())
        return f"{slots}; {self.control.first} first"

    def __str__(self):
        found = variables(self.esp.environment) or {}
        control = " ".join(f"{name}={value.strip()[:24]!r}" for name, value in found.items())
        slots = "; ".join(f"slot {name}: {slot.whole or slot.kind}, ledger: {self.record(name).get('state')}"
                          f" {self.record(name).get('version')}" for name, slot in self.slots.items())
        generation = (self.data.ledger or {}).get("generation")
        return f"environment {control or 'damaged'}; {slots}; generation {generation}"


def broken(facts):
    """The rules that do not hold, each as a sentence."""
    yield from (f"ESP: {fault}" for fault in facts.esp.faults)
    yield from (f"data partition: {fault}" for fault in facts.data.faults)
    if variables(facts.esp.environment) is None:
        yield "the boot environment is damaged"
        return
    control = facts.control
    yield from _slots(facts, control)
    yield from _boots(facts, control)
    if facts.data.ledger:
        for slot in "AB":
            yield from _agreement(facts, control, slot)
        yield from _blame(facts, control)


def _slots(facts, control):
    for name, slot in facts.slots.items():
        if slot.kind == "mixed":
            yield f"slot {name} is no image, and its first 64 KiB are not zeros"
        if name in control.bootable and not slot.whole:
            yield f"slot {name} is bootable and not whole"
        if name == control.trial and not slot.whole:
            yield f"slot {name} is on trial and not whole"


def _boots(facts, control):
    """Boots in a row that all crash: a good release gets its turn, and no trial more than it is owed."""
    started, state = [], control
    for _ in range(4 * control.tries):
        outcome = decide(state, lambda slot: facts.slots[slot].kind != "zeroed")
        state = outcome.control
        started.append(outcome.slot)
        if not outcome.slot:
            yield "the boot script ends in its rescue entry"
            return
        if not facts.slots[outcome.slot].whole:
            yield f"boot {len(started)} in a row starts slot {outcome.slot}, which is not whole"
            return
    if not any(facts.release(slot).good for slot in started[:control.tries + 1]):
        yield f"no good release is started in {control.tries + 1} boots"
    if control.trial and len(control.bootable) == 2 and started.count(control.trial) > control.tries:
        yield f"slot {control.trial} on trial is started {started.count(control.trial)} times"


def _agreement(facts, control, slot):
    """Boot control and the ledger's record of a slot. The ledger is written first, at each step."""
    record, bootable, trial = facts.record(slot), slot in control.bootable, control.trial == slot
    release, state = facts.release(slot), record.get("state")
    if state in ("staged", "confirmed", "failed", "cancelled"):
        if not release:
            yield f"the ledger has slot {slot} as {state}, and it is not whole"
        elif release.digest != record["imageDigest"]:
            yield f"the ledger has another image as {state} in slot {slot}"
    if trial and state not in ("staged", "confirmed", "failed"):
        yield f"slot {slot} is on trial, and the ledger has it as {state}"
    if trial and not bootable:
        yield f"slot {slot} is on trial and not bootable"
    if state == "confirmed" and not bootable:
        yield f"the ledger has slot {slot} as confirmed, and it is not bootable"
    if state == "failed" and bootable and not trial:
        yield f"the ledger has slot {slot} as failed, and it is bootable"
    if bootable and not trial and control.first == slot and state != "confirmed":
        yield f"slot {slot} boots first without a trial, and the ledger has it as {state}"


def _blame(facts, control):
    bad = {release.digest for release in facts.releases.values() if not release.good}
    for entry in facts.data.ledger["knownBad"]:
        if entry["imageDigest"] not in bad:
            yield f"release {entry['version']} is known as bad: {entry['reason']}"
    for slot in "AB":
        record = facts.record(slot)
        if record.get("state") == "failed" and record["imageDigest"] not in bad:
            yield f"release {record['version']} has failed: {record.get('failure')}"
    on_trial = facts.release(control.trial) if control.trial else None
    remembered = variables(facts.esp.environment).get("BAD", NO_IMAGE)
    if remembered not in bad | {NO_IMAGE, on_trial and on_trial.digest}:
        yield f"boot control remembers the image {remembered[:16]} as bad"


# What must not be lost once the appliance has said so: step → of the disk with what was flushed by then.

def _staged(facts, name):
    slot = facts.control.trial
    return bool(slot) and facts.slots[slot].whole == name and facts.record(slot).get("state") == "staged"


def _confirmed(facts, name):
    control = facts.control
    slot = control.first
    return (not control.trial and facts.slots[slot].whole == name and slot in control.bootable
            and facts.record(slot).get("state") == "confirmed")


def _given_up(facts, name):
    control = facts.control
    slot = OTHER[control.first]
    return (not control.trial and facts.slots[slot].whole == name and slot not in control.bootable
            and facts.record(slot).get("state") == "failed")


PROMISES = {"staged": _staged, "confirmed": _confirmed, "given up": _given_up}


def unkept(facts, what, name):
    """The sentence for a promise that a disk does not keep: `what` of PROMISES, of the release `name`."""
    if what in PROMISES and not PROMISES[what](facts, name):
        yield f"the appliance said '{name} is {what}', and a power cut after that loses it"
