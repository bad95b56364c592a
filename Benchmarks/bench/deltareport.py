"""The table of updates from a base, and what is reached of what was set out to be reached."""

import os
from statistics import median

from .deltapeers import (
    Casync, KruxDelta, KruxDeltaOverOld, KruxFull, KruxFullOverOld, KruxUnknown, MenderOverOld,
    PatchFrom)
from .host import MIB
from .inputs import BLOCK
from .report import MEMORY_LIMIT, line, middle_of, ratios, span

HEADS = ["update", "fetched, times patch-from", "fetched, times casync",
         "wall, times own full install", "written, times what differs", "fetched MB", "requests",
         "wall s", "CPU s", "peak RSS MiB, largest process (all)", "anonymous MiB", "written MiB",
         "read MiB", "flushes"]
#: How far the bytes written may be from the bytes that differ.
WRITTEN_SLACK = 0.02
#: Bytes fetched from an unknown base, index included, as a part of what casync fetches.
UNKNOWN_OF_CASYNC = 0.55
#: The parts of a run, by the events that end and begin them.
PHASES = {"before the first write": (None, "disarmed"), "writing": ("disarmed", "written"),
          "reading back and the switch": ("written", "switched")}
#: Runners whose target holds the old image.
OVER_OLD = (KruxDeltaOverOld, KruxFullOverOld, MenderOverOld)


def of_kind(results, kind):
    """The results of the runner of exactly this class, or None when it did not run."""
    return next((found for runner, found in results.items() if type(runner) is kind), None)


def fetched(found):
    return middle_of(found, "fetched")


def table(results, size, differing):
    """The Markdown table, fewest bytes first. Of the old image `differing` blocks of 4 KiB are
    not those of the new one; of what else the target holds before a run, none is."""
    def differs(runner):
        return differing * BLOCK if isinstance(runner, OVER_OLD) else size

    bases = of_kind(results, PatchFrom), of_kind(results, Casync), of_kind(results, KruxFull)
    lines = [HEADS, ["---"] * len(HEADS)]
    lines += [row(runner, found, bases, differs(runner))
              for runner, found in sorted(results.items(), key=lambda item: fetched(item[1]))]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def row(runner, found, bases, differs):
    patch, chunks, full = bases

    def middle(name, unit=1.0, digits=1):
        return f"{middle_of(found, name) / unit:.{digits}f}"

    return [
        runner.label,
        f"{fetched(found) / fetched(patch):.3f}" if patch else "–",
        f"{fetched(found) / fetched(chunks):.3f}" if chunks else "–",
        span(ratios(found, full)) if full else "–",
        f"{middle_of(found, 'written') / differs:.3f}",
        middle("fetched", 1e6, 2),
        middle("requests", digits=0),
        span([result.wall for result in found]),
        span([result.cpu for result in found]),
        f"{middle('largest', MIB)} ({middle('together', MIB)})",
        middle("anonymous", MIB),
        middle("written", MIB),
        middle("read", MIB, 0),
        middle("flushes", digits=0),
    ]


def verdicts(results, differing):
    """One line for each thing to reach that these runs say something of."""
    delta, over_old = of_kind(results, KruxDelta), of_kind(results, KruxDeltaOverOld)
    unknown, full = of_kind(results, KruxUnknown), of_kind(results, KruxFull)
    lines = [*bytes_lines(delta, of_kind(results, PatchFrom), unknown, of_kind(results, Casync))]
    lines += wall_lines(delta, full, "")
    lines += wall_lines(over_old, of_kind(results, KruxFullOverOld), ", old image in the target")
    if over_old:
        lines.append(written_line(over_old, differing))
    ours = [result for found in (delta, over_old, unknown, full) if found for result in found]
    if ours:
        peak = max(result.largest for result in ours) / MIB
        lines.append(line(f"peak memory of krux-update: {peak:.1f} MiB", peak <= MEMORY_LIMIT,
                          f"≤ {MEMORY_LIMIT} MiB"))
    return lines


def wall_lines(delta, full, target):
    """Between runs into the same kind of target."""
    if delta and full:
        shares = ratios(delta, full)
        yield line(f"wall time of the delta{target}: {span(shares)} of the full install{target}",
                   median(shares) <= 1, "≤ 1.0")
        yield (f"- where it goes, seconds of the delta and of the full install{target}: "
               + ", ".join(f"{what} {phase(delta, *ends):.2f} and {phase(full, *ends):.2f}"
                           for what, ends in PHASES.items())
               + f"; the processors busy {busy(delta):.0%} and {busy(full):.0%} of the time; read "
               f"and written on all slots {middle_of(delta, 'moved') / MIB:.0f} and "
               f"{middle_of(full, 'moved') / MIB:.0f} MiB, {ratio_moved(delta, full):.2f}.")


def phase(found, begin, end):
    """Seconds between two events, from the start where the first has no name."""
    return median(run.events[end] - (run.events[begin] if begin else 0) for run in found)


def busy(found):
    """The part of what the processors could do that somebody has used, whoever it was."""
    return median((run.cpu + run.rest) / run.wall / os.cpu_count() for run in found)


def ratio_moved(delta, full):
    return middle_of(delta, "moved") / middle_of(full, "moved")


def bytes_lines(delta, patch, unknown, chunks):
    if delta and patch:
        ratio = fetched(delta) / fetched(patch)
        yield line(f"bytes fetched, known base: {ratio:.3f} of zstd -19 --patch-from", ratio <= 1,
                   "≤ 1.0")
    if unknown and chunks:
        ratio = fetched(unknown) / fetched(chunks)
        yield line(f"bytes fetched, unknown base: {ratio:.3f} of casync with chunks of 16 KiB",
                   ratio <= UNKNOWN_OF_CASYNC, f"≤ {UNKNOWN_OF_CASYNC}")


def written_line(found, differing):
    written = middle_of(found, "written")
    ratio = written / (differing * BLOCK)
    return line(f"bytes written: {written:.0f}, {ratio:.4f} of the {differing} blocks of 4 KiB in "
                f"which the old image in the target differs ({differing * BLOCK} bytes)",
                abs(ratio - 1) <= WRITTEN_SLACK, f"within {WRITTEN_SLACK:.0%}")
