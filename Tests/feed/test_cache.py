"""What is in D was damaged, is missing, or is half of a refresh: the next one heals it."""
import os
import shutil

from case import TOP_AT_1, FeedCase
from repository import Repository, new_key, to_bytes, signed_document

DAMAGES = {"empty": b"", "zeros": b"\0" * 300, "no JSON": b"{", "null": b"null", "nested": b"[" * 100_000,
           "not UTF-8": b'{"signed": "\xff"}', "large": b" " * (12 << 20)}


class Cache(FeedCase):
    def setUp(self):
        super().setUp()
        self.repository.delegate("targets", "A")
        self.repository.add_target("x", b"x", "A")
        self.repository.publish_all()
        self.accepts(self.client.fetch("x"))
        self.kept = {"root": 1, "timestamp": 2, "snapshot": 2, "targets": 2, "A": 1}
        self.keeps(self.kept)
        self.requests()

    def heals(self, *asked):
        os.unlink(self.client.target_file("x"))
        self.accepts(self.client.fetch("x"))
        self.assertEqual([name for name in self.requests() if not name.startswith("targets/")],
                         ["2.root.json", "timestamp.json", *asked])
        self.keeps(self.kept)

    ASKED = {"timestamp": [], "snapshot": ["2.snapshot.json"], "targets": ["2.targets.json"], "A": ["1.A.json"]}

    def test_damaged(self):
        for role, asked in self.ASKED.items():
            for name, damage in DAMAGES.items():
                with self.subTest(name, role=role):
                    self.client.write(role, damage)
                    self.heals(*asked)

    def test_missing(self):
        for role, asked in self.ASKED.items():
            with self.subTest(role):
                os.unlink(os.path.join(self.client.metadata, f"{role}.json"))
                self.heals(*asked)

    def test_everything_but_the_root_missing(self):
        for role in self.ASKED:
            os.unlink(os.path.join(self.client.metadata, f"{role}.json"))
        self.heals("2.snapshot.json", "2.targets.json", "1.A.json")

    def test_signed_by_a_stranger(self):
        for role, asked in self.ASKED.items():
            with self.subTest(role):
                signed = self.repository.role(role).to_dict()
                signed["version"] = 90
                self.client.write(role, to_bytes(signed_document(signed, [new_key()])))
                self.heals(*asked)

    def test_file_of_another_role(self):
        for role, asked in self.ASKED.items():
            with self.subTest(role):
                self.client.write(role, self.repository.bytes("root", 1))
                self.heals(*asked)

    def test_older_ones(self):
        for role, asked in {"timestamp": [], "snapshot": ["2.snapshot.json"], "targets": ["2.targets.json"]}.items():
            with self.subTest(role):
                self.client.write(role, self.repository.bytes(role, 1))
                self.heals(*asked)

    def test_damaged_root(self):
        """Trust cannot be fetched: nothing is asked for, and what to do is said."""
        for name, damage in DAMAGES.items():
            with self.subTest(name):
                self.client.write("root", damage)
                self.refuses_refresh()
                self.asked()
                self.assertEqual(self.client.kept()["root"], damage)

    def test_initialized_again(self):
        self.client.write("root", b"")
        shutil.rmtree(self.client.metadata)
        os.makedirs(self.client.metadata)
        self.accepts(self.client.init(self.repository.bytes("root", 1)))
        self.heals("2.snapshot.json", "2.targets.json", "1.A.json")


class Interrupted(FeedCase):
    """A refresh that ended in the middle, at a moment when the repository lacked a file."""

    def test_after_the_timestamp(self):
        self.refreshes()
        self.repository.publish("targets", "snapshot", "timestamp")
        hidden = self.repository.file("snapshot")
        os.rename(hidden, hidden + ".hidden")
        self.refuses_refresh()
        self.keeps(TOP_AT_1, timestamp=2)
        os.rename(hidden + ".hidden", hidden)
        self.requests()
        self.refreshes()
        self.asked("2.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json")
        self.keeps(TOP_AT_1, timestamp=2, snapshot=2, targets=2)

    def test_after_the_snapshot(self):
        self.refreshes()
        self.repository.publish("targets", "snapshot", "timestamp")
        hidden = self.repository.file("targets")
        os.rename(hidden, hidden + ".hidden")
        self.refuses_refresh()
        self.keeps(TOP_AT_1, timestamp=2, snapshot=2)
        os.rename(hidden + ".hidden", hidden)
        self.requests()
        self.refreshes()
        self.asked("2.root.json", "timestamp.json", "2.targets.json")
        self.keeps(TOP_AT_1, timestamp=2, snapshot=2, targets=2)

    def test_repository_made_anew(self):
        """Other keys and lower versions under the same address: refused, and the old state is not touched."""
        self.repository.publish("targets", "snapshot", "timestamp")
        self.refreshes()
        kept = self.client.kept()
        shutil.rmtree(os.path.dirname(self.repository.metadata))
        Repository(os.path.dirname(self.repository.metadata))
        self.refuses_refresh()
        self.assertEqual(self.client.kept(), kept)
