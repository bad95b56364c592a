"""The reference appliance in a virtual machine: QEMU without hardware acceleration, UEFI, a watchdog.

    with VM("disk.img") as vm:
        vm.boot()
        print(vm.check("krux-update status"))
        vm.power_off()
        print(vm.disk.environment())

Every failure is a MachineFailed whose text ends with the last lines of the console. QEMU ends with the
program that started it, however that ends.
"""
import atexit
import base64
import json
import os
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

from appliance.agent import Agent, AgentSilent
from appliance.console import Console
from appliance.disk import Disk, copy
from appliance.process import Failed
from appliance.qmp import QMP

FIRMWARE = "/usr/share/OVMF/OVMF_CODE_4M.fd"
VARIABLES = "/usr/share/OVMF/OVMF_VARS_4M.fd"
WEB = "http://10.0.2.100"
# Bytes of a file that go in one command: the guest's terminal holds 4,095 while nobody reads it.
PIECE = 2048

# The kernel ends QEMU with the thread that started it, so that thread must live as long as the program.
_starter = ThreadPoolExecutor(1)


class MachineFailed(Failed):
    """The machine did not do what was waited for."""


def hardware(variables, disk, web_port=None, memory_mib=512, drive=None, watchdog=True):
    """QEMU's arguments for the machine, all but its serial ports.

    Never with KVM, so that a machine behaves the same everywhere; one core, which is faster so than two.
    """
    words = ["qemu-system-x86_64", "-nodefaults", "-nographic", "-machine", "q35",
             "-accel", "tcg,tb-size=256", "-cpu", "max", "-smp", "1", "-m", str(memory_mib),
             "-device", "virtio-rng-pci",
             "-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={FIRMWARE}",
             "-drive", f"if=pflash,format=raw,unit=1,file={variables}"]
    words += drive or ["-drive", f"if=none,id=disk,format=raw,file={disk}",
                       "-device", "virtio-blk-pci,drive=disk,bootindex=0"]
    if watchdog:
        words += ["-device", "i6300esb", "-action", "watchdog=reset"]
    if web_port:
        words += ["-netdev", "user,id=net,restrict=on,guestfwd=tcp:10.0.2.100:80-cmd:"
                  f"socat - TCP:127.0.0.1:{web_port}", "-device", "virtio-net-pci,netdev=net,romfile="]
    return words


