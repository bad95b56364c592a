"""The host's end of the appliance's agent: commands over the second serial port.

The guest's end, and the protocol, is images/overlay/usr/lib/krux-appliance/agent.
"""
import base64
import itertools
import threading
import time


class AgentSilent(Exception):
    """No answer: in time, or at all because the machine started over or was switched off."""


class Agent:
    """Sends commands, collects answers, and counts boots: the agent says READY and the boot's id at each."""

    def __init__(self):
        self.changed = threading.Condition()
        self.numbers = itertools.count(1)
        self.boots, self.answers, self.socket = [], {}, None

    def attach(self, socket):
        """Begins to talk over a connected socket. One at a time."""
        self.socket = socket
        threading.Thread(target=self._follow, args=(socket,), daemon=True).start()

    def detach(self):
        """Forgets the machine at the other end."""
        with self.changed:
            self.socket = None
            self.changed.notify_all()

    def _follow(self, socket):
        pending = b""
        while True:
            try:
                block = socket.recv(1 << 16)
            except OSError:
                block = b""
            if not block:
                break
            *lines, pending = (pending + block).split(b"\n")
            for line in lines:
                self._line(line.strip().split(b" "))
        with self.changed:
            if self.socket is socket:
                self.socket = None
            self.changed.notify_all()
        socket.close()

    def _line(self, words):
        with self.changed:
            if words[0] == b"READY" and len(words) == 2:
                self.boots.append(words[1].decode("ascii", "replace"))
            elif len(words) in (2, 3) and words[0].startswith(b"c"):
                self.answers[words[0]] = words[1:]
            self.changed.notify_all()

    def wait_for_boot(self, count, timeout):
        """The id of boot number `count`, the first being 1. Raises AgentSilent."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while len(self.boots) < count:
                left = deadline - time.monotonic()
                if left <= 0 or not self.socket:
                    raise AgentSilent("no boot came as far as its agent")
                self.changed.wait(left)
            return self.boots[count - 1]

    def send(self, command, timeout):
        """Sends a shell command, and returns the name that its answer will have. Raises AgentSilent."""
        name = b"c%d" % next(self.numbers)
        with self.changed:
            socket = self.socket
        if not socket:
            raise AgentSilent("the machine is off")
        encoded = base64.b64encode(command.encode())
        socket.sendall(b"%s %d %s\n" % (name, max(1, round(timeout)), encoded))
        return name

    def run(self, command, timeout):
        """Status and output (bytes) of a shell command.

        The guest ends it after `timeout` seconds, with status 124. Raises AgentSilent.
        """
        boots, name = len(self.boots), self.send(command, timeout)
        # The guest's own time is up first, unless the guest has stopped.
        deadline = time.monotonic() + timeout + 30
        with self.changed:
            while name not in self.answers:
                left = deadline - time.monotonic()
                if not self.socket:
                    raise AgentSilent("the machine went off")
                if len(self.boots) != boots:
                    raise AgentSilent("the machine started over")
                if left <= 0:
                    raise AgentSilent("no answer")
                self.changed.wait(left)
            status, *output = self.answers.pop(name)
        return int(status), base64.b64decode(output[0]) if output else b""
