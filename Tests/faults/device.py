"""A folder that plays a device, the releases that are installed there, and the programs at work on it."""
import json
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass

import decision

HERE = os.path.dirname(os.path.abspath(__file__))
KIB = 1 << 10
FRAME = 64 * KIB
HEAD = 64 * KIB
BLOCK = 4 * KIB
# Two whole pieces of 16 frames, as the programs read and write them, and one that is shorter.
FRAMES = 34
SLOT_BYTES = (FRAMES + 1) * FRAME
RELEASES = ("1.0.0", "1.0.1", "1.0.2", "1.0.9")
# The release whose bundle has a delta too, from the one before it.
DELTA = "1.0.2"
# The release to which every device has to come in the end.
GOAL = "1.0.9"
BUNDLE = "next.krux"
# Seconds after which a program counts as hanging.
PATIENCE = 60
# What differs between two runs that do the same.
VARYING = re.compile(
    rb'"(?:at|since|boot|stagedBoot|chain)": "[^"]*"|"trialDeadlineMilliseconds": \d+'
    rb'|process \d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}')


def image(number):
    """An image with noise, frames of zeros, one that compresses, and a head that is not zero."""
    noise = random.Random(number)
    frames = [noise.randbytes(FRAME) for _ in range(FRAMES)]
    frames[5] = noise.randbytes(256) * (FRAME // 256)
    frames[20:23] = [bytes(FRAME)] * 3
    return b"".join(frames)


def moved(old):
    """Most of `old` at other places: whole blocks that are copied, and some with another byte, which take a patch."""
    data = bytearray(old[5 * BLOCK:] + old[:5 * BLOCK])
    for place in range(100, len(data), 9 * BLOCK):
        data[place] ^= 1
    return bytes(data)


@dataclass(frozen=True)
class Ended:
    """How a program ended. `status` is negative for a signal, None for one that hung."""
    words: tuple
    status: int | None
    output: str
    errors: str
    # The calls that the shim wrote down.
    log: tuple = ()

    @property
    def events(self):
        found = []
        for line in self.output.splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                pass
        return found

    @property
    def outcome(self):
        return next((event.get("outcome") for event in self.events if event.get("event") == "finished"), None)

    @property
    def code(self):
        return next((event["code"] for event in self.events if event.get("type") == "error"), None)

    @property
    def said(self):
        last = [line for line in self.errors.splitlines() if not line.startswith("warning: ")]
        return " / ".join(line.strip() for line in last[-3:]) or "nothing"


class Kit:
    """What a publisher makes, the programs, and the shim, in one folder in memory."""

    def __init__(self, binaries, health_address):
        memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
        self.folder = tempfile.mkdtemp(prefix="krux-faults-", dir=os.environ.get("KRUX_SCRATCH", memory))
        self.binaries, self.health_address = os.path.abspath(binaries), health_address
        self.images = {version: image(number) for number, version in enumerate(RELEASES)}
        before = RELEASES[RELEASES.index(DELTA) - 1]
        self.images[DELTA] = moved(self.images[before])
        self.shim = self.path("shim.so")
        compiler = shutil.which("cc") or "clang"
        subprocess.run([compiler, "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o", self.shim,
                        os.path.join(HERE, "shim.c"), "-ldl"], check=True)
        self.release("keygen", "--secret", self.path("release.key"), "--public", self.path("release.pub"),
                     "--no-password")
        for number, (version, data) in enumerate(self.images.items()):
            write(self.path("image"), data)
            self.release("bundle", "create", "--image", self.path("image"), "--product", "kruxos",
                         "--version", version, "--sequence", 10 + number, "--compatible", "box",
                         "--frame-size", FRAME, "--level", 1, "--key", self.path("release.key"),
                         "--output", self.bundle(version),
                         *(["--base", self.bundle(before)] if version == DELTA else []))

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def bundle(self, version):
        return self.path(f"{version}.krux")

    def release(self, *words):
        subprocess.run([os.path.join(self.binaries, "krux-release"), *map(str, words)], check=True,
                       stdout=subprocess.DEVNULL)

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


class Device:
    """The folder. Its slot B holds no image at first, and is not all zeros either; 1.0.0 runs in slot A."""

    def __init__(self, kit, path):
        self.kit, self.path = kit, path
        # Where the ledger lies, and lines of the configuration.
        self.data, self.more = path, ""

    @staticmethod
    def factory(kit, path):
        device = Device(kit, path)
        os.makedirs(device.file("keys.d"))
        shutil.copy(kit.path("release.pub"), device.file("keys.d"))
        write(device.file("root-a.img"), kit.images["1.0.0"].ljust(SLOT_BYTES, b"\0"))
        write(device.file("root-b.img"), bytes(HEAD).ljust(SLOT_BYTES, b"\x5a"))
        device.configure()
        kit.release("provision", "--root", path, "--version", "1.0.0", "--sequence", 10)
        return device

    def copy(self, path):
        """The same device once more. What is only read is shared."""
        shutil.copytree(self.path, path, copy_function=shutil.copyfile)
        return Device(self.kit, path)

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)

    def file(self, *names):
        return os.path.join(self.path, *names)

    def configure(self, health="/ready", stall=1):
        write(self.file("update.toml"), (
            f'product = "kruxos"\nhardware = ["box"]\n{self.more}[fetch]\nretries = 2\nretry-delay-seconds = 0\n'
            f'stall-timeout-seconds = {stall}\n[health]\nurl = "{self.kit.health_address}{health}"\n').encode())

    def put_bundle(self, version):
        """The bundle lies on the device, so that reading it can fail too."""
        if os.path.exists(self.file(BUNDLE)):
            os.remove(self.file(BUNDLE))
        os.link(self.kit.bundle(version), self.file(BUNDLE))

    # -- programs -----------------------------------------------------------------------------------------

    def words(self, program, *words):
        json_too = ["--json"] if program == "krux-update" and words[0] != "reboot" else []
        return [os.path.join(self.kit.binaries, program), *words, "--root", self.path, *json_too]

    def start(self, program, *words, fault=None, **options):
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", **(fault or {})}
        return subprocess.Popen(self.words(program, *words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=environment, **options)

    def run(self, program, *words, fault=None):
        process = self.start(program, *words, fault=fault)
        return finish(process, (program, *words), fault)

    def update(self, *words, fault=None):
        return self.run("krux-update", *words, fault=fault)

    def health(self, *words, fault=None):
        return self.run("krux-health", *words, fault={"LD_PRELOAD": self.kit.shim, "KRUX_FAULT_SPEED": "50",
                                                      **(fault or {})})

    def apply(self, version, fault=None):
        self.put_bundle(version)
        return self.update("apply", "--no-reboot", self.file(BUNDLE), fault=fault)

    def must(self, ended, status=0):
        """For what makes a state to begin from."""
        if ended.status != status:
            raise SystemExit(f"{' '.join(ended.words)}: {ended.status}\n{ended.output}{ended.errors}")
        return ended

    # -- what is there ------------------------------------------------------------------------------------

    @property
    def booted(self):
        return read(self.file("boot"))[:1].decode()

    def slot(self, name):
        return read(self.file(f"root-{name.lower()}.img"))

    def holds(self, name):
        """The version of which the slot has the whole image; None for none."""
        return whole(self.kit, self.slot(name))

    @property
    def environment(self):
        """The variables of the boot environment; None when it cannot be read."""
        return decision.variables(self.grubenv)

    @property
    def control(self):
        return decision.Control.read(self.grubenv)

    @property
    def grubenv(self):
        path = self.file("grubenv")
        return read(path) if os.path.exists(path) else None

    @property
    def ledger(self):
        """None when there is none that parses."""
        try:
            return json.loads(read(os.path.join(self.data, "ledger.json")))
        except (OSError, ValueError):
            return None

    def record(self, name):
        return ((self.ledger or {}).get("slots") or {}).get(name) or {}

    def files(self):
        """The content of every file, by its name."""
        found = {}
        for folder, _, names in os.walk(self.path):
            for name in names:
                path = os.path.join(folder, name)
                found[os.path.relpath(path, self.path)] = read(path)
        return found

    def kept(self):
        """What is the same for two devices that went the same way."""
        return frozenset((name, hash(VARYING.sub(b"", data) if len(data) < 64 * KIB else data))
                         for name, data in self.files().items() if name not in (BUNDLE, "run/lock"))


def whole(kit, data):
    return next((version for version, image in kit.images.items() if data.startswith(image)), None)


def finish(process, words, fault=None):
    """Waits for a program. One that hangs is killed."""
    try:
        output, errors = process.communicate(timeout=PATIENCE)
        status = process.returncode
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        output, errors = process.communicate()
        status = None
    log = (fault or {}).get("KRUX_FAULT_LOG")
    lines = ()
    if log and os.path.exists(log):
        lines = tuple(read(log).decode().splitlines())
        os.remove(log)
    return Ended(tuple(words), status, output.decode(errors="replace"), errors.decode(errors="replace"), lines)
