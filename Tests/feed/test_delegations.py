"""The search for a target through delegations (5.6.7): who is asked, in which order, and who is believed."""
import copy
import os

from tuf.api.metadata import DelegatedRole, Delegations

from case import FeedCase, ours
from repository import new_key

TOP = {"root": 1, "timestamp": 2, "snapshot": 2, "targets": 2}
REFRESH = ("2.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json")

# Delegations, in order, as "delegator delegate [pattern] [!]" (! ends the search), and who is asked, in order,
# for a target "missing" that nobody has.
GRAPHS = {
    "one": (["targets A"], "A"),
    "two beside each other": (["targets A", "targets B"], "AB"),
    "the order is that of appearance": (["targets B", "targets A"], "BA"),
    "depth first": (["targets A", "targets B", "A C", "A D"], "ACDB"),
    "deeper first": (["targets A", "targets B", "A C", "C D"], "ACDB"),
    "below the second": (["targets A", "targets B", "B C"], "ABC"),
    "ended below A: nobody but its own": (["targets A", "targets B", "A C !", "A D"], "AC"),
    "ended, with descendants": (["targets A", "targets B", "A C !", "C D"], "ACD"),
    "ended at once": (["targets A !", "targets B"], "A"),
    "end of a pattern that does not match": (["targets A *.py !", "targets B"], "B"),
    "end in the middle": (["targets A", "targets B !", "targets C"], "AB"),
    "pattern does not match": (["targets A *.py", "targets B", "A C"], "B"),
    "pattern does not match below": (["targets A", "targets B", "A C *.py", "C D"], "AB"),
    "cycle": (["targets A", "targets B", "B C", "C D", "D B"], "ABCD"),
    "delegates to itself": (["targets A", "A A", "targets B"], "AB"),
    "two lead to a third": (["targets A", "targets B", "B C", "A C"], "ACB"),
    "two lead to a third by other patterns": (["targets A", "targets B", "B C", "A C *.py"], "ABC"),
}


class Graphs(FeedCase):
    def test_order(self):
        for name, (delegations, order) in GRAPHS.items():
            with self.subTest(name):
                self.begin()
                for line in delegations:
                    delegator, delegate, *rest = line.split()
                    patterns = [word for word in rest if word != "!"] or ["*"]
                    self.repository.delegate(delegator, delegate, patterns, terminating="!" in rest)
                self.repository.publish_all()
                self.refuses(self.client.fetch("missing"))
                self.asked(*REFRESH, *(f"1.{role}.json" for role in order))
                self.keeps(TOP, dict.fromkeys(order, 1))
                self.assertEqual(self.client.got(), {})

    def test_tree_of_patterns(self):
        repository = self.repository
        repository.delegate("targets", "A", ["*.doc", "*.md"])
        repository.delegate("targets", "B", ["releases/*/*"])
        repository.delegate("B", "C", ["releases/x/*"])
        repository.delegate("B", "D", ["releases/y/*.zip"])
        for role, name in (("targets", "file"), ("A", "README.md"), ("C", "releases/x/1"), ("D", "releases/y/1.zip"),
                           ("D", "releases/z/1.zip")):
            repository.add_target(name, name.encode(), role)
        repository.publish_all()
        self.refreshes()
        for name, order in (("file", ""), ("README.md", "A"), ("releases/x/1", "BC"), ("releases/y/1.zip", "D")):
            self.requests()
            self.accepts(self.client.fetch(name))
            self.assertEqual(self.requests()[2:-1], [f"1.{role}.json" for role in order])
            self.assertEqual(self.client.got()[name], name.encode())
        # D has it, and nobody delegates it to D.
        self.refuses(self.client.fetch("releases/z/1.zip"))
        self.assertNotIn("releases/z/1.zip", self.client.got())

    def test_first_in_order_is_believed(self):
        for order in ("AB", "BA"):
            self.begin()
            for role in order:
                self.repository.delegate("targets", role)
            for role in "AB":
                self.repository.add_target("x", role.encode(), role)
            self.repository.publish_all()
            self.accepts(self.client.fetch("x"))
            self.assertEqual(self.client.got(), {"x": order[0].encode()})
            self.assertNotIn(order[1], self.client.kept())

    def test_end_of_the_search_hides_what_comes_later(self):
        self.repository.delegate("targets", "A", terminating=True)
        self.repository.delegate("targets", "B")
        self.repository.add_target("x", b"x", "B")
        self.repository.publish_all()
        self.refuses(self.client.fetch("x"))
        self.assertEqual(self.client.got(), {})

    def test_kept_roles_are_not_asked_for_again(self):
        self.repository.delegate("targets", "A")
        self.repository.delegate("targets", "B")
        self.repository.publish_all()
        self.refuses(self.client.fetch("missing"))
        self.repository.publish("B", "snapshot", "timestamp")
        self.requests()
        self.refuses(self.client.fetch("missing"))
        self.asked("2.root.json", "timestamp.json", "3.snapshot.json", "2.B.json")

    def test_without_consistent_snapshots(self):
        self.begin(consistent=False)
        self.repository.delegate("targets", "A")
        self.repository.add_target("x", b"x", "A")
        self.repository.publish_all()
        self.accepts(self.client.fetch("x"))
        self.asked("2.root.json", "timestamp.json", "snapshot.json", "targets.json", "A.json", "targets/x")


