"""One measured run: what it cost, what reached the device, and whether that is the image."""

import os
import subprocess
import threading
import time
from dataclasses import asdict, dataclass
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
    sampler = Sampler(group, bench.temporary, bench.target)
    bench.server.take_log()
    device, cpu, busy = bench.target.counters(), group.cpu(), busy_seconds()
    with open(log, "w") as output:
        start = time.monotonic()
        process = subprocess.Popen(
            timed, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            env=os.environ | {"TMPDIR": str(bench.temporary)} | runner.environment(bench),
            start_new_session=True)
        sampler.start()
        try:
            status = process.wait()
            wall = time.monotonic() - start
            after, cpu_after, busy_after = bench.target.counters(), group.cpu(), busy_seconds()
        finally:
            sampler.stop()
    if status != 0:
        raise BenchError(f"{runner.label}: exit status {status}\n{log.read_text()[-4000:]}")
    fetched, requests = bench.server.take_log()
    user, system = (end - begin for begin, end in zip(cpu, cpu_after))
    largest = int(peak_file.read_text().split()[-1]) * 1024
    return Result(
        wall=wall, last_write=min(wall, sampler.last_write - start),
        user=user, system=system, rest=busy_after - busy - user - system,
        largest=max(largest, *sampler.peaks.values(), 0),
        together=max(largest, sum(sampler.peaks.values())), anonymous=sampler.anonymous,
        group=group.memory_peak(), temporary=sampler.temporary, fetched=fetched, requests=requests,
        equal=same(bench.target, bench.inputs.image),
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
