"""Rebuilds the disk for every flush of a recording and many cuts between flushes, and checks each one."""
import math
import random
from dataclasses import dataclass, field

import cuts
import rebuild
import rules
from logwrites import SECTOR
from partitions import HEAD, DataReader, EspReader, SlotReader

SLOTS = {"A": "root-a", "B": "root-b"}


@dataclass
class Violation:
    point: str
    sentence: str
    during: str
    kept: list
    lost: list
    facts: str

    def __str__(self):
        def listed(parts):
            more = [f"and {len(parts) - 8} more"] if len(parts) > 8 else []
            return "; ".join(parts[:8] + more) or "nothing"
        return (f"{self.sentence}\n  point {self.point}, during: {self.during}\n"
                f"  on the disk besides what was flushed: {listed(self.kept)}\n"
                f"  lost: {listed(self.lost)}\n  {self.facts}")


@dataclass
class Count:
    writes: int = 0
    flushes: int = 0
    rebuilt: int = 0
    distinct: int = 0
    environments: int = 0
    file_systems: int = 0
    violations: list = field(default_factory=list)

    @property
    def numbers(self):
        return {"flush boundaries": self.flushes, "writes": self.writes, "disks rebuilt": self.rebuilt,
                "distinct": self.distinct, "states of the ESP": self.environments,
                "states of the data partition": self.file_systems, "violations": len(self.violations)}


class Inspector:
    """Looks at partitions, and at each state of one only once."""

    def __init__(self, factory_esp, images, releases, folder):
        self.releases, self.memory = releases, {}
        slot = SlotReader(images)
        self.readers = {"esp": EspReader(factory_esp), "root-a": slot, "root-b": slot,
                        "data": DataReader(folder)}

    def facts(self, disk, kept):
        prints = disk.fingerprints(kept)
        new = [label for label, number in prints.items() if (label, number) not in self.memory]
        for label in new:
            self.memory[label, prints[label]] = self._read(disk, kept, label)
        found = {label: self.memory[label, number] for label, number in prints.items()}
        slots = {name: found[label] for name, label in SLOTS.items()}
        return tuple(sorted(prints.items())), rules.Facts(found["esp"], slots, found["data"], self.releases)


    def states(self, label):
        """How many states of a partition were looked at."""
        return sum(key[0] == label for key in self.memory)

    def _read(self, disk, kept, label):
        reader, part = self.readers[label], disk.parts[label]
        if label in SLOTS.values():
            # While a slot is being written its first sectors say all, and the others need not be laid.
            with disk.laid(kept, [label], HEAD // SECTOR):
                if reader.is_zeroed(part):
                    return reader.ZEROED
        with disk.laid(kept, [label]):
            return reader.read(part)


class Found(Exception):
    """The violation that a survey was told to stop at."""


class Survey:
    """One walk through a recording. With `stop_at` it ends with Found at the first violation that says so."""

    def __init__(self, name, disk, log, steps, inspector, seed, points, stop_at=None):
        self.name, self.disk, self.log, self.steps, self.inspector = name, disk, log, steps, inspector
        self.seed, self.points, self.stop_at, self.only = seed, points, stop_at, None
        self.count, self.seen = Count(), set()

    def walk(self, visit=lambda point, kept: None):
        """Checks every point, and returns the Count; `visit` gets each disk that was not seen before."""
        before = -1
        for number, flush, writes in self._windows():
            self.count.flushes += flush is not None
            self.count.writes += len(writes)
            end = flush.number if flush else math.inf
            self.during = self._during(writes[0].entry.number if writes else end)
            for point, kept in self._cuts(number, writes):
                if self._check(point, writes, kept):
                    visit(point, kept)
            self._promises(number, writes, before, end)
            before = end
        self.count.distinct = len(self.seen)
        self.count.environments, self.count.file_systems = map(self.inspector.states, ("esp", "data"))
        return self.count

    def points_of(self, numbers):
        """(name, what is kept) of all points of some windows, with the disk as it was then."""
        for number, _, writes in self._windows():
            if number in numbers:
                yield from self._cuts(number, writes)

    def _windows(self):
        for number, (flush, writes) in enumerate(rebuild.windows(self.disk, self.log)):
            self.disk.prepare(writes)
            yield number, flush, writes

    def _cuts(self, number, writes):
        place = f"{self.name}:{number}"
        if not writes:
            yield f"{place}:flush", []
            return
        for name, kept in cuts.systematic(writes, random.Random(f"{self.seed}:{place}")):
            yield f"{place}:{name}", kept
        for index in range(self._share(writes)):
            yield f"{place}:random-{index}", cuts.random_cut(writes, f"{self.seed}:{place}:{index}")

    def _share(self, writes):
        """How many random cuts a window gets: more where there is more to choose from."""
        def weight(lengths):
            return sum(min(length // SECTOR, 64) for length in lengths)
        total = weight(entry.length for entry in self.log.entries)
        return -(-weight(write.entry.length for write in writes) * self.points // total)

    def _during(self, entry):
        return next((step["what"] for step in self.steps if entry < step["entries"]), "the end")

    def _check(self, point, writes, kept):
        """Whether this disk was not seen before."""
        if self.only not in (None, point):
            return False
        self.count.rebuilt += 1
        state, facts = self.inspector.facts(self.disk, kept)
        if state in self.seen:
            return False
        self.seen.add(state)
        for sentence in rules.broken(facts):
            self._violated(point, sentence, writes, kept, facts)
        return True

    def _promises(self, number, writes, before, end):
        """What was said while these writes were not flushed has to stand without them."""
        for step in self.steps:
            if before < step["entries"] <= end:
                _, facts = self.inspector.facts(self.disk, [])
                for sentence in rules.unkept(facts, step["promise"], step["release"]):
                    self._violated(f"{self.name}:{number}:promise", sentence, writes, [], facts)

    def _violated(self, point, sentence, writes, kept, facts):
        if self.stop_at and self.stop_at in sentence:
            raise Found(sentence)
        there = [write for write, _ in kept]
        shown = [f"{write}" if ranges == write.whole else f"{write}, only {_text(ranges)} of them"
                 for write, ranges in kept]
        lost = [str(write) for write in writes if write not in there]
        self.count.violations.append(Violation(point, sentence, self.during, shown, lost, str(facts)))


def _text(ranges):
    return ", ".join(f"{first} to {end - 1}" for first, end in ranges)
