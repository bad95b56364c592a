"""What the partitions of a rebuilt disk hold, each looked at by itself."""
import json
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass, field

from appliance.process import Failed
from krux_bundle import digest

import fat
from logwrites import SECTOR

HEAD = 64 << 10
GRUB_FILES = ("EFI/BOOT/BOOTX64.EFI", "EFI/BOOT/GRUB.CFG")
GRUBENV = "EFI/BOOT/GRUBENV"
# What a check of a file system may say after a power cut. While FAT is mounted Linux has its dirty bit set, in
# the boot sector alone and not in its backup.
FAT_MAY_SAY = re.compile(
    r"fsck\.fat \d.*|There are differences between boot sector and its backup\.|  65:01/00"
    r"|This is mostly harmless\. Differences: \(offset:original/backup\)|  Not automatically fixing this\."
    r"|Dirty bit is set\. Fs was not properly unmounted and some data may be corrupt\."
    r"| Automatically removing dirty bit\.|Leaving filesystem unchanged\.|.*: \d+ files, \d+/\d+ clusters")
# Replaying the journal, and freeing what was deleted while it was open: what the kernel does at the mount too.
EXT4_MAY_SAY = re.compile(r".*: recovering journal|.*: clean, .*|.*: Clearing orphaned inode .*")
NOTHING_NEW = re.compile(r".*")


@dataclass
class Esp:
    environment: bytes | None  # GRUB's block
    faults: list = field(default_factory=list)


@dataclass
class Slot:
    """`whole`: the name of the image that it holds, from the first byte to the last.

    Else it is `zeroed` (nothing can load it), or `torn`: its first 64 KiB are partly zeros, of an image that is
    there but for them; or it is `mixed`.
    """
    whole: str | None
    kind: str


@dataclass
class Data:
    ledger: dict | None
    faults: list = field(default_factory=list)


def _said(words, may_say, accepted):
    """What a checker says that it may not say, or its status if that is none of `accepted`."""
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          text=True, errors="replace", env={**os.environ, "LC_ALL": "C"})
    lines = [line for line in done.stdout.splitlines() if line.strip() and not may_say.fullmatch(line)]
    if done.returncode not in accepted:
        lines.append(f"status {done.returncode}")
    said = "; ".join(line.strip() for line in lines).replace(f"{words[-1]}: ", "").replace(words[-1], "it")
    return [f"{words[0]}: {said}"] if lines else []


class EspReader:
    """Compares the ESP with that of the factory: only GRUB's environment may change."""

    def __init__(self, factory):
        file_system = fat.Fat32(factory)
        self.files = {name: file_system.read(name) for name in GRUB_FILES}

    def read(self, part):
        found = Esp(None, _said(["fsck.vfat", "-n", part.path], FAT_MAY_SAY, (0, 1)))
        try:
            file_system = fat.Fat32(part.map)
            for name, content in self.files.items():
                if file_system.read(name) != content:
                    found.faults.append(f"{name} has changed")
            found.environment = file_system.read(GRUBENV)
        except fat.Damaged as damage:
            found.faults.append(str(damage))
        return found


class SlotReader:
    """Knows the images of all releases: name → bytes."""
    ZEROED = Slot(None, "zeroed")

    def __init__(self, images):
        self.images = images

    @staticmethod
    def is_zeroed(part):
        return part.map[:HEAD].count(0) == HEAD

    def read(self, part):
        if self.is_zeroed(part):
            return self.ZEROED
        head = part.map[:HEAD]
        for name, image in self.images.items():
            if head == image[:HEAD] and part.map[:len(image)] == image:
                return Slot(name, "whole")
        for image in self.images.values():
            if self._is_torn_head(head, image) and part.map[HEAD:len(image)] == image[HEAD:]:
                return Slot(None, "torn")
        return Slot(None, "mixed")

    @staticmethod
    def _is_torn_head(head, image):
        return all(head[at:at + SECTOR] in (bytes(SECTOR), image[at:at + SECTOR])
                   for at in range(0, HEAD, SECTOR))


class DataReader:
    """Replays the journal on a copy, has the file system checked, and reads the ledger."""

    def __init__(self, folder):
        self.folder = folder

    def read(self, part):
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            copy = os.path.join(folder, "data.img")
            subprocess.run(["cp", "--sparse=always", part.path, copy], check=True)
            faults = _said(["e2fsck", "-p", copy], EXT4_MAY_SAY, (0, 1))
            faults += _said(["e2fsck", "-fn", copy], NOTHING_NEW, (0,))
            found = Data(None, faults)
            for name in ("ledger.json", "ledger.previous.json"):
                found.ledger = self._ledger(copy, name, found.faults)
                if found.ledger:
                    break
            return found

    @staticmethod
    def _ledger(image, name, faults):
        target = image + ".file"
        subprocess.run(["debugfs", "-R", f"dump /krux/{name} {target}", image], capture_output=True, check=True)
        if not os.path.exists(target):
            faults.append(f"there is no {name}")
            return None
        with open(target, "rb") as file:
            content = file.read()
        try:
            ledger = json.loads(content.decode())
            check_history(ledger["history"])
            return ledger
        except (ValueError, KeyError, TypeError) as error:
            faults.append(f"{name} is damaged: {error}")
            return None


def check_history(entries):
    """Raises ValueError when the chain of the history is broken."""
    before = b""
    for entry in entries:
        plain = {name: value for name, value in entry.items() if name != "chain"}
        text = json.dumps(plain, separators=(",", ":"), ensure_ascii=False)
        if before or entry["number"] == 1:
            if digest(before + text.encode()).hex() != entry["chain"]:
                raise ValueError(f"the history's chain breaks at number {entry['number']}")
        before = bytes.fromhex(entry["chain"])


def image_digest(image, frame_size):
    """The digest of an image as docs/formats/bundle.md has it: over the digests of its frames."""
    if not image:
        raise Failed("an image is empty")
    return digest(b"".join(digest(image[at:at + frame_size]) for at in range(0, len(image), frame_size))).hex()
