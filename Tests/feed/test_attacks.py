"""A server, or somebody on the way, that means harm: beside what test_rollback, test_keys and others have."""
import os
import socket

import serving
from case import TOP_AT_1, FeedCase, Suite, ours
from repository import Repository, days
from serving import RoughServer

# Far more than any limit of the client and what lies in the buffers between both.
MUCH = 48 << 20


class Rough(FeedCase):
    """The same repository from a server that misbehaves for some files."""

    def setUp(self):
        super().setUp()
        self.refreshes()
        self.target = self.repository.add_target("file", b"content" * 1000)
        self.repository.publish("root", "targets", "snapshot", "timestamp")
        self.at_2 = dict.fromkeys(TOP_AT_1, 2)
        self.file = f"/targets/{self.target.hashes['sha256']}.file"
        # What is asked for, and what is kept when that cannot be had.
        self.steps = {"/metadata/2.root.json": TOP_AT_1, "/metadata/timestamp.json": {**TOP_AT_1, "root": 2},
                      "/metadata/2.snapshot.json": {**TOP_AT_1, "root": 2, "timestamp": 2},
                      "/metadata/2.targets.json": {**self.at_2, "targets": 1}, self.file: self.at_2}

    def serve(self, behaviours):
        server = RoughServer(os.path.dirname(self.repository.metadata), behaviours)
        self.client.url = server.url
        return server

    def refuses_each(self, behaviour, paths=None):
        for path, kept in self.steps.items():
            if paths and path not in paths:
                continue
            with self.subTest(path):
                for role in TOP_AT_1:
                    self.client.write(role, self.repository.bytes(role, 1))
                self.forget_newer_roots()
                with self.serve({path: behaviour}) as server:
                    self.refuses(self.client.fetch("file"))
                    self.assertEqual(self.client.got(), {})
                    self.keeps(kept)
                    yield server

    def forget_newer_roots(self):
        """Begins again from root 1, in a folder that python-tuf has not made its own links in."""
        for name in os.listdir(self.client.metadata):
            path = os.path.join(self.client.metadata, name)
            if os.path.isdir(path):
                for version in os.listdir(path):
                    os.unlink(os.path.join(path, version))
                os.rmdir(path)
            elif os.path.islink(path):
                os.unlink(path)
        with open(os.path.join(self.client.metadata, "root.json"), "wb") as file:
            file.write(self.repository.bytes("root", 1))

    def test_endless_data(self):
        """More than was announced or than there may be: the client hangs up."""
        for server in self.refuses_each(serving.endless()):
            self.assertLess(server.sent, MUCH)

    def test_endless_data_of_an_honest_length(self):
        for server in self.refuses_each(serving.endless(announced=1 << 40)):
            self.assertLess(server.sent, MUCH)

    def test_broken_off(self):
        for _ in self.refuses_each(serving.broken_off):
            pass

    def test_shortened(self):
        for path in self.steps:
            with open(os.path.dirname(self.repository.metadata) + path, "rb") as file:
                data = file.read()

            def shortened(request, _):
                serving.headers(request, len(data) - 1)
                request.wfile.write(data[:-1])
            for _ in self.refuses_each(shortened, [path]):
                pass

    def test_errors_of_the_server(self):
        for code in (500, 503, 401, 410, 400):
            for _ in self.refuses_each(serving.status(code)):
                pass

    def test_forbidden_is_missing(self):
        """Object stores say so of what is not there: the chain of roots ends, other files are missed."""
        metadata = [path for path in self.steps if "root" not in path]
        for _ in self.refuses_each(serving.status(403), metadata):
            pass
        self.begin()
        with self.serve({"/metadata/2.root.json": serving.status(403)}):
            self.refreshes()
            self.keeps(TOP_AT_1)

    def test_answers_without_a_file(self):
        for code in (204, 304, 206):
            for _ in self.refuses_each(serving.status(code), ["/metadata/timestamp.json", self.file]):
                pass

    def test_led_to_a_file_of_the_device(self):
        """A server says where else to look, never that it is here."""
        for code in (301, 302, 307):
            self.begin()
            self.repository.publish("timestamp")
            here = f"file://{self.repository.file('timestamp')}"
            with self.serve({"/metadata/timestamp.json": serving.status(code, Location=here)}):
                self.refuses_refresh()
                self.keeps(root=1)

    def test_unreachable_then_back(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            address, self.client.url = self.client.url, f"http://127.0.0.1:{closed.getsockname()[1]}"
            self.refuses(self.client.fetch("file"))
        self.keeps(TOP_AT_1)
        self.client.url = address
        self.accepts(self.client.fetch("file"))
        self.keeps(self.at_2)

    def test_unknown_host(self):
        self.client.url = "http://no-such-host.invalid"
        self.refuses_refresh()
        self.keeps(TOP_AT_1)


class Mirror(FeedCase):
    def test_files_of_another_repository(self):
        """Arbitrary software: everything well signed, by others; each file alone in place of the right one."""
        for role in TOP_AT_1:
            with self.subTest(role):
                self.begin()
                self.refreshes()
                other = Repository(os.path.join(Suite.nginx.root, self.name, "other"))
                for repository in (self.repository, other):
                    repository.publish("root", "targets", "snapshot", "timestamp")
                with open(self.repository.file(role), "wb") as file:
                    file.write(other.bytes(role, 2))
                self.refuses_refresh()
                order = ("root", "timestamp", "snapshot", "targets")
                self.keeps(TOP_AT_1, dict.fromkeys(order[:order.index(role)], 2))

    def test_whole_other_repository(self):
        other = Repository(os.path.join(Suite.nginx.root, self.name, "other"))
        other.add_target("file", b"evil")
        other.publish("root", "targets", "snapshot", "timestamp")
        self.client.url += "/other"
        self.refuses(self.client.fetch("file"))
        self.keeps(root=1)
        self.assertEqual(self.client.got(), {})

    def test_mix_and_match(self):
        """Files of two moments, each well signed: no pair of them is accepted that was not published."""
        for hashes in (False, True):
            for consistent in (False, True):
                for role in ("snapshot", "targets"):
                    with self.subTest(role, hashes=hashes, consistent=consistent):
                        self.begin(hashes=hashes, consistent=consistent)
                        self.repository.publish("targets", "snapshot", "timestamp")
                        with open(self.repository.file(role, 2), "wb") as file:
                            file.write(self.repository.bytes(role, 1))
                        self.refuses_refresh()
                        self.keeps({"root": 1, "timestamp": 2, **({"snapshot": 2} if role == "targets" else {})})

    def test_mix_and_match_of_the_same_version(self):
        """Two files of one version, both signed: the hash in the snapshot says which."""
        self.begin(hashes=True)
        self.repository.add_target("file", b"first")
        self.repository.publish("targets")
        first = self.repository.bytes("targets", 2)
        self.repository.add_target("file", b"second")
        self.repository.publish("targets", bump=False)
        self.repository.publish("snapshot", "timestamp")
        with open(self.repository.file("targets"), "wb") as file:
            file.write(first)
        self.refuses(self.client.fetch("file"))
        self.keeps(root=1, timestamp=2, snapshot=2)
        self.assertEqual(self.client.got(), {})

    def test_frozen(self):
        """The old state for ever: accepted while it is valid, and not after (see also test_expiry)."""
        self.refreshes()
        self.refreshes(at=days(29))
        self.refuses_refresh(at=days(31))
        self.keeps(TOP_AT_1)

    def test_extraneous_dependencies(self):
        """A role cannot add what is not delegated to it."""
        self.repository.delegate("targets", "A", ["mine/*"])
        self.repository.add_target("mine/app", b"app", "A")
        self.repository.add_target("library", b"evil", "A")
        self.repository.publish_all()
        self.accepts(self.client.fetch("mine/app"))
        self.refuses(self.client.fetch("library"))
        self.assertEqual(self.client.got(), {"mine/app": b"app"})


@ours("python-tuf waits half a minute for each byte")
class Slow(FeedCase):
    """Slow retrieval: the client gives up, on a clock that goes forty times as fast."""

    def refuses_slow(self, behaviour):
        self.repository.put("timestamp", self.repository.bytes("timestamp") + b" " * 8000)
        with RoughServer(os.path.dirname(self.repository.metadata), {"/metadata/timestamp.json": behaviour}) as server:
            self.client.url = server.url
            self.refuses(self.client.refresh(pace=40))
            self.keeps(root=1)
            self.assertLess(server.sent, 8000)

    def test_nothing_comes_any_more(self):
        self.refuses_slow(serving.stalled)

    def test_a_byte_now_and_then(self):
        self.refuses_slow(serving.trickle)
