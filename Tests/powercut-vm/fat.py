"""Reads files of a FAT32 file system in memory, by Microsoft's FAT specification 1.03."""
import struct

END, BAD = 0x0FFFFFF8, 0x0FFFFFF7


class Damaged(Exception):
    """The file system does not lead to the file."""


class Fat32:
    """`data` is anything that can be sliced into bytes, from the boot sector on."""

    def __init__(self, data):
        self.data, boot = data, data[:512]
        self.sector, self.cluster_sectors, reserved, tables = struct.unpack_from("<HBHB", boot, 11)
        self.table_sectors, = struct.unpack_from("<I", boot, 36)
        self.root, = struct.unpack_from("<I", boot, 44)
        if self.sector != 512 or not self.cluster_sectors or boot[510:512] != b"\x55\xAA":
            raise Damaged("the boot sector is none of FAT32")
        self.table = reserved * self.sector
        self.first = (reserved + tables * self.table_sectors) * self.sector
        self.cluster = self.cluster_sectors * self.sector

    def _chain(self, cluster):
        """The clusters from one on; their number is bounded, so that a loop ends too."""
        for _ in range(self.table_sectors * self.sector // 4):
            if cluster < 2 or cluster >= BAD:
                raise Damaged(f"a chain leads to cluster {cluster}")
            yield cluster
            at = self.table + 4 * cluster
            cluster = struct.unpack("<I", self.data[at:at + 4])[0] & 0x0FFFFFFF
            if cluster >= END:
                return
        raise Damaged("a chain has no end")

    def _content(self, cluster):
        starts = (self.first + (number - 2) * self.cluster for number in self._chain(cluster))
        return b"".join(self.data[start:start + self.cluster] for start in starts)

    def _entries(self, cluster):
        """Name → (attributes, first cluster, length) of a directory; the short names only."""
        content, found = self._content(cluster), {}
        for at in range(0, len(content), 32):
            entry = content[at:at + 32]
            if entry[0] == 0:
                break
            if entry[0] != 0xE5 and entry[11] & 0x0F != 0x0F:
                stem, extension = entry[:8].decode("latin-1").strip(), entry[8:11].decode("latin-1").strip()
                high, low, length = *struct.unpack_from("<H", entry, 20), *struct.unpack_from("<HI", entry, 26)
                found[f"{stem}.{extension}".rstrip(".")] = (entry[11], high << 16 | low, length)
        return found

    def read(self, path):
        """The bytes of a file, named by its path in short names of capitals. Raises Damaged."""
        cluster, length = self.root, None
        for name in path.split("/"):
            entry = self._entries(cluster).get(name)
            if not entry:
                raise Damaged(f"there is no {path}")
            _, cluster, length = entry
        content = self._content(cluster) if length else b""
        if len(content) < length:
            raise Damaged(f"{path} is shorter than its length")
        return content[:length]
