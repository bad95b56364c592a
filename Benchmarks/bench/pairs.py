"""Pairs of root images, before and after an upgrade of Debian packages.

Both images of a pair are built from scratch from their trees, as a builder of images does it."""

import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .compare import changed_share, compare_images
from .debian import download, unpack, upgrades
from .host import MIB, run
from .inputs import BLOCK, UUID

#: The one time of everything in the images.
EPOCH = 1767225600
#: The part of an ext4 image that the packages may fill; with its tables, a third stays zero.
FILL = 0.63

#: What the small upgrade replaces, and what the large one replaces too.
SMALL = """openssl libssl3 curl libcurl4 sudo libxml2 perl-base perl perl-modules-5.36 libperl5.36
    python3.11 python3.11-minimal libpython3.11-minimal libpython3.11-stdlib""".split()
LARGE = r"""nginx nginx-common nodejs libnode108 postgresql-15 postgresql-client-15 php8.2-common
    php8.2-cli php8.2-fpm php8.2-opcache linux-image-6\.1\.0-\d+-cloud-amd64""".split()
#: What no upgrade touches: as many of these as fit.
BASE = """base-files libc6 libc-bin libstdc++6 coreutils bash dpkg util-linux mount login passwd
    systemd libsystemd-shared libsystemd0 udev apt libapt-pkg6.0 openssh-server openssh-client
    nftables iptables wpasupplicant network-manager modemmanager tzdata libicu72 grub-common git
    runc docker.io locales iso-codes vim-runtime python3-numpy fonts-dejavu-core tcpdump""".split()
#: Files that the builder of the images writes itself; each release has its own number in them.
CONFIGURATION = {
    "etc/image-release": "IMAGE_ID=bench\nIMAGE_VERSION={release}.0\n",
    "etc/motd": "This is release {release} of the image.\n",
    "etc/ssh/sshd_config.d/image.conf": "PermitRootLogin no\nMaxAuthTries {release}\n",
    "etc/sysctl.d/90-image.conf": "vm.swappiness = {release}0\nkernel.panic = 10\n",
    "etc/systemd/timesyncd.conf.d/image.conf": "[Time]\nNTP=ntp{release}.example.org\n",
}


@dataclass(frozen=True)
class Pair:
    """What kind of image, and which packages are replaced in the new one."""

    name: str
    kind: str
    upgraded: list

    def packages(self, selection):
        """The upgrade of each package in the images; for those that stay, from old to old."""
        return [upgrade if pattern in self.upgraded else upgrade.held()
                for pattern, upgrade in selection.items()]


PAIRS = {pair.name: pair for pair in (
    Pair("ext4-small", "ext4", SMALL),
    Pair("ext4-large", "ext4", SMALL + LARGE),
    Pair("squashfs-small", "squashfs", SMALL),
)}


def select(size):
    """The upgrades of the packages that fit into an ext4 image of so many bytes, by pattern.

    Those that the pairs replace come first; a small image gets fewer of them."""
    known, room = upgrades([*SMALL, *LARGE, *BASE]), size * FILL
    fitting = set()
    for pattern in (*SMALL, *LARGE, *BASE):
        if known[pattern].size <= room:
            fitting.add(pattern)
            room -= known[pattern].size
    return {pattern: known[pattern] for pattern in (*BASE, *SMALL, *LARGE) if pattern in fitting}


