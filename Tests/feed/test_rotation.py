"""Chains of roots, and new keys for every role: who has to sign what."""
from case import TOP_AT_1, FeedCase
from repository import new_key, signed_document, to_bytes

OLD, NEW = [0, 1, 2, 3, 4], [5, 6, 7, 8, 9]

# Versions of root: its keys, its threshold, and who signs it. A chain is accepted up to where its last column
# says, which is the last version where there is none.
ROOTS = {
    "a key replaced": [([1], 1, [1]), ([2], 1, [2, 1]), ([2], 1, [2])],
    "signatures of strangers": [([1], 1, [3, 1, 4]), ([2], 1, [3, 2, 1, 4]), ([2], 1, [3, 2, 4])],
    "any three of five": [(OLD, 3, [0, 2, 4]), (OLD, 3, [0, 4, 1]), (OLD, 3, [0, 1, 3]), (OLD, 3, [3, 4, 2])],
    "one of five replaced": [(OLD, 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 4, 1])],
    "one replaced, signed by the old one": [(OLD, 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 2, 4, 5]),
                                            ([0, 1, 3, 4, 5], 3, [0, 4, 5])],
    "all five replaced": [(OLD, 3, [0, 2, 4]), (NEW, 3, [0, 2, 4, 5, 6, 7]), (NEW, 3, [5, 6, 7])],
    "threshold raised": [([1, 2, 3], 1, [1]), ([1, 2, 3], 2, [1, 2])],
    "threshold raised with a new key": [([1], 1, [1]), ([1, 2], 2, [1, 2])],
    "threshold lowered": [([1, 2, 3], 2, [1, 2]), ([1, 2, 3], 1, [1, 2]), ([1, 2, 3], 1, [1])],
    "not signed by the old key": [([1], 1, [1]), ([2], 1, [2, 3, 4]), 1],
    "not signed by the new key": [([1], 1, [1]), ([2], 1, [1, 3, 4]), 1],
    "too few of the new": [(OLD, 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 2, 4]), 1],
    "too few of the old": [(OLD, 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 4, 5]), 1],
    "raised, new threshold missed": [([1, 2, 3], 1, [1]), ([1, 2, 3], 2, [2]), 1],
    "lowered, old threshold missed": [([1, 2, 3], 2, [1, 2]), ([1, 2, 3], 1, [1]), 1],
    "signed by nobody": [([1], 1, [1]), ([1], 1, []), 1],
    "wrong in the middle of the chain": [([1], 1, [1]), ([2], 1, [1, 2]), ([3], 1, [3]), ([3], 1, [3, 2]), 2],
}

# The same for a role below root: keys, threshold, who signs, and whether it is accepted.
OTHERS = {
    "new key": ([2], 1, [2], True),
    "signatures of strangers": ([1], 1, [3, 1, 4], True),
    "not signed by the new key": ([2], 1, [1, 3, 4], False),
    "signed by nobody": ([1], 1, [], False),
    "three of five": (OLD, 3, [0, 2, 4], True),
    "another three of five": (OLD, 3, [3, 1, 2], True),
    "all five": (OLD, 5, OLD, True),
    "one is no longer a key": ([0, 1, 3, 4, 5], 3, [0, 2, 4], False),
    "one is missing": (OLD, 3, [0, 4], False),
    "more needed than there are": ([1, 2], 3, [1, 2], False),
}


