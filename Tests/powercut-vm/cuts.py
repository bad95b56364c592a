"""Which part of the writes that were not flushed a power cut leaves: some of all that may happen."""
import itertools
import random

# A window of up to so many writes is gone through in all its subsets.
ALL_SUBSETS = 6
# Writes of up to so many sectors are cut at each of them.
ALL_TEARS = 16


def order(parts):
    """Parts of writes in the order of the log. A FUA write is durable by itself and always there."""
    return sorted(parts, key=lambda part: part[0].entry.number)


def _with(writes, chosen):
    return [(write, write.whole) for write in writes if write.entry.durable or write in chosen]


def _torn(write, ends, others):
    """One write that is there in part; the others in full."""
    return order([*others, (write, ends)])


def _cut_points(write, chance):
    if write.count <= ALL_TEARS:
        return range(1, write.count)
    return sorted({1, write.count - 1, *(chance.randrange(1, write.count) for _ in range(2))})


def systematic(writes, chance):
    """(name, what is kept): all subsets of a small window, else each write lost alone and kept alone; and each
    write torn, its begin or its end kept, with all others and with none."""
    if len(writes) <= ALL_SUBSETS:
        for bits in itertools.product((0, 1), repeat=len(writes)):
            name = "".join(map(str, bits))
            yield f"subset-{name}", _with(writes, [write for write, bit in zip(writes, bits) if bit])
    else:
        yield "none", _with(writes, [])
        yield "all", _with(writes, writes)
        for write in writes:
            yield f"lost-{write.entry.number}", _with(writes, [other for other in writes if other is not write])
            yield f"kept-{write.entry.number}", _with(writes, [write])
    for write in writes:
        if write.entry.durable:
            continue
        rest = [other for other in writes if other is not write]
        for at in _cut_points(write, chance):
            for side, ends in (("begin", (0, at)), ("end", (at, write.count))):
                name = f"{write.entry.number}-{side}-{at}"
                yield f"torn-{name}-others", _torn(write, (ends,), _with(rest, rest))
                yield f"torn-{name}-alone", _torn(write, (ends,), _with(rest, []))


def _pieces(write, chance):
    """Some sectors of a write: each on its own where they are few, else in runs."""
    if write.count <= ALL_TEARS:
        chosen = [index for index in range(write.count) if chance.random() < 0.5]
        return tuple((index, index + 1) for index in chosen)
    ends = sorted(chance.sample(range(write.count + 1), 2 * chance.randint(1, 4)))
    return tuple(zip(ends[::2], ends[1::2]))


def random_cut(writes, name):
    """What is kept at a cut whose name is the seed: of the writes made by then, some, and parts of some."""
    chance = random.Random(name)
    made, share = chance.randint(1, len(writes)), chance.choice((0.1, 0.5, 0.9))
    torn = chance.choice((0, 0.2, 0.6))
    parts = []
    for number, write in enumerate(writes):
        if write.entry.durable:
            parts.append((write, write.whole))
        elif number < made and chance.random() < share:
            ends = _pieces(write, chance) if chance.random() < torn else write.whole
            if ends:
                parts.append((write, ends))
    return parts
