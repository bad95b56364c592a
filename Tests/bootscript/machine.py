"""Real GRUB under real UEFI firmware in QEMU: what it boots for an environment, and what it saves."""
import json
import os
import re
import select
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass

import disks

FIRMWARE = "/usr/share/OVMF/OVMF_CODE_4M.fd"
FIRMWARE_VARIABLES = "/usr/share/OVMF/OVMF_VARS_4M.fd"
GRUB_MODULES = "/usr/lib/grub/x86_64-efi"
TIME_LIMIT = 120  # seconds for one boot, on a machine that is busy with other things
RESCUE = "krux: no slot can be started\n"


class MachineFailure(Exception):
    """The machine did something that no boot does."""


@dataclass
class Boot:
    """What a machine did."""
    slot: str | None          # None: the rescue entry
    arguments: list | None    # of the kernel; None: the slot does not load, and GRUB starts over
    tries: list               # what the script said: (slot, try, of how many), for each try it spent
    environment: bytes | None
    output: str


class Qemu:
    """One QEMU process: the serial port on a pipe, QMP on a socket pair."""

    def __init__(self, disk, variables, *more):
        for path in (FIRMWARE, FIRMWARE_VARIABLES):
            if not os.path.exists(path):
                raise disks.ToolFailure(f"{path} is not installed (package ovmf)")
        ours, its = socket.socketpair()
        words = ["qemu-system-x86_64", "-M", "q35", "-accel", "tcg", "-smp", "1", "-m", "96",
                 "-display", "none", "-nodefaults", "-no-reboot", "-nic", "none", "-serial", "stdio",
                 "-drive", f"if=pflash,format=raw,readonly=on,file={FIRMWARE}",
                 "-drive", f"if=pflash,format=raw,file={variables}",
                 "-drive", f"if=none,id=disk,format=raw,file={disk}",
                 "-device", "virtio-blk-pci,drive=disk,bootindex=0",
                 "-device", "isa-debug-exit,iobase=0x501,iosize=4",
                 "-device", "pvpanic,ioport=0x505", "-action", "panic=pause",
                 "-chardev", f"socket,id=qmp,fd={its.fileno()}", "-mon", "chardev=qmp,mode=control", *more]
        try:
            self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=subprocess.STDOUT, pass_fds=[its.fileno()])
        except FileNotFoundError as error:
            raise disks.ToolFailure("qemu-system-x86_64 is not installed") from error
        its.close()
        ours.settimeout(TIME_LIMIT)
        self.socket, self.qmp = ours, ours.makefile("rw")
        self.received = b""
        self.deadline = time.monotonic() + TIME_LIMIT

    def __enter__(self):
        self.event("QMP")
        self.command("qmp_capabilities")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.qmp.close()
        self.socket.close()

    def message(self):
        line = self.qmp.readline()
        if not line:
            said = self.process.communicate()[0].decode(errors="replace")
            raise MachineFailure(f"QEMU ended early: {said}")
        return json.loads(line)

    def event(self, name, **data):
        """Waits for an event with this data."""
        while True:
            message = self.message()
            values = message.get("data", {})
            if name in (message.get("event"), *message) and all(values.get(k) == v for k, v in data.items()):
                return
            if values.get("status") == "failed":
                raise MachineFailure(f"QEMU reports {message}")

    def command(self, name, **arguments):
        self.qmp.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.qmp.flush()
        while True:
            message = self.message()
            if "error" in message:
                raise MachineFailure(f"{name}: {message['error']['desc']}")
            if "return" in message:
                return

    def type(self, keys):
        """Types on the serial port."""
        self.process.stdin.write(keys)
        self.process.stdin.flush()

    def read_until(self, *patterns):
        """Reads the serial port until one of the patterns is in it; fails if QEMU ends before."""
        while True:
            text = self.output
            for pattern in patterns:
                if found := re.search(pattern, text):
                    return found
            if not self.read_more(self.deadline - time.monotonic()):
                raise MachineFailure(f"nothing more happened within {TIME_LIMIT} s:\n{self.output}")

    def read_more(self, seconds):
        """Reads what comes next from the serial port; false when nothing does within so many seconds."""
        if not select.select([self.process.stdout], [], [], max(0, seconds))[0]:
            return False
        data = os.read(self.process.stdout.fileno(), 65536)
        if not data:
            raise MachineFailure(f"the machine ended too early:\n{self.output}")
        self.received += data
        return True

    @property
    def output(self):
        """What was written to the serial port, without what moves and colours a terminal's text."""
        return re.sub(r"\x1b\[[0-9;?=]*[A-Za-z]|\r", "", self.received.decode(errors="replace"))

    def outcome(self):
        """Waits for the kernel or the rescue menu."""
        found = self.read_until(r"BOOTED ([ABR]) (.*)\n", r"krux: slot ([AB]) does not load, .*\n", RESCUE)
        slot, *arguments = found.groups() or (None, "")
        arguments = arguments[0].split() if arguments else None
        tries = [(name, int(made), int(of)) for name, made, of
                 in re.findall(r"krux: slot ([AB]), try (\d) of (\d)\n", self.output)]
        return slot, arguments, tries


