"""What every case stands on: a repository, nginx, a client, and the words to say what has to come out."""
import itertools
import os
import shutil
import unittest

from client import Client
from repository import Repository

HERE = os.path.dirname(os.path.abspath(__file__))
TOP_AT_1 = {"root": 1, "timestamp": 1, "snapshot": 1, "targets": 1}


class Suite:
    """What all cases of a run share; `run` sets it."""
    folder = nginx = program = publisher = None
    is_reference = False
    names = map(str, itertools.count(1))


def ours(why):
    """A case, or a class of them, that python-tuf's client decides otherwise, as it may; it says how."""
    def mark(case):
        case.ours = why
        return case
    return mark


class FeedCase(unittest.TestCase):
    maxDiff = None
    repository = client = None

    def setUp(self):
        why = getattr(getattr(self, self._testMethodName), "ours", None) or getattr(self, "ours", None)
        if why and Suite.is_reference:
            self.skipTest(why)
        self.begin()

    def begin(self, **options):
        """A new repository and a client that has its first root. Options: see Repository."""
        self.end()
        Suite.nginx.requests()
        self.name = next(Suite.names)
        self.repository = Repository(os.path.join(Suite.nginx.root, self.name), **options)
        self.client = Client(Suite.program, os.path.join(Suite.folder, self.name), Suite.nginx.url(self.name))
        self.client.write("root", self.repository.bytes("root", 1))

    def end(self):
        if self.client:
            shutil.rmtree(self.client.folder)
            shutil.rmtree(os.path.join(Suite.nginx.root, self.name))
            self.client = None

    def tearDown(self):
        self.end()

    # -- what has to be true of a run -----------------------------------------------------------------

    def accepts(self, result):
        self.assertEqual(result.status, 0, result)
        self.no_litter()

    def refuses(self, result):
        """An exit status of its own choice, with a word of why; not the end by a signal."""
        self.assertNotEqual(result.status, 0, f"accepted\n{result}")
        self.assertIn(result.status, range(1, 126), f"did not end by itself: {result}")
        self.assertTrue(result.errors.strip(), "refused without a word")
        self.no_litter()

    def no_litter(self):
        self.assertEqual(self.client.strays(), [], "left in D")
        others = set(os.listdir(self.client.folder)) - {"D", "T", "initial-root.json", "update.toml"}
        self.assertEqual(others, set(), "written beside D and T")

    def refreshes(self, **options):
        self.accepts(self.client.refresh(**options))

    def refuses_refresh(self, **options):
        self.refuses(self.client.refresh(**options))

    def keeps(self, *parts, **versions):
        """D holds these roles and no others, in these versions, byte for byte as they were published. A
        version that was published twice is given as its bytes."""
        wanted = {}
        for part in (*parts, versions):
            wanted.update(part)
        kept = self.client.kept()
        found = {role: value if isinstance(wanted.get(role), bytes) else self.version_of(value)
                 for role, value in kept.items()}
        self.assertEqual(found, wanted)
        for role, version in wanted.items():
            if not isinstance(version, bytes):
                self.assertEqual(kept[role], self.repository.bytes(role, version), f"bytes of {role}")

    def version_of(self, data):
        for versions in self.repository.published.values():
            for version, published in versions.items():
                if published == data:
                    return version
        return f"not published: {data[:200]}"

    def asked(self, *names):
        """The requests since this was asked last, in order: names of metadata, and targets/..."""
        self.assertEqual(self.requests(), list(names))

    def requests(self):
        found = []
        for method, path, status in Suite.nginx.requests():
            self.assertEqual(method, "GET")
            self.assertTrue(path.startswith(f"/{self.name}/"), path)
            path = path[len(self.name) + 2:]
            self.assertIn(status, (200, 404), path)
            found.append(path.removeprefix("metadata/"))
        return found
