"""The machine around a run: loop device, web server, control group. All of it is undone on exit."""

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

MIB = 1 << 20


class BenchError(Exception):
    """Something that the person who started the benchmark can put right."""


def run(*command, **options):
    """Runs a command to its end; its output is shown only when it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", **options)
    if done.returncode != 0:
        raise BenchError(f"{' '.join(words)}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


def require_programs(names):
    missing = [name for name in names if shutil.which(name) is None]
    if missing:
        raise BenchError(f"missing programs: {', '.join(missing)}; run `make bench-deps`")


def wait_until(condition, what, seconds=10.0):
    """Polls `condition` until it holds; raises when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise BenchError(f"{what}: not within {seconds:g} s")
        time.sleep(0.005)


class LoopDevice:
    """A block device over a file, with direct I/O on the file below."""

    def __init__(self, backing, read_only=False):
        mode = ["--read-only"] if read_only else []
        self.path = run(
            "losetup", "--find", "--show", "--direct-io=on", *mode, backing).strip()
        self.name = os.path.basename(self.path)
        if Path(f"/sys/block/{self.name}/loop/dio").read_text().strip() != "1":
            self.close()
            raise BenchError(f"{backing}: the file system below does not take direct I/O")

    def close(self):
        run("losetup", "--detach", self.path)

    def counters(self):
        """Bytes read, bytes written and flushes since the device was made."""
        fields = [int(word) for word in Path(f"/sys/block/{self.name}/stat").read_text().split()]
        flushes = fields[15] if len(fields) > 15 else 0
        return {"read": fields[2] * 512, "written": fields[6] * 512, "flushes": flushes}

    def drop_cache(self):
        run("blockdev", "--flushbufs", self.path)


NGINX = """
user root; daemon off; master_process off; pid {dir}/nginx.pid; error_log {dir}/error.log;
events {{ worker_connections 256; }}
http {{
  log_format bytes '$body_bytes_sent $request_uri';
  access_log {dir}/access.log bytes;
  client_body_temp_path {dir}/t1; proxy_temp_path {dir}/t2; fastcgi_temp_path {dir}/t3;
  uwsgi_temp_path {dir}/t4; scgi_temp_path {dir}/t5;
  sendfile on; tcp_nopush on; keepalive_requests 100000;
  server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""


class WebServer:
    """nginx on loopback, one process, whose access log tells the bytes that it sent."""

    def __init__(self, folder, root):
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "access.log"
        self.log.write_text("")
        self.marks = 0
        self.port = free_port()
        config = folder / "nginx.conf"
        config.write_text(NGINX.format(dir=folder, root=root, port=self.port))
        self.process = subprocess.Popen(
            ["nginx", "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(config)],
            stdin=subprocess.DEVNULL, start_new_session=True)
        wait_until(self.answers, "nginx answers")

    def answers(self):
        if self.process.poll() is not None:
            raise BenchError(f"nginx ended; see {self.log.with_name('error.log')}")
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def url(self, name):
        return f"http://127.0.0.1:{self.port}/{name}"

    def take_log(self):
        """Body bytes sent and requests answered since the last call.

        A request for a marker goes last: when it stands in the log, all before it do too."""
        self.marks += 1
        marker = f"/marker-{self.marks}"
        try:
            urllib.request.urlopen(self.url(marker[1:]), timeout=10).close()
        except urllib.error.HTTPError:
            pass
        wait_until(lambda: marker in self.log.read_text().split(), "nginx writes its log")
        lines = [line.split(" ", 1) for line in self.log.read_text().splitlines()]
        os.truncate(self.log, 0)
        sent = [int(count) for count, uri in lines if not uri.startswith("/marker-")]
        return sum(sent), len(sent)

    def close(self):
        self.process.terminate()
        self.process.wait(10)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Group:
    """A control group for the processes of one run: whose they are, their CPU time, their memory.

    Membership and CPU time come from the unified hierarchy, which every kernel since 4.15 can
    give without any controller; the memory peak from whichever hierarchy has that controller."""

    def __init__(self, purpose="peer"):
        unified, memory = group_mounts()
        name = f"krux-bench-{os.getpid()}-{purpose}"
        self.unified = unified / name
        self.folders = [self.unified] + ([memory / name] if memory else [])
        for folder in self.folders:
            folder.mkdir()

    def wrap(self, command):
        """The command, moved into the group before it starts."""
        moves = "".join(f"echo $$ > '{folder}/cgroup.procs'; " for folder in self.folders)
        return ["sh", "-c", moves + 'exec "$@"', "sh", *[str(word) for word in command]]

    def processes(self):
        return [int(word) for word in (self.unified / "cgroup.procs").read_text().split()]

    def cpu(self):
        """User and system time so far, in seconds."""
        lines = (self.unified / "cpu.stat").read_text().splitlines()
        stat = dict(line.split() for line in lines)
        return int(stat["user_usec"]) / 1e6, int(stat["system_usec"]) / 1e6

    def memory_peak(self):
        """Peak of all charged memory, page cache included, or None where nobody counts it."""
        for folder in self.folders:
            for name in ("memory.peak", "memory.max_usage_in_bytes"):
                if (folder / name).exists():
                    return int((folder / name).read_text())
        return None

    def close(self):
        (self.unified / "cgroup.kill").write_text("1")
        events = self.unified / "cgroup.events"
        wait_until(lambda: "populated 0" in events.read_text(), "the peer's processes end")
        for folder in self.folders:
            wait_until(lambda: removed(folder), f"{folder} can be removed")


def removed(folder):
    try:
        folder.rmdir()
        return True
    except OSError:
        return False


def group_mounts():
    unified = memory = None
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, where, kind, options = line.split()[:4]
        if kind == "cgroup2":
            unified = Path(where)
        if kind == "cgroup" and "memory" in options.split(","):
            memory = Path(where)
    if unified is None:
        raise BenchError("no cgroup2 file system is mounted: the peers' CPU time is read from it")
    return unified, memory


def busy_seconds():
    """CPU time that the whole machine has spent at work since it started."""
    fields = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def wait_for_quiet(seconds):
    """Waits until the machine is at rest (under 12 % of its CPUs), at most `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        before, start = busy_seconds(), time.monotonic()
        time.sleep(0.5)
        share = (busy_seconds() - before) / (time.monotonic() - start) / os.cpu_count()
        if share < 0.12:
            return
