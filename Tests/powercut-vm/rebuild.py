"""The disk as a power cut may have left it: what was flushed, and any part of what was not.

The model: a disk with 512-byte sectors and a volatile cache of writes. A flush makes everything durable that
had ended before it began; a write with forced unit access is durable by itself. Of the other writes any subset
may reach the disk, in any order, and of each any subset of its sectors. A sector is never half written.
"""
import contextlib
import hashlib
import mmap
import os

from appliance import gpt
from appliance.process import Failed, run

from logwrites import SECTOR


def _fingerprint(number, content):
    return int.from_bytes(hashlib.blake2b(content, digest_size=8, key=number.to_bytes(8, "little")).digest(),
                          "little")


class Part:
    """One partition, as a file that is changed in place."""

    def __init__(self, partition, base, folder):
        self.label, self.offset, self.length = partition.label, partition.offset, partition.length
        self.path = os.path.join(folder, f"{self.label}.img")
        run("dd", f"if={base}", f"of={self.path}", "bs=1M", "conv=sparse", "status=none",
            "iflag=skip_bytes,count_bytes", f"skip={self.offset}", f"count={self.length}")
        with open(self.path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), self.length)
        # Of the sectors that were written at any time: a number for the content that is durable. Exclusive or
        # over all of them, it stands for the content of the whole partition.
        self.numbers, self.fingerprint = {}, 0

    def number(self, sector):
        if sector not in self.numbers:
            at = sector * SECTOR
            number = self.numbers[sector] = _fingerprint(sector, self.map[at:at + SECTOR])
            self.fingerprint ^= number
        return self.numbers[sector]

    def holds(self, entry):
        return self.offset <= entry.offset and entry.offset + entry.length <= self.offset + self.length


class Write:
    """A write of the log, with its data and where it goes."""

    def __init__(self, entry, part, data):
        self.entry, self.part, self.data = entry, part, data
        self.sector, self.count = (entry.offset - part.offset) // SECTOR, entry.length // SECTOR
        pieces = (data[at:at + SECTOR] for at in range(0, len(data), SECTOR))
        self.numbers = [_fingerprint(self.sector + index, piece) for index, piece in enumerate(pieces)]
        self.whole = ((0, self.count),)
        # Set by Disk.prepare: whether another write of the same window has sectors of this one; and what the
        # partition's fingerprint changes by with the first N sectors of this write.
        self.overlapped, self.changes = False, []

    def __str__(self):
        return f"write {self.entry.number} ({self.part.label} sector {self.sector}, {self.count} sectors)"


class Disk:
    """The rebuilt disk. `durable` goes forward only; what is laid over it is taken away again."""

    def __init__(self, base, folder):
        os.makedirs(folder, exist_ok=True)
        self.partitions = gpt.partitions(base)
        self.parts = {label: Part(partition, base, folder) for label, partition in self.partitions.items()}

    def write(self, log, entry):
        for part in self.parts.values():
            if part.holds(entry):
                return Write(entry, part, log.data(entry))
        raise Failed(f"entry {entry.number} of the log writes outside of the partitions, at {entry.offset}")

    def prepare(self, writes):
        """Takes note of the sectors that may change, before anything of a window is laid."""
        writers = {}
        for write in writes:
            change, write.changes = 0, [0]
            for index, number in enumerate(write.numbers):
                change ^= write.part.number(write.sector + index) ^ number
                write.changes.append(change)
                other = writers.setdefault((write.part.label, write.sector + index), write)
                if other is not write:
                    other.overlapped = write.overlapped = True

    def advance(self, writes):
        """Makes writes durable."""
        for write in writes:
            part, at = write.part, write.sector * SECTOR
            for index, number in enumerate(write.numbers):
                part.fingerprint ^= part.number(write.sector + index) ^ number
                part.numbers[write.sector + index] = number
            part.map[at:at + len(write.data)] = write.data

    def fingerprints(self, kept):
        """Label → number of each partition's content with the parts of writes in `kept` laid over it.

        kept: (write, ((first, end), ...)) in the order in which they reach the disk; sectors of the write.
        """
        result, over = {label: part.fingerprint for label, part in self.parts.items()}, {}
        for write, ranges in kept:
            label = write.part.label
            for first, end in ranges:
                if write.overlapped:
                    result[label] ^= self._change(write, first, end, over)
                else:
                    result[label] ^= write.changes[first] ^ write.changes[end]
        return result

    @staticmethod
    def _change(write, first, end, over):
        """As `changes` has it, after what other writes have changed of the same sectors: `over`."""
        change = 0
        for index in range(first, end):
            key = (write.part.label, write.sector + index)
            change ^= over.get(key, write.part.numbers[key[1]]) ^ write.numbers[index]
            over[key] = write.numbers[index]
        return change

    @contextlib.contextmanager
    def laid(self, kept, labels, sectors=None):
        """With the parts of writes in `kept` on the partitions `labels`, for as long as the context lasts.

        sectors: how many of the partition's are enough, beginning with the first.
        """
        undo = []
        for write, ranges in kept:
            if write.part.label not in labels or sectors is not None and write.sector >= sectors:
                continue
            for first, end in ranges:
                at, stop = (write.sector + first) * SECTOR, (write.sector + end) * SECTOR
                undo.append((write.part.map, at, write.part.map[at:stop]))
                write.part.map[at:stop] = write.data[first * SECTOR:end * SECTOR]
        try:
            yield
        finally:
            for area, at, content in reversed(undo):
                area[at:at + len(content)] = content

    def assemble(self, base, path):
        """Writes the whole disk, as it is laid now, into an image."""
        run("cp", "--sparse=always", base, path)
        for part in self.parts.values():
            run("dd", f"if={part.path}", f"of={path}", "bs=1M", "conv=notrunc", "status=none",
                "oflag=seek_bytes", f"seek={part.offset}")


def windows(disk, log):
    """The writes between two flushes, in order: (flush entry or None at the end of the log, writes).

    After each the caller's `disk` gets them as durable.
    """
    pending = []
    for entry in log.entries:
        if entry.flush:
            yield entry, pending
            disk.advance(pending)
            pending = []
        if entry.length:
            pending.append(disk.write(log, entry))
    yield None, pending
