"""Debian's rauc. Its `install` talks to its service, so a private bus and the service run beside
it, inside the measured group; their start is not part of the measured time."""

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

from .host import MIB, run, wait_until
from .peers import Runner

SYSTEM = """[system]
compatible=bench
bootloader=noop
statusfile={folder}/status
mountprefix={folder}/mnt
max-bundle-download-size={limit}

[keyring]
path={certificate}

[slot.rootfs.0]
device={folder}/slot-a
type=raw
bootname=A

[slot.rootfs.1]
device={slot}
type=raw
bootname=B
"""

MANIFEST = """[update]
compatible=bench
version=2.0

[bundle]
format=plain

[image.rootfs]
filename=rootfs.img
"""


class Rauc(Runner):
    """Debian 12's rauc 1.8: no streaming in its build, so a URL is fetched into a file first.

    The bundle is of the plain format: a bundle of the verity format needs device-mapper."""

    program = "rauc"
    updater = True
    needs = ("rauc", "mksquashfs", "dbus-daemon", "dbus-send", "openssl")

    def archive(self, bench):
        inputs = bench.inputs
        return inputs.made(inputs.www / f"image.{self.level}.raucb", self.pack, bench)

    def pack(self, output, bench):
        inputs = bench.inputs
        content = inputs.folder / "raucb"
        shutil.rmtree(content, ignore_errors=True)
        content.mkdir()
        os.link(inputs.image, content / "rootfs.img")
        (content / "manifest.raucm").write_text(MANIFEST)
        run("rauc", f"--cert={inputs.certificate}", f"--key={inputs.key}", "bundle",
            f"--mksquashfs-args=-comp zstd -Xcompression-level {self.level}", content, output)
        shutil.rmtree(content)

    def folder(self, bench):
        return bench.scratch / "rauc"

    def environment(self, bench):
        bus = f"unix:path={self.folder(bench) / 'bus'}"
        return {"DBUS_SESSION_BUS_ADDRESS": bus, "DBUS_STARTER_BUS_TYPE": "session"}

    def options(self, bench):
        return ["rauc", "-c", str(self.folder(bench) / "system.conf")]

    def command(self, bench):
        return [*self.options(bench), "install", self.location(bench)]

    @contextmanager
    def services(self, bench, group):
        folder = self.folder(bench)
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "mnt").mkdir(parents=True)
        (folder / "slot-a").touch()
        (folder / "system.conf").write_text(SYSTEM.format(
            folder=folder, certificate=bench.inputs.certificate, slot=bench.slot,
            limit=bench.inputs.size + 64 * MIB))
        environment = os.environ | self.environment(bench) | {"TMPDIR": str(bench.temporary)}
        with open(folder / "service.log", "w") as log:
            def start(*command):
                return subprocess.Popen(
                    group.wrap(command), env=environment, stdin=subprocess.DEVNULL, stdout=log,
                    stderr=log, start_new_session=True)

            bus = start("dbus-daemon", "--session", "--nofork",
                        f"--address=unix:path={folder / 'bus'}")
            wait_until((folder / "bus").exists, "the private bus starts")
            service = start(*self.options(bench), "--override-boot-slot=A", "service")
            try:
                wait_until(lambda: owned(environment), "rauc's service takes its name")
                yield
            finally:
                for process in (service, bus):
                    process.terminate()
                    process.wait(10)
                unmount(folder / "mnt")


def unmount(folder):
    """Unmounts what an interrupted install left below the folder."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        point = line.split()[1]
        if point.startswith(f"{folder}/"):
            run("umount", point)


def owned(environment):
    """Whether rauc's service answers on the private bus."""
    asked = subprocess.run(
        ["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/",
         "org.freedesktop.DBus.NameHasOwner", "string:de.pengutronix.rauc"],
        env=environment, capture_output=True, text=True, check=False)
    return "boolean true" in asked.stdout
