"""The workflow up to the top-level targets: what is asked for, what is kept."""
import json
import os

from case import TOP_AT_1, FeedCase
from repository import new_key, signature, to_bytes


class Refresh(FeedCase):
    def test_first_refresh(self):
        self.keeps(root=1)
        self.refreshes()
        self.asked("2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json")
        self.keeps(TOP_AT_1)

    def test_init_makes_no_request(self):
        self.asked()

    def test_nothing_new_costs_two_requests(self):
        self.refreshes()
        self.requests()
        self.refreshes()
        self.asked("2.root.json", "timestamp.json")
        self.keeps(TOP_AT_1)

    def test_without_consistent_snapshots_names_have_no_version(self):
        self.begin(consistent=False)
        self.refreshes()
        self.asked("2.root.json", "timestamp.json", "snapshot.json", "targets.json")
        self.keeps(TOP_AT_1)

    def test_consistent_snapshots_may_be_absent_and_mean_none(self):
        self.begin(consistent=False)
        self.repository.publish("root", change=lambda signed: signed.pop("consistent_snapshot") and None)
        self.refreshes()
        self.asked("2.root.json", "3.root.json", "timestamp.json", "snapshot.json", "targets.json")

    def test_consistent_snapshots_begin_with_a_new_root(self):
        self.begin(consistent=False)
        self.refreshes()
        self.requests()
        self.repository.root.consistent_snapshot = True
        self.repository.publish("root", "targets", "snapshot", "timestamp")
        self.refreshes()
        self.asked("2.root.json", "3.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json")

    def test_each_root_up_to_the_newest(self):
        for _ in range(3):
            self.repository.publish("root")
        self.refreshes()
        self.asked("2.root.json", "3.root.json", "4.root.json", "5.root.json", "timestamp.json",
                   "1.snapshot.json", "1.targets.json")
        self.keeps(TOP_AT_1, root=4)

    def test_only_what_changed_is_asked_for(self):
        for hashes in (False, True):
            for published, asked in ((("timestamp",), ["timestamp.json"]),
                                     (("snapshot", "timestamp"), ["timestamp.json", "2.snapshot.json"]),
                                     (("targets", "snapshot", "timestamp"),
                                      ["timestamp.json", "2.snapshot.json", "2.targets.json"])):
                with self.subTest(published=published, hashes=hashes):
                    self.begin(hashes=hashes)
                    self.refreshes()
                    self.requests()
                    self.repository.publish(*published)
                    self.refreshes()
                    self.asked("2.root.json", *asked)
                    self.keeps(TOP_AT_1, dict.fromkeys(published, 2))

    def test_address_with_and_without_a_slash(self):
        for slash in ("", "/"):
            self.begin()
            self.refreshes(url=f"{self.client.url}/metadata{slash}")
            self.asked("2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json")

    def test_fetch_of_an_unknown_target_refreshes(self):
        self.refuses(self.client.fetch("nothing"))
        self.asked("2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json")
        self.keeps(TOP_AT_1)

    def test_version_in_the_name_and_in_the_file_differ(self):
        before = {"root": {}, "snapshot": {"timestamp": 2}, "targets": {"timestamp": 2, "snapshot": 2}}
        for role, kept in before.items():
            with self.subTest(role=role):
                self.begin()
                self.repository.publish("targets", change=self.later if role == "targets" else None)
                self.repository.publish("snapshot", change=self.later if role == "snapshot" else None)
                self.repository.publish("timestamp")
                if role == "root":
                    self.repository.publish("root", change=self.later)
                self.refuses_refresh()
                self.keeps(kept, root=1)

    @staticmethod
    def later(signed):
        signed["version"] += 1

    def test_root_of_the_version_that_is_trusted_already(self):
        """The specification discards it and goes on with the old one, python-tuf refuses: both keep the old."""
        self.repository.put("root", self.repository.bytes("root", 1), version=2)
        self.client.refresh()
        self.assertEqual(self.client.kept()["root"], self.repository.bytes("root", 1))

    def test_missing_files(self):
        kept = {"timestamp": {}, "snapshot": {"timestamp": 2}, "targets": {"timestamp": 2, "snapshot": 2}}
        for role, newer in kept.items():
            with self.subTest(role=role):
                self.begin()
                self.refreshes()
                self.repository.publish("targets", "snapshot", "timestamp")
                os.unlink(self.repository.file(role))
                self.requests()
                self.refuses_refresh()
                self.assertEqual(self.requests()[-1], self.repository.file_name(role, 2))
                self.keeps(TOP_AT_1, newer)

    def test_equal_version_of_timestamp_is_not_taken(self):
        self.refreshes()
        first = self.repository.bytes("timestamp", 1)
        self.repository.timestamp.snapshot_meta.version = 100
        self.repository.publish("timestamp", bump=False)
        self.requests()
        self.refreshes()
        self.asked("2.root.json", "timestamp.json")
        self.keeps(TOP_AT_1, timestamp=first)

    def test_type_of_another_role(self):
        """A snapshot in timestamp's place, with all that a timestamp needs, and signed by its key."""
        self.repository.signers["snapshot"] += self.repository.signers["timestamp"]
        self.repository.publish("snapshot", change=lambda signed: signed.update(
            meta={"snapshot.json": {"version": 1}}))
        self.repository.put("timestamp", self.repository.bytes("snapshot"))
        self.refuses_refresh()
        self.keeps(root=1)

    def test_unknown_fields_are_kept_and_signed(self):
        more = {"x-number": 7, "x-list": [1, "two", None, True, {"three": []}], "x-text": "ä\u2028\"\\\n\t\x7f"}
        key = new_key()
        key.public_key.unrecognized_fields["x-key"] = more
        self.repository.root.add_key(key.public_key, "targets")
        self.repository.root.roles["targets"].unrecognized_fields["x-role"] = more
        for role in ("root", "targets", "snapshot", "timestamp"):
            self.repository.publish(role, change=lambda signed: signed.update({"x-signed": more}),
                                    envelope=lambda document: document.update({"x-unsigned": more}))
        self.refreshes()
        self.keeps(root=2, timestamp=2, snapshot=2, targets=2)


