"""Debian packages: which are needed, fetching them, unpacking them. Nothing of them is ever run."""
import os
import re
import subprocess
import tempfile

from .lists import entries
from .process import Failed, run


def resolve(wanted):
    """File names of the packages in `wanted` and of all they depend on, as apt would install them now.

    apt is asked with an empty list of installed packages and an empty cache of fetched ones, which it would leave
    out, so the answer does not depend on the builder.
    """
    with tempfile.TemporaryDirectory() as archives:
        os.mkdir(os.path.join(archives, "partial"))
        printed = run("apt-get", "-o", "Dir::State::status=/dev/null", "-o", f"Dir::Cache::archives={archives}",
                      "-o", "APT::Install-Recommends=0", "--yes", "--print-uris", "install", *wanted)
    names = re.findall(r"^'[^']*' (\S+\.deb) ", printed, re.MULTILINE)
    if not names:
        raise Failed("apt-get knows no packages: run apt-get update")
    return sorted(names)


def package(file_name):
    return file_name.split("_")[0]


def version(file_name):
    return file_name.split("_")[1].replace("%3a", ":")


def download(file_names, cache):
    """Fetches what is not in the cache directory yet. apt-get checks each file against its signed index."""
    cache.mkdir(parents=True, exist_ok=True)
    missing = [name for name in file_names if not (cache / name).exists()]
    if missing:
        run("apt-get", "-o", "APT::Sandbox::User=root", "download",
            *(f"{package(name)}={version(name)}" for name in missing), cwd=cache)
    for name in missing:
        if not (cache / name).exists():
            raise Failed(f"apt-get download did not bring {name}")


def unpack(deb, tree):
    """Unpacks a package's files into a tree, all but those in packages/trimmed.txt.

    Its `/bin`, `/lib` and so on go through the tree's links into `/usr`.
    """
    parts = dict(line.split(maxsplit=1) for line in entries("packages/parts.txt"))
    only = parts.get(package(deb.name), "").split()
    excludes = [f"--exclude={pattern}" for pattern in entries("packages/trimmed.txt")]
    tar = ["tar", "-x", "-C", str(tree), "--keep-directory-symlink", "--no-same-owner",
           "--preserve-permissions", "--wildcards", *excludes, *only]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE) as source:
        done = subprocess.run(tar, stdin=source.stdout, stderr=subprocess.PIPE, text=True)
        source.stdout.close()
    if done.returncode != 0 or source.returncode != 0:
        raise Failed(f"cannot unpack {deb}: {done.stderr.strip()}")
