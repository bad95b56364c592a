"""What is watched while a run lasts: memory, temporary files, the device, events."""

import json
import os
import threading
import time
from pathlib import Path


class Sampler(threading.Thread):
    """Watches the group's processes while they live. The peaks are the kernel's own marks
    (`VmHWM`), so that only growth in a process's last interval can go unseen; the time of the
    last write is late by one interval at most."""

    INTERVAL = 0.01

    def __init__(self, group, temporary, device):
        super().__init__(daemon=True)
        self.group, self.folder, self.device = group, temporary, device
        self.written, self.last_write = device.counters()["written"], time.monotonic()
        self.done = threading.Event()
        self.peaks = {}
        self.anonymous = self.temporary = 0

    def run(self):
        turns = 0
        while not self.done.wait(self.INTERVAL):
            self.sample(with_files=turns % 10 == 0)
            turns += 1

    def stop(self):
        self.done.set()
        self.join()
        self.sample(with_files=True)

    def sample(self, with_files):
        written = self.device.counters()["written"]
        if written != self.written:
            self.written, self.last_write = written, time.monotonic()
        anonymous = 0
        for pid in self.group.processes():
            status = memory_status(pid)
            if status is None:
                continue
            self.peaks[pid] = status.get("VmHWM", 0)
            anonymous += status.get("RssAnon", 0)
        self.anonymous = max(self.anonymous, anonymous)
        if with_files:
            self.temporary = max(self.temporary, stored_bytes(self.folder))


class FirstWrite(threading.Thread):
    """When the first write after the first flush reached the device, by its own counters.

    Looks once a millisecond, only until it has seen it. What it sees is late by a look at most,
    and by one more write where flush and write fell between two looks."""

    INTERVAL = 0.001

    def __init__(self, device):
        super().__init__(daemon=True)
        self.device = device
        self.flushes = device.counters()["flushes"]
        self.done = threading.Event()
        self.seen = None

    def run(self):
        flushed = None
        while not self.done.wait(self.INTERVAL):
            now = self.device.counters()
            if flushed is None and now["flushes"] > self.flushes:
                flushed = now["written"]
            elif flushed is not None and now["written"] > flushed:
                self.seen = time.monotonic()
                return

    def stop(self):
        self.done.set()
        self.join()


class Events(threading.Thread):
    """Reads the lines of a program that tells events: when each kind came first, and how much
    CPU time the group had used by then."""

    def __init__(self, lines, group, log):
        super().__init__(daemon=True)
        self.lines, self.group, self.log = lines, group, log
        self.times, self.cpu = {}, {}

    def run(self):
        for line in self.lines:
            now = time.monotonic()
            name = event_name(line)
            if name and name not in self.times:
                self.times[name], self.cpu[name] = now, sum(self.group.cpu())
            self.log.write(line)

    def read_back(self):
        """CPU time between the last write and the switch, or None when there was no switch."""
        if not {"written", "switched"} <= self.cpu.keys():
            return None
        return self.cpu["switched"] - self.cpu["written"]


def event_name(line):
    """The event's name, for progress the phase's with it; None for a line that is no event."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    name = event.get("event")
    return f"{name}, {event['phase']}" if name == "progress" else name


def memory_status(pid):
    """The process's memory figures in bytes; None for one that ended or only measures."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    pairs = dict(line.split(":", 1) for line in lines)
    if pairs["Name"].strip() == "time":
        return None
    sizes = ((key, pairs[key]) for key in ("VmHWM", "RssAnon") if key in pairs)
    return {key: int(value.split()[0]) * 1024 for key, value in sizes}


def stored_bytes(folder):
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(path, name)).st_blocks * 512
            except OSError:
                continue
    return total
