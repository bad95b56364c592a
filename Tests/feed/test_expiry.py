"""Metadata that has expired, under a clock that is faked."""
from case import TOP_AT_1, FeedCase, ours
from repository import days


class Expiry(FeedCase):
    def test_expired_when_first_seen(self):
        kept = {"root": {"root": 2}, "timestamp": {}, "snapshot": {"timestamp": 2},
                "targets": {"timestamp": 2, "snapshot": 2}}
        for role, newer in kept.items():
            for seen_before in (False, True):
                with self.subTest(role=role, seen_before=seen_before):
                    self.begin()
                    if seen_before:
                        self.refreshes()
                    self.repository.role(role).expires = days(-1)
                    self.repository.publish("targets", "snapshot", "timestamp")
                    if role == "root":
                        self.repository.publish("root")
                    self.refuses_refresh()
                    # A root that has expired is kept (5.3.8 comes before 5.3.10); of the others nothing is.
                    self.keeps(TOP_AT_1 if seen_before else {"root": 1}, newer)

    @ours("python-tuf looks at the root's expiry when it has the timestamp")
    def test_nothing_is_asked_for_after_an_expired_root(self):
        self.repository.root.expires = days(-1)
        self.repository.publish("root")
        self.refuses_refresh()
        self.asked("2.root.json", "3.root.json")

    def test_expired_while_it_was_kept(self):
        """The repository stands still and the clock does not: a freeze is seen, and ends."""
        for role in ("root", "timestamp", "snapshot", "targets"):
            with self.subTest(role=role):
                self.begin()
                self.repository.role(role).expires = days(7)
                self.repository.publish("root", "targets", "snapshot", "timestamp")
                at_2 = dict.fromkeys(TOP_AT_1, 2)
                self.refreshes()
                self.refreshes(at=days(6))
                self.refuses_refresh(at=days(8))
                self.keeps(at_2)
                self.repository.role(role).expires = days(20)
                self.repository.publish("targets", "snapshot", "timestamp")
                if role == "root":
                    self.repository.publish("root")
                self.refreshes(at=days(8))
                self.keeps(dict.fromkeys(TOP_AT_1, 3), root=3 if role == "root" else 2)

    def test_intermediate_root_may_have_expired(self):
        self.repository.root.expires = days(-1)
        self.repository.publish("root", "root")
        self.repository.root.expires = days(1)
        self.repository.publish("root")
        self.refreshes()
        self.keeps(TOP_AT_1, root=4)

    def test_expired_timestamp_still_guards_against_rollback(self):
        """5.4.3 goes by what is trusted, not by whether that is still fresh."""
        self.repository.timestamp.expires = days(7)
        for _ in range(3):
            self.repository.publish("timestamp")
        self.refreshes()
        self.repository.timestamp.version, self.repository.timestamp.expires = 2, days(21)
        self.repository.publish("timestamp", bump=False)
        self.refuses_refresh(at=days(10))
        self.keeps(TOP_AT_1, timestamp=4)

    def test_expired_snapshot_still_guards_against_rollback(self):
        self.repository.snapshot.expires = days(7)
        self.repository.targets.version = 4
        self.repository.publish("targets", "snapshot", "timestamp")
        self.refreshes()
        self.repository.targets.version, self.repository.snapshot.expires = 2, days(21)
        self.repository.publish("targets", "snapshot", "timestamp")
        self.refuses_refresh(at=days(10))
        self.keeps({"root": 1, "timestamp": 3, "snapshot": 2, "targets": 5})

    def test_clock_before_all_metadata(self):
        """1970 makes nothing expired; what is signed counts."""
        self.refreshes(at=days(-10000))
        self.keeps(TOP_AT_1)

    def test_far_future(self):
        self.refuses_refresh(at=days(4000))
        self.keeps(root=1)


class DelegatedExpiry(FeedCase):
    def setUp(self):
        super().setUp()
        self.repository.delegate("targets", "A").expires = days(7)
        for name in ("one", "two"):
            self.repository.add_target(name, name.encode(), role="A")
        self.repository.publish_all()
        self.at_2 = {"root": 1, "timestamp": 2, "snapshot": 2, "targets": 2}

    def test_expired_when_first_seen(self):
        self.refreshes(at=days(8))
        self.refuses(self.client.fetch("one", at=days(8)))
        self.keeps(self.at_2)
        self.assertEqual(self.client.got(), {})

    def test_expired_while_it_was_kept(self):
        self.accepts(self.client.fetch("one"))
        self.keeps(self.at_2, A=1)
        self.refuses(self.client.fetch("two", at=days(8)))
        self.keeps(self.at_2, A=1)
        self.assertEqual(self.client.got(), {"one": b"one"})

    def test_newer_one_is_found(self):
        self.accepts(self.client.fetch("one"))
        self.repository.role("A").expires = days(20)
        self.repository.publish("A", "snapshot", "timestamp")
        self.accepts(self.client.fetch("two", at=days(8)))
        self.keeps({"root": 1, "timestamp": 3, "snapshot": 3, "targets": 2, "A": 2})
        self.assertEqual(self.client.got(), {"one": b"one", "two": b"two"})
