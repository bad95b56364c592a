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

    def offer(self, bundle, public_key):
        """Offers a release to everybody who follows the channel."""
        self.change("add", bundle, "--channel", CHANNEL, "--public-key", public_key)

    def key_id(self, role):
        """The id of the first key that the newest root names for a role."""
        roots = sorted(self.folder.glob("metadata/*.root.json"), key=lambda path: int(path.name.split(".")[0]))
        return json.loads(roots[-1].read_text())["signed"]["roles"][role]["keyids"][0]


def own_feed(programs, out, folder):
    """A copy of the feed that the images follow, as make-appliance made it in `out`, beside the bundles in folder/www."""
    www = folder / "www"
    shutil.copytree(out / "feed", www / "feed")
    for file in (out / "bundles").glob("*.krux"):
        (www / file.name).symlink_to(file.resolve())
    keys = shutil.copytree(out / "feed-keys", folder / "keys")
    return Feed(programs.absolute() / "krux-release", keys, www / "feed")
