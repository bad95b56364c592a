"""A command's calls on files, as strace(1) saw them, as changes and flushes of the files below one folder."""
import os
import re
import subprocess

from disk import Change, Flush, Node

CALLS = ("open,openat,creat,close,dup,dup2,dup3,fcntl,write,pwrite64,writev,pwritev,ftruncate,truncate,fallocate,"
         "rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir,mkdir,mkdirat,chdir,fchdir,"
         "chmod,fchmod,fchmodat,fsync,fdatasync,syncfs,sync,copy_file_range,sendfile,mmap")
LINE = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)")
HALF = re.compile(r"^(\d+) +(.*) <unfinished \.\.\.>$")
REST = re.compile(r"^(\d+) +<\.\.\. \w+ resumed>(.*)$")
# The lock and the like are gone after a boot; nothing is decided by the audit log.
FORGOTTEN = re.compile(r"run(/.*)?|audit\.log.*")


def command(words, log):
    """Runs a command under strace."""
    strace = ["strace", "-f", "--seccomp-bpf", "-xx", "-s", "1048576", "-e", f"trace={CALLS}", "-o", log]
    return subprocess.run([*strace, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def calls(log):
    """Each call that was made: its name, its arguments as strace has them, its result."""
    begun = {}
    for line in open(log, encoding="ascii"):
        line = line.rstrip("\n")
        if half := HALF.match(line):
            begun[half[1]] = half[2]
            continue
        if rest := REST.match(line):
            line = begun.pop(rest[1]) + rest[2]
        if call := LINE.match(line):
            yield call[1], re.split(r", (?![^\[{]*[\]}])", call[2]), int(call[3])


def text(argument):
    """What stands between the quotes: with -xx all of it is `\\xNN`."""
    if not re.fullmatch(r'"(\\x[0-9a-f]{2})*"', argument):
        raise SystemExit(f"strace says what is not understood: {argument[:80]}")
    return bytes.fromhex(argument[1:-1].replace("\\x", ""))


class Recording:
    """The files below `folder` while the calls of a command pass by."""

    def __init__(self, folder, root):
        self.folder, self.root, self.events = os.path.realpath(folder), root, []
        # Of open files below the folder: their node, their path in it, and where the next bytes go.
        self.open, self.paths, self.places = {}, {}, {}
        self.names = {root: dict(root.base)}

    # -- Names

    def below(self, base, argument):
        """The path of a call from the folder on; None for a file elsewhere, and for those that do not count."""
        path = text(argument).decode()
        if not path.startswith("/"):
            if base == "AT_FDCWD" or int(base) not in self.paths:
                return None
            path = os.path.join(self.folder, self.paths[int(base)], path)
        path = os.path.normpath(path)
        if path != self.folder and not path.startswith(self.folder + "/"):
            return None
        path = path[len(self.folder) + 1:]
        return None if FORGOTTEN.fullmatch(path) else path

    def entries(self, folder):
        return self.names.setdefault(folder, dict(folder.base))

    def node(self, path):
        node = self.root
        for part in path.split("/") if path else []:
            node = self.entries(node)[part]
        return node

    def place(self, path):
        folder, _, name = path.rpartition("/")
        return self.node(folder), name

    def change(self, words, names=(), **content):
        for folder, name, node in names:
            if node is None:
                self.entries(folder).pop(name)
            else:
                self.entries(folder)[name] = node
        self.events.append(Change(words, names, **content))

    def make(self, words, path, node):
        self.change(words, [(*self.place(path), node)])

    # -- Calls

    def take(self, name, arguments, result):
        if result < 0:
            return
        handler = getattr(self, "on_" + name, None)
        if handler is None:
            self.refuse_unknown(name, arguments)
        else:
            handler(arguments, result)

    def refuse_unknown(self, name, arguments):
        """A call that nothing is known of must not be one on these files."""
        on_ours = any(a.isdigit() and int(a) in self.open for a in arguments)
        if on_ours and not (name == "mmap" and "PROT_WRITE" not in arguments[2]):
            raise SystemExit(f"{name} is not modelled: {', '.join(arguments)[:200]}")

    def on_openat(self, arguments, result):
        base, name, flags = arguments[:3]
        path = self.below(base, name)
        self.on_close([str(result)], 0)
        if path is None:
            return
        folder, last = self.place(path) if path else (None, None)
        node = self.entries(folder).get(last) if folder else self.root
        if node is None:
            node = Node("file")
            node.mode = int(arguments[3], 8) & ~0o022
            self.make(f"the making of {path}", path, node)
        elif "O_TRUNC" in flags:
            self.change(f"the emptying of {path}", node=node, write=(0, None))
        self.open[result], self.places[result] = node, 0
        self.paths[result] = path

    def on_open(self, arguments, result):
        self.on_openat(["AT_FDCWD", *arguments], result)

    def on_close(self, arguments, _):
        for table in (self.open, self.paths, self.places):
            table.pop(int(arguments[0]), None)

    def on_fcntl(self, arguments, result):
        if arguments[1].startswith("F_DUPFD") and int(arguments[0]) in self.open:
            raise SystemExit("a copy of a descriptor is not modelled")

    def on_write(self, arguments, result):
        number = int(arguments[0])
        if number in self.open:
            self.on_pwrite64([*arguments, str(self.places[number])], result)
            self.places[number] += result

    def on_pwrite64(self, arguments, result):
        number = int(arguments[0])
        if number in self.open:
            data = text(arguments[1])[:result]
            self.change(f"a write to {self.paths[number]}", node=self.open[number], write=(int(arguments[-1]), data))

    def on_ftruncate(self, arguments, _):
        if int(arguments[0]) in self.open:
            self.change("another length", node=self.open[int(arguments[0])], write=(int(arguments[1]), None))

    def on_fchmod(self, arguments, _):
        if int(arguments[0]) in self.open:
            self.change("other rights", node=self.open[int(arguments[0])], mode=int(arguments[1], 8))

    def on_fchmodat(self, arguments, _):
        path = self.below(arguments[0], arguments[1])
        if path is not None:
            self.change(f"other rights of {path}", node=self.node(path), mode=int(arguments[2], 8))

    def on_mkdirat(self, arguments, _):
        path = self.below(arguments[0], arguments[1])
        if path is not None:
            node = Node("folder")
            node.mode = int(arguments[2], 8) & ~0o022
            self.make(f"the making of {path}", path, node)

    def on_mkdir(self, arguments, _):
        self.on_mkdirat(["AT_FDCWD", *arguments], 0)

    def on_symlinkat(self, arguments, _):
        path = self.below(arguments[1], arguments[2])
        if path is not None:
            self.make(f"the link {path}", path, Node("link", target=text(arguments[0]).decode()))

    def on_symlink(self, arguments, _):
        self.on_symlinkat([arguments[0], "AT_FDCWD", arguments[1]], 0)

    def on_linkat(self, arguments, _):
        old, new = self.below(*arguments[:2]), self.below(*arguments[2:4])
        if new is not None:
            self.make(f"the name {new}", new, self.node(old))

    def on_link(self, arguments, _):
        self.on_linkat(["AT_FDCWD", arguments[0], "AT_FDCWD", arguments[1]], 0)

    def on_renameat(self, arguments, _):
        old, new = self.below(*arguments[:2]), self.below(*arguments[2:4])
        if old is not None and new is not None:
            moved = self.node(old)
            self.change(f"the renaming of {old}", [(*self.place(old), None), (*self.place(new), moved)])

    def on_rename(self, arguments, _):
        self.on_renameat(["AT_FDCWD", arguments[0], "AT_FDCWD", arguments[1]], 0)

    def on_unlinkat(self, arguments, _):
        path = self.below(arguments[0], arguments[1])
        if path is not None:
            self.change(f"the removal of {path}", [(*self.place(path), None)])

    def on_unlink(self, arguments, _):
        self.on_unlinkat(["AT_FDCWD", *arguments], 0)

    on_rmdir = on_unlink

    def on_fsync(self, arguments, _):
        number = int(arguments[0])
        if number in self.open:
            self.events.append(Flush(f"the flush of {self.paths[number] or 'the folder'}", self.open[number]))

    on_fdatasync = on_fsync

    def on_syncfs(self, arguments, _):
        if int(arguments[0]) in self.open:
            self.events.append(Flush("the flush of the file system"))


def record(words, folder, root, log):
    """Runs a command, and returns how it ended and what it did to the files below `folder`."""
    ended, recording = command(words, log), Recording(folder, root)
    for call in calls(log):
        recording.take(*call)
    return ended, recording.events
