"""What writes a disk without updating a system: bmaptool, and fio as the limit of the disk."""

import json

from .host import run
from .peers import Runner


class Bmaptool(Runner):
    """`bmaptool copy` with the checksums of its block map; it has no slots and does not switch.

    Made from the sparse image, the map would leave the holes as they are, and the target would
    keep what it held there. So it is made from a copy without holes."""

    program = "bmaptool copy"
    needs = ("bmaptool", "zstd")

    def archive(self, bench):
        return bench.inputs.zstd(self.level)

    def map(self, bench):
        return bench.inputs.made(bench.inputs.folder / "image.bmap", self.make_map, bench)

    def make_map(self, output, bench):
        whole = bench.inputs.folder / "image.whole"
        try:
            run("cp", "--sparse=never", bench.inputs.image, whole)
            run("bmaptool", "create", "--output", output, whole)
        finally:
            whole.unlink(missing_ok=True)

    def source_file(self, bench):
        self.map(bench)
        return super().source_file(bench)

    def command(self, bench):
        return ["bmaptool", "--quiet", "copy", "--bmap", self.map(bench), self.location(bench),
                bench.target.path]


class Fio(Runner):
    """The limit of the disk: as many bytes as the image has, written with direct I/O from memory,
    one after the other, four requests in flight, with a flush at the end.

    Its wall time is what fio says of the job: it takes 0.4 s to start and to end, whatever it
    writes."""

    program = "fio, sequential direct writes"
    label = program
    installs = False
    needs = ("fio",)

    def __init__(self, _source, level):
        super().__init__("memory", level)

    def archive(self, bench):
        return bench.inputs.image

    def output(self, bench):
        return bench.scratch / "fio.json"

    def own_time(self, bench):
        return json.loads(self.output(bench).read_text())["jobs"][0]["job_runtime"] / 1000

    def command(self, bench):
        return ["fio", "--name=limit", f"--filename={bench.target.path}", "--rw=write", "--bs=1M",
                f"--size={bench.inputs.size}", "--direct=1", "--ioengine=libaio", "--iodepth=4",
                "--end_fsync=1", "--randseed=1", "--thread", "--output-format=json",
                f"--output={self.output(bench)}"]
