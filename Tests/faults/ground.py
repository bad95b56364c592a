"""What all parts of a run share: the states to begin from, threads, and the count of what was found."""
import itertools
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import invariants
import life


class Tally:
    """What was done, and what was wrong; of several threads."""

    def __init__(self):
        self.faults = self.missed = 0
        self.violations, self.seen, self.lock = [], set(), threading.Lock()

    def count(self, came=True):
        with self.lock:
            self.faults += came
            self.missed += not came

    def is_new(self, state):
        with self.lock:
            new = state not in self.seen
            self.seen.add(state)
            return new

    def found(self, name, problems):
        """`name` is what `--only` takes, and may have words behind it that explain it."""
        with self.lock:
            for problem in problems:
                self.violations.append((name, problem))
                print(f"  VIOLATION {name}: {problem}", flush=True)


class Ground:
    def __init__(self, kit, options):
        self.kit, self.every, self.only, self.seed = kit, options.every, options.only, options.seed
        self.states, self.tally = life.states(kit), Tally()
        self.pool, self.numbers = ThreadPoolExecutor(options.jobs), itertools.count()

    def close(self):
        self.pool.shutdown(cancel_futures=True)

    def wants(self, *names):
        """Whether a case is among those asked for, as far as the parts of its name are given."""
        def agrees(pattern):
            return all(part in ("*", name) for part, name in zip(pattern.split("/"), map(str, names)))
        return not self.only or any(agrees(pattern) for pattern in self.only)

    def chosen(self, part, numbers, turn=0):
        """Of many cases of a part each so many-th, another first one for each turn."""
        numbers = list(numbers)
        return [number for number in numbers[(self.seed + turn) % self.every::self.every]
                if self.wants(*part.split("/"), number)]

    def fresh(self, state):
        """A device of its own in that state."""
        return self.states[state].copy(self.kit.path(f"case-{next(self.numbers)}"))

    def chance(self, *names):
        return random.Random("/".join(map(str, (self.seed, *names))))

    def each(self, function, cases):
        """All cases, on the threads. What one of them raises is raised here."""
        for _ in self.pool.map(lambda case: function(*case), cases):
            pass

    def say(self, part, before):
        """One line on a part that began when the tally had `before` faults and states."""
        faults, states = self.tally.faults - before[0], len(self.tally.seen) - before[1]
        print(f"{part}: {faults} faults" + (f", {states} states after them" if states else ""), flush=True)

    def mark(self):
        return self.tally.faults, len(self.tally.seen)

    # -- checks that several parts make --------------------------------------------------------------------

    def check(self, name, *problems):
        """Hands over all of them. Returns whether there were none."""
        found = list(itertools.chain(*problems))
        self.tally.found(name, found)
        return not found

    def safe(self, name, device, before, ended, status=None, lies=False):
        """What is true after every command, whatever happened to it. `before` is the running slot's content."""
        return self.check(name, invariants.ending(ended, status), invariants.boots(device, lies),
                          invariants.untouched(before, device))


def running(device):
    """The slot that runs, and its content."""
    return device.booted, device.slot(device.booted)
