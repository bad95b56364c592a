"""The states of an appliance's life, and the commands in them that faults are put into."""
import os
from dataclasses import dataclass

from device import Device
from kinds import Kind

SICK = "/sick"


def reboot(device):
    device.must(device.update("reboot"))


def interrupted(device, version):
    """An install that was killed amid its writes of the target."""
    kind = Kind("", "kill", ("write",))
    fault = kind.environment(device.kit, device, at=1)
    device.must(device.apply(version, fault=fault | {"KRUX_FAULT_FILE": f"root-{target(device)}.img"}), -9)


def target(device):
    return {"A": "b", "B": "a"}[device.booted]


def states(kit):
    """Every state, by name, each a folder that is only copied."""
    found = {}

    def state(name, before, *steps):
        path = kit.path("states", name)
        found[name] = found[before].copy(path) if before else Device.factory(kit, path)
        for step in steps:
            step(found[name])
    os.makedirs(kit.path("states"))
    apply_ = lambda version: lambda device: device.must(device.apply(version))  # noqa: E731
    state("new", None)
    state("interrupted", "new", lambda device: interrupted(device, "1.0.1"))
    state("staged", "new", apply_("1.0.1"))
    state("trial", "staged", reboot)
    state("confirmed", "trial", lambda device: device.must(device.update("confirm")))
    state("later-boot", "confirmed", reboot)
    state("interrupted-over", "later-boot", lambda device: interrupted(device, "1.0.2"))
    state("staged-back", "later-boot", lambda device: device.must(device.update("rollback", "--no-reboot")))
    # All tries of the trial are spent, and the bootloader comes back.
    state("returned", "trial", reboot, reboot, reboot)
    state("rejected", "trial", lambda device: device.must(device.update("reject", "--no-reboot")))
    state("given-up", "rejected", reboot)
    state("no-environment", "later-boot", forget_environment)
    state("trial-no-environment", "trial", forget_environment)
    return found


def forget_environment(device):
    os.remove(device.file("grubenv"))


@dataclass(frozen=True)
class Command:
    name: str
    state: str
    program: str
    words: tuple
    # Of the release that is applied.
    version: str | None = None
    # Whether the health endpoint says yes.
    healthy: bool = True
    # Who may be blamed for what this command is: a trial that it ends badly.
    blames: bool = False
    # Whether boot control stays as it is, whatever happens.
    keeps: bool = False
    # Whether there is no boot environment before it, and perhaps none after a fault.
    repairs: bool = False
    # Statuses of the same command once more, after a fault.
    again: tuple = (0, 80)

    def run(self, device, fault=None):
        device.configure("/ready" if self.healthy else SICK)
        if self.version:
            return device.apply(self.version, fault=fault)
        if self.program == "krux-health":
            return device.health(*self.words, fault=fault)
        return device.update(*self.words, fault=fault)


def update(name, state, *words, **more):
    return Command(name, state, "krux-update", words, **more)


def apply(name, state, version, again=(0,), **more):
    return Command(name, state, "krux-update", ("apply",), version=version, again=again, **more)


def health(name, state, *words, **more):
    return Command(name, state, "krux-health", words, again=(0, 69), **more)


COMMANDS = (
    apply("apply", "new", "1.0.1"),
    apply("apply-again", "interrupted", "1.0.1"),
    apply("apply-staged", "staged", "1.0.1"),
    apply("apply-instead", "staged", "1.0.2"),
    apply("apply-over", "later-boot", "1.0.2"),
    apply("apply-over-again", "interrupted-over", "1.0.2"),
    apply("apply-other", "interrupted", "1.0.2"),
    apply("apply-after-return", "returned", "1.0.2", blames=True),
    apply("apply-rejected", "rejected", "1.0.2", again=(80,), keeps=True),
    apply("apply-after-reject", "given-up", "1.0.2"),
    update("confirm", "trial", "confirm"),
    update("confirm-settled", "later-boot", "confirm"),
    update("confirm-anew", "no-environment", "confirm", repairs=True),
    update("reject", "trial", "reject", "--no-reboot", blames=True),
    update("confirm-rejected", "rejected", "confirm", keeps=True),
    update("rollback", "later-boot", "rollback", "--no-reboot"),
    update("cancel", "staged", "rollback", "--no-reboot"),
    update("cancel-back", "staged-back", "rollback", "--no-reboot"),
    update("status", "trial", "status", keeps=True),
    update("status-interrupted", "interrupted", "status", keeps=True),
    health("health-trial", "trial", "run", blames=True),
    health("health-trial-sick", "trial", "run", healthy=False, blames=True),
    health("health-settled", "later-boot", "run"),
    health("health-settled-sick", "later-boot", "run", healthy=False),
    health("health-anew", "no-environment", "run", repairs=True),
    health("health-trial-anew", "trial-no-environment", "run", repairs=True, blames=True),
    health("health-trial-sick-anew", "trial-no-environment", "run", healthy=False, repairs=True, blames=True),
    health("health-staged", "staged", "run"),
    health("health-account", "returned", "run", blames=True),
    health("health-account-reject", "given-up", "run", blames=True),
    health("health-rejected", "rejected", "run", keeps=True),
    health("emergency", "trial", "emergency", blames=True),
    health("mark", "trial", "mark", keeps=True),
)
