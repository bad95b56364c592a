"""Saved states of the appliance, so that no scenario begins with boots that others have made before.

A state is a whole machine with its memory and its disk; its clocks go on where they were. Each scenario gets
a copy. All copies begin with the same boot id: no two of them ever meet, and the next boot has a new one.
"""
import hashlib
import os
import shutil
import threading
import time
from pathlib import Path

from appliance.lists import IMAGES

import device as device_module
from device import Device, bundle


def idle(device):
    """Waits until nothing is being started any more, which krux-health's verdict is a part of."""
    device.until("[ $(systemctl is-system-running) = running ]")
    device.run("sync")


def factory(device):
    """1.0.0 in slot A, healthy, idle. Slot B is empty."""
    device.vm.start()
    device.wait_for_boot()
    device.until("ip -4 address show dev eth0 | grep -q 10.0.2.15")
    idle(device)


def trial(device):
    """1.0.1 in slot B, on trial, and not healthy as long as nobody makes it so. Half a minute is left."""
    device.apply("1.0.1")
    device.reboot_into_trial()


def updated(device):
    """1.0.1 in slot B, confirmed; 1.0.0 in slot A to go back to."""
    device.make_ready()
    idle(device)


# Name: the state that it is made from, and how.
STATES = {"factory": (None, factory), "trial": ("factory", trial), "updated": ("trial", updated)}


class States:
    """Makes each state when it is first asked for, and keeps it until what it is made of has changed."""

    def __init__(self, out, logs, web_port):
        self.out, self.logs, self.web_port = Path(out), Path(logs), web_port
        self.locks = {name: threading.Lock() for name in STATES}
        self.inputs = self._inputs()

    def device(self, name, folder, web_port=None):
        """A device in a state, running, with its disk and its logs in `folder`.

        web_port: of another web server than that of the bundles.
        """
        saved = self.saved(name)
        device = self._new(folder, web_port)
        device.vm.restore(saved)
        return device

    def _new(self, folder, web_port=None):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        return Device(os.path.join(folder, "disk.img"), folder, web_port or self.web_port)

    def _inputs(self):
        digest = hashlib.sha256()
        files = [self.out / "disk.img.stamp", self.out / "bundles" / f"{bundle('1.0.1')}.stamp",
                 IMAGES / "vm.py", Path(__file__), Path(device_module.__file__)]
        for file in files:
            digest.update(file.read_bytes())
        return digest.hexdigest()

    def saved(self, name):
        """The directory of a saved state."""
        folder, stamp = self.out / "states" / name, self.out / "states" / f"{name}.stamp"
        with self.locks[name]:
            if not stamp.exists() or stamp.read_text() != self.inputs:
                stamp.unlink(missing_ok=True)
                shutil.rmtree(folder, ignore_errors=True)
                if STATES[name][0]:
                    self.saved(STATES[name][0])
                began = time.monotonic()
                self._make(name, folder)
                stamp.write_text(self.inputs)
                print(f"state  {time.monotonic() - began:6.1f} s  {name}", flush=True)
        return folder

    def _make(self, name, folder):
        before, make = STATES[name]
        logs = self.logs / f"state-{name}"
        if before:
            device = self.device(before, logs)
        else:
            device = self._new(logs)
            shutil.copyfile(self.out / "disk.img", device.vm.disk_path)
        with device.vm:
            device.play(make)
            device.vm.save(folder)
        os.unlink(device.vm.disk_path)
