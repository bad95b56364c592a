"""QEMU's machine protocol (QEMU documentation: QMP): one command, one answer; events are passed over."""
import json
import time

from .process import Failed


class QMP:
    def __init__(self, socket):
        self.socket, self.file = socket, socket.makefile("rw", encoding="utf-8")
        self.file.readline()  # the greeting
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        """What QEMU returns. Raises Failed with QEMU's words, or when it is gone."""
        try:
            self.file.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
            self.file.flush()
            while line := self.file.readline():
                answer = json.loads(line)
                if "error" in answer:
                    raise Failed(f"QEMU refused {name}: {answer['error']['desc']}")
                if "return" in answer:
                    return answer["return"]
        except OSError:
            pass
        raise Failed(f"QEMU was gone before it answered {name}")

    def poll(self, command, done, timeout):
        """Asks until `done(answer)` holds, and returns that answer. Raises Failed when time is up."""
        deadline = time.monotonic() + timeout
        while not done(answer := self.command(command)):
            if time.monotonic() > deadline:
                raise Failed(f"QEMU still answers {command} with {answer}")
            time.sleep(0.02)
        return answer

    def close(self):
        self.file.close()
        self.socket.close()
