"""A pair of images as the input of a benchmark: what is installed, and what the slots hold before.

Everything that is made of a pair stands beside it, and goes away with it when it is made anew."""

import os
import shutil

from .host import MIB
from .inputs import BLOCK, Inputs


class PairInputs(Inputs):
    """The new image of a pair is installed; the booted slot holds the old one."""

    def __init__(self, pair, say):
        self.new, self.old = pair / "new.img", pair / "old.img"
        super().__init__(pair / "delta", self.new.stat().st_size, say)
        #: The old image with the length of the target: zeros behind it, or cut.
        self.old_in_target = self.made(self.folder / "old-in-target.img", self.make_old)

    def make_image(self, output):
        os.link(self.new, output)

    def make_old(self, output):
        if self.old.stat().st_size == self.size:
            os.link(self.old, output)
            return
        shutil.copyfile(self.old, output)
        os.truncate(output, self.size)

    def differing_blocks(self):
        """How many blocks of 4 KiB differ between the old image in the target and the new one."""
        count = 0
        with open(self.old_in_target, "rb") as before, open(self.image, "rb") as after:
            while there := before.read(MIB):
                wanted = after.read(MIB)
                if there != wanted:
                    count += sum(there[at:at + BLOCK] != wanted[at:at + BLOCK]
                                 for at in range(0, len(wanted), BLOCK))
        return count


def forget(path):
    """Drops a file from the page cache, so that a run reads it from the disk."""
    with open(path, "rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
