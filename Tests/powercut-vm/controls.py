"""Recordings that were made worse: the survey has to find what each defence prevents."""
import dataclasses
from dataclasses import dataclass

from survey import SLOTS


class Edited:
    """A log with other entries, or other data."""

    def __init__(self, log, entries, data=None):
        self.log, self.entries, self.changed = log, entries, data or {}

    def data(self, entry):
        return self.changed.get(entry.number) or self.log.data(entry)


class Apply:
    """Where in a recording its first update is."""

    def __init__(self, partitions, log, steps):
        end = next(step["entries"] for step in steps if step["promise"] == "staged")
        self.log, self.entries = log, log.entries[:end]
        self.esp = partitions["esp"]
        slots = [partitions[label] for label in SLOTS.values()]
        self.booted, self.target = slots
        self.body = [entry for entry in self._writes(self.target) if entry.length and self._at(entry) > 0]
        self.last_body, self.head = self.body[-1], self._writes(self.target)[-1]
        self.switch = self._writes(self.esp)[-1]
        self.proved = next(entry for entry in self.entries if entry.flush and entry.number > self.head.number)

    def _writes(self, part):
        return [entry for entry in self.entries
                if entry.length and part.offset <= entry.offset < part.offset + part.length]

    def _at(self, entry):
        return entry.offset - self.target.offset

    def without_flushes(self, first, last):
        """The log without the flushes between two entries; `last` None: to the end of the update."""
        end = last.number if last else len(self.entries)
        return Edited(self.log, [entry for entry in self.entries
                                 if not (entry.flush and first.number < entry.number < end)])


@dataclass(frozen=True)
class Control:
    what: str
    finds: str  # the sentence, or a part of it
    edit: object


def _rotten(apply):
    entry = apply.body[len(apply.body) // 2]
    data = bytearray(apply.log.data(entry))
    data[len(data) // 2] ^= 1
    return Edited(apply.log, apply.entries, {entry.number: bytes(data)})


def _early_switch(apply):
    rest = [entry for entry in apply.entries if entry is not apply.switch]
    at = rest.index(apply.proved) + 1
    return Edited(apply.log, rest[:at] + [apply.switch, apply.proved] + rest[at:])


def _booted_written(apply):
    """Bytes of no image: most of what one release has at a place the other has there too."""
    write = dataclasses.replace(apply.body[0], number=len(apply.log.entries), offset=apply.booted.offset + (1 << 20))
    other = bytes(byte ^ 0xFF for byte in apply.log.data(apply.body[0]))
    return Edited(apply.log, [*apply.entries, write], {write.number: other})


CONTROLS = (
    Control("no flush between the image and the switch", "is bootable and not whole",
            lambda apply: apply.without_flushes(apply.last_body, apply.switch)),
    Control("no flush between the image and its first 64 KiB", "is no image",
            lambda apply: apply.without_flushes(apply.last_body, apply.head)),
    Control("the switch before the ledger", "is on trial, and the ledger has it as writing", _early_switch),
    Control("no flush while the ledger is written", "data partition: ",
            lambda apply: apply.without_flushes(apply.proved, apply.switch)),
    Control("no flush after the switch", "a power cut after that loses it",
            lambda apply: apply.without_flushes(apply.switch, None)),
    Control("one bit of the image changed on its way", "is bootable and not whole", _rotten),
    Control("a write into the booted slot", "slot A is no image", _booted_written),
)
