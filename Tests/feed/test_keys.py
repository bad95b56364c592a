"""Thresholds, key ids, and keys that this client does not know."""
import hashlib
import json

from securesystemslib.formats import encode_canonical
from securesystemslib.signer import CryptoSigner

from case import TOP_AT_1, FeedCase, ours
from repository import new_key, rsa_key, signature, signed_document, to_bytes


def right_keyid(key):
    """4.2: the SHA-256 of the key's canonical form, whatever else is in it."""
    return hashlib.sha256(encode_canonical(key).encode()).hexdigest()


class Thresholds(FeedCase):
    def two_of(self, role, *signers):
        """Root 2: two signatures of the role's keys are needed; everything is published anew."""
        for signer in signers:
            self.repository.add_key(role, signer)
        self.repository.root.roles[role].threshold = 2
        self.repository.publish("root")

    def test_one_of_two_compromised(self):
        """One key below the threshold: whatever is signed with it is refused, in every role."""
        for role, kept in (("timestamp", []), ("snapshot", ["timestamp"]), ("targets", ["timestamp", "snapshot"])):
            with self.subTest(role=role):
                self.begin()
                self.two_of(role, new_key())
                self.repository.publish("targets", "snapshot", "timestamp")
                self.refreshes()
                self.repository.signers[role].pop()
                self.repository.publish("targets", "snapshot", "timestamp")
                self.refuses_refresh()
                self.keeps(dict.fromkeys(TOP_AT_1, 2), dict.fromkeys(kept, 3))

    def test_one_of_two_root_keys_compromised(self):
        self.two_of("root", new_key())
        self.refreshes()
        self.repository.signers["root"].pop()
        self.repository.rotate("timestamp")
        self.repository.publish("root", "timestamp")
        self.refuses_refresh()
        self.keeps(TOP_AT_1, root=2)

    def test_signature_twice(self):
        """4.2: key ids in `signatures` are unique; more than enough is refused as well."""
        self.repository.publish("timestamp", envelope=lambda document: document["signatures"].append(
            document["signatures"][0]))
        self.refuses_refresh()
        self.keeps(root=1)

    def test_signature_twice_for_a_threshold_of_two(self):
        self.two_of("timestamp", new_key())
        self.repository.signers["timestamp"].pop()
        self.repository.publish("timestamp", envelope=lambda document: document["signatures"].append(
            document["signatures"][0]))
        self.refuses_refresh()
        self.keeps(root=2)

    def test_key_id_twice_in_a_role(self):
        def twice(signed):
            signed["roles"]["timestamp"]["keyids"] *= 2
            signed["roles"]["timestamp"]["threshold"] = 2
        self.repository.publish("root", change=twice)
        self.repository.publish("timestamp", envelope=lambda document: document["signatures"].append(
            document["signatures"][0]))
        self.refuses_refresh()
        self.assertNotIn("timestamp", self.client.kept())

    @ours("python-tuf does not calculate key ids")
    def test_one_key_under_two_ids(self):
        """4.3: key ids are calculated; otherwise one key would be a threshold of two."""
        keyid = self.repository.root.roles["timestamp"].keyids[0]

        def twice(signed):
            signed["keys"]["ab" * 32] = signed["keys"][keyid]
            signed["roles"]["timestamp"] = {"keyids": [keyid, "ab" * 32], "threshold": 2}
        self.repository.publish("root", change=twice)
        self.repository.publish("timestamp", envelope=lambda document: document["signatures"].append(
            {**document["signatures"][0], "keyid": "ab" * 32}))
        self.refuses_refresh()
        self.assertNotIn("timestamp", self.client.kept())

    @ours("python-tuf calculates key ids without what it does not know of, and does not compare them")
    def test_one_key_under_two_right_ids(self):
        """A field that nobody knows makes another key id of the same key: it is one key all the same."""
        keyid = self.repository.root.roles["timestamp"].keyids[0]
        other = {**self.repository.root.keys[keyid].to_dict(), "x-more": "one"}

        def twice(signed):
            signed["keys"][right_keyid(other)] = other
            signed["roles"]["timestamp"] = {"keyids": [keyid, right_keyid(other)], "threshold": 2}
        self.repository.publish("root", change=twice)
        self.repository.publish("timestamp", envelope=lambda document: document["signatures"].append(
            {**document["signatures"][0], "keyid": right_keyid(other)}))
        self.refuses_refresh()
        self.assertNotIn("timestamp", self.client.kept())

    @ours("python-tuf does not calculate key ids")
    def test_wrong_key_id(self):
        signer = new_key()
        signer.public_key.keyid = "cd" * 32
        self.repository.rotate("timestamp", count=0)
        self.repository.add_key("timestamp", signer)
        self.repository.publish("root", "timestamp")
        self.refuses_refresh()
        self.assertNotIn("timestamp", self.client.kept())

    def test_key_id_of_a_key_that_is_not_there(self):
        self.repository.publish("root", change=lambda signed: signed["roles"]["timestamp"]["keyids"].append("ef" * 32))
        self.refreshes()
        self.keeps(TOP_AT_1, root=2)

    def test_key_of_another_role(self):
        self.repository.signers["timestamp"] = self.repository.signers["snapshot"]
        self.repository.publish("timestamp")
        self.refuses_refresh()
        self.keeps(root=1)

    def test_one_key_for_two_roles(self):
        signer = self.repository.signers["snapshot"][0]
        self.repository.rotate("timestamp", count=0)
        self.repository.add_key("timestamp", signer)
        self.repository.publish("root", "timestamp")
        self.refreshes()
        self.keeps(TOP_AT_1, root=2, timestamp=2)

    def test_signatures_that_are_wrong_beside_one_that_is_right(self):
        self.repository.add_key("timestamp")
        self.repository.publish("root")
        good = self.repository.signers["timestamp"][0].public_key.keyid
        for version, wrong in enumerate(("", "00" * 64, "ab" * 64, "00" * 32), 2):
            with self.subTest(wrong):
                self.repository.publish("timestamp", envelope=lambda document: [
                    entry.update(sig=wrong) for entry in document["signatures"] if entry["keyid"] != good] and None)
                self.refreshes()
                self.keeps(TOP_AT_1, root=2, timestamp=version)

    def test_signature_of_other_bytes(self):
        other = signature(self.repository.signers["timestamp"][0], {"not": "this"})
        self.repository.publish("timestamp", envelope=lambda document: document.update(signatures=[other]))
        self.refuses_refresh()
        self.keeps(root=1)

    def test_deprecated_hash_algorithms_of_key_ids(self):
        key = new_key()
        key.public_key.unrecognized_fields["keyid_hash_algorithms"] = ["md5"]
        key.public_key.keyid = right_keyid(key.public_key.to_dict())
        self.repository.rotate("snapshot", count=0)
        self.repository.add_key("snapshot", key)
        self.repository.publish("root", "snapshot", "timestamp")
        self.refreshes()
        self.keeps(root=2, timestamp=2, snapshot=2, targets=1)


