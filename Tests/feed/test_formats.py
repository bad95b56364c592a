"""Texts and values: what is JSON in an unusual way is read, what is wrong is refused and leaves nothing."""
import gzip
import hashlib
import json

from case import TOP_AT_1, FeedCase, ours

# What stays in D when a role is refused that comes anew with all after it.
BEFORE = {"root": {"root": 1}, "timestamp": {"root": 1}, "snapshot": {"root": 1, "timestamp": 2},
          "targets": {"root": 1, "timestamp": 2, "snapshot": 2}}


def reordered(value):
    if isinstance(value, dict):
        return {name: reordered(value[name]) for name in sorted(value, reverse=True)}
    return [reordered(item) for item in value] if isinstance(value, list) else value


def escaped(data):
    """Every letter of every string as \\u00XX: the same document."""
    out, inside = [], False
    for character in data.decode():
        if character == '"':
            inside = not inside
        out.append(f"\\u{ord(character):04x}" if inside and character.isalpha() else character)
    return "".join(out).encode()


class Texts(FeedCase):
    GOOD = {
        "compact": lambda data: json.dumps(json.loads(data), separators=(",", ":")).encode(),
        "spaces": lambda data: json.dumps(json.loads(data), indent="\t \r\n").encode() + b"\n\n\t ",
        "other order": lambda data: json.dumps(reordered(json.loads(data))).encode(),
        "escapes": escaped,
        "spaces in front": lambda data: b"\r\n " + data,
    }
    BAD = {
        "empty": lambda data: b"",
        "a space": lambda data: b" ",
        "cut off": lambda data: data[:-2],
        "cut in half": lambda data: data[:len(data) // 2],
        "text after it": lambda data: data + b"x",
        "twice": lambda data: data + data,
        "byte order mark": lambda data: b"\xef\xbb\xbf" + data,
        "UTF-16": lambda data: data.decode().encode("utf-16"),
        "not UTF-8": lambda data: data.replace(b'"signed"', b'"x": "\xff\xfe", "signed"'),
        "not UTF-8, overlong": lambda data: data.replace(b'"signed"', b'"x": "\xc0\xaf", "signed"'),
        "surrogate in what is signed": lambda data: data.replace(b'"_type"', b'"x": "\\ud800", "_type"'),
        "comment": lambda data: data + b"// comment",
        "single quotes": lambda data: data.replace(b'"', b"'"),
        "comma at the end": lambda data: data.rstrip()[:-1] + b",}",
        "zero in it": lambda data: data.replace(b'"signed"', b'\x00"signed"'),
        "a page": lambda data: b"<!DOCTYPE html><html><body>Sign in to the network</body></html>",
        "compressed": gzip.compress,
        "null": lambda data: b"null",
        "list": lambda data: b"[" + data + b"]",
        "number": lambda data: b"1" * 5000,
        "nested lists": lambda data: b"[" * 16000,
        "nested objects": lambda data: b'{"a":' * 3000 + b"1" + b"}" * 3000,
        "nested in what is not signed": lambda data: data.replace(
            b'"signed"', b'"x": ' + b"[" * 5000 + b"]" * 5000 + b', "signed"'),
        "no number that is there": lambda data: data.replace(b'"_type"', b'"x": NaN, "_type"'),
        "infinite": lambda data: data.replace(b'"_type"', b'"x": -Infinity, "_type"'),
        "fraction in what is signed": lambda data: data.replace(b'"version": 2', b'"version": 2.0'),
        "exponent in what is signed": lambda data: data.replace(b'"version": 2', b'"version": 2e0'),
        "no signed": lambda data: b'{"signatures": []}',
        "no signatures": lambda data: json.dumps({"signed": json.loads(data)["signed"]}).encode(),
        "signatures no list": lambda data: json.dumps({**json.loads(data), "signatures": {}}).encode(),
        "signatures of text": lambda data: json.dumps({**json.loads(data), "signatures": ["ab"]}).encode(),
        "signature without a key id": lambda data: json.dumps(
            {**json.loads(data), "signatures": [{"sig": "ab"}]}).encode(),
        "signed is text": lambda data: json.dumps({**json.loads(data), "signed": "x"}).encode(),
    }
    # Python's reader lets these pass.
    STRICT = {
        "name twice": lambda data: data.replace(b'"_type"', b'"version": 2, "_type"'),
        "name twice in what is not signed": lambda data: data.replace(b'"signed"', b'"x": 1, "x": 2, "signed"'),
        "name twice, by an escape": lambda data: data.replace(b'"signed"', b'"\\u0078": 1, "x": 2, "signed"'),
        "two that are signed": lambda data: data.replace(b'"signatures"', b'"signed": {}, "signatures"'),
        "no number, not signed": lambda data: data.replace(b'"signed"', b'"x": NaN, "signed"'),
    }

    def test_unusual_texts_are_read(self):
        for role in TOP_AT_1:
            for name, text in self.GOOD.items():
                with self.subTest(name, role=role):
                    self.begin()
                    self.repository.publish(role, text=text)
                    self.repository.publish(*(["snapshot"] if role == "targets" else []), "timestamp")
                    if role == "timestamp":
                        self.repository.publish("timestamp", text=text)
                    self.refreshes()
                    self.keeps({name: self.repository.version(name) for name in TOP_AT_1})

    def refuses_texts(self, texts, roles):
        for role in roles:
            for name, text in texts.items():
                with self.subTest(name, role=role):
                    self.begin()
                    for each in ("targets", "snapshot", "timestamp", *(["root"] if role == "root" else [])):
                        self.repository.publish(each, text=text if each == role else None)
                    self.refuses_refresh()
                    self.keeps(BEFORE[role])

    def test_wrong_texts(self):
        self.refuses_texts(self.BAD, ["timestamp"])
        some = ("empty", "cut off", "not UTF-8", "nested lists", "a page", "no signatures", "null")
        self.refuses_texts({name: self.BAD[name] for name in some}, ["root", "snapshot", "targets"])

    @ours("Python's reader of JSON lets these pass")
    def test_texts_with_two_meanings(self):
        self.refuses_texts(self.STRICT, ["timestamp"])

    def test_too_large(self):
        """Well signed, and followed by spaces beyond every limit."""
        self.refuses_texts({"huge": lambda data: data + b" " * (20 << 20)}, TOP_AT_1)
        self.refuses_texts({"a timestamp of 64 KiB": lambda data: data + b" " * (64 << 10)}, ["timestamp"])

    def test_many_signatures(self):
        """A few hundred of strangers are no reason to refuse; tens of thousands need not be read."""
        for count in (300, 50_000):
            self.begin()
            others = [{"keyid": f"{number:064x}", "sig": "ab" * 64} for number in range(count)]
            self.repository.publish("targets", envelope=lambda document: document["signatures"].extend(others))
            self.repository.publish("snapshot", "timestamp")
            if count == 300:
                self.refreshes()
                self.keeps(root=1, timestamp=2, snapshot=2, targets=2)
            else:
                self.refuses_refresh()
                self.keeps(BEFORE["targets"])


def at(signed, path):
    for name in path[:-1]:
        signed = signed[name]
    return signed, path[-1]


# Role, place of a value, and values that are wrong there.
WRONG = [
    ("root", "version", [0, -1, "2", None]),
    ("root", "expires", [None, 7, "tomorrow"]),
    ("root", "_type", ["timestamp"]),
    ("root", "spec_version", [1, None]),
    ("root", "keys", [[], None]),
    ("root", "roles", [[], {}]),
    ("root", "roles/timestamp", [None]),
    ("root", "roles/timestamp/threshold", [0, -1]),
    ("root", "roles/timestamp/keyids", [None]),
    ("timestamp", "version", [0, -2, "2", []]),
    ("timestamp", "expires", ["", "2031-01-01", "2031-01-01T00:00:00", "2031-01-01T00:00:00+00:00",
                              "2031-01-01T00:00:00.5Z", " 2031-01-01T00:00:00Z", "2031-13-01T00:00:00Z",
                              "2031-02-30T00:00:00Z", "2031-01-01T24:00:00Z"]),
    ("timestamp", "_type", ["snapshot", "Timestamp"]),
    ("timestamp", "meta", [{}, None]),
    ("timestamp", "meta/snapshot.json", [None]),
    ("timestamp", "meta/snapshot.json/version", [0, "1", -1]),
    ("timestamp", "meta/snapshot.json/length", [-1, 3]),
    ("timestamp", "meta/snapshot.json/hashes", [{}, [], {"sha256": "00" * 32}, {"sha256": 7}, {"x-none": "00"}]),
    ("timestamp", "spec_version", ["2.0.0", "0.9.0", "10.0", "x", "1", "", "1.0.0.0", "1.x", "-1.0", "1..0"]),
    ("snapshot", "version", [0]),
    ("snapshot", "expires", [None]),
    ("snapshot", "meta", [[], {}]),
    ("snapshot", "meta/targets.json", [1]),
    ("snapshot", "meta/targets.json/version", [0]),
    ("snapshot", "meta/targets.json/length", [7]),
    ("snapshot", "meta/targets.json/hashes", [{"sha256": "ab" * 32}]),
    ("targets", "version", [0]),
    ("targets", "expires", [None]),
    ("targets", "targets", [[], None]),
    ("targets", "delegations", [[], "x"]),
]
# Beyond these a refusal is of the role that follows.
LATER = {("timestamp", "meta/snapshot.json/length"), ("timestamp", "meta/snapshot.json/hashes"),
         ("snapshot", "meta/targets.json/length"), ("snapshot", "meta/targets.json/hashes"), ("snapshot", "meta")}
OURS = [
    ("root", "consistent_snapshot", ["yes"]),
    ("root", "version", [1 << 64]),
    ("root", "roles/timestamp/threshold", ["1", True]),
    ("timestamp", "version", [1 << 63, 10 ** 400, True]),
    ("timestamp", "meta/snapshot.json/version", [1 << 70, True]),
    ("timestamp", "expires", ["2031-1-1T0:0:0Z"]),
    ("snapshot", "meta/targets.json/version", [1 << 64]),
    ("targets", "version", [1 << 64]),
]


class Values(FeedCase):
    """Signed by the right keys, with one value that is wrong."""

    def refuses_values(self, table):
        for role, path, values in table:
            for value in values:
                with self.subTest(f"{role} {path} = {str(value)[:40]!r}"):
                    self.begin()

                    def change(signed):
                        holder, name = at(signed, path.split("/"))
                        holder[name] = value
                    for each in ("targets", "snapshot", "timestamp", *(["root"] if role == "root" else [])):
                        self.repository.publish(each, change=change if each == role else None)
                    self.refuses_refresh()
                    kept = dict(BEFORE[role])
                    if (role, path) in LATER and self.client.kept().keys() != kept.keys():
                        kept[role] = 2
                    self.keeps(kept)

    def test_wrong_values(self):
        self.refuses_values(WRONG)

    @ours("Python's integers have no end, and its truths are integers")
    def test_values_that_other_languages_bend(self):
        self.refuses_values(OURS)

    def test_missing_members(self):
        for role, names in {"root": ("_type", "keys", "roles", "expires", "spec_version"),
                            "timestamp": ("_type", "version", "meta", "expires", "spec_version"),
                            "snapshot": ("_type", "version", "meta", "expires", "spec_version"),
                            "targets": ("_type", "version", "targets", "expires", "spec_version")}.items():
            for name in names:
                with self.subTest(name, role=role):
                    self.begin()
                    for each in ("targets", "snapshot", "timestamp", *(["root"] if role == "root" else [])):
                        self.repository.publish(each, change=(
                            lambda signed: signed.pop(name) and None) if each == role else None)
                    self.refuses_refresh()
                    self.keeps(BEFORE[role])

    def test_versions_of_the_specification_that_are_read(self):
        for text in ("1.0.0", "1.0", "1.0.31", "1.0.34", "1.1.0", "1.99.99"):
            with self.subTest(text):
                self.begin()
                for role in ("targets", "snapshot", "timestamp", "root"):
                    self.repository.publish(role, change=lambda signed: signed.update(spec_version=text))
                self.refreshes()
                self.keeps(dict.fromkeys(TOP_AT_1, 2))

    def test_lengths_and_hashes_of_metadata(self):
        """Any of them may be there, and what is there counts."""
        # How far each is from the truth.
        right = ({"length": 0}, {"sha256": 0}, {"sha512": 0}, {"sha256": 0, "sha512": 0, "length": 0})
        wrong = ({"length": 1}, {"length": -1}, {"sha512": 1}, {"sha256": 0, "sha512": 1})
        for members in (*right, *wrong):
            with self.subTest(members):
                self.begin()
                self.repository.publish("targets")
                data = self.repository.bytes("targets")
                said = {"version": 2, "hashes": {}}
                for name, away in members.items():
                    if name == "length":
                        said["length"] = len(data) + away
                    else:
                        said["hashes"][name] = hashlib.new(name, data + b" " * away).hexdigest()
                if not said["hashes"]:
                    del said["hashes"]
                self.repository.publish("snapshot", change=lambda signed: signed["meta"].update({"targets.json": said}))
                self.repository.publish("timestamp")
                if members in right:
                    self.refreshes()
                    self.keeps(root=1, timestamp=2, snapshot=2, targets=2)
                else:
                    self.refuses_refresh()
                    self.keeps(root=1, timestamp=2, snapshot=2)
