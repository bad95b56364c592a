"""Two programs at once: one of them is told who holds the lock, or they come one after the other."""
import re
import signal
import time

import invariants
from device import finish, read
from ground import running
from life import COMMANDS
from server import RoughServer

PAIRS = 300
# Commands that may meet in a state. None of them reboots: that would end the other one.
MEETINGS = {
    "new": ("apply", "apply"), "interrupted": ("apply-again", "apply-other"),
    "staged": ("apply-instead", "cancel", "health-staged"), "trial": ("confirm", "reject", "health-trial", "mark"),
    "later-boot": ("apply-over", "rollback", "confirm-settled", "health-settled", "health-settled-sick"),
    "returned": ("apply-after-return", "health-account"),
}
BY_NAME = {command.name: command for command in COMMANDS}
# What refuses while another one is at work.
LOCKED = (("apply",), ("rollback", "--no-reboot"), ("confirm",), ("reject", "--no-reboot"))


def run(ground):
    if not ground.wants("pairs"):
        return
    mark = ground.mark()
    if ground.wants("pairs", "holder"):
        ground.each(holder, [(ground, words) for words in LOCKED])
    ground.each(meet, [(ground, number) for number in ground.chosen("pairs/meet", range(PAIRS))])
    ground.say("pairs", mark)


def holder(ground, words):
    """The first one waits for a server that stops amid the manifest. Killed, it holds the lock no more."""
    name, device = f"pairs/holder ({words[0]})", ground.fresh("new")
    device.configure(stall=60)
    device.put_bundle("1.0.1")
    try:
        with RoughServer(read(ground.kit.bundle("1.0.1")), 100, "stall") as server:
            first = device.start("krux-update", "apply", "--no-reboot", server.address)
            while not server.broke and first.poll() is None:
                time.sleep(0.005)
            source = (device.file("next.krux"),) if words == ("apply",) else ()
            second = device.update(*words, *source)
            ground.tally.count()
            told = re.search(rf"another updater is at work: process {first.pid}, apply", second.errors)
            problems = [] if second.status == 75 and told else [f"{second.status}: {second.said}"]
            problems += invariants.status_is_true(device, False)
            first.send_signal(signal.SIGKILL)
            finish(first, ("apply",))
            third = device.apply("1.0.1")
            problems += [] if third.status == 0 else [f"the lock stays: {third.status}: {third.said}"]
            ground.check(name, problems, invariants.converges(device, False))
    finally:
        device.remove()


def meet(ground, number):
    """Any two of a state, any time apart; now and then the first one is killed."""
    chance = ground.chance("pairs", number)
    state = chance.choice(sorted(MEETINGS))
    commands = [BY_NAME[chance.choice(MEETINGS[state])] for _ in range(2)]
    name = f"pairs/meet/{number} ({' with '.join(command.name for command in commands)})"
    device = ground.fresh(state)
    try:
        before, processes = running(device), []
        device.configure("/sick" if any(not command.healthy for command in commands) else "/ready")
        for command in commands:
            words = command.words
            if command.version:
                words = ("apply", "--no-reboot", ground.kit.bundle(command.version))
            fault = {"LD_PRELOAD": ground.kit.shim, "KRUX_FAULT_SPEED": "50"}
            processes.append(device.start(command.program, *words,
                                          fault=fault if command.program == "krux-health" else None))
            time.sleep(chance.random() * 0.02)
        killed = chance.random() < 0.3
        if killed:
            processes[0].send_signal(signal.SIGKILL)
        ends = [finish(process, (command.name,)) for process, command in zip(processes, commands)]
        ground.tally.count()
        good = True
        for ended in ends:
            good &= ground.safe(name, device, before, ended, -9 if killed and ended is ends[0] else None)
        if any(ended.status == 75 and not re.search(r"at work: process \d+, \w+", ended.errors) for ended in ends):
            good &= ground.check(name, ["it is not told who holds the lock"])
        if good and ground.check(name, invariants.status_is_true(device, False)):
            ground.check(name, invariants.converges(device, False))
    finally:
        device.remove()