class Workshop:
    """A folder with pairs of images, the packages that they are made of, and the trees between.

    The trees are there as long as the context is; pairs use the same one where they can."""

    def __init__(self, folder, size, say):
        self.folder, self.size, self.say = folder, size, say
        self.debs = folder / "debs"
        self.trees = {}

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.scratch = Path(tempfile.mkdtemp(prefix="trees-", dir=self.folder))
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.scratch)

    def make(self, pair, selection):
        """Makes the pair if it is not there or was made otherwise; returns what there is to say."""
        place, chosen = self.folder / pair.name, pair.packages(selection)
        stamp, facts = place / "packages.txt", place / "facts.txt"
        recipe = "".join(f"{line}\n" for line in (f"# {self.tool(pair.kind)}", *chosen))
        if stamp.exists() and stamp.read_text() == recipe:
            return facts.read_text()
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        old = self.tree(1, tuple(upgrade.old for upgrade in chosen))
        new = self.tree(2, tuple(upgrade.new for upgrade in chosen))
        for tree, name in ((old, "old.img"), (new, "new.img")):
            self.say(f"{pair.name}: making {name}")
            self.image(pair.kind, tree, place / name)
        facts.write_text(describe(place / "old.img", place / "new.img", changed_share(old, new)))
        stamp.write_text(recipe)
        return facts.read_text()

    def tree(self, release, packages):
        """The tree with these packages and the configuration of this release."""
        if (release, packages) not in self.trees:
            self.say(f"unpacking {len(packages)} packages of release {release}")
            download(packages, self.debs)
            tree = self.scratch / str(len(self.trees))
            tree.mkdir()
            unpack(packages, self.debs, tree)
            for name, text in CONFIGURATION.items():
                path = tree / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text.format(release=release))
            self.trees[release, packages] = tree
        return self.trees[release, packages]

    def tool(self, kind):
        """What images of this kind are made with, so that another version makes them again."""
        if kind == "ext4":
            return f"ext4, {self.size // MIB} MiB, {run('mkfs.ext4', '-V').splitlines()[0]}"
        return f"squashfs, {run('mksquashfs', '-version').splitlines()[0]}"

    def image(self, kind, tree, output):
        if kind == "ext4":
            make_ext4(tree, output, self.size)
        else:
            make_squashfs(tree, output)


def make_ext4(tree, output, size):
    """An ext4 image of the tree; the same tree gives the same bytes."""
    with open(output, "wb") as image:
        image.truncate(size)
    run("mkfs.ext4", "-q", "-F", "-b", BLOCK, "-m", 0, "-U", UUID, "-L", "rootfs",
        "-E", f"hash_seed={UUID},lazy_itable_init=0,lazy_journal_init=0", "-d", tree, output,
        env=os.environ | {"E2FSPROGS_FAKE_TIME": str(EPOCH)})
    set_times(output)


def set_times(image):
    """One time for all inodes: mkfs.ext4 copies the tree's times, and nobody can set a ctime."""
    fields = run("dumpe2fs", image)
    total = int(re.search(r"^Inode count: +(\d+)", fields, re.MULTILINE)[1])
    free = set()
    for ranges in re.findall(r"^  Free inodes: (.+)$", fields, re.MULTILINE):
        for part in ranges.split(", "):
            first, _, last = part.partition("-")
            free.update(range(int(first), int(last or first) + 1))
    with tempfile.NamedTemporaryFile("w", suffix=".debugfs") as script:
        for inode in sorted({2, *range(11, total + 1)} - free):
            for field in ("atime", "ctime", "mtime"):
                script.write(f"set_inode_field <{inode}> {field} @{EPOCH}\n")
        script.flush()
        run("debugfs", "-w", "-f", script.name, image,
            env=os.environ | {"E2FSPROGS_FAKE_TIME": str(EPOCH)})


def make_squashfs(tree, output):
    """A squashfs image of the tree; the same tree gives the same bytes."""
    run("mksquashfs", tree, output, "-quiet", "-no-progress", "-noappend", "-no-xattrs",
        "-all-root", "-comp", "zstd", "-b", "128K", "-mkfs-time", EPOCH, "-all-time", EPOCH,
        env={key: value for key, value in os.environ.items() if key != "SOURCE_DATE_EPOCH"})


def describe(old, new, changed):
    """What one has to know of a pair to judge the bytes that an update takes."""
    facts = compare_images(old, new)
    total = facts.zero + facts.in_place + facts.elsewhere + facts.novel

    def line(count):
        return f"{count} ({count * BLOCK / MIB:.1f} MiB, {count / total:.1%})"

    sizes = (f"{path.name} {path.stat().st_size / MIB:.1f} MiB" for path in (old, new))
    return (f"{', '.join(sizes)}\n"
            f"bytes of the new tree in new or changed files: {changed:.1%}\n"
            f"blocks of new.img: {total}\n"
            f"  zero: {line(facts.zero)}\n"
            f"  the same in the same place of old.img: {line(facts.in_place)}\n"
            f"  elsewhere in old.img: {line(facts.elsewhere)}\n"
            f"  nowhere in old.img: {line(facts.novel)} in {facts.novel_runs} runs\n")
