"""The appliance as a scenario sees it: what an operator does with it, and what has to be true of it then."""
import difflib
import os
import re
import tempfile
import time

from appliance.process import Failed, run
from vm import VM, WEB

GRUBENV = "/boot/efi/EFI/BOOT/grubenv"
LEDGER, PREVIOUS_LEDGER = "/data/krux/ledger.json", "/data/krux/ledger.previous.json"
READY = "/etc/nginx/ready.conf"
NOT_READY = """return 503 '{"services":{"gateway":"failed to start","vault":"healthy"}}';\n"""
# The first line of every status.
MODE = "Mode:         image\n"
# The only part of a status that no scenario can know beforehand.
COUNTDOWN = re.compile(r"falls back in \d+:\d\d\)")
# Seconds for everything that a slow processor may take longer for; nothing here waits that long for nothing.
PATIENCE = 600


def lines(text):
    """The lines of a text without their indentation, which in a scenario's file is that of the code."""
    return [line.strip() for line in text.strip().splitlines()]


def bundle(release):
    """The file name of a release's bundle: `1.0.1`, or `1.0.2:panic` for one that is broken on purpose."""
    return f"kruxos-{release.replace(':', '-')}.krux"


class Device:
    """One appliance in its own virtual machine. `vm` is the machine itself, `publisher` who offers it releases."""

    def __init__(self, disk, folder, web_port):
        self.vm, self.publisher = VM(disk, folder=folder, web_port=web_port), None
        self.began, self.faults = time.monotonic(), []
        self.log = open(os.path.join(folder, "steps.log"), "w", encoding="utf-8")

    def play(self, steps):
        """Carries out the steps of a scenario or a state. Raises Failed with all that is wrong."""
        try:
            steps(self)
        except Failed as failure:
            raise Failed("\n".join([*self.faults, str(failure)])) from None
        if self.faults:
            raise self.vm.failure("\n".join(self.faults))

    def note(self, line):
        """Writes into the scenario's own log, which is read when something went wrong."""
        self.log.write(f"[{time.monotonic() - self.began:7.2f}] {line}\n")
        self.log.flush()

    # -- commands ---------------------------------------------------------------------------------------

    def run(self, command, expect=0, timeout=120):
        """The output, errors included, of a command that ends with the status `expect`."""
        status, output = self.vm.run(command, timeout)
        self.note(f"$ {command} -> {status}\n{output}")
        if status != expect:
            raise self.vm.failure(f"status {status} and not {expect}: {command}\n{output}")
        return output

    def until(self, condition, timeout=PATIENCE):
        """Waits until a shell command succeeds on the device."""
        self.run(f"until {condition}; do sleep 0.2; done", timeout=timeout)

    def apply(self, release):
        """Installs a release over the network. It boots next."""
        output = self.run(f"krux update apply --no-reboot {WEB}/{bundle(release)}", timeout=PATIENCE)
        self.expect("the last line of apply", output.strip().rpartition("\n")[2],
                    "Update staged. The new version will activate on reboot.")

    # -- boots ------------------------------------------------------------------------------------------

    def begin_reboot(self):
        """Asks for a reboot, and does not wait for it."""
        self.note("systemctl reboot")
        self.vm.agent.send("systemctl reboot", PATIENCE)

    def wait_for_boot(self):
        """Waits until the next system answers commands, early in its boot; returns the boot's id."""
        boot = self.vm.wait_for_boot(PATIENCE)
        self.note(f"boot {boot}: " + self.vm.check("cat /proc/cmdline"))
        return boot

    def reboot(self):
        """Reboots in good order; returns the id of the next boot that came as far as its agent."""
        self.begin_reboot()
        return self.wait_for_boot()

    def settle(self):
        """Waits until krux-health has its verdict over this boot, and returns the state of its unit."""
        state = "systemctl show --property=ActiveState --value krux-health"
        self.until(f"{state} | grep -qx -e active -e failed")
        return self.run(state).strip()

    def reboot_into_trial(self):
        """Reboots into what is staged, and keeps its health page from being good: see `make_ready`.

        Returns the boot's id, as soon as krux-health has marked the trial.
        """
        boot = self.reboot()
        self.vm.put("/run/not-ready.conf", NOT_READY.encode())
        # Long before nginx reads it: the agent starts with the first units.
        self.run("! systemctl --quiet is-active appliance-gateway"
                 f" && mount --bind /run/not-ready.conf {READY}")
        self.until("[ -e /run/krux/trial ] && grep -q trialDeadline /run/krux/health.json")
        self.vm.wait_until_up(timeout=PATIENCE)
        self.until("grep -q 'gateway failed to start' /run/krux/health.json")
        return boot

    def make_ready(self):
        """The health page, kept bad by `reboot_into_trial`, becomes good."""
        self.run(f"umount {READY} && systemctl reload appliance-gateway")

    # -- what has to be true ----------------------------------------------------------------------------

    def expect(self, what, actual, expected):
        """Compares two texts word for word. A difference is kept for the end: what follows may tell more."""
        if lines(actual) != lines(expected):
            found = difflib.ndiff(lines(expected), lines(actual))
            difference = "\n".join("    " + line for line in found if not line.startswith("?"))
            fault = f"{what} has to be other than it is (- expected, + actual):\n{difference}"
            self.faults.append(fault)
            self.note(f"FAULT: {fault}")

    def status(self, options=""):
        """What `krux update status` prints, and its warnings. The time left of a trial is M:SS."""
        output = self.run(f"krux update status {options} 2> /run/warnings"
                          " && echo WARNINGS && cat /run/warnings")
        status, _, warnings = COUNTDOWN.sub("falls back in M:SS)", output).partition("WARNINGS\n")
        # The same in every scenario: a virtual appliance is an appliance.
        self.expect("the mode", status[:len(MODE)], MODE)
        status = status.removeprefix(MODE)
        return status, warnings

    def expect_status(self, status, warnings=""):
        """The whole of `krux update status`, word for word, and of its warnings."""
        actual, actual_warnings = self.status()
        self.expect("the status", actual, status)
        self.expect("the status's warnings", actual_warnings, warnings)

    def expect_evidence(self, evidence):
        """The evidence in `krux update status --verbose`, word for word."""
        found = re.search(r"^Evidence:\n((?:  .*\n)*)", self.status("--verbose")[0], re.MULTILINE)
        self.expect("the evidence", found[1] if found else "", evidence)

    def expect_in_history(self, *events):
        """Events such as `slot B confirmed 1.0.1: krux-health`, in this order at the end of the history."""
        history = lines(self.status("--verbose")[0].partition("History:\n")[2])
        actual = [line.partition(" ")[2] for line in history[-len(events):]]
        self.expect("the history's end", "\n".join(actual), "\n".join(events))

    def expect_environment(self, **variables):
        """GRUB's variables, as GRUB's own tool reads them."""
        if self.vm.running:
            with tempfile.NamedTemporaryFile() as file:
                file.write(self.vm.get(GRUBENV))
                file.flush()
                listed = run("grub-editenv", file.name, "list")
            actual = dict(line.split("=", 1) for line in listed.splitlines())
        else:
            actual = self.vm.disk.environment()
        actual = {name: actual.get(name, "(missing)").strip() for name in variables}
        self.note(f"environment: {actual}")
        self.expect("GRUB's environment", *("\n".join(f"{name}={value}" for name, value in each.items())
                                            for each in (actual, variables)))

    def expect_refusal(self, command, status, sentence):
        """A command that must not be carried out: its status and its words."""
        self.expect(f"the answer to {command}", self.run(command, expect=status), sentence)

    def expect_console(self, pattern, times):
        """How often the console had a line with that, since the machine was first switched on."""
        found = len(self.vm.console.seen(pattern))
        self.expect(f"how often the console had {pattern!r}", str(found), str(times))

    def expect_watchdog(self, holder):
        """Which program feeds the watchdog: `systemd` or `krux-health`. Nobody else has it open."""
        held = self.run("for process in /proc/[0-9]*; do if ls -l $process/fd 2> /dev/null"
                        " | grep -q /dev/watchdog; then cat $process/comm; fi; done")
        self.expect("who holds the watchdog", held, holder)
        self.expect("the watchdog", self.run("cat /sys/class/watchdog/watchdog0/state"), "active")

    def expect_verdict(self, words):
        """Waits for krux-health's verdict over this boot, which has to be a good one, in its own words."""
        state = self.settle()
        said = self.run("systemctl show --property=StatusText --value krux-health").strip()
        self.expect("krux-health's verdict", f"{state}: {said}", f"active: {words}")

    def expect_marker(self, version):
        """The marker that keeps services from migrating data: it holds that version; None for no marker."""
        content = self.run("cat /run/krux/trial 2> /dev/null || true").strip()
        self.expect("/run/krux/trial", content, version or "")
