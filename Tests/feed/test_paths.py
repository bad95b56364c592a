"""Which targets a role is trusted with: patterns, prefixes of hashes, and bins."""
import hashlib

from case import FeedCase

# For a target: patterns that match it, and patterns that do not. As Python's fnmatchcase on each part between
# slashes, which is what glob(7) says of names.
PATTERNS = {
    "foo.tgz": (["foo.tgz", "*.tgz", "*", "foo.*", "f*o*.*", "?oo.tgz", "[ef]oo.tgz", "[!a]oo.tgz", "[a-f]oo.tgz",
                 "***"],
                ["targets/*.tgz", "foo.tg", "foo.tgz ", "*.txt", "?.tgz", "Foo.tgz", "[!f]oo.tgz", "*/*", "", "/*",
                 "[g-z]oo.tgz"]),
    "targets/foo.tgz": (["targets/*.tgz", "*/*", "t*/f*", "targets/foo.tgz", "[t]argets/*"],
                        ["*", "*.tgz", "targets/*.txt", "targets*", "targets?foo.tgz", "targets[/]foo.tgz",
                         "*/*/*", "targets/", "**", "/targets/foo.tgz"]),
    "a/b/c": (["a/*/c", "*/*/*", "a/b/c"], ["a/*", "a/**", "**/c", "a/*c", "a//c", "*"]),
    "foo-version-2.tgz": (["foo-version-?.tgz", "foo-version-[0-9].tgz"], ["foo-version-??.tgz"]),
    "foo-version-alpha.tgz": (["foo-version-*.tgz"], ["foo-version-?.tgz"]),
    ".hidden": (["*", "?hidden", ".*"], ["hidden"]),
    "[x": (["[x", "[[]x", "*"], ["[[x]", "x"]),
    "]": (["[]]", "]", "?"], ["[!]]", "[]"]),
    "-": (["[a-]", "[-a]", "[!a]"], ["[a]", "[!-]"]),
    "ä": (["?", "ä", "[ä]", "[à-ö]"], ["??", "a", "[a-z]", "a\u0308"]),
    "a\u0308": (["??", "a\u0308", "a?"], ["?", "ä"]),
    "a\\x": (["a\\x", "a\\*", "a[\\]x"], ["ax", "a*y"]),
    "aXbYc": (["a*b*c", "*a*c*", "a?b?c"], ["a*c*b", "b*c"]),
    "a b+(c)": (["a b+(c)", "* b+(c)", "a*"], ["a b+c", "a.b.(c)"]),
}


class Paths(FeedCase):
    def asked_for(self, target):
        """The delegated roles that were asked for, beside those of a refresh."""
        self.requests()
        self.refuses(self.client.fetch(target))
        return [name.removeprefix("1.").removesuffix(".json") for name in self.requests()[2:]]

    def test_patterns(self):
        for target, (matching, others) in PATTERNS.items():
            with self.subTest(target):
                self.begin()
                for number, pattern in enumerate([*matching, *others]):
                    self.repository.delegate("targets", f"r{number}", [pattern])
                self.repository.publish_all()
                self.refreshes()
                asked = [int(name[1:]) for name in self.asked_for(target)]
                patterns = [*matching, *others]
                self.assertEqual([patterns[number] for number in asked], matching)

    def test_any_of_several_patterns(self):
        self.repository.delegate("targets", "A", ["x", "y*", "z"])
        self.repository.delegate("targets", "B", [])
        self.repository.publish_all()
        self.refreshes()
        self.assertEqual(self.asked_for("yes"), ["A"])
        self.assertEqual(self.asked_for("no"), [])

    def test_pattern_that_takes_long_where_it_is_tried_in_every_way(self):
        self.repository.delegate("targets", "A", ["*a" * 40 + "*b"])
        self.repository.publish_all()
        self.refreshes()
        self.assertEqual(self.asked_for("a" * 120), [])

    def test_prefixes_of_hashes(self):
        for name, digits in (("low", "0123"), ("high", "cdef"), ("middle", "89ab")):
            self.repository.delegate("targets", name, prefixes=list(digits))
        self.repository.publish_all()
        self.refreshes()
        seen = set()
        for number in range(40):
            target = f"target-{number}"
            digit = hashlib.sha256(target.encode()).hexdigest()[0]
            wanted = [name for name, digits in (("low", "0123"), ("high", "cdef"), ("middle", "89ab"))
                      if digit in digits]
            if seen >= set(wanted or ["none"]):
                continue
            seen |= set(wanted or ["none"])
            self.assertEqual(self.asked_for(target), wanted)
        self.assertEqual(seen, {"low", "high", "middle", "none"})

    def test_longer_prefixes(self):
        digest = hashlib.sha256("dir/ä".encode()).hexdigest()
        flipped = digest[:-1] + ("0" if digest[-1] != "0" else "1")
        for number, prefixes in enumerate(([digest], [digest[:7]], [flipped], [digest + "0"], [digest[1:]],
                                           ["zz", digest[:2]])):
            self.repository.delegate("targets", f"r{number}", prefixes=prefixes)
        self.repository.publish_all()
        self.refreshes()
        self.assertEqual(self.asked_for("dir/ä"), ["r0", "r1", "r5"])

    def test_role_that_is_trusted_with_nothing(self):
        """Neither paths nor prefixes."""
        self.repository.delegate("targets", "A")
        self.repository.add_target("x", b"x", "A")
        self.repository.publish("A")
        self.repository.publish("targets", change=lambda signed: signed["delegations"]["roles"][0].pop(
            "paths") and None)
        self.repository.publish("snapshot", "timestamp")
        self.refuses(self.client.fetch("x"))
        self.assertEqual(self.client.got(), {})


