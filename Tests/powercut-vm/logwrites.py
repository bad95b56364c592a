"""The log of a disk's writes and flushes, as QEMU's `blklogwrites` keeps it.

The format is that of the kernel's dm-log-writes (Documentation/admin-guide/device-mapper/log-writes.rst): one
sector with the magic number, then for each operation one sector with its head and the sectors of its data.
"""
import os
import struct
from dataclasses import dataclass

from appliance.process import Failed

SECTOR = 512
MAGIC = 0x6A736677736872
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8


def drive(disk, log):
    """QEMU's arguments for a disk image whose writes are logged; the log is made anew.

    `cache.no-flush`: QEMU does not wait for the host's disk, so that no write can end between the beginning
    and the end of a flush, and every write that stands before a flush in the log had ended before it began.
    """
    with open(log, "wb") as file:
        file.truncate(4 << 30)  # sparse; what follows the last entry reads as zeros
    return ["-blockdev", f"driver=file,node-name=f0,filename={disk},cache.no-flush=on",
            "-blockdev", "driver=raw,node-name=r0,file=f0",
            "-blockdev", f"driver=file,node-name=l0,filename={log},cache.no-flush=on",
            "-blockdev", "driver=raw,node-name=rl0,file=l0",
            "-blockdev", f"driver=blklogwrites,node-name=lw0,file=r0,log=rl0,log-sector-size={SECTOR}",
            "-device", "virtio-blk-pci,drive=lw0,write-cache=on,bootindex=0"]


@dataclass(frozen=True)
class Entry:
    """One operation. A flush may have data too: then the flush comes first."""
    number: int
    offset: int    # bytes on the disk
    length: int    # bytes
    flags: int
    position: int  # of the data in the log

    @property
    def flush(self):
        return bool(self.flags & FLUSH)

    @property
    def durable(self):
        """Forced unit access: on the disk when it is done, without a flush."""
        return bool(self.flags & FUA)


class Log:
    """A log that a machine has written, or is still writing."""

    def __init__(self, path):
        self.path, self.file = path, open(path, "rb")
        self.entries, self.next = [], SECTOR

    def close(self):
        self.file.close()

    def follow(self):
        """Reads what was added, and returns the number of entries."""
        if not self.entries:
            magic, _, _, sector = struct.unpack("<QQQI", os.pread(self.file.fileno(), 28, 0))
            if magic != MAGIC or sector != SECTOR:
                raise Failed(f"{self.path} is no log of writes")
        while entry := self._entry():
            self.entries.append(entry)
        return len(self.entries)

    def _entry(self):
        head = os.pread(self.file.fileno(), 32, self.next)
        sector, count, flags, _ = struct.unpack("<QQQQ", head) if len(head) == 32 else (0, 0, 0, 0)
        # The header's own count is written at flushes only. No operation is all zeros: an empty one is a flush.
        if not count and not flags:
            return None
        if flags & ~(FLUSH | FUA):
            raise Failed(f"entry {len(self.entries)} of {self.path} has the flags {flags}: not known here")
        entry = Entry(len(self.entries), sector * SECTOR, count * SECTOR, flags, self.next + SECTOR)
        self.next += SECTOR + entry.length
        return entry

    def data(self, entry):
        return os.pread(self.file.fileno(), entry.length, entry.position)
