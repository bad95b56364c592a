"""The initrd: busybox, blkid with its libraries, the modules that lead to the root, and the first program."""
from .cpio import Archive
from .lists import IMAGES, entries
from .process import Failed, run

FOLDERS = ("bin", "dev", "lib", "lib/modules", "lib64", "proc", "root", "run", "sbin", "sys")
APPLETS = ("cat", "insmod", "mount", "sh", "sleep", "switch_root", "umount", "usleep")
LIBRARIES = "usr/lib/x86_64-linux-gnu"
LOADER = "lib64/ld-linux-x86-64.so.2"


def libraries(root, program):
    """Names of the shared libraries that a program needs, all of them found in `root`.

    The tree's own dynamic loader lists them (ld.so(8), --list); the program is not started.
    """
    listed = run(root / LOADER, "--library-path", root / LIBRARIES, "--list", program)
    names = []
    for line in listed.splitlines():
        name, arrow, path = line.strip().partition(" => ")
        if arrow and path.startswith("not found"):
            raise Failed(f"{program.name} needs {name}, which is not in the image")
        if arrow and path.startswith(str(root / LIBRARIES)):
            names.append(name)
    return names


def add_modules(archive, kernel):
    """The modules, and the two lists of them that initrd/init loads: `watchdog`, then `disk`."""
    done = set()
    for name, source in (("watchdog", "modules/watchdog.txt"), ("disk", "modules/initrd.txt")):
        lines = []
        for module, *parameters in (entry.split() for entry in entries(source)):
            for path in kernel.with_needs([module]):
                if path in done:
                    continue
                done.add(path)
                file = path.rsplit("/", 1)[-1]
                archive.file(f"lib/modules/{file}", (kernel.folder / path).read_bytes())
                own = parameters if kernel.name(path) == module else []
                lines.append(" ".join([file, *own]) + "\n")
        archive.file(f"lib/modules/{name}", "".join(lines).encode())


def make(tree, kernel, init=IMAGES / "initrd/init"):
    """The bytes of an initrd for the tree that make-root made; `init` is its first program."""
    root, archive = tree / "root", Archive()
    for name in FOLDERS:
        archive.folder(name)
    # The kernel opens it for the first program, before that program mounts /dev.
    archive.device("dev/console", 5, 1)
    archive.file("bin/busybox", (tree / "kernel/usr/bin/busybox").read_bytes(), 0o755)
    for name in APPLETS:
        archive.link(f"bin/{name}", "busybox")
    blkid = root / "usr/sbin/blkid"
    archive.file("sbin/blkid", blkid.read_bytes(), 0o755)
    archive.file(LOADER, (root / LOADER).read_bytes(), 0o755)
    for name in libraries(root, blkid):
        archive.file(f"lib/{name}", (root / LIBRARIES / name).read_bytes(), 0o755)
    add_modules(archive, kernel)
    archive.file("arm-watchdog", (IMAGES / "initrd/arm-watchdog").read_bytes())
    archive.file("init", init.read_bytes(), 0o755)
    return archive.compressed()
