"""What krux-update and docs/boot.md say that a bootloader does with an environment."""
import os
import re
import subprocess
from dataclasses import dataclass, replace

import disks

SIGNATURE = b"# GRUB Environment Block\n"
OTHER = {"A": "B", "B": "A"}
NAMES = ("ORDER", "A_OK", "A_TRY", "B_OK", "B_TRY", "TRIAL", "TRIES")


def variables(data):
    """The variables, as docs/formats/grubenv.md has them; None if the file is missing or damaged."""
    if data is None or len(data) != 1024 or not data.startswith(SIGNATURE):
        return None
    found, position = {}, len(SIGNATURE)
    while position < len(data):
        end = re.compile(rb"(?:[^\\\n]|\\.)*", re.S).match(data, position).end()
        line, position = data[position:end], end + 1
        if end >= len(data) and line.strip(b"#"):
            return None  # behind the padding, or without a line end
        if line.startswith(b"#"):
            continue
        name, equals, value = line.partition(b"=")
        if not (name and equals):
            return None
        try:
            name, value = name.decode(), re.sub(rb"\\(.)", rb"\1", value, flags=re.S).decode()
        except UnicodeDecodeError:
            return None
        if name in found:
            return None  # GRUB reads the last one and counts in the first
        found[name] = value
    return found


@dataclass(frozen=True)
class Control:
    """The variables as they are understood, by the table of docs/boot.md."""
    first: str
    bootable: tuple  # slots
    made: dict       # tries made, by slot
    trial: str | None
    tries: int

    @staticmethod
    def read(data):
        found = variables(data) or {}

        def made(slot):
            text = found.get(f"{slot}_TRY", "0")
            return int(text) if re.fullmatch("[0-9]", text) else 9
        words = [word for word in found.get("ORDER", "").split(" ") if word in OTHER]
        tries = found.get("TRIES", "")
        return Control(
            words[0] if words else "A",
            tuple(slot for slot in "AB" if found.get(f"{slot}_OK", "1") == "1"),
            {slot: made(slot) for slot in "AB"}, found["TRIAL"] if found.get("TRIAL") in OTHER else None,
            int(tries) if re.fullmatch("[1-9]", tries) else 3)


@dataclass(frozen=True)
class Decision:
    slot: str | None     # None: the rescue entry
    spent: list          # (slot, try, of how many), one for each try that was spent
    control: Control     # afterwards


def decide(control, has_system=lambda slot: True):
    """The four steps of docs/boot.md, for slots that have no system too: krux-update knows of none."""
    made, spent = dict(control.made), []
    for again in (False, True):
        if again:
            for slot in control.bootable:
                if slot != control.trial or OTHER[slot] not in control.bootable:
                    made[slot] = 0
        for slot in (control.first, OTHER[control.first]):
            if slot in control.bootable and made[slot] < control.tries:
                made[slot] += 1
                spent.append((slot, made[slot], control.tries))
                if has_system(slot):
                    return Decision(slot, spent, replace(control, made=made))
    return Decision(None, spent, replace(control, made=made))


class Folder:
    """A folder that plays a device for krux-update."""

    def __init__(self, path, program):
        self.path, self.program = path, program
        os.makedirs(path)
        for name in ("root-a.img", "root-b.img"):
            disks.write(os.path.join(path, name), bytes(4096))

    def file(self, name):
        return os.path.join(self.path, name)

    def reboot(self, environment):
        """What `krux-update reboot` boots with an environment, and the environment afterwards."""
        if environment is not None:
            disks.write(self.file("grubenv"), environment)
        elif os.path.exists(self.file("grubenv")):
            os.remove(self.file("grubenv"))
        disks.write(self.file("boot"), b"A\nthe boot before\n")
        done = subprocess.run([self.program, "reboot", "--root", self.path], capture_output=True, text=True)
        if done.returncode == 0:
            slot, boot = disks.read(self.file("boot")).decode().split("\n")[:2]
            if boot == "the boot before":
                raise disks.ToolFailure("krux-update reboot did nothing")
        elif "no slot is bootable" in done.stderr:
            slot = None
        else:
            raise disks.ToolFailure(f"krux-update reboot failed: {done.stderr}")
        exists = os.path.exists(self.file("grubenv"))
        return slot, disks.read(self.file("grubenv")) if exists else None
