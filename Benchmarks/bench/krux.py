"""krux-update: the keys, the bundle, the folder that stands for the device, the command."""

import shutil
from contextlib import contextmanager
from pathlib import Path

from .host import BenchError, run
from .peers import Runner

BUILD = "swift build -c release --static-swift-stdlib"


class Krux(Runner):
    """krux-update from a URL or a file: verified, written, flushed and read back whole."""

    program = "krux-update"
    is_ours = True
    tells_events = True

    def binary(self, bench, name):
        path = bench.binaries / name
        if not path.exists():
            raise BenchError(f"{path} is missing; run `{BUILD} --product {name}`, or name the "
                             "folder of the executables with --bin")
        return str(path)

    def key(self, bench):
        """The folder with the publisher's key pair."""
        def generate(folder):
            folder.mkdir()
            run(self.binary(bench, "krux-release"), "keygen", "--no-password",
                "--secret", folder / "bench.key", "--public", folder / "bench.pub")
        return bench.inputs.made(bench.inputs.folder / "krux-keys", generate)

    def bundle(self, bench):
        """Where the bundle stands."""
        return bench.inputs.www / f"image.{self.level}.krux"

    def archive(self, bench):
        inputs, bundle = bench.inputs, self.bundle(bench)
        maker = bench.binaries / "krux-release"
        if bundle.exists() and maker.exists() and maker.stat().st_mtime > bundle.stat().st_mtime:
            bundle.unlink()
        return inputs.made(bundle, self.pack, bench)

    def pack(self, output, bench):
        self.create(bench, bench.inputs.image, output)

    def create(self, bench, image, output, *more, version="2.0", sequence=2, level=None):
        run(self.binary(bench, "krux-release"), "bundle", "create", "--image", image,
            "--product", "bench", "--version", version, "--sequence", sequence,
            "--compatible", "bench", "--level", level or self.level,
            "--key", self.key(bench) / "bench.key", "--output", output, *more)

    def root(self, bench):
        return bench.scratch / "krux-root"

    def booted(self, bench):
        """What slot A holds."""
        return bench.inputs.other

    def provision(self, bench):
        """A device as it leaves the factory: slot A runs 1.0, slot B is the target."""
        booted = Path(self.booted(bench))
        device = bench.scratch / f"krux-factory-{booted.name}"
        if device.exists():
            return device
        (device / "keys.d").mkdir(parents=True)
        shutil.copy(self.key(bench) / "bench.pub", device / "keys.d")
        (device / "update.toml").write_text('product = "bench"\nhardware = ["bench"]\n')
        (device / "root-a.img").symlink_to(booted)
        (device / "root-b.img").symlink_to(bench.target.path)
        run(self.binary(bench, "krux-release"), "provision", "--root", device,
            "--version", "1.0", "--sequence", "1")
        return device

    @contextmanager
    def services(self, bench, group):
        """Nothing runs beside it; every run starts from the factory's folder."""
        shutil.rmtree(self.root(bench), ignore_errors=True)
        shutil.copytree(self.provision(bench), self.root(bench), symlinks=True)
        yield

    def command(self, bench):
        limit = ["--limit-rate", bench.limit_rate] if bench.limit_rate else []
        return [self.binary(bench, "krux-update"), "apply", "--root", self.root(bench),
                "--no-reboot", "--json", *limit, self.location(bench)]