class InitialRoot(FeedCase):
    """`init` checks; and a root that it did not see is refused before the first request."""

    def refuses_root(self, document):
        data = document if isinstance(document, bytes) else to_bytes(document)
        self.client.write("root", data)
        self.refuses_refresh()
        self.asked()
        self.end_and_init(data)

    def end_and_init(self, data):
        for name in os.listdir(self.client.metadata):
            if name.endswith(".json"):
                os.unlink(os.path.join(self.client.metadata, name))
        self.refuses(self.client.init(data))
        self.assertEqual(self.client.kept(), {})
        self.asked()

    def document(self):
        return json.loads(self.repository.bytes("root", 1))

    def resigned(self, **changes):
        signed = {**self.document()["signed"], **changes}
        return {"signed": signed, "signatures": [signature(key, signed) for key in self.repository.signers["root"]]}

    def test_no_version(self):
        document = self.document()
        del document["signed"]["version"]
        self.refuses_root(document)

    def test_altered(self):
        document = self.document()
        document["signed"]["expires"] = "2099-01-01T00:00:00Z"
        self.refuses_root(document)

    def test_no_signature(self):
        self.refuses_root({**self.document(), "signatures": []})

    def test_signature_of_another_length(self):
        document = self.document()
        document["signatures"][0]["sig"] = "3045022100ee448afe2d25"
        self.refuses_root(document)

    def test_not_json(self):
        self.refuses_root(b"no JSON")

    def test_another_role(self):
        self.refuses_root(self.repository.bytes("targets"))

    def test_missing_top_level_role(self):
        roles = self.document()["signed"]["roles"]
        del roles["timestamp"]
        self.refuses_root(self.resigned(roles=roles))

    def test_bytes_are_kept(self):
        """Spaces, order and what is not signed are the file's own."""
        os.unlink(os.path.join(self.client.metadata, "root.json"))
        data = json.dumps(self.document(), indent=7).encode() + b"\n \n"
        self.accepts(self.client.init(data))
        self.assertEqual(self.client.kept(), {"root": data})

    def test_folder_that_is_not_there(self):
        os.unlink(os.path.join(self.client.metadata, "root.json"))
        self.client.metadata += "/new/folder"
        self.accepts(self.client.init(self.repository.bytes("root", 1)))
        self.assertEqual(self.client.kept(), {"root": self.repository.bytes("root", 1)})

    def test_expired_root_is_a_beginning(self):
        """5.2: of the trusted root the expiry does not matter, as there may be a newer one."""
        data = to_bytes(self.resigned(expires="2001-01-01T00:00:00Z"))
        os.unlink(os.path.join(self.client.metadata, "root.json"))
        self.accepts(self.client.init(data))
        self.repository.publish("root")
        self.refreshes()
        self.keeps(TOP_AT_1, root=2)

    def test_no_root(self):
        os.unlink(os.path.join(self.client.metadata, "root.json"))
        self.refuses_refresh()
        self.asked()
        self.assertEqual(self.client.kept(), {})
