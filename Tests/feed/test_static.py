"""A repository that was made once, with python-tuf 7.0.1, and has not changed since: `static`, valid until 2100.

It has two roots (the second needs two keys for root and for targets, and has an ecdsa key beside timestamp's own),
hashes of metadata, roles below each other, targets with SHA-512, and fields that nobody knows."""
import os
import shutil

from case import HERE, FeedCase, Suite

STATIC = os.path.join(HERE, "static")


class Static(FeedCase):
    def setUp(self):
        super().setUp()
        served = os.path.dirname(self.repository.metadata)
        shutil.rmtree(served)
        shutil.copytree(STATIC, served)
        os.unlink(os.path.join(self.client.metadata, "root.json"))

    @staticmethod
    def bytes(*path):
        with open(os.path.join(STATIC, *path), "rb") as file:
            return file.read()

    def test_read(self):
        self.accepts(self.client.init(self.bytes("metadata", "1.root.json")))
        self.refreshes()
        self.accepts(self.client.fetch("notes.txt", "releases/stable-1.0.1.json"))
        self.assertEqual(self.client.got(), {"notes.txt": b"Changes in 1.0.1\n",
                                             "releases/stable-1.0.1.json": b'{"version": "1.0.1"}\n'})
        self.assertEqual(self.client.kept(), {
            "root": self.bytes("metadata", "2.root.json"), "timestamp": self.bytes("metadata", "timestamp.json"),
            "snapshot": self.bytes("metadata", "2.snapshot.json"), "targets": self.bytes("metadata", "2.targets.json"),
            "releases": self.bytes("metadata", "1.releases.json"), "stable": self.bytes("metadata", "1.stable.json")})

    def test_nothing_else(self):
        self.accepts(self.client.init(self.bytes("metadata", "1.root.json")))
        self.refuses(self.client.fetch("releases/beta-1.0.2.json"))
        self.assertEqual(Suite.nginx.requests()[-1][1], f"/{self.name}/metadata/1.releases.json")
