"""Updates of a device whose booted slot holds the old image of a pair: krux-update and its peers.

The old image is read from the disk in every run: from a read-only loop device with direct I/O, or
from its file, cold, by the programs that take nothing but a file."""

import hashlib
import shutil
from contextlib import contextmanager

from .deltainputs import forget
from .host import BenchError, LoopDevice, run
from .krux import Krux
from .mender import Mender
from .peers import Runner, Swupdate
from .session import session

DD = "dd bs=1M iflag=fullblock oflag=direct conv=fsync status=none"


@contextmanager
def delta_session(inputs, binaries, quiet_wait):
    """A session with two more loop devices: the booted slot, and one of a device of which the
    publisher knows nothing."""
    with session(inputs, binaries, quiet_wait) as bench:
        try:
            bench.booted = LoopDevice(inputs.old, read_only=True)
            bench.stranger = LoopDevice(inputs.other, read_only=True)
            yield bench
        finally:
            for device in (bench.booted, bench.stranger):
                if device:
                    device.close()


class OnBase(Runner):
    """A runner that may read the old image; none of it is in memory at the start."""

    @property
    def label(self):
        return self.program

    @contextmanager
    def services(self, bench, group):
        bench.booted.drop_cache()
        forget(bench.inputs.old)
        with super().services(bench, group):
            yield


class KruxPair(OnBase, Krux):
    """A bundle of the new image that has a delta from the old one."""

    def pack(self, output, bench):
        base = bench.inputs.folder / "base.krux"
        try:
            self.create(bench, bench.inputs.old, base, version="1.0", sequence=1, level=1)
            self.create(bench, bench.inputs.image, output, "--base", base)
        finally:
            base.unlink(missing_ok=True)


class KruxDelta(KruxPair):
    """The booted slot holds the base: patches are fetched. The target holds other content."""

    program = "krux-update, delta"

    def booted(self, bench):
        return bench.booted.path


class KruxDeltaOverOld(KruxDelta):
    """The target holds the old image too, as after an install on both slots."""

    program = "krux-update, delta, old image in the target"

    def before(self, bench):
        return bench.inputs.old_in_target


class KruxUnknown(OnBase, Krux):
    """The booted slot holds the old image, of which the bundle knows nothing: it was made without
    a base. The target holds other content."""

    program = "krux-update, unknown base"

    def bundle(self, bench):
        return bench.inputs.www / f"unknown.{self.level}.krux"

    def booted(self, bench):
        return bench.booted.path


class KruxFull(KruxPair):
    """The same bundle on a device that has nothing of it: all is fetched."""

    program = "krux-update, full install"

    def booted(self, bench):
        return bench.stranger.path


class KruxFullOverOld(KruxFull):
    """The same with the old image in the target: all is fetched, and written where it differs."""

    program = "krux-update, full install, old image in the target"

    def before(self, bench):
        return bench.inputs.old_in_target


class MenderOverOld(OnBase, Mender):
    """The peer that writes only what differs, by mebibytes: the target holds the old image."""

    program = "mender-client, old image in the target"

    def before(self, bench):
        return bench.inputs.old_in_target


class PatchFrom(OnBase):
    """`zstd --patch-from`: one patch for the whole image. No signature, no digest, no read-back."""

    program = "zstd -19 --patch-from \\| dd"
    needs = ("curl", "zstd", "dd", "nice")

    def archive(self, bench):
        return bench.inputs.made(bench.inputs.www / "patch-from.19.zst", self.pack, bench)

    def pack(self, output, bench):
        run("nice", "zstd", "-q", "-19", "--long=31", f"--patch-from={bench.inputs.old}",
            bench.inputs.new, "-o", output)

    def apply(self, bench):
        return f"zstd -dcq --long=31 --patch-from='{bench.inputs.old}'"

    def command(self, bench):
        first = f"curl -sSf '{self.location(bench)}' | {self.apply(bench)}"
        return ["bash", "-c", f"set -o pipefail; {first} | {DD} of='{bench.slot}'"]


