"""Older metadata in place of newer, and the way back from versions that were forwarded beyond use."""
from case import TOP_AT_1, FeedCase, ours

CHAIN = ("targets", "snapshot", "timestamp")


class Rollback(FeedCase):
    def test_timestamp(self):
        self.repository.publish("timestamp")
        self.refreshes()
        self.repository.put("timestamp", self.repository.bytes("timestamp", 1), version=1)
        self.requests()
        self.refuses_refresh()
        self.asked("2.root.json", "timestamp.json")
        self.keeps(TOP_AT_1, timestamp=2)

    def test_snapshot_in_timestamp(self):
        for hashes in (False, True):
            with self.subTest(hashes=hashes):
                self.begin(hashes=hashes)
                self.repository.publish("snapshot", "timestamp")
                self.refreshes()
                self.repository.put("snapshot", self.repository.bytes("snapshot", 1), version=1)
                self.repository.publish("timestamp")
                self.requests()
                self.refuses_refresh()
                self.asked("2.root.json", "timestamp.json")
                self.keeps(TOP_AT_1, timestamp=2, snapshot=2)

    def test_targets_in_snapshot(self):
        for hashes in (False, True):
            with self.subTest(hashes=hashes):
                self.begin(hashes=hashes)
                self.repository.publish(*CHAIN)
                self.refreshes()
                self.repository.put("targets", self.repository.bytes("targets", 1), version=1)
                self.repository.publish("snapshot", "timestamp")
                self.refuses_refresh()
                self.keeps(root=1, timestamp=3, snapshot=2, targets=2)

    def test_delegated_role_in_snapshot(self):
        self.repository.delegate("targets", "A")
        self.repository.publish_all()
        self.repository.publish("A", "snapshot", "timestamp")
        self.refreshes()
        self.repository.put("A", self.repository.bytes("A", 1), version=1)
        self.repository.publish("snapshot", "timestamp")
        self.refuses_refresh()
        self.keeps(root=1, timestamp=4, snapshot=3, targets=2)

    def test_role_that_snapshot_names_no_more(self):
        for role in ("targets", "A"):
            with self.subTest(role=role):
                self.begin()
                self.repository.delegate("targets", "A")
                self.repository.publish_all()
                self.refreshes()
                self.repository.publish("snapshot",
                                        change=lambda signed: signed["meta"].pop(f"{role}.json") and None)
                self.repository.publish("timestamp")
                self.refuses_refresh()
                self.keeps(root=1, timestamp=3, snapshot=2, targets=2)

    def test_snapshot_names_more(self):
        self.refreshes()
        self.repository.snapshot.meta["x.json"] = self.repository.snapshot.meta["targets.json"]
        self.repository.publish("snapshot", "timestamp")
        self.refreshes()
        self.keeps(TOP_AT_1, timestamp=2, snapshot=2)

    def test_root(self):
        """A root under the next number that holds an older one."""
        self.repository.publish("root")
        self.refreshes()
        self.repository.put("root", self.repository.bytes("root", 1), version=3)
        self.client.refresh()
        self.keeps(TOP_AT_1, root=2)

    def test_root_that_leaves_a_version_out(self):
        self.repository.root.version = 3
        self.repository.publish("root", bump=False)
        self.repository.put("root", self.repository.bytes("root", 3), version=2)
        self.refuses_refresh()
        self.keeps(root=1)

    def test_newer_timestamp_with_an_older_snapshot_file(self):
        """Without consistent snapshots: the file of the name is not the one that timestamp means."""
        self.begin(consistent=False)
        self.repository.publish("snapshot", "timestamp")
        self.repository.put("snapshot", self.repository.bytes("snapshot", 1), version=1)
        self.refuses_refresh()
        self.keeps(root=1, timestamp=2)

    def test_newer_snapshot_with_an_older_targets_file(self):
        self.begin(consistent=False)
        self.repository.publish(*CHAIN)
        self.repository.put("targets", self.repository.bytes("targets", 1), version=1)
        self.refuses_refresh()
        self.keeps(root=1, timestamp=2, snapshot=2)


