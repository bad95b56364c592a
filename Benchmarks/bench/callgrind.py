"""Instructions that a command executes in user space, counted by valgrind, by whose they are."""

import re
from collections import Counter
from pathlib import Path

from .host import run

BLAKE2B = "BLAKE2b"
#: Which part a shared object belongs to, by how its file's name begins; all others are the rest.
PARTS = {
    "libsodium": BLAKE2B,
    "libzstd": "zstd (libzstd)",
    "krux-": "our executable, Swift inside",
}
REST = "C library and loader"
#: The functions of the executable that are BLAKE2b too: those of CBlake2b, for several messages.
LANES = ("digest_avx2", "digest_avx512")


def instructions(folder, *command):
    """Runs the command to its end under callgrind; how many instructions each part executed."""
    profile = folder / "callgrind.out"
    profile.unlink(missing_ok=True)
    run("valgrind", "--tool=callgrind", "--error-exitcode=0", f"--callgrind-out-file={profile}",
        *command)
    with open(profile, errors="replace") as lines:
        return by_part(lines)


def by_part(lines):
    """Adds up the lines of a profile that are an object's own costs."""
    counts, objects, functions = Counter(), {}, {}
    whose, function, called = REST, "", False
    for line in lines:
        if found := re.match(r"(c?)(ob|fn)=(\(\d+\))(?: (.*))?", line):
            # A name stands in full once, and as its number from then on.
            is_called, kind, number, name = found.groups()
            names = objects if kind == "ob" else functions
            names.setdefault(number, name)
            if kind == "ob" and not is_called:
                whose = part_of(names[number])
            elif not is_called:
                function = names[number]
        elif line.startswith("calls="):
            called = True  # the next line is the cost of what was called, counted there
        elif line[:1] in "0123456789+-*":
            if not called:
                counts[BLAKE2B if function in LANES else whose] += int(line.split()[1])
            called = False
    return counts


def part_of(path):
    name = Path(path or "").name
    return next((part for start, part in PARTS.items() if name.startswith(start)), REST)
