"""The table of updates from a known base, and what is reached of what was set out to be reached."""

from statistics import median

from .deltapeers import KruxDelta, KruxDeltaOverOld, KruxFull, PatchFrom
from .host import MIB
from .inputs import BLOCK
from .report import ratios, span

HEADS = ["update from a known base", "fetched, times patch-from", "wall, times own full install",
         "fetched MB", "requests", "wall s", "CPU s", "peak RSS MiB, largest process (all)",
         "anonymous MiB", "written MiB", "read MiB", "flushes"]
#: Peak memory for an image of 1 GiB, in MiB.
MEMORY_LIMIT = 40
#: How far the bytes written may be from the bytes that differ.
WRITTEN_SLACK = 0.02


def of_kind(results, kind):
    """The results of the runner of exactly this class, or None when it did not run."""
    return next((found for runner, found in results.items() if type(runner) is kind), None)


def table(results):
    """The Markdown table, fewest bytes first."""
    patch, full = of_kind(results, PatchFrom), of_kind(results, KruxFull)
    lines = [HEADS, ["---"] * len(HEADS)]
    lines += [row(runner, found, patch, full)
              for runner, found in sorted(results.items(), key=lambda item: fetched(item[1]))]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def fetched(found):
    return median(result.fetched for result in found)


def row(runner, found, patch, full):
    def middle(name, unit=1.0, digits=1):
        return f"{median(getattr(result, name) for result in found) / unit:.{digits}f}"

    return [
        runner.label,
        f"{fetched(found) / fetched(patch):.3f}" if patch else "–",
        span(ratios(found, full)) if full else "–",
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
    patch, full = of_kind(results, PatchFrom), of_kind(results, KruxFull)
    lines = []
    if delta and patch:
        ratio = fetched(delta) / fetched(patch)
        lines.append(line(f"bytes fetched: {ratio:.3f} of zstd -19 --patch-from", ratio <= 1,
                          "≤ 1.0"))
    for name, found in (("", delta), (", old image in the target", over_old)):
        if found and full:
            shares = ratios(found, full)
            lines.append(line(f"wall time of the delta{name}: {span(shares)} of the full install",
                              median(shares) <= 1, "≤ 1.0"))
    if over_old:
        lines.append(written_line(over_old, differing))
    ours = [result for found in (delta, over_old, full) if found for result in found]
    if ours:
        peak = max(result.largest for result in ours) / MIB
        lines.append(line(f"peak memory of krux-update: {peak:.1f} MiB", peak <= MEMORY_LIMIT,
                          f"≤ {MEMORY_LIMIT} MiB"))
    return lines


def written_line(found, differing):
    written = median(result.written for result in found)
    ratio = written / (differing * BLOCK)
    return line(f"bytes written: {written:.0f}, {ratio:.4f} of the {differing} blocks of 4 KiB in "
                f"which the old image in the target differs ({differing * BLOCK} bytes)",
                abs(ratio - 1) <= WRITTEN_SLACK, f"within {WRITTEN_SLACK:.0%}")


def line(text, reached, goal):
    return f"- {text}: {'reached' if reached else 'NOT reached'} ({goal})."
