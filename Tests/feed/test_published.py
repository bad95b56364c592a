"""Feeds that `krux-release feed` made: read by python-tuf's client and by the client under test, and signed by
securesystemslib."""
import json
import os
import shutil
import unittest

from tuf.api.metadata import Metadata

from case import Suite
from client import Client
from publisher import ROLES, Publisher
from repository import TOP, days

REFERENCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "reference.py")
PATHS = ("channels/stable.json", "channels/nightly.json", "keys.json")


class PublishedCase(unittest.TestCase):
    def setUp(self):
        if Suite.is_reference:
            self.skipTest("both clients read these feeds in the other run")
        self.name = next(Suite.names)
        self.feed = os.path.join(Suite.nginx.root, self.name)
        self.folder = os.path.join(Suite.folder, self.name)
        self.publisher = Publisher(Suite.publisher, os.path.join(self.folder, "keys"), self.feed)
        self.clients = []

    def tearDown(self):
        shutil.rmtree(self.folder)
        shutil.rmtree(self.feed, ignore_errors=True)

    def create(self):
        self.publisher.create()
        self.begin()

    def begin(self):
        """Both clients, with the first root."""
        for program in (REFERENCE, Suite.program):
            folder = os.path.join(self.folder, f"client-{len(self.clients)}")
            client = Client(program, folder, Suite.nginx.url(self.name))
            result = client.init(self.publisher.first_root())
            self.assertEqual(result.status, 0, result)
            self.clients.append(client)

    def fetch(self, **clock):
        """What all clients fetch, which has to be the same: {path: content}."""
        found = []
        for client in self.clients:
            result = client.fetch(*PATHS, **clock)
            self.assertEqual(result.status, 0, f"{client.program}: {result}")
            found.append({path: json.loads(data) for path, data in client.got().items()})
        for other in found[1:]:
            self.assertEqual(found[0], other)
        self.assertEqual(set(found[0]), set(PATHS))
        return found[0]

    def refused(self, **clock):
        for client in self.clients:
            result = client.refresh(**clock)
            self.assertNotEqual(result.status, 0, f"{client.program} accepts")

    def versions(self, channel="stable", **clock):
        releases = self.fetch(**clock)[f"channels/{channel}.json"]["releases"]
        return [release["version"] for release in releases]


class Life(PublishedCase):
    def test_published_releases_are_read(self):
        self.create()
        files = self.fetch()
        self.assertEqual(files["keys.json"], {"type": "krux-keys", "format": 1, "keys": [], "withdrawn": []})
        self.assertEqual(files["channels/stable.json"]["releases"], [])
        self.publisher.release("1.0.1", 11, "nightly")
        self.assertEqual((self.versions("nightly"), self.versions()), (["1.0.1"], []))
        self.publisher.run("promote", "1.0.1", "--from", "nightly", "--to", "stable", "--wave", "5@+0d")
        release = self.fetch()["channels/stable.json"]["releases"][0]
        self.assertEqual(release["rollout"][0]["percent"], 5)
        self.assertTrue(os.path.exists(os.path.join(self.feed, release["bundle"])))

    def test_published_withdrawals_are_read(self):
        self.create()
        self.publisher.release("1.0.1", 11)
        self.publisher.run("withdraw", "1.0.1", "--reason", "It forgets – sometimes")
        release = self.fetch()["channels/stable.json"]["releases"][0]
        self.assertEqual(release["withdrawn"]["reason"], "It forgets – sometimes")
        key = self.publisher.path("bundle.pub")
        self.publisher.run("add-bundle-key", key)
        with open(key, encoding="ascii") as file:
            line = file.read().split("\n")[1]
        self.assertEqual(self.fetch()["keys.json"]["keys"], [line])
        self.publisher.run("withdraw-bundle-key", key, "--reason", "Lost")
        keys = self.fetch()["keys.json"]
        self.assertEqual((keys["keys"], keys["withdrawn"]), ([], [{"key": line, "reason": "Lost"}]))

    def test_published_channels_are_added(self):
        self.create()
        self.publisher.keygen("beta")
        self.publisher.run("add-channel", f"beta={self.publisher.path('beta.pub')}", keys=(*ROLES, "beta"))
        for client in self.clients:
            self.assertEqual(client.fetch("channels/beta.json").status, 0)
            self.assertIn("channels/beta.json", client.got())

    def test_published_metadata_expire_and_are_renewed(self):
        self.create()
        self.publisher.release("1.0.1", 11)
        self.assertEqual(self.versions(at=days(6)), ["1.0.1"])
        self.refused(at=days(8))
        self.publisher.run("refresh-timestamp", at=days(8))
        self.assertEqual(self.versions(at=days(14)), ["1.0.1"])
        self.publisher.run("refresh-timestamp", at=days(31))
        self.refused(at=days(31))
        self.publisher.run("refresh-timestamp", "--snapshot", at=days(31))
        self.assertEqual(self.versions(at=days(31)), ["1.0.1"])
        self.publisher.run("refresh-timestamp", "--snapshot", at=days(366))
        self.refused(at=days(366))
        self.publisher.run("renew", *set(ROLES) - {"snapshot", "timestamp"}, at=days(366))
        self.assertEqual(self.versions(at=days(366)), ["1.0.1"])


