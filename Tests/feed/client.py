"""The client under test: its command line, its metadata folder D and its target folder T."""
import json
import os
import subprocess
from urllib import parse

# A client that hangs fails its case; those that only take long on a busy machine do not.
TIMEOUT_SECONDS = 60
# What clients keep in D beside the files of the roles: theirs, and python-tuf's.
OWN = {"lock", "root_history"}
# No case waits for a failure to pass.
CONFIGURATION = """[fetch]
connect-timeout-seconds = 5
stall-timeout-seconds = 2
retries = 0
"""


class Result:
    def __init__(self, status, output, errors):
        self.status, self.output, self.errors = status, output, errors

    def __str__(self):
        return f"exit status {self.status}\n{self.output}{self.errors}".rstrip()


class Client:
    def __init__(self, program, folder, url):
        self.program, self.url = os.path.abspath(program), url
        self.folder = folder
        self.metadata, self.targets = os.path.join(folder, "D"), os.path.join(folder, "T")
        os.makedirs(self.metadata)
        os.makedirs(self.targets)
        self.configuration = os.path.join(folder, "update.toml")
        with open(self.configuration, "w", encoding="ascii") as file:
            file.write(CONFIGURATION)

    def run(self, *arguments, at=None, pace=None):
        """`at`: the time that the client believes, by libfaketime; `pace`: how many times as fast it goes."""
        words = [self.program, "feed", *arguments]
        if at:
            words = ["faketime", at.strftime("%Y-%m-%d %H:%M:%S"), *words]
        if pace:
            words = ["faketime", "-f", f"+0 x{pace}", *words]
        environment = {**os.environ, "TZ": "UTC", "NO_PROXY": "*"}
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=environment, timeout=TIMEOUT_SECONDS, cwd=self.folder)
        return Result(done.returncode, done.stdout.decode(errors="replace"),
                      done.stderr.decode(errors="replace"))

    def init(self, root):
        path = os.path.join(self.folder, "initial-root.json")
        with open(path, "wb") as file:
            file.write(root)
        return self.run("init", "--root", path, "--metadata-dir", self.metadata)

    def refresh(self, url=None, **clock):
        return self.run("refresh", *self.server(url), **clock)

    def fetch(self, *names, base=None, **clock):
        return self.run("fetch", *self.server(), "--target-base-url", base or f"{self.url}/targets",
                        "--target-dir", self.targets, "--", *names, **clock)

    def server(self, url=None):
        return ("--metadata-url", url or f"{self.url}/metadata", "--metadata-dir", self.metadata,
                "--configuration", self.configuration)

    # -- what it keeps ---------------------------------------------------------------------------------

    def kept(self):
        """The bytes of D's files, by the name of their role."""
        return {parse.unquote(name.removesuffix(".json")): self.read(name)
                for name in os.listdir(self.metadata) if name.endswith(".json")}

    def strays(self):
        """What is in D and is no role's file."""
        names = set(os.listdir(self.metadata)) - OWN
        return sorted(name for name in names if not name.endswith(".json"))

    def read(self, name):
        with open(os.path.join(self.metadata, name), "rb") as file:
            return file.read()

    def write(self, role, data):
        """Puts bytes into D, as a broken disk would."""
        path = os.path.join(self.metadata, f"{parse.quote(role, safe='')}.json")
        if os.path.islink(path):
            path = os.path.realpath(path)
        with open(path, "wb") as file:
            file.write(data)

    def version(self, role):
        return json.loads(self.kept()[role])["signed"]["version"]

    def got(self):
        """The targets in T, by name."""
        found = {}
        for folder, _, names in os.walk(self.targets):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    found[parse.unquote(os.path.relpath(path, self.targets))] = file.read()
        return found

    def target_file(self, name):
        return os.path.join(self.targets, parse.quote(name, safe=""))
