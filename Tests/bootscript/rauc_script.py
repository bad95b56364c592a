"""RAUC's GRUB script, from the source package of the distribution that this machine runs."""
import glob
import os
import re
import tarfile

import disks

PACKAGE, FILE = "rauc", "contrib/grub.conf"


def source_entries():
    """The machine's own package sources of its release, as sources of source packages."""
    with open("/etc/os-release", encoding="utf-8") as file:
        release = re.search(r"^VERSION_CODENAME=(\w+)", file.read(), re.M)[1]
    entries = []
    for path in ["/etc/apt/sources.list", *glob.glob("/etc/apt/sources.list.d/*")]:
        if not os.path.isfile(path):
            continue
        text = disks.read(path).decode()
        if path.endswith(".sources"):
            for stanza in re.split(r"\n\s*\n", text):
                if re.search(rf"^Suites:.*\b{release}(\s|$)", stanza, re.M | re.I):
                    stanza = re.sub(r"^Types:.*$", "Types: deb-src", stanza, flags=re.M | re.I)
                    entries.append(("sources", stanza))
        elif path.endswith(".list"):
            for line in re.findall(rf"^deb\s+(.* {release} .*)$", text, re.M):
                entries.append(("list", f"deb-src {line}"))
    if not entries:
        raise disks.ToolFailure(f"apt on this machine has no package source for {release}")
    return entries


def fetch(folder):
    """The script's bytes. apt checks them against the archive's signature, and its own state stays."""
    parts, lists, cache = (os.path.join(folder, name) for name in ("sources", "lists", "cache"))
    for path in (parts, os.path.join(lists, "partial"), os.path.join(cache, "archives", "partial")):
        os.makedirs(path)
    for number, (kind, text) in enumerate(source_entries()):
        disks.write(os.path.join(parts, f"{number}.{kind}"), text.encode() + b"\n")
    apt = ["apt-get", "-q", "-o", "Dir::Etc::SourceList=/dev/null", "-o", f"Dir::Etc::SourceParts={parts}",
           "-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={cache}", "-o", "APT::Sandbox::User="]
    disks.run(*apt, "update", cwd=folder)
    disks.run(*apt, "source", "--download-only", PACKAGE, cwd=folder)
    for path in glob.glob(os.path.join(folder, f"{PACKAGE}_*.orig.tar.*")):
        if not path.endswith(".asc"):
            with tarfile.open(path) as archive:
                for member in archive:
                    if member.name.partition("/")[2] == FILE:
                        return archive.extractfile(member).read()
    raise disks.ToolFailure(f"the source package of {PACKAGE} has no {FILE}")
