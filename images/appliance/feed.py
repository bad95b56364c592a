"""A publisher's feed: its keys, and the commands of krux-release that change it."""
import json
import shutil

from .process import run

CHANNEL = "stable"
# Two of three root keys have to sign. `online` signs timestamp and snapshot.
ROOT_KEYS = ("root-1", "root-2", "root-3")
KEYS = (*ROOT_KEYS, "targets", CHANNEL, "online")


class Feed:
    """The feed in `folder`, with keys in `keys`, changed by the program `program`."""

    def __init__(self, program, keys, folder):
        self.program, self.keys, self.folder = program, keys, folder
        # Who signs what changes from day to day.
        self.daily = [CHANNEL, "online"]

    @property
    def first_root(self):
        """What images trust; later roots follow from it."""
        return self.folder / "metadata/1.root.json"

    def secret(self, name):
        return self.keys / f"{name}.pem"

    def public(self, name):
        return self.keys / f"{name}.pub.pem"

    def make_key(self, name):
        self.keys.mkdir(parents=True, exist_ok=True)
        run(self.program, "keygen", "--pem", "--secret", self.secret(name), "--public", self.public(name))

    def make(self, product):
        """A feed without a release, once."""
        if self.first_root.exists():
            return
        shutil.rmtree(self.keys, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in KEYS:
            self.make_key(name)
        words = ["--product", product, "--root-threshold", "2", "--channel", f"{CHANNEL}={self.public(CHANNEL)}"]
        for name in ROOT_KEYS:
            words += ["--root-key", self.public(name)]
        for role, name in (("targets", "targets"), ("snapshot", "online"), ("timestamp", "online")):
            words += [f"--{role}-key", self.public(name)]
        self.change("init", *words, keys=KEYS)

    def change(self, command, *words, keys=None):
        signing = [word for name in keys or self.daily for word in ("--key", self.secret(name))]
        run(self.program, "feed", command, *words, "--feed", self.folder, *signing)

    def key_id(self, role):
        """The id of the first key that the newest root names for a role."""
        roots = sorted(self.folder.glob("metadata/*.root.json"), key=lambda path: int(path.name.split(".")[0]))
        return json.loads(roots[-1].read_text())["signed"]["roles"][role]["keyids"][0]
