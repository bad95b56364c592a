"""Downloads of targets: what is right, what is kept, what is not fetched again."""
import os

from case import FeedCase, ours


class Targets(FeedCase):
    def publish(self, **files):
        found = [self.repository.add_target(name, data).hashes["sha256"] for name, data in files.items()]
        self.repository.publish("targets", "snapshot", "timestamp")
        return found

    def test_fetched_once(self):
        digest, = self.publish(file=b"content")
        self.accepts(self.client.fetch("file"))
        self.asked("2.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json", f"targets/{digest}.file")
        self.accepts(self.client.fetch("file"))
        self.asked("2.root.json", "timestamp.json")
        self.assertEqual(self.client.got(), {"file": b"content"})

    def test_refresh_fetches_no_target(self):
        self.publish(file=b"content")
        self.refreshes()
        self.assertEqual(self.client.got(), {})

    def test_several_in_order(self):
        one, two, three = self.publish(one=b"1", two=b"2", three=b"3")
        self.accepts(self.client.fetch("three", "one"))
        self.assertEqual(self.requests()[4:], [f"targets/{three}.three", f"targets/{one}.one"])
        self.accepts(self.client.fetch("one", "two", "three", "two"))
        self.assertEqual(self.requests()[2:], [f"targets/{two}.two"])
        self.assertEqual(self.client.got(), {"one": b"1", "two": b"2", "three": b"3"})

    def test_one_of_several_is_missing(self):
        self.publish(one=b"1")
        self.refuses(self.client.fetch("one", "nothing"))
        self.assertEqual(self.client.got(), {"one": b"1"})

    def test_what_is_there_and_wrong_is_fetched_again(self):
        digest, = self.publish(file=b"content")
        for wrong in (b"contend", b"", b"content and more", b"cont"):
            with self.subTest(wrong):
                with open(self.client.target_file("file"), "wb") as file:
                    file.write(wrong)
                self.requests()
                self.accepts(self.client.fetch("file"))
                self.assertEqual(self.requests()[-1], f"targets/{digest}.file")
                self.assertEqual(self.client.got(), {"file": b"content"})

    def test_newer_content(self):
        for number in range(3):
            self.publish(file=f"content {number}".encode())
            self.accepts(self.client.fetch("file"))
            self.assertEqual(self.client.got(), {"file": f"content {number}".encode()})

    def test_substituted(self):
        """Arbitrary software, and wrong software: the old file stays what it was."""
        self.publish(file=b"good", other=b"evil")
        self.accepts(self.client.fetch("file"))
        target = self.repository.add_target("file", b"newer")
        self.repository.publish("targets", "snapshot", "timestamp")
        for served in (b"older", b"evil", b"", b"newer and more", b"newe"):
            with self.subTest(served):
                self.repository.store("file", served, target)
                self.refuses(self.client.fetch("file"))
                self.assertEqual(self.client.got(), {"file": b"good"})
        self.repository.store("file", b"newer", target)
        self.accepts(self.client.fetch("file"))
        self.assertEqual(self.client.got(), {"file": b"newer"})

    def test_withdrawn(self):
        self.publish(file=b"content")
        self.accepts(self.client.fetch("file"))
        del self.repository.targets.targets["file"]
        self.repository.publish("targets", "snapshot", "timestamp")
        self.refuses(self.client.fetch("file"))

    def test_missing_file(self):
        target = self.repository.add_target("file", b"content")
        self.repository.publish("targets", "snapshot", "timestamp")
        os.unlink(os.path.join(self.repository.files, f"{target.hashes['sha256']}.file"))
        self.refuses(self.client.fetch("file"))
        self.assertEqual(self.client.got(), {})

    def test_empty_and_large(self):
        large = os.urandom(1 << 20) * 9
        self.publish(empty=b"", large=large)
        self.accepts(self.client.fetch("empty", "large"))
        self.assertEqual(self.client.got(), {"empty": b"", "large": large})

    def test_thousands(self):
        for number in range(4000):
            self.repository.targets.targets[f"dir/{number}"] = None
        target = self.repository.add_target("file")
        for name in self.repository.targets.targets:
            self.repository.targets.targets[name] = target
        self.repository.publish("targets", "snapshot", "timestamp")
        self.accepts(self.client.fetch("file"))

    def test_hashes(self):
        for algorithms in (["sha256"], ["sha512"], ["sha256", "sha512"], ["sha512", "sha256"]):
            for consistent in (True, False):
                with self.subTest(algorithms, consistent=consistent):
                    self.begin(consistent=consistent)
                    target = self.repository.add_target("dir/file", algorithms=algorithms)
                    self.repository.publish("targets", "snapshot", "timestamp")
                    self.accepts(self.client.fetch("dir/file"))
                    allowed = [f"targets/dir/{digest}.file" for digest in target.hashes.values()]
                    self.assertIn(self.requests()[-1], allowed if consistent else ["targets/dir/file"])
                    self.assertEqual(self.client.got(), {"dir/file": b"content"})
                    self.accepts(self.client.fetch("dir/file"))
                    self.assertEqual(len(self.requests()), 2)

    def test_every_hash_counts(self):
        for wrong in ("sha256", "sha512"):
            with self.subTest(wrong):
                self.begin(consistent=False)
                target = self.repository.add_target("file", algorithms=["sha256", "sha512"])
                target.hashes[wrong] = "00" * (len(target.hashes[wrong]) // 2)
                self.repository.publish("targets", "snapshot", "timestamp")
                self.refuses(self.client.fetch("file"))
                self.assertEqual(self.client.got(), {})

    def test_wrong_length(self):
        for wrong in (0, 6, 8, 1 << 40):
            with self.subTest(wrong):
                self.begin()
                self.repository.add_target("file", b"content").length = wrong
                self.repository.publish("targets", "snapshot", "timestamp")
                self.refuses(self.client.fetch("file"))
                self.assertEqual(self.client.got(), {})

    def test_malformed(self):
        for change in ({"length": -1}, {"length": "7"}, {"length": None}, {"hashes": {}}, {"hashes": None},
                       {"hashes": {"sha256": 7}}, {"hashes": {"sha256": "xyz"}}, {"hashes": {"x-none": "00" * 32}}):
            with self.subTest(change):
                self.begin()
                self.repository.add_target("file")
                self.repository.publish("targets", change=lambda signed: signed["targets"]["file"].update(change))
                self.repository.publish("snapshot", "timestamp")
                self.refuses(self.client.fetch("file"))
                self.assertEqual(self.client.got(), {})

    @ours("python-tuf takes every hash that OpenSSL has")
    def test_hashes_that_are_broken(self):
        for algorithm in ("md5", "sha1"):
            self.begin(consistent=False)
            self.repository.add_target("file", algorithms=[algorithm])
            self.repository.publish("targets", "snapshot", "timestamp")
            self.refuses(self.client.fetch("file"))
            self.assertEqual(self.client.got(), {})

    def test_address_with_and_without_a_slash(self):
        for slash in ("", "/"):
            self.begin()
            digest, = self.publish(file=b"content")
            self.accepts(self.client.fetch("file", base=f"{self.client.url}/targets{slash}"))
            self.assertEqual(self.requests()[-1], f"targets/{digest}.file")

    def test_metadata_that_is_refused_leads_to_no_target(self):
        self.publish(file=b"content")
        self.repository.signers["timestamp"] = []
        self.repository.publish("timestamp")
        self.refuses(self.client.fetch("file"))
        self.asked("2.root.json", "timestamp.json")
        self.assertEqual(self.client.got(), {})
