"""Debian's mender-client, which installs an artifact by itself, without a server.

It asks `mount` for the running root, and keeps its switch in U-Boot's environment. Both are
played by two-line scripts over a file: this machine has no slots and no U-Boot."""

import os
import shutil
from contextlib import contextmanager

from .host import run
from .peers import Runner

SCRIPTS = {
    "mount": "echo '{folder}/slot-1 on / type ext4 (rw)'\n",
    "fw_printenv": 'for name; do grep "^$name=" {folder}/environment || exit 1; done\n',
    "fw_setenv": "sed 's/[ =]/=/' >> {folder}/environment\n",
}
CONFIGURATION = """{{
  "RootfsPartA": "{folder}/slot-1", "RootfsPartB": "{target}",
  "ArtifactVerifyKey": "{folder}/public.pem"
}}
"""
FILES = {
    "etc/artifact_info": "artifact_name=release-1\n",
    "data/device_type": "device_type=bench\n",
    "environment": "mender_boot_part=1\nupgrade_available=0\n",
    "slot-1": "",
}


class Mender(Runner):
    """Signed artifact, payload with gzip: mender-artifact of Debian has no zstd.

    It compares each mebibyte with what the target holds and writes those that differ. It is
    started with its own folder in place of `/etc/mender`, in a mount namespace of its own."""

    program = "mender-client"
    compression = "gzip"
    updater = True
    needs = ("mender", "mender-artifact", "openssl", "unshare")

    def archive(self, bench):
        return bench.inputs.made(bench.inputs.www / "image.mender", self.pack, bench)

    def pack(self, output, bench):
        run("mender-artifact", "write", "rootfs-image", "--artifact-name", "release-2",
            "--device-type", "bench", "--file", bench.inputs.image, "--output-path", output,
            "--compression", "gzip", "--key", self.key(bench), "--no-progress")

    def key(self, bench):
        """An RSA key in the old format, the one that mender-artifact reads."""
        def convert(output):
            run("openssl", "rsa", "-traditional", "-in", bench.inputs.key, "-out", output)
        return bench.inputs.made(bench.inputs.folder / "mender-key.pem", convert)

    def folder(self, bench):
        return bench.scratch / "mender"

    @contextmanager
    def services(self, bench, group):
        """Nothing runs beside it; every run starts from the factory's folder."""
        folder = self.folder(bench)
        shutil.rmtree(folder, ignore_errors=True)
        for name in ("bin", "etc", "data"):
            (folder / name).mkdir(parents=True)
        for name, text in FILES.items():
            (folder / name).write_text(text)
        for name, text in SCRIPTS.items():
            script = folder / "bin" / name
            script.write_text("#!/bin/sh\n" + text.format(folder=folder))
            script.chmod(0o755)
        (folder / "etc/mender.conf").write_text(
            CONFIGURATION.format(folder=folder, target=bench.target.path))
        run("openssl", "rsa", "-in", bench.inputs.key, "-pubout", "-out", folder / "public.pem")
        with super().services(bench, group):
            yield

    def environment(self, bench):
        return {"PATH": f"{self.folder(bench) / 'bin'}:{os.environ['PATH']}"}

    def command(self, bench):
        folder, mount = self.folder(bench), shutil.which("mount")
        return ["unshare", "--mount", "sh", "-c",
                f"'{mount}' --bind '{folder}/etc' /etc/mender && exec \"$@\"", "sh",
                "mender", "--no-syslog", "--data", folder / "data", "install",
                self.location(bench)]
