"""A disk image of the appliance while no machine runs on it."""
import os
import re
import subprocess
import tempfile

from . import gpt
from .process import Failed, run

GRUBENV = "EFI/BOOT/grubenv"


def copy(source, target):
    """Copies a disk image; what is not written takes no room in the copy either."""
    run("cp", "--sparse=always", source, target)


class Disk:
    """Reads and writes partitions and files of a disk image. Only while the machine is off."""

    def __init__(self, path):
        self.path = os.path.abspath(path)
        self.partitions = gpt.partitions(self.path)

    # -- partitions -----------------------------------------------------------------------------------

    def read(self, label, offset=0, length=None):
        """Bytes of the partition with that label; all from the offset on when no length is given."""
        part = self.partitions[label]
        with open(self.path, "rb") as file:
            file.seek(part.offset + offset)
            return file.read(part.length - offset if length is None else length)

    def write(self, label, offset, content):
        """Writes bytes into the partition with that label.

        Raises Failed when they would reach beyond its end.
        """
        part = self.partitions[label]
        if offset + len(content) > part.length:
            raise Failed(f"{len(content)} bytes at {offset} do not fit into {label}")
        with open(self.path, "r+b") as file:
            file.seek(part.offset + offset)
            file.write(content)

    # -- files of the EFI system partition ------------------------------------------------------------

    @property
    def _esp(self):
        return f"{self.path}@@{self.partitions['esp'].offset}"

    def read_file(self, path):
        """A file of the EFI system partition. Raises Failed when there is none."""
        done = subprocess.run(["mcopy", "-n", "-i", self._esp, f"::/{path}", "-"], capture_output=True)
        if done.returncode != 0:
            raise Failed(f"cannot read {path} of {self.path}: {done.stderr.decode().strip()}")
        return done.stdout

    def write_file(self, path, content):
        """Makes or replaces a file of the EFI system partition; its directories are made too."""
        for end in [match.start() for match in re.finditer("/", path)]:
            # Fails where the directory is there already; a real fault shows when the file is copied.
            subprocess.run(["mmd", "-D", "s", "-i", self._esp, f"::/{path[:end]}"], capture_output=True,
                           stdin=subprocess.DEVNULL)
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            run("mcopy", "-o", "-i", self._esp, file.name, f"::/{path}")

    def remove_file(self, path):
        run("mdel", "-i", self._esp, f"::/{path}")

    # -- GRUB's environment ---------------------------------------------------------------------------

    def grubenv(self):
        """The bytes of GRUB's environment file."""
        return self.read_file(GRUBENV)

    def write_grubenv(self, content):
        self.write_file(GRUBENV, content)

    def environment(self):
        """GRUB's variables, read by GRUB's own tool."""
        with tempfile.NamedTemporaryFile() as file:
            file.write(self.grubenv())
            file.flush()
            lines = run("grub-editenv", file.name, "list").splitlines()
        return dict(line.split("=", 1) for line in lines)

    def set_environment(self, **variables):
        """Changes GRUB's variables with GRUB's own tool."""
        with tempfile.NamedTemporaryFile() as file:
            file.write(self.grubenv())
            file.flush()
            run("grub-editenv", file.name, "set", *(f"{name}={value}" for name, value in variables.items()))
            with open(file.name, "rb") as changed:
                self.write_grubenv(changed.read())

    # -- files of the data partition ------------------------------------------------------------------

    def data_file(self, path):
        """A file of the data partition. Raises Failed when there is none.

        What a machine had written and not checkpointed when its power was cut is still in ext4's journal
        and not in the file.
        """
        device = f"{self.path}?offset={self.partitions['data'].offset}"
        with tempfile.TemporaryDirectory() as folder:
            target = os.path.join(folder, "file")
            run("debugfs", "-R", f"dump /{path} {target}", device)
            if not os.path.exists(target):
                raise Failed(f"there is no {path} on the data partition of {self.path}")
            with open(target, "rb") as file:
                return file.read()