class Machine:
    """Boots from the power button on: any environment, or none."""

    def __init__(self, folder, images, script, **layout):
        """`images` are the slots' contents by slot and name; `layout` is that of disks.make."""
        self.folder, self.images = folder, images
        self.disk = os.path.join(folder, "disk.img")
        disks.make(self.disk, script, **layout)

    def copy(self, name, contents):
        """A disk of its own for one boot, and firmware variables."""
        disk, variables = (os.path.join(self.folder, f"{name}.{end}") for end in ("disk", "variables"))
        shutil.copy(self.disk, disk)
        shutil.copy(FIRMWARE_VARIABLES, variables)
        for slot, content in contents.items():
            disks.patch(disk, disks.SLOT_START[slot], self.images[slot, content])
        return disk, variables

    def boot(self, name, environment, contents):
        disk, variables = self.copy(name, contents)
        disks.put(disk, disks.ENVIRONMENT, environment)
        with Qemu(disk, variables) as qemu:
            slot, arguments, tries = qemu.outcome()
        return Boot(slot, arguments, tries, disks.get(disk, disks.ENVIRONMENT), qemu.output)


class FrozenMachine(Machine):
    """Boots from the first line of the boot script on, which takes a twentieth of the time.

    Before that line the script writes to a port that makes QEMU stop. That machine's memory is saved, and
    every boot carries on from it, on a disk with an environment of its own. GRUB keeps what it has read of
    the disk in units of 32 KiB, so `grubenv` lies alone in its own, and always has 1,024 bytes.
    """

    MARK = b"# GRUB Environment Block\nPLACE=here\n".ljust(1024, b"#")

    def __init__(self, folder, images, script):
        module = "EFI/BOOT/x86_64-efi/iorw.mod"
        files = [(module, disks.read(os.path.join(GRUB_MODULES, "iorw.mod"))), ("before", bytes(1 << 16)),
                 (disks.ENVIRONMENT, self.MARK), ("after", bytes(1 << 16))]
        super().__init__(folder, images, b"insmod iorw\noutb 0x505 1\n" + script, files=files,
                         folders=[os.path.dirname(module)])
        self.place = disks.read(self.disk).index(self.MARK)
        self.state = os.path.join(folder, "frozen.state")
        self.variables = os.path.join(folder, "frozen.variables")
        shutil.copy(FIRMWARE_VARIABLES, self.variables)
        with Qemu(self.disk, self.variables) as qemu:
            qemu.event("GUEST_PANICKED")
            qemu.command("migrate-set-capabilities", capabilities=[{"capability": "events", "state": True}])
            qemu.command("migrate", uri=f"exec:cat > '{self.state}'")
            qemu.event("MIGRATION", status="completed")

    def boot(self, name, environment, contents):
        disk, variables = self.copy(name, contents)
        shutil.copy(self.variables, variables)
        disks.patch(disk, self.place, environment)
        with Qemu(disk, variables, "-incoming", "defer") as qemu:
            qemu.command("migrate-set-capabilities", capabilities=[{"capability": "events", "state": True}])
            qemu.command("migrate-incoming", uri=f"exec:cat '{self.state}'")
            qemu.event("MIGRATION", status="completed")
            qemu.command("cont")
            slot, arguments, tries = qemu.outcome()
        after = disks.read(disk)[self.place:self.place + len(self.MARK)]
        return Boot(slot, arguments, tries, after, qemu.output)