class FastForward(FeedCase):
    """Keys that were stolen forwarded the versions; new keys in root lead back (5.3.11)."""

    def forward(self, role, *published):
        self.repository.role(role).version = 99_998
        self.repository.publish(*published)
        self.refreshes()
        self.assertEqual(self.client.version(role), 99_999)

    def recover(self, role, *rotated):
        for name in rotated:
            self.repository.rotate(name)
        self.repository.publish("root")
        self.repository.role(role).version = 1
        self.requests()

    def test_timestamp(self):
        self.forward("timestamp", "timestamp")
        self.recover("timestamp", "timestamp")
        self.repository.publish("timestamp")
        self.refreshes()
        self.keeps(TOP_AT_1, root=2, timestamp=2)

    def test_snapshot(self):
        self.forward("snapshot", "snapshot", "timestamp")
        self.recover("snapshot", "snapshot", "timestamp")
        self.repository.publish("snapshot", "timestamp")
        self.refreshes()
        self.asked("2.root.json", "3.root.json", "timestamp.json", "2.snapshot.json")
        self.keeps(TOP_AT_1, root=2, timestamp=3, snapshot=2)

    def test_targets(self):
        self.forward("targets", *CHAIN)
        self.recover("targets", "snapshot")
        self.repository.publish(*CHAIN)
        self.refreshes()
        self.keeps(root=2, timestamp=3, snapshot=3, targets=2)

    def test_delegated_role(self):
        self.repository.delegate("targets", "A")
        self.repository.add_target("x", b"x", role="A")
        self.repository.role("A").version = 99_998
        self.repository.publish("A")
        self.repository.publish(*CHAIN)
        self.accepts(self.client.fetch("x"))
        self.recover("A", "snapshot", "timestamp")
        self.repository.publish("A", "snapshot", "timestamp")
        self.accepts(self.client.fetch("x"))
        self.assertEqual(self.client.version("A"), 2)

    @ours("python-tuf forgets only what the new keys do not verify")
    def test_new_keys_of_timestamp_or_snapshot_alone(self):
        """5.3.11: if either is rotated, both files are forgotten."""
        for rotated in ("timestamp", "snapshot"):
            with self.subTest(rotated):
                self.begin()
                self.repository.targets.version = 99_998
                self.repository.publish("targets")
                self.forward("snapshot", "snapshot", "timestamp")
                self.recover("snapshot", rotated)
                self.repository.targets.version = 1
                self.repository.publish(*CHAIN)
                self.refreshes()
                self.keeps(root=2, timestamp=3, snapshot=2, targets=2)

    @ours("python-tuf looks at the newest root alone")
    def test_keys_that_were_away_for_one_root(self):
        """Rotated and rotated back: what was signed in between by whoever had them is forgotten."""
        self.forward("timestamp", "timestamp")
        old = self.repository.root.to_dict()["roles"]["timestamp"]
        old_key = self.repository.root.keys[old["keyids"][0]]
        signers = self.repository.rotate("timestamp")
        self.repository.publish("root")
        self.repository.rotate("timestamp", count=0)
        self.repository.root.add_key(old_key, "timestamp")
        self.repository.signers["timestamp"] = signers
        self.repository.publish("root")
        self.repository.timestamp.version = 1
        self.repository.publish("timestamp")
        self.refreshes()
        self.keeps(TOP_AT_1, root=3, timestamp=2)

    def test_more_keys_are_no_way_back(self):
        """A key added takes no trust away: nothing is forgotten."""
        self.forward("timestamp", "timestamp")
        self.repository.add_key("timestamp")
        self.repository.publish("root")
        self.repository.timestamp.version = 1
        self.repository.publish("timestamp")
        self.refuses_refresh()
        self.assertEqual(self.client.version("timestamp"), 99_999)

    def test_without_new_keys_nothing_goes_back(self):
        for role, published in (("timestamp", ["timestamp"]), ("snapshot", ["snapshot", "timestamp"]),
                                ("targets", CHAIN)):
            with self.subTest(role=role):
                self.begin()
                self.forward(role, *published)
                self.recover(role)
                self.repository.publish(*published)
                self.refuses_refresh()
                self.assertEqual(self.client.version(role), 99_999)

    def test_versions_up_to_the_largest(self):
        """A version that has no successor is no reason to end by a trap; new keys lead back all the same."""
        for last in ((1 << 53) - 2, (1 << 63) - 2):
            with self.subTest(last=last):
                self.begin()
                self.repository.timestamp.version = last
                self.repository.publish("timestamp")
                result = self.client.refresh()
                self.accepts(result) if result.status == 0 else self.refuses(result)
                self.recover("timestamp", "timestamp")
                self.repository.publish("timestamp")
                self.refreshes()
                self.keeps(TOP_AT_1, root=2, timestamp=2)
