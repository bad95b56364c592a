"""The peers: how each one's archive is made, what runs beside it, and the command to measure."""

import hashlib
import os
import shutil
from contextlib import nullcontext

from .host import run


class Runner:
    """One line of the table: a program, where it reads from, and how its archive is packed."""

    program = ""
    #: Whether a failure of it is one of this project.
    is_ours = False
    needs = ()
    #: Whether it is an updater: it checks a signature, and switches to what it has installed.
    updater = False
    #: Whether it leaves the image in the target; what does not is a limit to compare with.
    installs = True
    #: Whether it prints krux-update's events, one JSON object a line.
    tells_events = False
    #: How its archive is compressed, where that is not zstd at the level of the run.
    compression = None

    def __init__(self, source, level):
        self.source, self.level = source, level

    @property
    def label(self):
        return f"{self.program}, {self.source}, {self.compression or f'zstd -{self.level}'}"

    def archive(self, bench):
        """Makes the archive if it is not there, and returns its path below the web root."""
        raise NotImplementedError

    def command(self, bench):
        raise NotImplementedError

    def services(self, bench, group):
        """What has to run beside the command, started inside the group, as a context."""
        return nullcontext()

    def environment(self, bench):
        return {}

    def own_time(self, bench):
        """Seconds that the program itself took its work to last, where that counts: wall time."""
        return None

    def before(self, bench):
        """What the target holds before a run."""
        return bench.inputs.other

    def source_file(self, bench):
        return self.archive(bench)

    def location(self, bench):
        archive = self.archive(bench)
        return bench.server.url(archive.name) if self.source == "URL" else str(archive)


class Pipe(Runner):
    """The floor: no signature, no digest, no read-back."""

    needs = ("curl", "zstd", "dd")

    @property
    def program(self):
        return "curl \\| zstd \\| dd" if self.source == "URL" else "zstd \\| dd"

    def archive(self, bench):
        return bench.inputs.zstd(self.level)

    def command(self, bench):
        first = {"URL": f"curl -sSf '{self.location(bench)}' | zstd -dcq",
                 "file": f"zstd -dcq '{self.location(bench)}'"}[self.source]
        write = "dd bs=1M iflag=fullblock oflag=direct conv=fsync status=none"
        return ["bash", "-c", f"set -o pipefail; {first} | {write} of='{bench.slot}'"]


DESCRIPTION = """software = {{
  version = "2.0";
  hardware-compatibility = [ "1.0" ];
  images: ( {{
    filename = "{name}"; type = "raw"; device = "{device}"; compressed = "zstd";
    installed-directly = true; sha256 = "{digest}";
  }} );
}}
"""


class Swupdate(Runner):
    """Debian's swupdate: signed description, payload streamed into the raw handler.

    Its client asks once a second whether the install has ended (seen with strace), so its wall
    time comes in steps; the time of the last write tells when the device was done."""

    program = "swupdate"
    updater = True
    needs = ("swupdate", "cpio", "openssl")

    def archive(self, bench):
        inputs = bench.inputs
        return inputs.made(inputs.www / f"image.{self.level}.swu", self.pack, bench)

    def pack(self, output, bench):
        inputs, payload = bench.inputs, bench.inputs.zstd(self.level)
        parts = bench.inputs.folder / "swu"
        parts.mkdir(exist_ok=True)
        with open(payload, "rb") as source:
            digest = hashlib.file_digest(source, "sha256").hexdigest()
        os.link(payload, parts / payload.name)
        self.seal(bench, parts, output, [payload.name], DESCRIPTION.format(
            name=payload.name, device=bench.slot, digest=digest))

    def seal(self, bench, parts, output, files, text):
        """Signs the description and packs it with the files of the folder `parts`, which goes."""
        inputs, description = bench.inputs, parts / "sw-description"
        description.write_text(text)
        run("openssl", "cms", "-sign", "-in", description, "-out", parts / "sw-description.sig",
            "-signer", inputs.certificate, "-inkey", inputs.key, "-outform", "DER",
            "-nosmimecap", "-binary")
        names = ["sw-description", "sw-description.sig", *files]
        run("sh", "-c", f"printf '%s\\n' {' '.join(names)} | cpio --quiet -o -H crc > '{output}'",
            cwd=parts)
        shutil.rmtree(parts)

    def command(self, bench):
        place = ["-d", f"-u {self.location(bench)} -r 1"] if self.source == "URL" else [
            "-i", self.location(bench)]
        return ["swupdate", "-M", "-m", "-k", bench.inputs.certificate, "-H", "bench:1.0", *place]
