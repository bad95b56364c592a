"""The target as a real block device: O_DIRECT, an exclusive open, and BLKZEROOUT."""
import os
import subprocess

import invariants
from device import SLOT_BYTES, read, write
from ground import running
from kinds import KINDS
from life import COMMANDS

APPLIES = [command for command in COMMANDS if command.name in ("apply", "apply-over", "rollback")]


class Loop:
    """A loop device on a file in memory."""

    def __init__(self, path):
        write(path, bytes(SLOT_BYTES))
        done = subprocess.run(["losetup", "--show", "-f", path], capture_output=True, text=True, check=True)
        self.path = done.stdout.strip()

    def close(self):
        subprocess.run(["losetup", "-d", self.path], check=True)


def run(ground):
    if not ground.wants("blockdevice"):
        return
    mark, loop = ground.mark(), Loop(ground.kit.path("loop"))
    try:
        for command in APPLIES:
            target = invariants.OTHER[ground.states[command.state].booted]
            only = {"KRUX_FAULT_FILE": f"root-{target.lower()}.img"}
            for turn, kind in enumerate(KINDS):
                log = calls(ground, loop, command, kind, target, only)
                if command.version and "zero" in kind.calls and not any(line.startswith("zero ") for line in log):
                    ground.check("blockdevice", [f"{command.name} asks the device for no zeros"])
                for number in ground.chosen(f"blockdevice/{command.name}/{kind.name}", range(1, len(log) + 1), turn):
                    one(ground, loop, command, kind, number, target, only)
    finally:
        loop.close()
    ground.say("blockdevice", mark)


def on_loop(ground, loop, command, target):
    """A device in the command's state, whose target slot is the block device."""
    device = ground.fresh(command.state)
    path = device.file(f"root-{target.lower()}.img")
    with open(loop.path, "r+b") as file:
        file.write(read(path))
        file.flush()
        os.fsync(file.fileno())
    os.remove(path)
    os.symlink(loop.path, path)
    return device


def calls(ground, loop, command, kind, target, only):
    device = on_loop(ground, loop, command, target)
    try:
        return command.run(device, kind.environment(ground.kit, device) | only).log
    finally:
        device.remove()


def one(ground, loop, command, kind, number, target, only):
    device = on_loop(ground, loop, command, target)
    try:
        before = running(device)
        fault = kind.environment(ground.kit, device, number, ground.seed + number) | only
        ended = command.run(device, fault)
        ground.tally.count(bool(ended.log))
        name = f"blockdevice/{command.name}/{kind.name}/{number} ({ended.log[0] if ended.log else 'never came'})"
        if ground.safe(name, device, before, ended, kind.ends, kind.lies) & ground.check(
                name, invariants.claims(command, ended, device, kind.lies, before[0])):
            ground.check(name, invariants.again(command, device, kind), invariants.converges(device, kind.lies))
    finally:
        device.remove()