class Wrong(FeedCase):
    """A role that cannot be had or verified ends the search: B has the target too, and is not asked."""

    def setUp(self):
        super().setUp()
        self.build()

    def build(self, **options):
        self.begin(**options)
        for role in "AB":
            self.repository.delegate("targets", role)
            self.repository.add_target("x", role.encode(), role)
        self.repository.publish_all()

    def refuses_the_search(self, **kept):
        self.refuses(self.client.fetch("x"))
        self.assertNotIn("1.B.json", self.requests())
        self.assertNotIn("B", self.client.kept())
        self.assertEqual(self.client.got(), {})
        self.keeps({**TOP, **kept})

    def test_not_signed(self):
        self.repository.publish("A", bump=False, envelope=lambda document: document.update(signatures=[]))
        self.refuses_the_search()

    def test_signed_by_the_key_of_targets(self):
        self.repository.signers["A"] = self.repository.signers["targets"]
        self.repository.publish("A", bump=False)
        self.refuses_the_search()

    def test_altered(self):
        self.repository.publish("A", bump=False, envelope=lambda document: document["signed"].update(version=1, x=1))
        self.refuses_the_search()

    def test_missing(self):
        self.repository.put("A", b"", 7)
        self.repository.publish("snapshot", "timestamp")
        os.unlink(self.repository.file("A", 7))
        self.refuses_the_search(snapshot=3, timestamp=3)

    def test_not_in_snapshot(self):
        del self.repository.snapshot.meta["A.json"]
        self.repository.publish("snapshot", "timestamp")
        self.refuses_the_search(snapshot=3, timestamp=3)

    def test_other_version_than_snapshot_says(self):
        self.repository.publish("A", bump=False, change=lambda signed: signed.update(version=5))
        self.refuses_the_search()

    def test_another_type(self):
        self.repository.put("A", self.repository.bytes("snapshot"), 1)
        self.refuses_the_search()

    def test_wrong_hash(self):
        self.build(hashes=True)
        good = self.repository.bytes("A")
        with open(self.repository.file("A"), "wb") as file:
            file.write(good[:-1] + b" }")
        self.refuses_the_search()

    def test_file_of_another_role_with_the_same_key(self):
        """Mix and match: only the hash in snapshot tells A's file from B's."""
        self.build(hashes=True)
        self.repository.signers["B"] = self.repository.signers["A"]
        self.repository.publish("B", bump=False)
        with open(self.repository.file("A"), "wb") as file:
            file.write(self.repository.bytes("B"))
        self.refuses_the_search()

    def test_delegators_that_name_different_keys(self):
        """Each delegator's word counts for what it delegates: C is verified for B again, and refused."""
        self.begin()
        repository = self.repository
        repository.delegate("targets", "A", ["a-*"])
        repository.delegate("targets", "B", ["b-*"])
        repository.delegate("A", "C")
        repository.add_target("a-x", b"a", "C")
        repository.add_target("b-x", b"b", "C")
        theirs = list(repository.signers["C"])
        repository.delegate("B", "C", signer=new_key())
        repository.signers["C"] = theirs
        repository.publish_all()
        self.accepts(self.client.fetch("a-x"))
        self.refuses(self.client.fetch("b-x"))
        self.refuses(self.client.fetch("a-x", "b-x"))
        self.assertEqual(self.client.got(), {"a-x": b"a"})
        self.keeps(TOP, A=1, B=1, C=1)

    def test_names_of_top_level_roles(self):
        """A delegate called root or timestamp must not come near their files."""
        for name in ("root", "timestamp", "snapshot", "targets"):
            with self.subTest(name):
                self.begin()
                self.repository.delegate("targets", "A")
                self.repository.publish("targets", change=lambda signed: signed["delegations"]["roles"][0].update(
                    name=name))
                self.repository.publish("snapshot", "timestamp")
                self.refuses(self.client.fetch("x"))
                for role, data in self.client.kept().items():
                    self.assertIn(f'"_type": "{role}"'.encode(), data)

    def refuses_targets_with(self, *changes):
        for change in changes:
            with self.subTest(change.__name__):
                self.build()
                self.repository.publish("targets", change=lambda signed: change(
                    signed["delegations"], signed["delegations"]["roles"]))
                self.repository.publish("snapshot", "timestamp")
                self.refuses(self.client.fetch("x"))
                self.assertEqual(self.client.got(), {})
                self.keeps(root=1, timestamp=3, snapshot=3)

    def test_malformed(self):
        def twice(_, roles):
            roles += roles

        def both(_, roles):
            roles[0]["path_hash_prefixes"] = ["0"]

        def no_roles(delegations, _):
            del delegations["roles"]

        def no_keys(delegations, _):
            del delegations["keys"]

        def no_threshold(_, roles):
            del roles[0]["threshold"]

        def threshold_of_none(_, roles):
            roles[0]["threshold"] = 0
        self.refuses_targets_with(twice, both, no_roles, no_keys, no_threshold, threshold_of_none)

    @ours("python-tuf takes other types for what they are like")
    def test_malformed_types(self):
        def name_is_no_text(_, roles):
            roles[0]["name"] = 7

        def paths_are_no_list(_, roles):
            roles[0]["paths"] = {"*": "*"}

        def threshold_is_text(_, roles):
            roles[0]["threshold"] = "1"

        def end_is_text(_, roles):
            roles[0]["terminating"] = "false"
        self.refuses_targets_with(name_is_no_text, paths_are_no_list, threshold_is_text, end_is_text)


