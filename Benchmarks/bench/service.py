"""A small service on the disk of the device: a 4 KiB write that is flushed, a read and a little work every 10 ms.

Run as a program, `service.py FILE LOG` is the service. Its line in LOG for each turn: when the turn was due, and how
long after that it was done, in seconds."""

import hashlib
import mmap
import os
import random
import subprocess
import sys
import time
from pathlib import Path

PERIOD = 0.01
BLOCK = 4096
BLOCKS = 4096


class Service:
    """The service in a control group of its own, as a context."""

    def __init__(self, folder, group):
        self.file, self.log = folder / "service.dat", folder / "service.log"
        self.group = group

    def __enter__(self):
        with open(self.file, "wb") as file:
            for _ in range(BLOCKS):
                file.write(os.urandom(BLOCK))
            os.fsync(file.fileno())
        command = self.group.wrap([sys.executable, Path(__file__), self.file, self.log])
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def latencies(self, start, end):
        """Of the turns that were due between two moments of the monotonic clock, in seconds."""
        turns = [line.split() for line in self.log.read_text().splitlines(keepends=True)
                 if line.endswith("\n")]
        return [float(late) for due, late in turns if start <= float(due) < end]


def turn(file, page):
    place = random.randrange(BLOCKS) * BLOCK
    page[:8] = os.urandom(8)
    os.pwritev(file, [page], place)
    os.preadv(file, [page], random.randrange(BLOCKS) * BLOCK)
    hashlib.sha256(bytes(page) * 16).digest()


def serve(path, log):
    file = os.open(path, os.O_RDWR | os.O_DSYNC | os.O_DIRECT)
    page = mmap.mmap(-1, BLOCK)
    due = time.monotonic()
    with open(log, "w", buffering=1) as lines:
        while True:
            time.sleep(max(0, due - time.monotonic()))
            turn(file, page)
            lines.write(f"{due:.6f} {time.monotonic() - due:.6f}\n")
            # Turns that were missed are not made up for: the wait of the one before has them.
            due += PERIOD * max(1, -(-(time.monotonic() - due) // PERIOD))


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2])