class Rotation(FeedCase):
    @classmethod
    def setUpClass(cls):
        cls.keys = [new_key() for _ in range(10)]

    def set_keys(self, role, keys, threshold, signers):
        self.repository.rotate(role, count=0)
        for key in keys:
            self.repository.root.add_key(self.keys[key].public_key, role)
        self.repository.root.roles[role].threshold = threshold
        self.repository.signers[role] = [self.keys[key] for key in signers]

    def test_chains_of_roots(self):
        for name, chain in ROOTS.items():
            with self.subTest(name):
                self.begin()
                last = chain[-1] if isinstance(chain[-1], int) else len(chain)
                for version, (keys, threshold, signers) in enumerate(chain[:-1] if last < len(chain) else chain, 1):
                    self.set_keys("root", keys, threshold, signers)
                    self.repository.root.version = version
                    self.repository.publish("root", bump=False)
                self.accepts(self.client.init(self.repository.bytes("root", 1)))
                result = self.client.refresh()
                if last == len(chain):
                    self.accepts(result)
                    self.keeps(TOP_AT_1, root=last)
                else:
                    self.refuses(result)
                    self.asked(*(f"{version}.root.json" for version in range(2, last + 2)))
                    self.keeps(root=last)

    def test_keys_of_the_other_roles(self):
        order = ("timestamp", "snapshot", "targets")
        for role in order:
            for name, (keys, threshold, signers, is_accepted) in OTHERS.items():
                with self.subTest(name, role=role):
                    self.begin()
                    self.set_keys(role, keys, threshold, signers)
                    self.repository.publish("root", "targets", "snapshot", "timestamp")
                    result = self.client.refresh()
                    if is_accepted:
                        self.accepts(result)
                        self.keeps(dict.fromkeys(TOP_AT_1, 2))
                    else:
                        self.refuses(result)
                        self.keeps(dict.fromkeys(("root", *order[:order.index(role)]), 2))

    def test_keys_of_a_delegated_role(self):
        for name, (keys, threshold, signers, is_accepted) in OTHERS.items():
            with self.subTest(name):
                self.begin()
                self.repository.delegate("targets", "A", signer=self.keys[keys[0]])
                for key in keys[1:]:
                    self.repository.add_key("A", self.keys[key], "targets")
                self.repository.targets.delegations.roles["A"].threshold = threshold
                self.repository.signers["A"] = [self.keys[key] for key in signers]
                self.repository.add_target("x", b"x", role="A")
                self.repository.publish_all()
                result = self.client.fetch("x")
                top = {"root": 1, "timestamp": 2, "snapshot": 2, "targets": 2}
                if is_accepted:
                    self.accepts(result)
                    self.keeps(top, A=1)
                    self.assertEqual(self.client.got(), {"x": b"x"})
                else:
                    self.refuses(result)
                    self.keeps(top)
                    self.assertEqual(self.client.got(), {})

    def test_kept_metadata_of_a_revoked_key_is_not_used(self):
        """Refresh verifies what is in D by the root of today: a revoked key's word is fetched anew."""
        for role, newer in (("targets", ["targets", "snapshot", "timestamp"]), ("snapshot", ["snapshot", "timestamp"]),
                            ("timestamp", ["timestamp"])):
            with self.subTest(role=role):
                self.begin()
                self.refreshes()
                self.repository.rotate(role)
                self.repository.publish("root", *newer)
                self.refreshes()
                self.keeps(TOP_AT_1, dict.fromkeys(["root", *newer], 2))

    def test_revoked_key_that_signs_on(self):
        for role, kept in (("timestamp", []), ("snapshot", ["timestamp"]), ("targets", ["timestamp", "snapshot"])):
            with self.subTest(role=role):
                self.begin()
                self.repository.signers[role] = self.repository.rotate(role)
                self.repository.publish("root", "targets", "snapshot", "timestamp")
                self.refuses_refresh()
                self.keeps(dict.fromkeys(["root", *kept], 2))


class LongChains(FeedCase):
    def test_many_roots(self):
        """A device that is far behind gets through, in a few refreshes, and no refresh goes on for ever."""
        last = 1100
        signed, keys = self.repository.root.to_dict(), self.repository.signers["root"]
        for version in range(2, last + 1):
            signed["version"] = version
            self.repository.put("root", to_bytes(signed_document(signed, keys)), version)
        for _ in range(6):
            before = self.client.version("root")
            self.refreshes()
            asked = self.requests()
            self.assertLessEqual(len([name for name in asked if name.endswith("root.json")]), 1025)
            self.assertGreaterEqual(self.client.version("root"), min(last, before + 200))
            if self.client.version("root") == last:
                return
        self.fail(f"at version {self.client.version('root')} after six refreshes")