class Many(FeedCase):
    def many(self, count, pattern):
        """Targets that delegates to `count` roles by one key; only A is there, behind all the others."""
        role = self.repository.delegate("targets", "A")
        listed = self.repository.targets.delegations.roles
        last = listed.pop("A")
        for number in range(count):
            listed[f"r{number}"] = DelegatedRole(f"r{number}", last.keyids, 1, False, [pattern])
        listed["A"] = last
        self.assertIsInstance(self.repository.targets.delegations, Delegations)
        return role

    def test_thousands_that_do_not_match(self):
        self.many(3000, "other/*")
        self.repository.add_target("x", b"x", "A")
        self.repository.publish_all()
        self.accepts(self.client.fetch("x"))
        self.assertEqual(self.client.got(), {"x": b"x"})

    def test_thousands_that_match(self):
        """An end to what one target may cost, however many delegate on."""
        self.many(3000, "*")
        self.repository.signers.update((f"r{number}", self.repository.signers["A"]) for number in range(400))
        for number in range(400):
            self.repository.roles[f"r{number}"] = copy.deepcopy(self.repository.roles["A"])
        self.repository.add_target("x", b"x", "A")
        self.repository.publish_all()
        self.refuses(self.client.fetch("x"))
        asked = [name for name in self.requests() if ".r" in name and "root" not in name]
        self.assertTrue(10 <= len(asked) <= 256, len(asked))
        self.assertEqual(self.client.got(), {})