class VM:
    """One machine on one disk image, through any number of power cycles."""

    def __init__(self, disk, folder=None, web_port=None, memory_mib=512, drive=None, extra=(), watchdog=True):
        """A machine that is off.

        folder: where console.log and the firmware's variables go; a temporary one otherwise.
        web_port: a port of a web server on this host; the guest reaches it at WEB, and nothing else.
        drive: QEMU's arguments for the disk, instead of a plain virtio disk on the image.
        extra: more arguments for QEMU.
        """
        self.disk_path, self.web_port, self.memory_mib = os.path.abspath(disk), web_port, memory_mib
        self.drive, self.extra, self.watchdog = drive, list(extra), watchdog
        self.temporary = None if folder else tempfile.TemporaryDirectory(prefix="krux-vm-")
        self.folder = os.path.abspath(folder or self.temporary.name)
        os.makedirs(self.folder, exist_ok=True)
        self.variables = os.path.join(self.folder, "vars.fd")
        shutil.copyfile(VARIABLES, self.variables)
        self.console = Console(os.path.join(self.folder, "console.log"))
        self.agent, self.process, self.qmp, self.known_boots = Agent(), None, None, 0
        atexit.register(self.power_off)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.power_off()
        atexit.unregister(self.power_off)
        if self.temporary:
            self.temporary.cleanup()

    # -- power ------------------------------------------------------------------------------------------

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self):
        return self.process.pid

    @property
    def seconds(self):
        """Since power was switched on."""
        return time.monotonic() - self.powered

    @property
    def disk(self):
        """The disk's contents, while the machine is off."""
        if self.running:
            raise self.failure("its disk is only open to others while the machine is off")
        return Disk(self.disk_path)

    def _arguments(self, serial, control, incoming):
        words = ["setpriv", "--pdeathsig", "KILL", *hardware(
            self.variables, self.disk_path, self.web_port, self.memory_mib, self.drive, self.watchdog)]
        words += ["-serial", "stdio", "-chardev", f"socket,id=agent,fd={serial}", "-serial", "chardev:agent",
                  "-chardev", f"socket,id=control,fd={control}", "-mon", "chardev=control,mode=control"]
        if incoming:
            words += ["-incoming", f"exec:cat {shlex.quote(incoming)}"]
        return words + self.extra

    def start(self, incoming=None):
        """Switches power on; `incoming` is the file of a saved state."""
        if self.running:
            raise self.failure("the machine is on already")
        (serial, serial_end), (control, control_end) = socket.socketpair(), socket.socketpair()
        ends = (serial_end.fileno(), control_end.fileno())
        self.process = _starter.submit(
            subprocess.Popen, self._arguments(*ends, incoming), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=ends).result()
        serial_end.close()
        control_end.close()
        self.powered = time.monotonic()
        self.console.attach(os.dup(self.process.stdout.fileno()))
        self.process.stdout.close()
        self.agent.attach(serial)
        try:
            self.qmp = QMP(control)
        except (Failed, ValueError, OSError):
            raise self.failure("QEMU did not start") from None

    def power_off(self):
        """Pulls the plug: QEMU is killed. What the guest had not written yet is lost."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.console.thread.join()
            self.agent.detach()
            if self.qmp:
                self.qmp.close()
        self.process = self.qmp = None
        self.known_boots = len(self.agent.boots)

    def shut_down(self, timeout=120):
        """Switches the machine off in good order."""
        self._order("systemctl poweroff")
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise self.failure(f"the machine is still on after {timeout} s") from None
        self.power_off()

    # -- boots ------------------------------------------------------------------------------------------

    def wait_for_boot(self, timeout=240):
        """Waits until the next boot answers commands, and returns its id.

        The next: after the last one that this machine was seen in. A boot that was reset before its agent
        started is none. Early: services may still be starting, see wait_until_up.
        """
        try:
            boot = self.agent.wait_for_boot(self.known_boots + 1, timeout)
        except AgentSilent as silence:
            raise self.failure(f"{silence} within {timeout} s") from None
        self.known_boots += 1
        return boot

    def wait_until_up(self, target="multi-user.target", timeout=240):
        """Waits until systemd has reached a target: its services were started, those that watch go on."""
        self.check(f"until systemctl --quiet is-active {target}; do sleep 0.2; done", timeout)

    def boot(self, timeout=240):
        """Switches power on and waits until the system is up; returns the boot's id."""
        self.start()
        boot = self.wait_for_boot(timeout)
        self.wait_until_up(timeout=timeout)
        return boot

    def restart(self):
        """Reboots in good order, and waits for nothing."""
        self._order("systemctl reboot")

    def reboot_and_wait(self, timeout=300):
        """Reboots in good order and waits until a system is up again; returns the boot's id."""
        self.restart()
        boot = self.wait_for_boot(timeout)
        self.wait_until_up(timeout=timeout)
        return boot

    def reset(self):
        """Presses the reset button."""
        self.qmp.command("system_reset")

    def _order(self, command):
        """Runs a command that ends the agent before it can answer."""
        try:
            self.agent.send(command, timeout=60)
        except AgentSilent as silence:
            raise self.failure(f"{silence}: {command}") from None

    # -- commands ---------------------------------------------------------------------------------------

    def run(self, command, timeout=120, binary=False):
        """Status and output (standard output and error together) of a shell command on the guest.

        A command that is not done within `timeout` seconds is ended there, with status 124.
        """
        try:
            status, output = self.agent.run(command, timeout)
        except AgentSilent as silence:
            raise self.failure(f"{silence}: {command}") from None
        return status, output if binary else output.decode("utf-8", "replace")

    def check(self, command, timeout=120, expect=0):
        """The output of a command that has to end with the status `expect`."""
        status, output = self.run(command, timeout)
        if status != expect:
            raise self.failure(f"status {status} and not {expect}: {command}\n{output}")
        return output

    def get(self, path):
        """The bytes of a file on the guest."""
        status, content = self.run(f"cat -- {shlex.quote(path)}", binary=True)
        if status != 0:
            raise self.failure(content.decode("utf-8", "replace"))
        return content

    def put(self, path, content):
        """Makes or replaces a small file on the guest; larger ones come faster through the web server."""
        quoted, encoded = shlex.quote(path), base64.b64encode(content).decode()
        self.check(f": > {quoted}")
        for start in range(0, len(encoded), PIECE):
            self.check(f"base64 --decode <<< {encoded[start:start + PIECE]} >> {quoted}")

    # -- console ----------------------------------------------------------------------------------------

    def wait(self, pattern, timeout=240):
        """The match of a regular expression in the console's whole lines, after the last match."""
        match = self.console.wait(pattern, timeout)
        if not match:
            raise self.failure(f"the console has no line with {pattern!r} after {timeout} s")
        return match

    def failure(self, text):
        """A MachineFailed with the last lines of the console."""
        state = "on" if self.running else "off"
        lines = "\n".join("  | " + line for line in self.console.tail())
        log = f"{self.folder}/console.log"
        return MachineFailed(f"{text}\nThe machine is {state}. Its console ({log}):\n{lines}")

    # -- snapshots --------------------------------------------------------------------------------------

    def save(self, folder):
        """Writes memory, devices, disk and firmware variables into a directory; the machine goes on."""
        os.makedirs(folder, exist_ok=True)
        state = os.path.abspath(os.path.join(folder, "state"))
        self.qmp.command("stop")
        self.qmp.command("migrate", uri=f"exec:cat > {shlex.quote(state)}")
        answer = self.qmp.poll("query-migrate", lambda a: a.get("status") in ("completed", "failed"), 300)
        if answer["status"] != "completed":
            raise self.failure(f"QEMU could not save its state: {answer}")
        copy(self.disk_path, os.path.join(folder, "disk.img"))
        shutil.copyfile(self.variables, os.path.join(folder, "vars.fd"))
        with open(os.path.join(folder, "machine.json"), "w", encoding="utf-8") as file:
            json.dump(self._hardware(), file)
        self.qmp.command("cont")

    def restore(self, folder):
        """Goes on where a machine with the same hardware was saved.

        Disk and firmware variables are replaced by copies of those saved. The guest's clock goes on from
        then too.
        """
        with open(os.path.join(folder, "machine.json"), encoding="utf-8") as file:
            if (saved := json.load(file)) != self._hardware():
                raise self.failure(f"{folder} was saved by a machine with other hardware: {saved}")
        self.power_off()
        copy(os.path.join(folder, "disk.img"), self.disk_path)
        shutil.copyfile(os.path.join(folder, "vars.fd"), self.variables)
        self.start(incoming=os.path.abspath(os.path.join(folder, "state")))
        self.qmp.poll("query-status", lambda answer: answer["status"] != "inmigrate", 60)
        self.qmp.command("cont")

    def _hardware(self):
        return {"memory": self.memory_mib, "network": bool(self.web_port), "watchdog": self.watchdog,
                "extra": self.extra}