class Rotation(PublishedCase):
    def rotate(self, role, keys):
        old = self.publisher.key_id(role)
        self.publisher.keygen(f"new-{role}")
        new = self.publisher.path(f"new-{role}.pub")
        return self.publisher.run("rotate-key", role, "--add", new, "--remove", old[:8], keys=(*keys, f"new-{role}"))

    def test_published_rotations_of_every_role_are_followed(self):
        self.create()
        self.publisher.release("1.0.1", 11)
        keys = list(ROLES)
        for role in ROLES:
            self.fetch()
            self.rotate(role, keys)
            keys[keys.index(role)] = f"new-{role}"
            self.assertEqual(self.versions(), ["1.0.1"], role)
        # One that was away for all of it.
        self.begin()
        self.assertEqual(self.versions(), ["1.0.1"])
        self.assertEqual(self.publisher.metadata("5.root").signed.version, 5)

    def test_published_rotations_of_lost_keys_are_followed(self):
        for role in ("timestamp", "snapshot", "targets", "stable"):
            with self.subTest(role):
                self.tearDown()
                self.setUp()
                self.create()
                self.fetch()
                self.rotate(role, [key for key in ROLES if key != role])
                self.fetch()

    def test_published_withdrawal_goes_beyond_a_lost_channel_key(self):
        self.create()
        self.publisher.release("1.0.1", 11)
        self.rotate("stable", [key for key in ROLES if key != "stable"])
        self.publisher.run("withdraw", "1.0.1", "--reason", "Bad", keys=("new-stable", "snapshot", "timestamp"))
        self.assertIn("withdrawn", self.fetch()["channels/stable.json"]["releases"][0])


class Signing(PublishedCase):
    """python-tuf and securesystemslib on the files in `staging`."""

    def test_published_after_python_signed_all_of_it(self):
        said = self.publisher.create(keys=())
        self.assertIn("Missing:   root 1", said)
        for role in ROLES:
            self.publisher.sign_with_python(role, role)
        self.assertTrue(self.publisher.run("publish", keys=()).startswith("Published: root 1, "))
        self.begin()
        self.assertEqual(self.versions(), [])

    def test_published_after_python_signed_a_staged_root(self):
        self.create()
        self.publisher.keygen("second")
        said = self.publisher.run("rotate-key", "root", "--add", self.publisher.path("second.pub"), "--threshold", "2",
                                  keys=("second",))
        self.assertIn("Missing:   root 2: 1 more of the keys of the root before", said)
        self.publisher.sign_with_python("root", "root")
        self.assertEqual(self.publisher.run("publish", keys=()), "Published: root 2\n")
        self.fetch()
        root = self.publisher.metadata("2.root")
        self.publisher.metadata("1.root").verify_delegate("root", root)
        self.assertEqual(root.signed.roles["root"].threshold, 2)
        self.assertEqual(len(root.signatures), 2)

    def test_published_without_a_signature_of_something_else(self):
        """securesystemslib signed a root that somebody changed since."""
        self.create()
        self.publisher.run("renew", "root", keys=())
        self.publisher.sign_with_python("root", "root")
        metadata = Metadata.from_file(self.publisher.staged("root"))
        metadata.signed.expires = days(9)
        metadata.to_file(self.publisher.staged("root"))
        with self.assertRaises(AssertionError):
            self.publisher.run("publish", keys=())
        self.assertEqual(self.publisher.status()["staged"][0]["missing"][0]["have"], 0)

    def test_published_metadata_are_what_python_would_write(self):
        self.create()
        self.publisher.release("1.0.1", 11)
        status = {role["role"]: role for role in self.publisher.status()["roles"]}
        root = self.publisher.metadata("1.root")
        for role in TOP:
            version = status[role]["version"]
            metadata = self.publisher.metadata(role if role == "timestamp" else f"{version}.{role}")
            root.verify_delegate(role, metadata)
            self.assertEqual(metadata.signed.version, version)
            self.assertIn("x-krux-issued", metadata.signed.unrecognized_fields)
            self.assertEqual(status[role]["keys"], [self.publisher.signer(role).public_key.keyid])
        targets = self.publisher.metadata("1.targets")
        for channel in ("stable", "nightly"):
            role = targets.signed.delegations.roles[channel]
            self.assertTrue(role.terminating)
            self.assertEqual(role.paths, [f"channels/{channel}.json"])
            targets.verify_delegate(channel, self.publisher.metadata(f"{status[channel]['version']}.{channel}"))
