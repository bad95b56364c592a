"""A disk as the boot script expects it, with kernels that only say that they were started."""
import os
import struct
import subprocess
import uuid
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
GRUB = os.path.normpath(os.path.join(HERE, "..", "..", "images", "grub"))
SECTOR = 512
MIB = 1 << 20
ESP_START, ESP_SIZE = MIB, 8 * MIB
SLOT_SIZE = MIB
SLOT_START = {"A": 9 * MIB, "B": 10 * MIB}
DISK_SIZE = 12 * MIB
PARTUUID = {"A": str(uuid.UUID(int=0xA0 << 120 | 0xA)), "B": str(uuid.UUID(int=0xB0 << 120 | 0xB))}
# What a slot holds: a system, files that do not load, or no system.
BROKEN = ("damaged-kernel", "unreadable-kernel", "unreadable-initrd")
ABSENT = ("no-kernel", "no-initrd", "no-file-system", "half-written")
CONTENTS = ("loads", *BROKEN, *ABSENT)
FILES = ("boot/vmlinuz", "boot/initrd")
ENVIRONMENT = "EFI/BOOT/grubenv"


class ToolFailure(Exception):
    """A program that the tests need is not there or failed; the text says which and why."""


def run(*words, **options):
    """Standard output of a program, as bytes."""
    try:
        done = subprocess.run(words, capture_output=True, **options)
    except FileNotFoundError as error:
        raise ToolFailure(f"{words[0]} is not installed") from error
    if done.returncode != 0:
        said = (done.stderr + done.stdout).decode(errors="replace").strip()
        raise ToolFailure(f"'{' '.join(map(str, words))}' failed: {said}")
    return done.stdout


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def kernel(slot, folder):
    """A bzImage that GRUB's `linux` loads: boot sector, one sector of setup, the code of stub.s."""
    path = os.path.join(folder, f"stub-{slot}")
    source = read(os.path.join(HERE, "stub.s")).replace(b"SLOT", f'"BOOTED {slot} "'.encode())
    run("as", "--32", "-o", path + ".o", "-", input=source)
    run("objcopy", "-O", "binary", "-j", ".text", path + ".o", path)
    setup = bytearray(2 * SECTOR)
    for offset, form, value in (
            (0x1F1, "<B", 1),            # setup_sects
            (0x1FE, "<H", 0xAA55),       # boot_flag
            (0x200, "<H", 0x6AEB),       # the jump over the header, which says how long the header is
            (0x202, "4s", b"HdrS"),
            (0x206, "<H", 0x020F),       # version of the boot protocol
            (0x211, "<B", 1),            # loadflags: LOADED_HIGH
            (0x22C, "<I", 0x7FFFFFFF),   # initrd_addr_max
            (0x230, "<I", 0x1000),       # kernel_alignment
            (0x234, "<B", 1),            # relocatable_kernel
            (0x235, "<B", 12),           # min_alignment, as a power of two
            (0x238, "<I", 2047),         # cmdline_size
            (0x258, "<Q", 0x100000),     # pref_address
            (0x260, "<I", 0x10000)):     # init_size
        struct.pack_into(form, setup, offset, value)
    return bytes(setup) + read(path).ljust(32 * SECTOR, b"\0")


def compressed_block(image, beginning):
    """Where in a squashfs the block is whose content begins so."""
    at = image.find(b"\x78\xda")
    while at >= 0:
        try:
            if zlib.decompressobj().decompress(bytes(image[at:at + MIB]), len(beginning)) == beginning:
                return at
        except zlib.error:
            pass
        at = image.find(b"\x78\xda", at + 1)
    raise ToolFailure("mksquashfs did not compress as expected")


def slot_image(slot, content, folder, files=FILES):
    """The bytes of a slot: a squashfs with a kernel and an initrd, as far as `content` has them."""
    if content == "no-file-system":
        return bytes(SLOT_SIZE)
    tree = os.path.join(folder, f"tree-{slot}-{content}")
    kernel_path, initrd_path = (os.path.join(tree, name) for name in files)
    os.makedirs(os.path.dirname(kernel_path))
    if content != "no-kernel":
        damaged = content == "damaged-kernel"
        write(kernel_path, b"no kernel" * 500 if damaged else kernel(slot, folder))
    if content != "no-initrd":
        write(initrd_path, b"".join(b"initrd %d\n" % line for line in range(40_000)))
    run("mksquashfs", tree, tree + ".img", "-quiet", "-no-progress", "-comp", "gzip", "-all-root")
    data = bytearray(read(tree + ".img").ljust(SLOT_SIZE, b"\0"))
    if content in ("unreadable-kernel", "unreadable-initrd"):
        beginning = kernel(slot, folder)[:64] if content == "unreadable-kernel" else b"initrd 0\n"
        at = compressed_block(data, beginning)
        data[at:at + 104] = b"\xff" * 104
    if content == "half-written":
        data[:1 << 16] = bytes(1 << 16)
    return bytes(data)


def slot_images(folder):
    """Every content for both slots."""
    return {(slot, content): slot_image(slot, content, folder) for slot in "AB" for content in CONTENTS}


def make(path, script, files=(), slots="AB", folders=()):
    """Makes a disk image: GPT, an ESP with the loader and `script`, and empty slots.

    `files` are pairs of a path on the ESP and its bytes; `slots` are the partitions that there are.
    """
    with open(path, "wb") as file:
        file.truncate(DISK_SIZE)
    table = ["label: gpt", f"1: start={ESP_START // SECTOR}, size={ESP_SIZE // SECTOR}, type=uefi, name=esp"]
    for number, slot in enumerate("AB", 2):
        if slot in slots:
            table.append(f"{number}: start={SLOT_START[slot] // SECTOR}, size={SLOT_SIZE // SECTOR}, "
                         f"type=linux, uuid={PARTUUID[slot]}, name=root-{slot.lower()}")
    run("sfdisk", "--quiet", path, input="\n".join([*table, ""]).encode())
    partition = f"{path}@@{ESP_START}"
    run("mformat", "-i", partition, "-T", str(ESP_SIZE // SECTOR), "-h", "16", "-s", "32", "::")
    run("mmd", "-i", partition, "::/EFI", "::/EFI/BOOT", *(f"::/{name}" for name in folders))
    loader = path + ".efi"
    run(os.path.join(GRUB, "make-grub-image"), loader)
    for name, data in [("EFI/BOOT/BOOTX64.EFI", read(loader)), ("EFI/BOOT/grub.cfg", script), *files]:
        put(path, name, data)


def put(image, name, data):
    """Writes the file `name` of the ESP of a disk image; with None it is deleted."""
    partition = f"{image}@@{ESP_START}"
    if data is not None:
        run("mcopy", "-o", "-i", partition, "-", f"::/{name}", input=data)
    elif get(image, name) is not None:
        run("mdel", "-i", partition, f"::/{name}")


def get(image, name):
    """The bytes of the file `name` on the ESP of a disk image; None if it is not there."""
    try:
        return run("mtype", "-i", f"{image}@@{ESP_START}", f"::/{name}")
    except ToolFailure as failure:
        if "not found" in str(failure):
            return None
        raise


def patch(image, offset, data):
    """Overwrites bytes of a disk image."""
    with open(image, "r+b") as file:
        file.seek(offset)
        file.write(data)