class Xdelta(PatchFrom):
    """`xdelta3` with the whole old image as its window, and zstd behind it."""

    program = "xdelta3 -9 \\| zstd -19 \\| dd"
    needs = ("curl", "zstd", "xdelta3", "dd", "nice")

    def archive(self, bench):
        return bench.inputs.made(bench.inputs.www / "xdelta3.zst", self.pack, bench)

    def pack(self, output, bench):
        inputs = bench.inputs
        plain = inputs.folder / "xdelta3.vcdiff"
        try:
            run("nice", "xdelta3", "-e", "-f", "-9", "-S", "none", "-W", 1 << 24, "-I", 0,
                "-B", inputs.old.stat().st_size, "-s", inputs.old, inputs.new, plain)
            run("nice", "zstd", "-q", "-19", "--long=31", plain, "-o", output)
        finally:
            plain.unlink(missing_ok=True)

    def apply(self, bench):
        old = bench.inputs.old
        return (f"zstd -dcq --long=31 | "
                f"xdelta3 -d -c -B {old.stat().st_size} -s '{old}'")


class Casync(OnBase):
    """casync with chunks of 16 KiB on average, the booted slot as its seed. It flushes nothing."""

    program = "casync, 16 KiB"
    needs = ("casync", "curl")

    def folder(self, bench):
        return bench.inputs.made(bench.inputs.www / "casync", self.pack, bench)

    def archive(self, bench):
        return self.folder(bench) / "image.caibx"

    def pack(self, output, bench):
        output.mkdir()
        run("casync", "make", "--chunk-size=16384", f"--store={output / 'store.castr'}",
            output / "image.caibx", bench.inputs.new)

    @contextmanager
    def services(self, bench, group):
        # The source is in memory for every runner; here it is many files.
        for chunk in (self.folder(bench) / "store.castr").glob("*/*"):
            chunk.read_bytes()
        with super().services(bench, group):
            yield

    def command(self, bench):
        url = bench.server.url("casync")
        return ["casync", "extract", f"--store={url}/store.castr", f"--seed={bench.booted.path}",
                "--seed-output=no", f"{url}/image.caibx", bench.target.path]


DESCRIPTION = """software = {{
  version = "2.0";
  hardware-compatibility = [ "1.0" ];
  images: ( {{
    filename = "image.header"; type = "delta"; device = "{device}"; sha256 = "{digest}";
    properties: {{
      url = "{url}"; chain = "raw"; source = "{source}"; zckloglevel = "error";
    }};
  }} );
}}
"""


class SwupdateDelta(OnBase, Swupdate):
    """swupdate's delta handler: the header of a zchunk file in the signed archive, the chunks that
    the booted slot has not by ranges of a URL, which stands in the archive."""

    program = "swupdate, zchunk"
    needs = (*Swupdate.needs, "zck", "zck_read_header")

    def chunks(self, bench):
        def pack(output):
            run("zck", "-u", "-h", "sha256", "-o", output, bench.inputs.image)
        return bench.inputs.made(bench.inputs.www / "image.zck", pack)

    def archive(self, bench):
        """Made once a session: the address and the device in it are those of the session."""
        www, name = bench.inputs.www, f"delta.{bench.server.port}.swu"
        for stale in www.glob("delta.*.swu"):
            if stale.name != name:
                stale.unlink()
        return bench.inputs.made(www / name, self.pack, bench)

    def pack(self, output, bench):
        chunks = self.chunks(bench)
        parts = bench.inputs.folder / "swu"
        shutil.rmtree(parts, ignore_errors=True)
        parts.mkdir()
        with open(chunks, "rb") as source:
            header = source.read(header_length(chunks))
        (parts / "image.header").write_bytes(header)
        self.seal(bench, parts, output, ["image.header"], DESCRIPTION.format(
            device=bench.slot, digest=hashlib.sha256(header).hexdigest(),
            url=bench.server.url(chunks.name), source=bench.booted.path))


def header_length(chunks):
    """Bytes of a zchunk file's header, as its own tool says."""
    for line in run("zck_read_header", "-v", chunks).splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "Header size":
            return int(value)
    raise BenchError(f"{chunks}: zck_read_header tells no header size")
