"""Names that are paths, addresses or patterns to somebody: of roles and of targets."""
import os
from urllib import parse

from case import FeedCase, ours

ROLES = ("?", "#", "/delegated", "../up", "..", ".", "a/b", "a b", "ö", "日本", "%2F", "100%", "~-_.A", "a+b&c=d;e",
         "'\"`$(id)", "\\", "*", "role.json", "1.timestamp", "👩‍🚀", "-", "C:\\x")

# Target, and how it is asked for below the base address.
TARGETS = {
    "file": "file",
    "file.txt": "file.txt",
    "..file.ext": "..file.ext",
    "a/b/c.bin": "a/b/c.bin",
    "ä/ö ü.bin": "%C3%A4/%C3%B6%20%C3%BC.bin",
    "日本": "%E6%97%A5%E6%9C%AC",
    "~a-b_c.d": "~a-b_c.d",
    "-file": "-file",
}
# What may be refused or be asked for in more than one way. It has to end in T, under its own name, or nowhere.
STRANGE = ("..", ".", "../up", "a/../../up", "/absolute", "a//b", "a/./b", "a/", "100%", "a%2Fb", "a%00b", "a?b", "a#b",
           "a\\b", "file:///etc/passwd", "http://127.0.0.1:1/x", "//127.0.0.1:1/x", "a\nb", "a\u0000b", "x" * 250,
           "ä" * 200, " ", "\u202etxt", "%2e%2e%2fup", ".hidden", "a&b;c=d,e'f!g(h)*i$j+k@l:m")


class RoleNames(FeedCase):
    def test_asked_for_and_kept_percent_encoded(self):
        for consistent in (True, False):
            with self.subTest(consistent=consistent):
                self.begin(consistent=consistent)
                for role in ROLES:
                    self.repository.delegate("targets", role)
                self.repository.publish_all()
                self.refreshes()
                self.requests()
                self.refuses(self.client.fetch("missing"))
                version = "1." if consistent else ""
                self.assertEqual(self.requests()[2:], [f"{version}{parse.quote(role, safe='')}.json" for role in ROLES])
                self.keeps({"root": 1, "timestamp": 2, "snapshot": 2, "targets": 2}, dict.fromkeys(ROLES, 1))
                for role in ROLES:
                    path = os.path.join(self.client.metadata, f"{parse.quote(role, safe='')}.json")
                    self.assertTrue(os.path.isfile(path), path)

    def test_names_that_no_file_can_have(self):
        """Too long for a file, empty, or with a zero in it: nothing is left anywhere, whatever the answer."""
        for role in ("ä" * 100, "x" * 250, "", "a\u0000b"):
            with self.subTest(role[:9]):
                self.begin()
                self.repository.delegate("targets", "A")
                self.repository.publish("A")
                self.repository.publish("targets", change=lambda signed: signed["delegations"]["roles"][0].update(
                    name=role))
                self.repository.snapshot.meta[f"{role}.json"] = self.repository.snapshot.meta["A.json"]
                self.repository.publish("snapshot", "timestamp")
                self.refuses(self.client.fetch("missing"))
                self.assertLessEqual(set(self.client.kept()), {"root", "timestamp", "snapshot", "targets"})


class TargetNames(FeedCase):
    def test_asked_for_with_the_hash_and_kept_percent_encoded(self):
        for consistent in (True, False):
            self.begin(consistent=consistent)
            digests = {name: self.repository.add_target(name, name.encode()).hashes["sha256"] for name in TARGETS}
            self.repository.publish_all()
            self.refreshes()
            self.requests()
            self.accepts(self.client.fetch(*TARGETS))
            wanted = []
            for name, address in TARGETS.items():
                folder, slash, last = address.rpartition("/")
                wanted.append(f"targets/{folder}{slash}{digests[name] + '.' if consistent else ''}{last}")
            self.assertEqual(self.requests()[2:], wanted)
            self.assertEqual(sorted(os.listdir(self.client.targets)),
                             sorted(parse.quote(name, safe="") for name in TARGETS))
            self.assertEqual(self.client.got(), {name: name.encode() for name in TARGETS})

    def test_a_name_that_only_looks_the_same_is_another(self):
        """Composed and decomposed letters: the one that was signed does not answer for the other."""
        self.repository.add_target("\u00e4", b"composed")
        self.repository.publish_all()
        self.refuses(self.client.fetch("a\u0308"))
        self.accepts(self.client.fetch("\u00e4"))
        self.assertEqual(self.client.got(), {"\u00e4": b"composed"})

    @ours("python-tuf tells them apart")
    def test_two_names_that_look_the_same_are_refused(self):
        for name in ("\u00e4", "a\u0308"):
            self.repository.add_target(name, name.encode())
        self.repository.publish_all()
        self.refuses(self.client.fetch("\u00e4"))
        self.assertEqual(self.client.got(), {})

    def test_strange_names_stay_in_the_folder(self):
        for consistent in (True, False):
            for name in STRANGE:
                with self.subTest(name, consistent=consistent):
                    self.begin(consistent=consistent)
                    self.repository.targets.targets[name] = self.repository.add_target("plain", b"theirs")
                    self.repository.targets.targets[name].path = name
                    del self.repository.targets.targets["plain"]
                    self.serve_in_every_way(name)
                    self.repository.publish_all()
                    if "\0" in name:
                        self.refreshes()
                        continue
                    result = self.client.fetch(name)
                    self.no_litter()
                    self.assertIn(result.status, range(0, 126), result)
                    if result.status == 0:
                        self.assertEqual(self.client.got(), {name: b"theirs"})
                    else:
                        self.assertEqual(self.client.got(), {})
                        self.assertTrue(result.errors.strip())
                    for path in (self.client.folder, os.path.dirname(self.client.folder)):
                        self.assertNotIn("up", os.listdir(path))

    def serve_in_every_way(self, name):
        """As the address may be encoded in more ways than one, the file is stored under each."""
        target = self.repository.targets.targets[name]
        folder, slash, last = name.rpartition("/")
        prefix = f"{target.hashes['sha256']}." if self.repository.root.consistent_snapshot else ""
        for safe in ("/", "/%", "/%!$&'()*+,;=:@", "/!$&'()*+,;=:@"):
            path = os.path.normpath(f"{self.repository.files}/{parse.quote(folder + slash + prefix + last, safe=safe)}")
            if path.startswith(self.repository.files + "/") and len(os.path.basename(path)) < 256:
                try:
                    os.makedirs(os.path.dirname(path), exist_ok=True)
                    with open(path, "wb") as file:
                        file.write(b"theirs")
                except OSError:
                    pass
