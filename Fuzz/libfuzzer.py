"""The fuzz executable: how it is built and started, and what it prints."""

import os
import pathlib
import re
import subprocess

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
# As it ships, optimised, with what Swift checks; AddressSanitizer; and the counters of libFuzzer in C++ too. Both
# sanitizers need LLVM's linker.
BUILD = ["swift", "build", "-c", "release", "--product", "Fuzz", "--sanitize=address", "-Xswiftc", "-use-ld=lld",
         "-Xswiftc", "-sanitize=fuzzer", "-Xswiftc", "-enable-testing", "-Xswiftc", "-g",
         "-Xcxx", "-fsanitize=fuzzer-no-link"]
# Swift's own report of a crash would wait for a keyboard. The memory that AddressSanitizer keeps after it was freed
# is bounded, because it costs speed.
ENVIRONMENT = {
    "KRUX_FUZZ": "1", "SWIFT_BACKTRACE": "enable=no",
    "ASAN_OPTIONS": "quarantine_size_mb=64:detect_leaks=0:allocator_may_return_null=0",
}
RSS_LIMIT_MIB = 1024
TIMEOUT_SECONDS = 10


class Fuzzer:
    def __init__(self, scratch_path):
        self.scratch_path = pathlib.Path(scratch_path)
        self.program = self.scratch_path / "release" / "Fuzz"

    def build(self):
        done = subprocess.run([*BUILD, "--scratch-path", str(self.scratch_path)], cwd=REPOSITORY,
                              env=os.environ | ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{done.stdout}\nthe fuzz targets do not build")

    def targets(self):
        """Name and longest input of each, without the control."""
        lines = subprocess.run([self.program], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
        targets = dict(line.split(" ") for line in lines)
        targets.pop("control")
        return targets

    def environment(self, target, folder):
        return os.environ | ENVIRONMENT | {"KRUX_FUZZ_TARGET": target, "TMPDIR": str(folder)}

    def start(self, target, folder, *arguments):
        """Starts the executable in `folder`, with its output in the file `log` there."""
        bounds = [f"-rss_limit_mb={RSS_LIMIT_MIB}", f"-timeout={TIMEOUT_SECONDS}"]
        with open(folder / "log", "wb") as log:
            return subprocess.Popen([self.program, *bounds, *map(str, arguments)], cwd=folder, stdout=log, stderr=log,
                                    env=self.environment(target, folder))

    def replay(self, target, path):
        """The command that runs one input again."""
        words = [f"{name}={value}" for name, value in ENVIRONMENT.items() if name != "KRUX_FUZZ"]
        return f"{' '.join(words)} KRUX_FUZZ_TARGET={target} {self.program} {path}"


class Report:
    """What a run printed at its end."""

    def __init__(self, log):
        self.text = log.read_bytes().decode(errors="replace")

    def number(self, name):
        found = re.findall(rf"stat::{name}:\s*(\d+)", self.text)
        return int(found[-1]) if found else 0

    @property
    def features(self):
        found = re.findall(r"cov: (\d+) ft: (\d+)", self.text)
        return found[-1] if found else ("0", "0")

    @property
    def reason(self):
        """The lines that say what went wrong."""
        lines = [line for line in self.text.splitlines()
                 if re.search(r"Fatal error|SUMMARY|ERROR: |terminate called|Assertion", line)]
        return "\n".join(lines[:4])
