#!/usr/bin/env python3
"""An independent reader of trees, written from docs/formats/bundle.md, with Python's tarfile.

    krux_tree.py extract BUNDLE PUBKEY SERVICE OUT

verifies BUNDLE as krux_bundle.py does and unpacks the tree of SERVICE into the new folder OUT. Extended attributes
but capabilities are refused; capabilities need root.
"""

import base64
import os
import stat
import sys
import tarfile
import tempfile

from krux_bundle import Refused, frames_of, open_bundle, read, read_image, require, run

MAX_PATH, MAX_PART, MAX_DEPTH = 3072, 240, 64
CAPABILITY = "security.capability"
# Of a header of POSIX.1-2001: what it says of more than name, content, rights and times.
ATTRIBUTES = ("SCHILY.xattr.", "LIBARCHIVE.xattr.", "SCHILY.acl.", "SCHILY.fflags", "GNU.sparse.")


def utf8(name):
    try:
        return name.encode("utf-8")
    except UnicodeEncodeError:
        raise Refused("a name is not UTF-8") from None


def plain(name):
    """The components of a path from the root of the tree; none for the root itself."""
    require(name and not name.startswith("/"), "an absolute path")
    parts = name.split("/")
    if parts[-1] == "":
        parts.pop()
    if parts[:1] == ["."]:
        parts.pop(0)
    require(not {"", ".", ".."} & set(parts), "a path that is not plain")
    require(len(utf8(name)) <= MAX_PATH and len(parts) <= MAX_DEPTH, "a path that is too long")
    require(all(len(utf8(part)) <= MAX_PART for part in parts), "a name that is too long")
    return parts


def require_inside(target, path):
    """A link may go up in front only, and no further than to the root of the tree."""
    require(target and not target.startswith("/") and len(utf8(target)) <= MAX_PATH, "a link that leads outside")
    parts = [part for part in target.split("/") if part not in ("", ".")]
    ups = 0
    while ups < len(parts) and parts[ups] == "..":
        ups += 1
    require(ups <= path.count("/") and ".." not in parts[ups:], "a link that leads outside")


def capability(entry):
    """The attribute of the entry as bytes; any other attribute is refused."""
    found = b""
    for key, value in entry.pax_headers.items():
        if not key.startswith(ATTRIBUTES):
            continue
        kind, _, name = key.partition(".xattr.")
        require(name == CAPABILITY, f"the attribute {key}")
        # The same attribute in two forms, if libarchive wrote it.
        raw = value.encode("utf-8", "surrogateescape")
        found = base64.b64decode(raw + b"=" * (-len(raw) % 4)) if kind == "LIBARCHIVE" else raw
    return found


class Tree:
    """What was taken of an archive so far, below the open folder `root`."""

    def __init__(self, root, announced):
        self.root, self.announced = root, announced
        self.privileges = {item["path"]: item for item in announced.get("privileges", [])}
        self.kinds, self.folders, self.entries, self.bytes = {}, [], 0, 0

    def take(self, entry, archive):
        self.entries += 1
        require(self.entries <= self.announced["entries"], "more entries than announced")
        parts = plain(entry.name)
        path = "/".join(parts)
        require(path not in self.kinds, "a name that stands there twice")
        folder = "/".join(parts[:-1])
        require(not folder or self.kinds.get(folder) == "folder", "an entry in no folder")
        require(not entry.issparse(), "a file with holes")
        attribute = capability(entry)
        self.kinds[path] = self.make(path, entry, archive, attribute)
        self.check_rights(path, entry.mode & 0o7777, attribute)

    def make(self, path, entry, archive, attribute):
        place = os.path.join(self.root, path)
        if entry.isdir():
            self.folders.append((place, entry.mode & 0o7777, entry.mtime))
            if path:
                os.mkdir(place, 0o700)
            return "folder"
        require(path, "the root is no folder")
        if entry.issym():
            require_inside(entry.linkname, path)
            os.symlink(entry.linkname, place)
            return "link"
        if entry.islnk():
            other = "/".join(plain(entry.linkname))
            require(self.kinds.get(other) == "file", "a hard link to what is no file")
            os.link(os.path.join(self.root, other), place)
            return "file"
        require(entry.isreg(), "no file, folder or link")
        self.bytes += entry.size
        require(self.bytes <= self.announced["bytes"], "more bytes than announced")
        self.copy(archive.extractfile(entry), entry.size, place)
        if attribute:
            os.setxattr(place, CAPABILITY, attribute)
        os.chmod(place, entry.mode & 0o7777)
        os.utime(place, (entry.mtime, entry.mtime))
        return "file"

    def copy(self, content, size, place):
        with open(place, "xb") as file:
            while size > 0:
                data = content.read(min(size, 1 << 20))
                require(data, "a file that is too short")
                file.write(data)
                size -= len(data)

    def check_rights(self, path, mode, attribute):
        kind, announced = self.kinds[path], self.privileges.get(path)
        if kind == "link":
            return
        if announced and kind == "file":
            require(mode == announced["mode"], "other rights than announced")
            require(attribute.hex() == announced.get("capability", "").lower(), "other capabilities than announced")
        else:
            require(mode & 0o7000 == 0 and not attribute, "a privilege that is not announced")

    def finish(self):
        require(self.entries == self.announced["entries"], "fewer entries than announced")
        require(self.bytes == self.announced["bytes"], "fewer bytes than announced")
        missing = [path for path in self.privileges if self.kinds.get(path) != "file"]
        require(not missing, "a file that was announced is missing")
        for place, mode, modified in reversed(self.folders):
            os.chmod(place, stat.S_IMODE(mode) & 0o777)
            os.utime(place, (modified, modified))


def unpack(file, announced, root):
    """Makes the tree of the archive in `file`, which is read from its beginning, below `root`."""
    file.seek(0)
    tree = Tree(root, announced)
    try:
        with tarfile.open(fileobj=file, mode="r:", encoding="utf-8", errors="surrogateescape") as archive:
            for entry in archive:
                tree.take(entry, archive)
            end = archive.offset
    except (tarfile.TarError, ValueError) as error:
        raise Refused(f"the archive is malformed: {error}") from None
    file.seek(end)
    while data := file.read(1 << 20):
        require(not any(data), "something stands behind the end of the archive")
    tree.finish()


def extract(bundle, public_key, service, out):
    require(not os.path.lexists(out), f"{out} is there already")
    os.mkdir(out + ".partial")
    with open(bundle, "rb") as file, tempfile.TemporaryFile() as archive:
        manifest, tables = open_bundle(file, public_key)
        trees = [a for a in manifest["artefacts"] if a["kind"] == "tree" and a["name"] == service]
        require(trees, f"the bundle holds no tree of {service}")
        frames = frames_of(manifest, tables, trees[0])
        for table in manifest["tables"]:
            read(file, table["payloadLength"])
        for _, plain in read_image(file, manifest, trees[0], frames):
            archive.write(plain)
        unpack(archive, trees[0]["tree"], out + ".partial")
    os.rename(out + ".partial", out)


def main(arguments):
    if len(arguments) != 5 or arguments[0] != "extract":
        print(__doc__, file=sys.stderr)
        return 64
    return run(extract, *arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
