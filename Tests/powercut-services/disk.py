"""What a file system owes after a power cut, by POSIX and no more, and all that it may therefore have kept.

A change of a name (made, renamed, removed) is on the medium after fsync(2) of its folder; content and rights of a file
or folder after fsync(2) of it; everything after syncfs(2). Until then each change may have come to the medium or not, by
itself, whatever came before it or after: a journal that keeps their order loses no more than that. rename(2) is one
change, of both names; a symbolic link has its target from the start. What was written to a file counts by calls: one
may be lost, none is torn, because a file that nobody has flushed is not believed at all.
"""
import itertools
import os
import random

# So many changes that are not on the medium yet are tried in every combination.
EXHAUSTIVE = 7


class Node:
    """A file, folder or link; what it holds is in the changes."""

    def __init__(self, kind, target=None, base=None):
        self.kind, self.target = kind, target
        # What is on the medium from the start: names of a folder, content of a file, and rights.
        self.base = base if base is not None else {} if kind == "folder" else b""
        self.mode = None


class Change:
    """One that a power cut keeps or loses whole: `names` are (folder, name, node or None); `write` is (offset, bytes), or
    (length, None) for another length; `mode` are rights."""

    def __init__(self, words, names=(), node=None, write=None, mode=None):
        self.words, self.names, self.node, self.write, self.mode = words, names, node, write, mode

    def touches(self, node):
        return self.node is node or any(folder is node for folder, _, _ in self.names)


class Flush:
    """fsync(2) of `node`; of everything without one."""

    def __init__(self, words, node=None):
        self.words, self.node = words, node

    def covers(self, change):
        return self.node is None or change.touches(self.node)


def scan(path):
    """The files below `path`, all of them on the medium."""
    if os.path.islink(path):
        return Node("link", target=os.readlink(path))
    if os.path.isdir(path):
        node = Node("folder", base={name: scan(os.path.join(path, name)) for name in sorted(os.listdir(path))})
    else:
        with open(path, "rb") as file:
            node = Node("file", base=file.read())
    node.mode = os.lstat(path).st_mode & 0o7777
    return node


def written(data, place, new):
    front = data[:place] + bytes(max(0, place - len(data)))
    return front if new is None else front + new + data[place + len(new):]


def after(root, changes):
    """What is found below `root` when just these changes are on the medium: for each path ("link", target), ("file",
    rights, content) or ("folder", rights)."""
    names, data, modes = {}, {}, {}
    for change in changes:
        for folder, name, node in change.names:
            names.setdefault(folder, dict(folder.base))
            if node is None:
                names[folder].pop(name, None)
            else:
                names[folder][name] = node
        if change.write:
            data[change.node] = written(data.get(change.node, change.node.base), *change.write)
        if change.mode is not None:
            modes[change.node] = change.mode
    found = {}

    def walk(node, path):
        mode = modes.get(node, node.mode)
        if node.kind == "link":
            found[path] = ("link", node.target)
        elif node.kind == "file":
            found[path] = ("file", mode, data.get(node, node.base))
        else:
            found[path] = ("folder", mode)
            for name, inner in names.get(node, node.base).items():
                walk(inner, f"{path}/{name}" if path else name)

    walk(root, "")
    return found


def subsets(pending, count, seed):
    """Which of the changes that are not on the medium yet may be there: all combinations of a few; of many, each number of
    the first, each one alone, all but each one, and `count` by chance."""
    if len(pending) <= EXHAUSTIVE:
        for size in range(len(pending) + 1):
            yield from itertools.combinations(pending, size)
        return
    for index in range(len(pending) + 1):
        yield pending[:index]
        yield pending[index:]
        yield pending[index:index + 1]
        yield pending[:index] + pending[index + 1:]
    chance = random.Random(seed)
    for _ in range(count):
        kept = chance.random()
        yield [change for change in pending if chance.random() < kept]


def cuts(root, events, count, seed):
    """Each state in which the power may leave the files, once: (words on the moment, state, whether all has happened).

    Between two flushes nothing becomes safe, so the changes before the latter, in all combinations, are those of each
    moment between them."""
    seen, safe, pending = set(), [], []
    order = {event: place for place, event in enumerate(events)}
    for event in [*events, None]:
        if isinstance(event, Change):
            pending.append(event)
            continue
        words = f"before {event.words}" if event else "at the end"
        for kept in subsets(pending, count, f"{seed} {words}"):
            state = after(root, sorted([*safe, *kept], key=order.get))
            key = (event is None, frozenset(state.items()))
            if key not in seen:
                seen.add(key)
                yield words, state, event is None
        if event:
            safe += [change for change in pending if event.covers(change)]
            pending = [change for change in pending if not event.covers(change)]


def write_out(state, path):
    """Makes the files of a state below the new folder `path`."""
    for name, (kind, *rest) in sorted(state.items()):
        place = os.path.join(path, name) if name else path
        if kind == "folder":
            os.mkdir(place)
        elif kind == "link":
            os.symlink(rest[0], place)
        else:
            with open(place, "xb") as file:
                file.write(rest[1])
        if kind != "link" and rest[0] is not None:
            os.chmod(place, rest[0])
