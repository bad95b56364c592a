"""What the client talks to: nginx, and a server that misbehaves where nginx cannot."""
import http.client
import http.server
import itertools
import os
import re
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "images"))
from appliance.web import WebServer  # noqa: E402

# Names are served as they are asked for, without decoding: a client that encodes otherwise gets nothing.
LITERALLY = "location / { try_files $request_uri =404; }"
REQUEST = re.compile(r'"([A-Z]+) (\S+) HTTP/[0-9.]+" (\d{3})')


class Nginx:
    """One nginx for all cases; each has a folder below its root."""

    def __init__(self, folder):
        self.root = os.path.join(folder, "www")
        os.makedirs(self.root)
        self.server = WebServer(self.root, os.path.join(folder, "nginx"), LITERALLY)
        self.server.__enter__()
        self.log = open(os.path.join(folder, "nginx", "access.log"), encoding="utf-8", errors="replace")
        self.marks = itertools.count()

    def close(self):
        self.log.close()
        self.server.__exit__()

    def url(self, name):
        return f"http://127.0.0.1:{self.server.port}/{name}"

    def requests(self):
        """(method, path, status) of each request since the last call. nginx has one process and logs in the
        order of its answers, so what comes before a request of our own is complete."""
        mark = f"/mark-{next(self.marks)}"
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        connection.request("GET", mark)
        connection.getresponse().read()
        connection.close()
        found, rest, until = [], "", time.monotonic() + 10
        while time.monotonic() < until:
            rest += self.log.read()
            *lines, rest = rest.split("\n")
            for method, path, status in (REQUEST.search(line).groups() for line in lines):
                if path == mark:
                    return found
                found.append((method, path, int(status)))
            time.sleep(0.001)
        raise AssertionError("nginx did not log a request")


class RoughServer:
    """Serves a folder, and does something else for some paths: {"/metadata/timestamp.json": behaviour}.
    A behaviour is a function of the request handler and the file's path."""

    def __init__(self, folder, behaviours):
        rough = self
        # Bytes that a behaviour has sent of its own.
        self.folder, self.behaviours, self.sent, self.ended = folder, behaviours, 0, threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                rough.behaviours.get(self.path, whole)(self, rough.folder + self.path)

            def log_message(self, *_):
                pass
        Handler.rough = self
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()


# -- behaviours ---------------------------------------------------------------------------------------------

def headers(request, length, status=200, **others):
    request.send_response(status)
    if length is not None:
        request.send_header("Content-Length", str(length))
    for name, value in others.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    request.wfile.flush()


def whole(request, path):
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return headers(request, 0, 404)
    headers(request, len(data))
    request.wfile.write(data)


def status(code, **others):
    def answer(request, _):
        headers(request, 5, code, **others)
        request.wfile.write(b"sorry")
    return answer


def broken_off(request, path):
    """Announces the file, sends half of it, and closes."""
    with open(path, "rb") as file:
        data = file.read()
    headers(request, len(data))
    request.wfile.write(data[:len(data) // 2])
    request.close_connection = True


def stalled(request, path):
    """Sends half of the file and then nothing, with the connection left open."""
    broken_off(request, path)
    request.wfile.flush()
    request.rough.ended.wait()


def trickle(request, path):
    """A byte now and then: never silent, never done."""
    headers(request, os.path.getsize(path))
    with open(path, "rb") as file:
        data = file.read()
    for byte in data:
        request.wfile.write(bytes([byte]))
        request.wfile.flush()
        request.rough.sent += 1
        if request.rough.ended.wait(0.01):
            return


def endless(start=b"", filler=b" " * 65536, announced=None):
    """The file and then filler without end, and without a length unless one is announced."""
    def answer(request, path):
        headers(request, announced, Connection="close")
        request.close_connection = True
        sent = 0
        with open(path, "rb") as file:
            request.wfile.write(start or file.read())
        # Far beyond every limit, and an end all the same: a client that takes all of it fails its case.
        while sent < 1 << 30 and not request.rough.ended.is_set():
            request.wfile.write(filler)
            sent += len(filler)
            request.rough.sent = sent
    return answer
