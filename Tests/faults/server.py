"""A server that breaks at every place of a bundle, and a good one after it."""
import http.server
import re
import socket
import struct
import threading

import invariants
from device import read
from ground import running
from life import Command

# Bytes between two places, and how many places more cost a server that only stops sending.
STRIDE, STALLS = 16 << 10, 16
# What the server does at the place, and whether it does so each time or once.
WAYS = ("close", "reset", "garbage", "stall")
TIMES = ("always", "once")
APPLY = Command("server", "new", "krux-update", ("apply",))
STATE = {"always": "new", "once": "interrupted"}


class RoughServer:
    """Serves one file, with ranges, and breaks at byte `place` of it."""

    def __init__(self, data, place=None, way="close", once=False):
        rough = self
        self.data, self.place, self.way, self.once = data, place, way, once
        self.broke, self.ended = 0, threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                rough.answer(self)

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None
        self.address = f"http://127.0.0.1:{self.server.server_port}/bundle.krux"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request):
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        start, total = int(asked[1]) if asked else 0, len(self.data)
        request.send_response(206 if asked else 200)
        request.send_header("Content-Length", str(total - start))
        request.send_header("ETag", '"one"')
        if asked:
            request.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        request.end_headers()
        request.close_connection = True
        breaks = self.place is not None and not (self.once and self.broke)
        request.wfile.write(self.data[start:self.place if breaks else total])
        if breaks and self.place < total:
            self.broke += 1
            getattr(self, self.way)(request, max(start, self.place))

    def close(self, request, start):
        pass

    def reset(self, request, start):
        # Closed with a linger of no time, a connection ends with RST.
        request.wfile.flush()
        request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.connection.close()

    def garbage(self, request, start):
        request.wfile.write(bytes(byte ^ 0x5A for byte in self.data[start:start + 4096]) * 600)

    def stall(self, request, start):
        self.ended.wait()


def run(ground):
    if not ground.wants("server"):
        return
    mark, length = ground.mark(), len(read(ground.kit.bundle("1.0.1")))
    # Inside the header, at its end, in what follows, and then on and on to the last byte.
    places = sorted({0, 1, 31, 32, 33, 100, 700, 1000, 1500, *range(2000, 6000, 500),
                     *range(STRIDE, length, STRIDE), length - 1})
    cases = []
    for way in WAYS:
        for times in TIMES:
            chosen = ground.chosen(f"server/{way}/{times}", places[::STALLS] if way == "stall" else places,
                                   WAYS.index(way))
            cases += [(ground, way, times, place) for place in chosen]
    ground.each(one, cases)
    ground.say("server", mark)


def one(ground, way, times, place):
    name, data = f"server/{way}/{times}/{place}", read(ground.kit.bundle("1.0.1"))
    device = ground.fresh(STATE[times])
    try:
        before = running(device)
        with RoughServer(data, place, way, times == "once") as server:
            ended = device.update("apply", "--no-reboot", server.address)
            ground.tally.count(bool(server.broke))
        good = ground.safe(name, device, before, ended)
        good &= ground.check(name, invariants.claims(APPLY, ended, device, False, before[0]))
        if times == "once" and way != "garbage" and ended.status != 0:
            good &= ground.check(name, [f"it did not carry on: {ended.status}: {ended.said}"])
        if times == "always" and place < len(data) and ended.status == 0:
            good &= ground.check(name, ["it installed what was never sent"])
        if good and ground.tally.is_new(("server", device.kept())):
            ground.check(name, invariants.status_is_true(device, False))
            with RoughServer(data) as server:
                ended = device.update("apply", "--no-reboot", server.address)
            ground.check(name, invariants.ending(ended, None),
                         [] if ended.status == 0 else [f"a good server does not help: {ended.said}"],
                         invariants.claims(APPLY, ended, device, False, before[0]))
    finally:
        device.remove()
