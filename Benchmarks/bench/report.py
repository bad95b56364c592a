"""Tables from results: medians of the rounds with the range, ratios of the same round first."""

from statistics import median

from .host import MIB

HEADS = ["full install", "wall, times krux-update", "wall s", "last write s", "CPU s",
         "rest of machine CPU s", "peak RSS MiB, largest process (all)", "anonymous MiB",
         "fetched MB", "temporary MiB", "written MiB", "read MiB", "flushes"]


def span(values, digits=2):
    """`median (least–most)`, or the one value when there is no more."""
    middle = f"{median(values):.{digits}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def ratios(mine, base):
    """The ratio of wall times in each round."""
    return [ours.wall / theirs.wall for ours, theirs in zip(mine, base)]


def base_for(runner, results):
    """krux-update's results from the same source at the same level, or None."""
    for other, found in results.items():
        same = (other.source, other.level) == (runner.source, runner.level)
        if other.program == "krux-update" and same:
            return found
    return None


def row(runner, found, base):
    def middle(name, unit=1.0, digits=1):
        return f"{median(getattr(result, name) for result in found) / unit:.{digits}f}"

    return [
        runner.label,
        span(ratios(found, base)) if base else "–",
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
        return runner.source != "URL", runner.level, median(result.wall for result in found)

    lines = [HEADS, ["---"] * len(HEADS)]
    lines += [row(runner, found, base_for(runner, results))
              for runner, found in sorted(results.items(), key=order)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def verdicts(results):
    """krux-update against the faster of rauc and swupdate, for each source and level."""
    lines = []
    for runner, found in results.items():
        if runner.program != "krux-update":
            continue
        rivals = {other: theirs for other, theirs in results.items()
                  if other.program in ("rauc", "swupdate")
                  and (other.source, other.level) == (runner.source, runner.level)}
        if rivals:
            lines.append(verdict(runner, found, rivals))
    return lines


def verdict(runner, found, rivals):
    best = min(rivals, key=lambda rival: median(result.wall for result in rivals[rival]))
    ours = ratios(found, rivals[best])
    word = "no slower" if median(ours) <= 1 else "slower"
    text = (f"- {runner.label}: {span(ours)} times the wall time of {best.program}, "
            f"{word} than the faster of rauc and swupdate.")
    for rival, theirs in rivals.items():
        early = [mine.wall / other.last_write for mine, other in zip(found, theirs)]
        text += f" {span(early)} times the time to the last write of {rival.program}."
    return text
