"""The partition table of a disk image: making one with sgdisk, reading it."""
import struct
import uuid
from dataclasses import dataclass

from .process import Failed, run

MIB = 1 << 20
SECTOR = 512


@dataclass(frozen=True)
class Partition:
    """A partition; offset and length in bytes."""
    number: int
    label: str
    offset: int
    length: int
    uuid: str


def create(path, esp_mib, slot_mib, data_mib):
    """Makes an empty disk image with the four partitions of the appliance; sizes in MiB."""
    with open(path, "wb") as file:
        file.truncate((1 + esp_mib + 2 * slot_mib + data_mib + 1) * MIB)
    run("sgdisk", "--new=1:1M:+%dM" % esp_mib, "--typecode=1:ef00", "--change-name=1:esp",
        "--new=2:0:+%dM" % slot_mib, "--change-name=2:root-a",
        "--new=3:0:+%dM" % slot_mib, "--change-name=3:root-b",
        "--new=4:0:+%dM" % data_mib, "--change-name=4:data", path)


def partitions(path):
    """Label → Partition, from the primary GPT (UEFI specification, 5.3).

    Checksums are not looked at: this reads disks of tests, which sgdisk made.
    """
    with open(path, "rb") as file:
        file.seek(SECTOR)
        header = file.read(92)
        if header[:8] != b"EFI PART":
            raise Failed(f"{path} has no GPT")
        entries, count, size = struct.unpack_from("<QII", header, 72)
        file.seek(entries * SECTOR)
        table = file.read(count * size)
    found = {}
    for index in range(count):
        entry = table[index * size:(index + 1) * size]
        first, last = struct.unpack_from("<QQ", entry, 32)
        if entry[:16] != bytes(16):
            label = entry[56:128].decode("utf-16-le").rstrip("\0")
            found[label] = Partition(index + 1, label, first * SECTOR, (last - first + 1) * SECTOR,
                                     str(uuid.UUID(bytes_le=entry[16:32])))
    return found
