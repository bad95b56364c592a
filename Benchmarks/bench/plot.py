"""A plot of the runs of a benchmark as SVG: one row for each runner, a panel for each figure, the
median as a dot and a bar from the least to the most.

The colours are readable on white and on near-black, and nothing is painted behind them."""

from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10
from statistics import median

ROW, PANEL, GAP, MARGIN, TOP, BOTTOM = 22, 180, 44, 16, 84, 48
CHARACTER = 7.1  # width of a letter of the labels, at most
TEXT, GRID, OURS, PEERS = "#6e7781", "#8b949e", "#d4690b", "#2f81c7"
OURS_PROGRAM = "krux-update"
SOURCES = ("URL", "file", "memory")


@dataclass(frozen=True)
class Figure:
    """What a panel shows of a run."""

    title: str
    value: object

    def values(self, row):
        """The figure in each run; none where it is zero, as with bytes fetched from a file."""
        found = [self.value(run) for run in row["runs"]]
        return found if all(found) else []

    def tells_apart(self, rows):
        """Whether the rows differ in it by more than a fiftieth."""
        middles = [median(values) for row in rows if (values := self.values(row))]
        return bool(middles) and max(middles) > 1.02 * min(middles)


FIGURES = (
    Figure("wall time, s", lambda run: run["wall"]),
    Figure("CPU time, s", lambda run: run["user"] + run["system"]),
    Figure("fetched, MB", lambda run: run["fetched"] / 1e6),
    Figure("written to the target, MB", lambda run: run["written"] / 1e6),
)


class Axis:
    """Values to places: from zero, or by powers of ten where the values are far apart."""

    FAR_APART = 12

    def __init__(self, values, left):
        self.left = left
        low, high = min(values), max(values)
        self.powers = high > self.FAR_APART * low
        if self.powers:
            self.ticks = powers(low, high)
            self.start, self.end = log10(min(low, self.ticks[0])), log10(max(high, self.ticks[-1]))
        else:
            self.ticks = round_steps(high)
            self.start, self.end = 0, max(high, self.ticks[-1])

    def place(self, value):
        position = log10(value) if self.powers else value
        return self.left + PANEL * (position - self.start) / (self.end - self.start)


def powers(low, high):
    """1, 2 and 5 times powers of ten around the values; fewer of them where there are many."""
    for steps in ((1, 2, 5), (1, 3), (1,)):
        ticks = [step * 10.0 ** power for power in range(floor(log10(low)), ceil(log10(high)) + 1)
                 for step in steps]
        below = max(tick for tick in ticks if tick <= low)
        above = min((tick for tick in ticks if tick >= high), default=ticks[-1])
        ticks = [tick for tick in ticks if below <= tick <= above]
        if len(ticks) <= 6:
            return ticks
    return ticks


def round_steps(high):
    """From zero to above `high`, in steps of 1, 2 or 5 times a power of ten, five at most."""
    power = 10.0 ** floor(log10(high / 5))
    step = next(step * power for step in (1, 2, 5, 10) if high / (step * power) <= 5)
    return [number * step for number in range(ceil(high / step) + 1)]


def text(x, y, words, anchor="start", colour=TEXT, weight="normal", size=12):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
            f'font-weight="{weight}" font-size="{size}">{escape(words)}</text>')


def stroke(x1, y1, x2, y2, colour, width, opacity=1.0):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
            f'stroke-width="{width}" stroke-opacity="{opacity}"/>')


def panel(figure, axis, rows):
    """Title, grid, and the rows' dots and bars."""
    bottom = TOP + ROW * len(rows)
    scale = ", log scale" if axis.powers else ""
    yield text(axis.left, TOP - 14, figure.title + scale, weight="bold")
    for tick in axis.ticks:
        x = axis.place(tick)
        yield stroke(x, TOP - 6, x, bottom, GRID, 1, 0.35)
        yield text(x, bottom + 16, f"{tick:g}", "middle", size=11)
    for number, row in enumerate(rows):
        y, colour = TOP + ROW * (number + 0.5), colour_of(row)
        values = figure.values(row)
        if not values:
            continue
        low, high = axis.place(min(values)), axis.place(max(values))
        if high - low >= 1:
            yield stroke(low, y, high, y, colour, 3, 0.55)
            for end in (low, high):
                yield stroke(end, y - 5, end, y + 5, colour, 1.5)
        yield text(max(high, axis.place(median(values)) + 4) + 4, y + 3.5,
                   f"{median(values):.3g}", size=10)
        yield (f'<circle cx="{axis.place(median(values)):.1f}" cy="{y:.1f}" r="4" '
               f'fill="{colour}"><title>{escape(row["label"])}: {median(values):.3g} '
               f'({min(values):.3g}–{max(values):.3g})</title></circle>')


def colour_of(row):
    return OURS if row["program"].startswith(OURS_PROGRAM) else PEERS


def in_order(rows):
    """By kind of source, then fastest first."""
    return sorted(rows, key=lambda row: (SOURCES.index(row["source"]),
                                         median(run["wall"] for run in row["runs"])))


def draw(stored):
    """The SVG of what `results.store` has written."""
    rows = in_order(stored["rows"])
    labels = MARGIN + CHARACTER * max(len(row["label"]) for row in rows)
    bottom = TOP + ROW * len(rows)
    parts = [text(MARGIN, 24, stored["title"], weight="bold", size=15),
             text(MARGIN, 44, stored["head"])]
    for number, row in enumerate(rows):
        y = TOP + ROW * (number + 0.5)
        own = colour_of(row) == OURS
        parts.append(text(labels, y + 4, row["label"], "end", OURS if own else TEXT,
                          "bold" if own else "normal"))
    left = labels + 14
    for figure in FIGURES:
        if figure.tells_apart(rows):
            values = [value for row in rows for value in figure.values(row)]
            parts += panel(figure, Axis(values, left), rows)
            left += PANEL + GAP
    parts.append(text(MARGIN, bottom + 36, "Dot and number: median. Bar: least to most.", size=11))
    width, height = left, bottom + BOTTOM
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" '
            f'width="{width:.0f}" height="{height}" font-family="sans-serif">\n'
            + "\n".join(parts) + "\n</svg>\n")