class OtherKeys(FeedCase):
    """This client knows ed25519. What others sign counts as not signed, and does no harm."""

    def others(self):
        return CryptoSigner.generate_ecdsa(), rsa_key()

    def test_beside_a_key_that_is_known(self):
        for signer in self.others():
            for role in TOP_AT_1:
                self.repository.add_key(role, signer)
        self.repository.publish("root", "targets", "snapshot", "timestamp")
        self.refreshes()
        self.keeps(dict.fromkeys(TOP_AT_1, 2))

    @ours("python-tuf verifies ecdsa and rsa")
    def test_alone(self):
        for signer in self.others():
            with self.subTest(signer.public_key.keytype):
                self.begin()
                self.repository.rotate("timestamp", count=0)
                self.repository.add_key("timestamp", signer)
                self.repository.publish("root", "timestamp")
                self.refuses_refresh()
                self.keeps(root=2)

    @ours("python-tuf verifies ecdsa and rsa")
    def test_needed_for_the_threshold(self):
        for signer in self.others():
            with self.subTest(signer.public_key.keytype):
                self.begin()
                self.repository.add_key("timestamp", signer)
                self.repository.root.roles["timestamp"].threshold = 2
                self.repository.publish("root", "timestamp")
                self.refuses_refresh()
                self.keeps(root=2)

    @ours("python-tuf refuses a root with a key of a type that it does not know")
    def test_types_that_nobody_knows(self):
        public = "00" * 32
        for key in ({"keytype": "x-new", "scheme": "x-new", "keyval": {"public": public}},
                    {"keytype": "ed25519", "scheme": "ed25519ph", "keyval": {"public": public}},
                    {"keytype": "x-new", "scheme": "x-new", "keyval": {"certificate": "pem"}}):
            with self.subTest(key):
                self.begin()

                def add(signed):
                    signed["keys"][right_keyid(key)] = key
                    signed["roles"]["timestamp"]["keyids"].append(right_keyid(key))
                self.repository.publish("root", change=add)
                self.repository.publish("timestamp", envelope=lambda document: document["signatures"].append(
                    {"keyid": right_keyid(key), "sig": "ab" * 64}))
                self.refreshes()
                self.keeps(TOP_AT_1, root=2, timestamp=2)

    @ours("python-tuf verifies ecdsa")
    def test_root_of_other_keys_is_no_beginning(self):
        """Every key ecdsa: whoever reads only ed25519 says so at once."""
        signer = CryptoSigner.generate_ecdsa()
        signed = json.loads(self.repository.bytes("root", 1))["signed"]
        signed["keys"] = {signer.public_key.keyid: signer.public_key.to_dict()}
        for role in signed["roles"].values():
            role["keyids"] = [signer.public_key.keyid]
        before = self.client.kept()
        self.refuses(self.client.init(to_bytes(signed_document(signed, [signer]))))
        self.assertEqual(self.client.kept(), before)