class Bins(FeedCase):
    """Succinct hash bins (TAP 15)."""

    @staticmethod
    def bin_of(target, bits):
        value = int(hashlib.sha256(target.encode()).hexdigest(), 16) >> (256 - bits)
        return f"{value:0{(bits + 3) // 4}x}"

    def test_right_bin(self):
        for bits in (1, 3, 4, 5, 8):
            with self.subTest(bits=bits):
                self.begin()
                self.repository.delegate_bins("targets", bits, "bin")
                names = ["a", "b/c", "ä", "file 4"]
                for name in names:
                    self.repository.add_target(name, name.encode(), f"bin-{self.bin_of(name, bits)}")
                self.repository.publish_all()
                self.refreshes()
                for name in names:
                    self.requests()
                    self.accepts(self.client.fetch(name))
                    bins = [file for file in self.requests()[2:] if "bin-" in file]
                    self.assertLessEqual(set(bins), {f"1.bin-{self.bin_of(name, bits)}.json"})
                self.assertEqual(self.client.got(), {name: name.encode() for name in names})

    def test_target_in_another_bin(self):
        self.repository.delegate_bins("targets", 1, "bin")
        wrong = 1 - int(self.bin_of("x", 1))
        self.repository.add_target("x", b"x", f"bin-{wrong}")
        self.repository.publish_all()
        self.refuses(self.client.fetch("x"))
        self.assertEqual(self.client.got(), {})
        self.assertNotIn(f"1.bin-{wrong}.json", self.requests())

    def test_every_bit(self):
        """2^32 bins, of which one is there."""
        self.repository.delegate_bins("targets", 1, "b")
        self.repository.targets.delegations.succinct_roles.bit_length = 32
        name = f"b-{self.bin_of('x', 32)}"
        self.repository.roles[name], self.repository.signers[name] = (
            self.repository.roles["b-0"], self.repository.signers["b-0"])
        self.repository.add_target("x", b"x", name)
        for spare in ("b-0", "b-1"):
            del self.repository.roles[spare]
        self.repository.publish_all()
        self.accepts(self.client.fetch("x"))
        self.assertIn(f"1.{name}.json", self.requests())

    def test_malformed(self):
        for field, value in (("bit_length", 0), ("bit_length", 33), ("bit_length", -1), ("threshold", 0),
                             ("name_prefix", 7), ("name_prefix", None)):
            with self.subTest(field=field, value=value):
                self.begin()
                self.repository.delegate_bins("targets", 1, "bin")
                self.repository.publish("bin-0", "bin-1")
                self.repository.publish("targets", change=lambda signed: signed["delegations"][
                    "succinct_roles"].update({field: value}))
                self.repository.publish("snapshot", "timestamp")
                self.refuses_refresh()
                self.keeps(root=1, timestamp=2, snapshot=2)
