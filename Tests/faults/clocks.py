"""A clock that is far away, and one that jumps between two commands: nothing is decided by it."""
import glob

import invariants
from ground import running
from life import Command

LIBRARY = "/usr/lib/*/faketime/libfaketimeMT.so.1"
# The second is a moment before the seconds since 1970 no longer fit into 32 bits.
YEARS = {"1970": "@1970-01-01 00:00:00", "2106": "@2106-02-07 06:28:14", "2026": None}
# The clock of each command in turn.
CLOCKS = (("1970",) * 4, ("2106",) * 4, ("2106", "1970", "2106", "1970"), ("1970", "2106", "1970", "2106"),
          ("2026", "1970", "2026", "2106"))


def health(*words):
    return Command("clocks", "", "krux-health", words)


def update(*words, version=None):
    return Command("clocks", "", "krux-update", words, version=version)


APPLY, NEXT = update("apply", version="1.0.1"), update("apply", version="1.0.2")
REBOOT, STATUS = update("reboot"), update("status")
LIVES = {
    "confirm": (APPLY, REBOOT, update("confirm"), STATUS, update("rollback", "--no-reboot"), STATUS),
    "health": (APPLY, REBOOT, health("run"), STATUS, NEXT, REBOOT, health("run")),
    "return": (APPLY, REBOOT, REBOOT, REBOOT, REBOOT, health("run"), STATUS, NEXT),
    "reject": (APPLY, REBOOT, update("reject", "--no-reboot"), REBOOT, health("run"), STATUS, NEXT),
    "cancel": (APPLY, STATUS, update("rollback", "--no-reboot"), STATUS, APPLY),
}


def environment(year, library):
    if YEARS[year] is None:
        return {}
    return {"LD_PRELOAD": library, "FAKETIME": YEARS[year], "FAKETIME_DONT_FAKE_MONOTONIC": "1", "TZ": "UTC"}


def run(ground):
    if not ground.wants("clocks"):
        return
    library = next(iter(glob.glob(LIBRARY)), None)
    if library is None:
        raise SystemExit("libfaketime is not installed")
    mark = ground.mark()
    # A life is some ten commands: with --every 30 there is a third of them left.
    cases = [(name, turn) for name in LIVES for turn in range(len(CLOCKS))]
    cases = cases[ground.seed % 3::3] if ground.every >= 30 else cases
    ground.each(one, [(ground, library, *case) for case in cases if ground.wants("clocks", *case)])
    ground.say("clocks", mark)


def one(ground, library, name, turn):
    case, device, years = f"clocks/{name}/{turn}", ground.fresh("new"), CLOCKS[turn]
    try:
        for step, command in enumerate(LIVES[name]):
            year = years[step % len(years)]
            before = running(device)
            ended = command.run(device, environment(year, library))
            ground.tally.count()
            where = f"{case} ({' '.join(command.words)} in {year})"
            wrong = [] if ended.status == 0 else [f"it ended with {ended.status}: {ended.said}"]
            if not (ground.safe(where, device, before, ended) & ground.check(
                    where, wrong, invariants.claims(command, ended, device, False, before[0]),
                    invariants.status_is_true(device, False))):
                return
            if step == 0 and not device.record("B")["since"].startswith(year):
                ground.check(where, [f"the clock was not {year}"])
        ground.check(case, invariants.converges(device, False))
    finally:
        device.remove()
