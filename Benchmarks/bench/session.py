"""One benchmark session: options, set-up, tidy end. Used by the scripts in this folder."""

import os
import shutil
import signal
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from .host import BenchError, LoopDevice, WebServer, run, wait_for_quiet

REPOSITORY = Path(__file__).resolve().parents[2]


def say(text):
    print(text, file=sys.stderr, flush=True)


class Session:
    """What the runners share: inputs, target, web server, folders."""

    def __init__(self, inputs, binaries, quiet_wait, refill):
        self.inputs, self.binaries, self.quiet_wait = inputs, binaries, quiet_wait
        self.refill = refill
        self.scratch = inputs.folder / "scratch"
        self.temporary = self.scratch / "tmp"
        #: The target under a name that stays the same, because swupdate's archive has it inside.
        self.slot = inputs.folder / "slot-b"
        self.target = self.server = None
        #: What our own runs fetch in a second at most, as `--limit-rate` has it.
        self.limit_rate = None
        #: Slots that are read besides.
        self.booted = self.stranger = None

    def moved(self):
        """Bytes that were read from and written to all slots since they were made."""
        counters = [device.counters() for device in (self.target, self.booted, self.stranger)
                    if device]
        return sum(each["read"] + each["written"] for each in counters)

    def reset(self, source, before):
        """Back to the same start: `before` in the target, source in memory, quiet machine."""
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir(parents=True)
        if self.refill:
            run("dd", f"if={before}", f"of={self.target.path}", "bs=4M",
                "oflag=direct", "conv=fsync,notrunc")
        self.target.drop_cache()
        os.sync()
        with open(source, "rb", buffering=0) as warm:
            while warm.read(1 << 22):
                pass
        wait_for_quiet(self.quiet_wait)


@contextmanager
def workplace(keep):
    """The folder for inputs and scratch: `keep`, or a temporary one that goes away."""
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="krux-bench-", dir="/var/tmp") as folder:
        yield Path(folder)


def leave_on_signals():
    """Signals end the script like an error would, so that everything is undone on the way out."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def leave(number, _frame):
        for other in numbers:  # a second one must not cut the tidying short
            signal.signal(other, signal.SIG_IGN)
        sys.exit(128 + number)

    for number in numbers:
        signal.signal(number, leave)


def allocate(file, size):
    try:
        os.posix_fallocate(file.fileno(), 0, size)
    except OSError as error:
        raise BenchError(f"{file.name}: {error.strerror}; make room, or take a smaller --size")


@contextmanager
def session(inputs, binaries, quiet_wait, refill=True):
    """A session with its loop device and web server; both are gone afterwards.

    With `refill` the target is allocated, and gets other content before every run; without, it
    starts as one hole."""
    bench = Session(inputs, binaries, quiet_wait, refill)
    shutil.rmtree(bench.scratch, ignore_errors=True)
    bench.scratch.mkdir()
    backing = bench.scratch / "slot-b.img"
    try:
        with open(backing, "wb") as file:
            file.truncate(inputs.size)
            if refill:
                allocate(file, inputs.size)
        bench.target = LoopDevice(backing)
        bench.slot.unlink(missing_ok=True)
        bench.slot.symlink_to(bench.target.path)
        bench.server = WebServer(bench.scratch / "nginx", inputs.www)
        yield bench
    finally:
        if bench.server:
            bench.server.close()
        if bench.target:
            bench.target.close()
        bench.slot.unlink(missing_ok=True)
        shutil.rmtree(bench.scratch)
