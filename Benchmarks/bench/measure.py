"""One measured run: what it cost, what reached the device, and whether that is the image."""

import json
import os
import subprocess
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .host import MIB, BenchError, Group, busy_seconds


@dataclass
class Result:
    """What one run cost. Times in seconds, sizes in bytes."""

    wall: float
    last_write: float  # from the start until the device's count of written bytes stood still
    user: float
    system: float
    rest: float  # CPU time of the rest of the machine meanwhile: web server, kernel threads, others
    largest: int  # peak resident set of the largest process
    together: int  # peak resident sets of all processes, added
    anonymous: int  # largest sum of anonymous memory seen
    group: int | None  # peak of the control group's memory, page cache included
    temporary: int  # largest size of the temporary folder seen
    fetched: int
    requests: int
    written: int
    read: int
    flushes: int
    equal: bool
    #: From the start until the device's counters showed a write after their first flush.
    first_write: float | None = None
    #: Of a program that tells events: CPU time between `written` and `switched`.
    read_back: float | None = None
    #: When each kind of event came first, from the start.
    events: dict = field(default_factory=dict)

    @property
    def cpu(self):
        return self.user + self.system

    def record(self):
        return asdict(self)


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


def measure(bench, runner, group):
    """Runs the peer once on the target; raises when it fails or leaves anything but the image."""
    peak_file = bench.scratch / "peak-kib"
    log = bench.scratch / f"{runner.label.replace(' ', '-').replace('|', '')}.log"
    command = runner.command(bench)
    timed = group.wrap(["/usr/bin/time", "-f", "%M", "-o", peak_file, *command])
    sampler, first = Sampler(group, bench.temporary, bench.target), FirstWrite(bench.target)
    bench.server.take_log()
    device, cpu, busy = bench.target.counters(), group.cpu(), busy_seconds()
    with open(log, "w", buffering=1) as output:
        start = time.monotonic()
        process = subprocess.Popen(
            timed, stdin=subprocess.DEVNULL, stderr=output, text=True,
            stdout=subprocess.PIPE if runner.tells_events else output,
            env=os.environ | {"TMPDIR": str(bench.temporary)} | runner.environment(bench),
            start_new_session=True)
        events = Events(process.stdout or (), group, output)
        events.start()
        watchers = [sampler, first] if runner.tells_events else [sampler]
        for watcher in watchers:
            watcher.start()
        try:
            status = process.wait()
            wall = time.monotonic() - start
            after, cpu_after, busy_after = bench.target.counters(), group.cpu(), busy_seconds()
        finally:
            for watcher in watchers:
                watcher.stop()
        events.join()
    if status != 0:
        raise BenchError(f"{runner.label}: exit status {status}\n{log.read_text()[-4000:]}")
    wall = runner.own_time(bench) or wall
    fetched, requests = bench.server.take_log()
    user, system = (end - begin for begin, end in zip(cpu, cpu_after))
    largest = int(peak_file.read_text().split()[-1]) * 1024
    return Result(
        wall=wall, last_write=min(wall, sampler.last_write - start),
        user=user, system=system, rest=busy_after - busy - user - system,
        largest=max(largest, *sampler.peaks.values(), 0),
        together=max(largest, sum(sampler.peaks.values())), anonymous=sampler.anonymous,
        group=group.memory_peak(), temporary=sampler.temporary, fetched=fetched, requests=requests,
        equal=not runner.installs or same(bench.target, bench.inputs.image),
        first_write=first.seen and first.seen - start, read_back=events.read_back(),
        events={name: at - start for name, at in events.times.items()},
        **{name: after[name] - device[name] for name in ("written", "read", "flushes")})


def same(device, image):
    """Whether the device holds the image, byte for byte, read past the page cache."""
    device.drop_cache()
    with open(device.path, "rb", buffering=0) as left, open(image, "rb", buffering=0) as right:
        while expected := right.read(4 * MIB):
            if left.read(len(expected)) != expected:
                return False
    return True


def one_run(bench, runner):
    """A whole turn: old content in the target, sources warm, services up, then the measured run."""
    bench.reset(runner.source_file(bench), runner.before(bench))
    group = Group()
    try:
        with runner.services(bench, group):
            result = measure(bench, runner, group)
    finally:
        group.close()
    if not result.equal:
        raise BenchError(f"{runner.label}: the target does not hold the image")
    return result
