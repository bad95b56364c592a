"""Debian packages in two versions: which there are, fetching them, unpacking them.

Nothing of a package is ever run."""

import re
import shutil
from dataclasses import dataclass
from functools import cmp_to_key
from subprocess import call

from .host import BenchError, run

#: Where versions are looked for. Other archives of the machine would bring other upgrades.
SUITES = ("bookworm", "bookworm-updates", "bookworm-security")


@dataclass(frozen=True)
class Package:
    """A package in one version."""

    name: str
    version: str

    def __str__(self):
        return f"{self.name}={self.version}"

    def file(self, folder):
        """The archive in `folder`, or None."""
        version = self.version.replace(":", "%3a")
        return next(folder.glob(f"{self.name}_{version}_*.deb"), None)


@dataclass(frozen=True)
class Upgrade:
    """A package in the lowest and the highest version that the suites have.

    The two have different names where the version is part of the name, as with kernels."""

    old: Package
    new: Package
    #: Bytes that the old one takes when it is installed, as its description says.
    size: int

    def held(self):
        return Upgrade(self.old, self.old, self.size)

    def __str__(self):
        return str(self.old) if self.old == self.new else f"{self.old} {self.new}"


def by_version(left, right):
    if call(["dpkg", "--compare-versions", left.version, "lt", right.version]) == 0:
        return -1
    return 0 if left.version == right.version else 1


def upgrades(patterns):
    """The upgrade that each pattern stands for: a name, or a regular expression for names."""
    names = {pattern: matching(pattern) for pattern in patterns}
    versions = available(sorted({name for found in names.values() for name in found}))
    ends = {}
    for pattern, found in names.items():
        known = sorted((package for name in found for package in versions.get(name, [])),
                       key=cmp_to_key(by_version))
        if not known:
            raise BenchError(f"apt knows no package {pattern}; run apt-get update")
        ends[pattern] = known[0], known[-1]
    sizes = installed_sizes([old for old, _ in ends.values()])
    return {pattern: Upgrade(old, new, sizes[old]) for pattern, (old, new) in ends.items()}


def matching(pattern):
    """Names for a pattern: itself, unless it has something in it that no name has."""
    if re.fullmatch(r"[a-z0-9+.-]+", pattern):
        return [pattern]
    start = re.match(r"[a-z0-9+.-]*", pattern)[0]
    return [name for name in run("apt-cache", "pkgnames", start).split()
            if re.fullmatch(pattern, name)]


def available(names):
    """All versions in the suites, by name."""
    versions = {}
    for line in run("apt-cache", "madison", *names).splitlines():
        fields = [field.strip() for field in line.split("|")]
        if len(fields) == 3 and fields[2].split()[1].split("/")[0] in SUITES:
            versions.setdefault(fields[0], []).append(Package(*fields[:2]))
    return versions


def installed_sizes(packages):
    """Bytes that each package takes, in one question: apt may read all its lists for each."""
    sizes = {}
    for stanza in run("apt-cache", "show", *packages).split("\n\n"):
        fields = dict(re.findall(r"^(Package|Version|Installed-Size): (.+)$", stanza, re.MULTILINE))
        if fields:
            package = Package(fields["Package"], fields["Version"])
            sizes[package] = int(fields["Installed-Size"]) << 10
    return sizes


def download(packages, folder):
    """Fetches what is not in the folder yet; apt checks each file against its signed index."""
    missing = [package for package in packages if package.file(folder) is None]
    if not missing:
        return
    partial = folder / "partial"  # an interrupted apt-get leaves half a file under its whole name
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    run("apt-get", "-q", "-o", "APT::Sandbox::User=root", "-o", f"Dir::Cache={partial}",
        "download", *missing, cwd=partial)
    for package in missing:
        deb = package.file(partial)
        if deb is None:
            raise BenchError(f"apt-get download did not bring {package}")
        deb.rename(folder / deb.name)
    shutil.rmtree(partial)


def unpack(packages, folder, tree):
    """Unpacks the packages into a tree whose `/bin`, `/lib` and so on are links into `/usr`, and
    lists them in dpkg's own list of what is installed."""
    for name in ("bin", "sbin", "lib", "lib64"):
        (tree / "usr" / name).mkdir(parents=True, exist_ok=True)
        (tree / name).symlink_to(f"usr/{name}")
    status = tree / "var/lib/dpkg/status"
    status.parent.mkdir(parents=True)
    with open(status, "w") as listed:
        for package in packages:
            deb = package.file(folder)
            run("dpkg-deb", "-x", deb, tree)
            first, rest = run("dpkg-deb", "--field", deb).split("\n", 1)
            listed.write(f"{first}\nStatus: install ok installed\n{rest}\n")
