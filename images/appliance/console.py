"""What a machine prints on its first serial port."""
import os
import re
import threading
import time

# Colours, cursor movements, modes and resets: GRUB's and the firmware's.
ESCAPES = re.compile(r"\x1b(?:\[[0-9;=?]*[A-Za-z]|[c78]|[%()][0-9A-Za-z])")


class Console:
    """Follows a serial port: into memory, and line by line into a log file with seconds since power-on."""

    def __init__(self, log):
        self.log = open(log, "a", encoding="utf-8")
        self.changed = threading.Condition()
        self.text, self.position, self.open = "", 0, False

    def attach(self, descriptor):
        """Begins to follow a file descriptor, which is closed at its end. One at a time."""
        self.open, self.began = True, time.monotonic()
        self.thread = threading.Thread(target=self._follow, args=(descriptor,), daemon=True)
        self.thread.start()

    def _follow(self, descriptor):
        pending = ""
        while True:
            try:
                block = os.read(descriptor, 65536)
            except OSError:
                block = b""
            if not block:
                break
            pending += block.decode("utf-8", "replace")
            # The last line waits for its end, so that no escape sequence is cut in two.
            *lines, pending = pending.split("\n")
            for line in lines:
                self._add(line)
        if pending:
            self._add(pending)
        os.close(descriptor)
        with self.changed:
            self.open = False
            self.changed.notify_all()

    def _add(self, line):
        line = ESCAPES.sub("", line).replace("\r", "")
        self.log.write(f"[{time.monotonic() - self.began:8.2f}] {line}\n")
        self.log.flush()
        with self.changed:
            self.text += line + "\n"
            self.changed.notify_all()

    def wait(self, pattern, timeout):
        """The match of a regular expression in whole lines that no earlier wait has passed.

        None when time is up, or when the port is closed first.
        """
        pattern, deadline = re.compile(pattern, re.MULTILINE), time.monotonic() + timeout
        with self.changed:
            while True:
                match = pattern.search(self.text, self.position)
                if match:
                    self.position = match.end()
                    return match
                left = deadline - time.monotonic()
                if left <= 0 or not self.open:
                    return None
                self.changed.wait(left)

    def seen(self, pattern):
        """All matches of a regular expression since the first power-on, as re.findall gives them."""
        with self.changed:
            return re.findall(pattern, self.text, re.MULTILINE)

    def tail(self, lines=25):
        with self.changed:
            return "\n".join(line for line in self.text.split("\n") if line.strip()).split("\n")[-lines:]
