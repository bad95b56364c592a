"""Plays a life of the appliance and keeps every write and flush of its disk."""
import json
import os
import shutil
from dataclasses import dataclass

from appliance.disk import copy
from device import Device

import logwrites
from releases import FACTORY, GOOD, UNHEALTHY


class Recording:
    """A folder with `base.img`, the disk as it was; `log`; and `steps.json`, what was done and when."""

    def __init__(self, folder):
        self.folder = folder
        self.base, self.log, self.steps_file = (
            os.path.join(folder, name) for name in ("base.img", "log", "steps.json"))

    @property
    def steps(self):
        """What was done, in order: `what`, the number of `entries` in the log by then, and what the appliance
        had said of a release by then: `promise` of `release` (rules.PROMISES)."""
        with open(self.steps_file, encoding="utf-8") as file:
            return json.load(file)


class Player:
    """One appliance that is used, and its log."""

    def __init__(self, recording, factory_disk, web_port):
        shutil.rmtree(recording.folder, ignore_errors=True)
        os.makedirs(recording.folder)
        disk = os.path.join(recording.folder, "disk.img")
        copy(factory_disk, disk)
        copy(factory_disk, recording.base)
        self.device = Device(disk, recording.folder, web_port)
        self.device.vm.drive = logwrites.drive(disk, recording.log)
        self.log, self.steps = logwrites.Log(recording.log), []

    def done(self, what, promise=None, release=None):
        self.steps.append({"what": what, "entries": self.log.follow(), "promise": promise, "release": release})

    def play(self, steps):
        with self.device.vm as machine:
            machine.start()
            self.device.wait_for_boot()
            self.device.settle()
            self.done("first boot")
            for step in steps:
                step(self)
            machine.shut_down()
            self.done("shut down")
        self.log.close()

    # -- steps ------------------------------------------------------------------------------------------

    def apply(self, release):
        self.device.apply(release)
        self.done(f"apply {release}", "staged", release)

    def confirmed(self, version):
        """Into the trial that is staged, until it is confirmed."""
        self.device.reboot()
        self.device.expect_verdict(f"Version {version} is confirmed.")
        self.done(f"trial of {version}, confirmed", "confirmed", version)

    def returned(self, release):
        """Into the trial of a release that is not healthy, and back."""
        self.device.reboot()
        self.device.wait_for_boot()
        self.done(f"trial of {release}, fallen back", "given up", release)
        self.device.expect_verdict("The boot is healthy.")
        self.done("account", "given up", release)

    def roll_back(self):
        self.device.run("krux update rollback --no-reboot")
        self.done("rollback", "staged", FACTORY)


def _update(player):
    player.apply(GOOD)
    player.confirmed(GOOD)


def _fall_back(player):
    player.apply(UNHEALTHY)
    player.returned(UNHEALTHY)


def _roll_back(player):
    player.roll_back()
    player.confirmed(FACTORY)


@dataclass(frozen=True)
class Scenario:
    summary: str
    steps: tuple


SCENARIOS = {
    "update": Scenario("an update that is confirmed", (_update,)),
    "fall-back": Scenario("an update that is not healthy, and comes back", (_fall_back,)),
    "life": Scenario("updated, rolled back by hand, an update that comes back, updated again",
                     (_update, _roll_back, _fall_back, _update)),
}


def record(name, folder, factory_disk, web_port):
    """Plays a scenario; returns its recording. Raises Failed when the appliance does not do as it should."""
    recording = Recording(folder)
    player = Player(recording, factory_disk, web_port)
    player.device.play(lambda _: player.play(SCENARIOS[name].steps))
    with open(recording.steps_file, "w", encoding="utf-8") as file:
        json.dump(player.steps, file)
    os.unlink(player.device.vm.disk_path)
    return recording
