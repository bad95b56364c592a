"""A data partition with little or no room, and with or without the room that the ledger keeps for itself."""
import json
import os
import shutil
import subprocess

import invariants
from device import read, write
from ground import running
from life import COMMANDS

PAGE = 4 << 10
SIZE = 1 << 20
# Pages that are left. The reserve has 64 of them, and a ledger one or two.
FREE = (0, 1, 2, 3, 5, 63, 64, 66, 80)
# In these the account of the boot before comes first.
ACCOUNTED = ("returned", "given-up")


def run(ground):
    if not ground.wants("space"):
        return
    mark, cases = ground.mark(), []
    for number, command in enumerate(COMMANDS):
        for reserve in ("reserve", "none"):
            chosen = ground.chosen(f"space/{command.name}/{reserve}", FREE, number)
            cases += [(ground, command, reserve, free) for free in chosen]
    ground.each(one, cases)
    ground.say("space", mark)


def on_tmpfs(ground, state, reserve, free):
    """A device in that state, with its ledger on a partition of its own where so many pages are left."""
    device = ground.fresh(state)
    device.data = device.file("data")
    os.makedirs(device.data)
    device.more = f'state-directory = "{device.data}"\n'
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", device.data], check=True)
    for name in ("ledger.json", "ledger.previous.json", "ledger.reserve"):
        if os.path.exists(device.file(name)) and (reserve == "reserve" or name != "ledger.reserve"):
            write(os.path.join(device.data, name), read(device.file(name)))
        if os.path.exists(device.file(name)):
            os.remove(device.file(name))
    room = os.statvfs(device.data)
    write(os.path.join(device.data, "photos"), bytes((room.f_bavail * room.f_frsize // PAGE - free) * PAGE))
    return device


def one(ground, command, reserve, free):
    name = f"space/{command.name}/{reserve}/{free}"
    device = on_tmpfs(ground, command.state, reserve, free)
    try:
        before, ledger, control = running(device), device.ledger, device.environment
        other = device.slot(invariants.OTHER[before[0]])
        ended = command.run(device)
        ground.tally.count()
        good = ground.safe(name, device, before, ended)
        good &= ground.check(name, invariants.claims(command, ended, device, False, before[0]),
                             kept(ledger, device), invariants.status_is_true(device, False))
        if ended.status == 82:
            # A cancellation writes the ledger last.
            same = device.environment == control or command.state in ACCOUNTED or command.words[0] == "rollback"
            good &= ground.check(name, [] if same and device.slot(invariants.OTHER[before[0]]) == other
                                 else ["it was refused after something was given up"])
        os.remove(os.path.join(device.data, "photos"))
        if good:
            ground.check(name, invariants.converges(device, False))
    finally:
        subprocess.run(["umount", device.data], check=True)
        shutil.rmtree(device.path)


def kept(before, device):
    """The ledger reads, and has all that it had."""
    now = device.ledger
    if now is None:
        yield "the ledger is lost"
        return
    events = [json.dumps(entry) for entry in now["history"]]
    if any(json.dumps(entry) not in events for entry in before["history"]):
        yield "an entry of the history is lost"
    if now["generation"] < before["generation"]:
        yield "the ledger is an older one"
