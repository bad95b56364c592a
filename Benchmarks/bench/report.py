"""Tables and lines in Markdown: medians of the rounds with the range, ratios of the same round
first."""

from statistics import median

from .host import MIB

HEADS = ["full install", "wall, times krux-update", "CPU, times krux-update", "wall s",
         "last write s", "CPU s", "rest of machine CPU s",
         "peak RSS MiB, largest process (all)", "anonymous MiB", "fetched MB", "temporary MiB",
         "written MiB", "read MiB", "flushes"]
#: Peak memory for an image of 1 GiB, in MiB.
MEMORY_LIMIT = 40
#: What is set out to be reached, as ratios and seconds.
WALL_OF_UPDATERS, WALL_OF_PIPE, CPU_OF_UPDATERS, FIRST_WRITE = 0.7, 1.25, 1.3, 0.1


def span(values, digits=2):
    """`median (least–most)`, or the one value when there is no more."""
    middle = f"{median(values):.{digits}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def ratios(mine, base, name="wall"):
    """The ratio of a figure in each round; wall times, unless told."""
    return [getattr(ours, name) / getattr(theirs, name) for ours, theirs in zip(mine, base)]


def middle_of(found, name):
    return median(getattr(result, name) for result in found)


def line(text, reached, goal):
    return f"- {text}: {'reached' if reached else 'NOT reached'} ({goal})."


def alike(one, other):
    """Whether both read the same kind of source, at the same level where both have one."""
    return one.source == other.source and (
        one.level == other.level or bool(one.compression or other.compression))


def base_for(runner, results):
    """krux-update's results from the same source at the same level, or None."""
    return next((found for other, found in results.items()
                 if other.program == "krux-update" and alike(other, runner)), None)


def row(runner, found, base):
    def middle(name, unit=1.0, digits=1):
        return f"{middle_of(found, name) / unit:.{digits}f}"

    return [
        runner.label,
        span(ratios(found, base)) if base else "–",
        span(ratios(found, base, "cpu")) if base else "–",
        span([result.wall for result in found]),
        span([result.last_write for result in found]),
        span([result.cpu for result in found]),
        middle("rest", digits=2),
        f"{middle('largest', MIB)} ({middle('together', MIB)})",
        middle("anonymous", MIB),
        middle("fetched", 1e6) if runner.source == "URL" else "–",
        middle("temporary", MIB, 0),
        middle("written", MIB, 0),
        middle("read", MIB, 0),
        middle("flushes", digits=0),
    ]


def table(results):
    """The Markdown table, ordered by source and level, fastest first."""
    def order(item):
        runner, found = item
        return (["URL", "file", "memory"].index(runner.source), runner.level,
                middle_of(found, "wall"))

    lines = [HEADS, ["---"] * len(HEADS)]
    lines += [row(runner, found, base_for(runner, results))
              for runner, found in sorted(results.items(), key=order)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def verdicts(results):
    """For each of krux-update's rows, one line for each thing to reach, and the disk's limit."""
    lines = []
    for runner, found in results.items():
        if runner.program == "krux-update":
            rivals = {other: theirs for other, theirs in results.items()
                      if other is not runner and alike(other, runner)}
            lines += [f"- {runner.label}:"]
            lines += [f"  {text}" for text in (
                *against_updaters(found, {other: theirs for other, theirs in rivals.items()
                                          if other.updater}, runner.source),
                *against_pipe(found, rivals), *alone(found), *against_disk(found, results))]
    return lines


def against_updaters(found, rivals, source):
    """Wall time against the fastest updater, and CPU time against the one that takes least."""
    if not rivals:
        return
    best = min(rivals, key=lambda rival: middle_of(rivals[rival], "wall"))
    shares = ratios(found, rivals[best])
    yield line(f"wall time: {span(shares)} of the fastest updater, {best.program}",
               median(shares) <= WALL_OF_UPDATERS, f"≤ {WALL_OF_UPDATERS}")
    early = [f"{span([ours.wall / other.last_write for ours, other in zip(found, theirs)])} of "
             f"{rival.program}'s" for rival, theirs in rivals.items()]
    yield f"- whole wall time against the time to the last write: {', '.join(early)}."
    least = min(rivals, key=lambda rival: middle_of(rivals[rival], "cpu"))
    shares = ratios(found, rivals[least], "cpu")
    text = f"CPU time: {span(shares)} of {least.program}'s, the least of the updaters"
    if source == "URL":
        yield line(text, median(shares) <= CPU_OF_UPDATERS, f"≤ {CPU_OF_UPDATERS}")
    else:
        yield f"- {text}."


def against_pipe(found, rivals):
    for rival, theirs in rivals.items():
        if rival.program.endswith("dd"):
            shares = ratios(found, theirs)
            yield line(f"wall time: {span(shares)} of {rival.program}",
                       median(shares) <= WALL_OF_PIPE, f"≤ {WALL_OF_PIPE}")


def alone(found):
    """What needs no peer: the read-back's share, memory, and how soon the writing begins."""
    if all(result.read_back is not None for result in found):
        shares = [100 * result.read_back / result.cpu for result in found]
        yield (f"- CPU time of the read-back and the switch: "
               f"{span([result.read_back for result in found])} s, {span(shares, 0)} % of all.")
    peak = max(result.largest for result in found) / MIB
    yield line(f"peak memory: {peak:.1f} MiB", peak <= MEMORY_LIMIT, f"≤ {MEMORY_LIMIT} MiB")
    if all(result.first_write is not None for result in found):
        times = [result.first_write for result in found]
        yield line(f"from the start to the first frame on the device, after the durable disarm: "
                   f"{span([1000 * time for time in times], 0)} ms",
                   median(times) <= FIRST_WRITE, f"≤ {1000 * FIRST_WRITE:.0f} ms")


def against_disk(found, results):
    for limit, theirs in results.items():
        if not limit.installs:
            yield f"- wall time: {span(ratios(found, theirs))} of {limit.label}."
