"""Archives for the kernel's initial file system, the same bytes for the same files."""
import gzip
import stat


class Archive:
    """A cpio archive in the `newc` format (kernel: driver-api/early-userspace/buffer-format.rst).

    Inode numbers count up, owner is root and times are 0, so nothing of the builder is in it.
    """

    def __init__(self):
        self.parts = []

    def _entry(self, name, mode, content=b"", device=(0, 0)):
        name = name.encode() + b"\0"
        fields = (len(self.parts) + 1, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name), 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name
        self.parts.append(b"".join(part + bytes(-len(part) % 4) for part in (head, content)))

    def folder(self, name):
        self._entry(name, stat.S_IFDIR | 0o755)

    def file(self, name, content, mode=0o644):
        self._entry(name, stat.S_IFREG | mode, content)

    def link(self, name, target):
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def device(self, name, major, minor):
        """A character device; no privilege is needed to put one into an archive."""
        self._entry(name, stat.S_IFCHR | 0o600, device=(major, minor))

    def compressed(self):
        self._entry("TRAILER!!!", 0)
        return gzip.compress(b"".join(self.parts), compresslevel=6, mtime=0)
