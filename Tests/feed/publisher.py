"""A feed that `krux-release feed` makes, in a folder that nginx serves, and the keys of its roles."""
import json
import os
import subprocess

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata

ROLES = ("root", "targets", "snapshot", "timestamp", "stable", "nightly")
TIMEOUT_SECONDS = 60


class Publisher:
    """`feed`: the feed's folder. `folder`: where the keys and the bundles are, which nobody serves."""

    def __init__(self, program, folder, feed):
        self.program, self.folder, self.feed = os.path.abspath(program), folder, feed
        os.makedirs(folder)
        for role in ROLES:
            self.keygen(role)
        self.words("keygen", "--secret", self.path("bundle.key"), "--public", self.path("bundle.pub"),
                   "--no-password")

    def path(self, name):
        return os.path.join(self.folder, name)

    def words(self, *words, at=None):
        words = [self.program, *words]
        if at:
            words = ["faketime", at.strftime("%Y-%m-%d %H:%M:%S"), *words]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={**os.environ, "TZ": "UTC"}, timeout=TIMEOUT_SECONDS)
        if done.returncode:
            raise AssertionError(f"{words}\n{done.stdout.decode()}")
        return done.stdout.decode()

    def run(self, command, *words, keys=ROLES, at=None):
        """`krux-release feed COMMAND` with the secret keys of these names."""
        secrets = [word for key in keys for word in ("--key", self.path(f"{key}.pem"))]
        return self.words("feed", command, *words, "--feed", self.feed, *secrets, at=at)

    def keygen(self, name):
        self.words("keygen", "--pem", "--secret", self.path(f"{name}.pem"), "--public", self.path(f"{name}.pub"))

    def create(self, keys=ROLES):
        public = {role: self.path(f"{role}.pub") for role in ROLES}
        return self.run(
            "init", "--product", "kruxos", "--root-key", public["root"], "--targets-key", public["targets"],
            "--snapshot-key", public["snapshot"], "--timestamp-key", public["timestamp"],
            "--channel", f"stable={public['stable']}", "--channel", f"nightly={public['nightly']}", keys=keys)

    def release(self, version, sequence, channel="stable"):
        """Makes a bundle and offers it."""
        image, bundle = self.path("image"), self.path(f"kruxos-{version}.krux")
        with open(image, "wb") as file:
            file.write(os.urandom(8192))
        self.words("bundle", "create", "--image", image, "--product", "kruxos", "--version", version, "--sequence",
                   str(sequence), "--compatible", "box", "--key", self.path("bundle.key"), "--output", bundle)
        self.run("add", bundle, "--channel", channel, "--public-key", self.path("bundle.pub"))

    def status(self):
        return json.loads(self.words("feed", "status", "--json", "--feed", self.feed))

    def key_id(self, name):
        role = next(role for role in self.status()["roles"] if role["role"] == name)
        return role["keys"][0]

    # -- as another program sees it ----------------------------------------------------------------------------

    def signer(self, name):
        """The key `name` in the hands of securesystemslib."""
        with open(self.path(f"{name}.pem"), "rb") as file:
            return CryptoSigner(load_pem_private_key(file.read(), None))

    def staged(self, role):
        return os.path.join(self.feed, "staging", f"{role}.json")

    def sign_with_python(self, role, *keys):
        metadata = Metadata.from_file(self.staged(role))
        for key in keys:
            metadata.sign(self.signer(key), append=True)
        metadata.to_file(self.staged(role))

    def metadata(self, name):
        return Metadata.from_file(os.path.join(self.feed, "metadata", f"{name}.json"))

    def first_root(self):
        with open(os.path.join(self.feed, "metadata", "1.root.json"), "rb") as file:
            return file.read()
