"""One measured run: what it cost, what reached the device, and whether that is the image."""

import os
import subprocess
import time
from dataclasses import asdict, dataclass, field

from .host import MIB, BenchError, Group, busy_seconds
from .watch import Events, FirstWrite, Sampler


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
    #: Read from and written to all slots, the booted one too.
    moved: int = 0
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


def measure(bench, runner, group):
    """Runs the peer once on the target; raises when it fails or leaves anything but the image."""
    peak_file = bench.scratch / "peak-kib"
    log = bench.scratch / f"{runner.label.replace(' ', '-').replace('|', '')}.log"
    command = runner.command(bench)
    timed = group.wrap(["/usr/bin/time", "-f", "%M", "-o", peak_file, *command])
    sampler, first = Sampler(group, bench.temporary, bench.target), FirstWrite(bench.target)
    bench.server.take_log()
    device, cpu, busy = bench.target.counters(), group.cpu(), busy_seconds()
    moved = bench.moved()
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
            moved = bench.moved() - moved
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
        equal=not runner.installs or same(bench.target, bench.inputs.image), moved=moved,
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
