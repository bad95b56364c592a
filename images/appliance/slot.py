"""One slot image: root, kernel, initrd, the krux executables, a variant, all in one squashfs."""
import os
import shutil
import time
from pathlib import Path

from . import initrd
from .kernel import Kernel
from .lists import IMAGES, entries
from .process import Failed, run

PRODUCT = "kruxos"
EXECUTABLES = ("krux-update", "krux-health")
# What only the unpacking of a tree loads: an appliance without services need not have it.
NEVER_LINKED = ("libarchive.", "libxml2.", "libicu")
UNITS = IMAGES.parent / "packaging/systemd"
# Files whose time matters to nobody still have one: it must not be that of the build.
EPOCH = 1_700_000_000


def copy_over(source, root):
    """Lays the files of a directory over a tree. Of their modes only `x` counts, as in git."""
    for path in sorted(source.rglob("*")):
        target = root / path.relative_to(source)
        if path.is_dir() and not path.is_symlink():
            target.mkdir(exist_ok=True)
            continue
        target.unlink(missing_ok=True)
        shutil.copyfile(path, target, follow_symlinks=False)
        if not path.is_symlink():
            target.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def install_programs(root, folder):
    """Puts the krux executables into a tree; one that lacks a library there, or brings too many along, is refused."""
    for name in EXECUTABLES:
        program = root / "usr/bin" / name
        if not (folder / name).exists():
            raise Failed(f"{folder} has no {name}: run make release")
        shutil.copyfile(folder / name, program)
        program.chmod(0o755)
        if program.read_bytes()[:4] == b"\x7fELF":
            linked = [library for library in initrd.libraries(root, program) if library.startswith(NEVER_LINKED)]
            if linked:
                raise Failed(f"{name} is linked with {' '.join(linked)}")
    (root / "usr/bin/krux").symlink_to("krux-update")


def install_keys(root, keys):
    folder = root / "usr/lib/krux/keys.d"
    folder.mkdir(parents=True)
    for key in keys:
        shutil.copyfile(key, folder / key.name)


def install_feed(root, first_root, address):
    """The feed that the image follows, and the root of trust for it."""
    shutil.copyfile(first_root, root / "usr/lib/krux/root.json")
    (root / "usr/lib/krux/feed-address").write_text(f"{address}\n")


def identify(root, version, sequence):
    """Says in os-release what this image is (docs/decisions/0009-sequence-in-os-release.md)."""
    with open(root / "usr/lib/os-release", "a", encoding="utf-8") as file:
        file.write(f"IMAGE_ID={PRODUCT}\nIMAGE_VERSION={version}\nKRUX_SEQUENCE={sequence}\n"
                   f"KRUX_CREATED={time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(EPOCH))}\n")


def install_units(root):
    """The units of packaging/systemd, and what starts at boot: by presets, without a running systemd."""
    for unit in sorted(UNITS.glob("krux-*")):
        shutil.copyfile(unit, root / "usr/lib/systemd/system" / unit.name)
    catalog = root / "usr/lib/systemd/catalog"
    catalog.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(UNITS / "krux.catalog", catalog / "krux.catalog")
    run("systemctl", f"--root={root}", "preset-all")
    run("systemctl", f"--root={root}", "mask", *entries("packages/masked-units.txt"))
    run("systemctl", f"--root={root}", "set-default", "multi-user.target")


def squash(root, output):
    """Packs a tree; the same tree makes the same bytes.

    gzip, because GRUB 2.06 reads no zstd there; level 3 takes a sixth of the time of level 9, for 4 % more
    bytes. Kernel and initrd are compressed already, and stored they load faster in GRUB.
    """
    output.unlink(missing_ok=True)
    words = ["mksquashfs", str(root), str(output), "-comp", "gzip", "-Xcompression-level", "3",
             "-all-root", "-no-xattrs", "-noappend", "-mkfs-time", str(EPOCH), "-all-time", str(EPOCH),
             "-quiet", "-no-progress",
             "-action", "uncompressed@(pathname(boot/vmlinuz)||pathname(boot/initrd))"]
    run(*words, env={key: value for key, value in os.environ.items() if key != "SOURCE_DATE_EPOCH"})


def variants():
    return sorted(folder.name for folder in (IMAGES / "variants").iterdir() if folder.is_dir())


def apply_variant(root, name):
    """Lays variants/NAME/files over the tree; then variants/NAME/hook, if there is one, gets the tree."""
    folder = IMAGES / "variants" / name
    if not folder.is_dir():
        raise Failed(f"there is no variant {name}, only: {' '.join(variants())}")
    if (folder / "files").is_dir():
        copy_over(folder / "files", root)
    if (folder / "hook").exists():
        run(folder / "hook", root)


def make(tree, programs, keys, version, sequence, variant, output, scratch, feed=None):
    """Makes a slot image at `output`, out of the tree of make-root; `scratch` is an empty directory, `feed` a root of
    trust and an address."""
    root, kernel = Path(scratch) / "root", Kernel(tree)
    run("cp", "-a", "--reflink=auto", tree / "root", root)
    kernel.install(root)
    copy_over(IMAGES / "overlay", root)
    identify(root, version, sequence)
    install_programs(root, programs)
    install_keys(root, keys)
    if feed:
        install_feed(root, *feed)
    custom = IMAGES / "variants" / (variant or "") / "init"
    init = custom if variant and custom.exists() else IMAGES / "initrd/init"
    (root / "boot/initrd").write_bytes(initrd.make(tree, kernel, init))
    install_units(root)
    if variant:
        apply_variant(root, variant)
    squash(root, output)
