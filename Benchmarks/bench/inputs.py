"""What is installed: an ext4 image of real files, what the target held before, keys, archives."""

import os
import shutil
import stat
from pathlib import Path

from .host import MIB, BenchError, run

BLOCK = 4096
UUID = "6a2f3d1e-0c1b-4c55-9a51-0123456789ab"
#: Where the files come from, and which part of the image each may fill: about two thirds in all.
SHARES = {"/usr/share": 0.28, "/usr/lib": 0.28, "/usr/bin": 0.10}


class Inputs:
    """The files of one image size, made once and used again as long as the folder is kept."""

    def __init__(self, folder, size, say):
        self.folder, self.size, self.say = folder, size, say
        self.www = folder / "www"
        self.image = folder / "image.ext4"
        self.other = folder / "other.img"
        self.key, self.certificate = folder / "key.pem", folder / "cert.pem"
        self.www.mkdir(parents=True, exist_ok=True)
        self.made(self.image, self.make_image)
        self.made(self.other, self.make_other)
        self.made(self.certificate, self.make_certificate)

    def made(self, path, make, *arguments):
        """The file at `path`, made now if it is not there; half-made ones never get the name."""
        if not path.exists():
            self.say(f"making {path.name}")
            partial = path.with_name(path.name + ".partial")
            if partial.is_dir():
                shutil.rmtree(partial)
            partial.unlink(missing_ok=True)
            make(partial, *arguments)
            partial.rename(path)
        return path

    def zstd(self, level):
        def compress(output):
            run("zstd", "-q", "-T0", f"-{level}", self.image, "-o", output)
        return self.made(self.www / f"image.{level}.zst", compress)

    def make_image(self, output):
        tree = self.folder / "tree"
        shutil.rmtree(tree, ignore_errors=True)
        entries = sum(copy_files(Path(root), tree, int(self.size * share))
                      for root, share in SHARES.items())
        output.touch()
        os.truncate(output, self.size)
        run("mkfs.ext4", "-q", "-F", "-b", BLOCK, "-N", entries + 64, "-m", 0, "-U", UUID,
            "-L", "rootfs", "-E", f"hash_seed={UUID},lazy_itable_init=0,lazy_journal_init=0",
            "-d", tree, output, env=os.environ | {"E2FSPROGS_FAKE_TIME": "1767225600"})
        shutil.rmtree(tree)

    def make_other(self, output):
        """The image with every byte changed: no block of it, zero ones included, is at home."""
        flipped = bytes(value ^ 0xA5 for value in range(256))
        with open(self.image, "rb") as source, open(output, "wb") as sink:
            while chunk := source.read(4 * MIB):
                sink.write(chunk.translate(flipped))

    def make_certificate(self, output):
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650",
            "-subj", "/CN=bench", "-addext", "keyUsage=digitalSignature,keyCertSign",
            "-addext", "extendedKeyUsage=emailProtection", "-keyout", self.key, "-out", output)

    def zero_share(self):
        """The part of the image's blocks of 4 KiB that hold only zeros."""
        zeros, empty = 0, bytes(BLOCK)
        with open(self.image, "rb") as source:
            while chunk := source.read(4 * MIB):
                zeros += sum(chunk[at:at + BLOCK] == empty for at in range(0, len(chunk), BLOCK))
        return zeros * BLOCK / self.size


class SpreadInputs(Inputs):
    """A large image that is mostly one hole: the n-th sixteenth of a smaller image stands at the
    beginning of the n-th part of that image's size. What the target held before is a hole too."""

    def __init__(self, folder, size, say, base):
        self.base = base
        super().__init__(folder, size, say)

    def make_image(self, output):
        piece = self.base.size // 16
        with open(self.base.image, "rb") as source, open(output, "wb") as sink:
            sink.truncate(self.size)
            for number, place in enumerate(range(0, self.size, self.base.size)):
                source.seek(number % 16 * piece)
                sink.seek(place)
                sink.write(source.read(piece))

    def make_other(self, output):
        with open(output, "wb") as sink:
            sink.truncate(self.size)


def copy_files(root, tree, budget):
    """Copies regular files in sorted order as long as they fit; returns the entries made.

    No file may take more than a tenth of the budget, so that a small image is a mixture too."""
    used = entries = 0
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            path = Path(folder, name)
            info = path.lstat()
            space = -(-info.st_size // BLOCK) * BLOCK
            if not stat.S_ISREG(info.st_mode) or not 0 < space <= budget // 10:
                continue
            if used + space > budget:
                return entries
            copy = tree / path.relative_to("/")
            if not copy.parent.exists():
                copy.parent.mkdir(parents=True)
                used, entries = used + BLOCK, entries + len(copy.parts)
            shutil.copy2(path, copy)
            used, entries = used + space, entries + 1
    if used < budget // 2:
        raise BenchError(f"{root} holds only {used >> 20} MiB that fit; take a smaller --size")
    return entries
