"""A web server for bundles: nginx on a loopback port."""
import os
import socket
import subprocess
import time

from .process import Failed

CONFIGURATION = """daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.err; worker_processes 1;
{user}events {{ }}
http {{
  access_log {folder}/access.log; sendfile on;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; root {bundles}; {server} }}
}}
"""


class WebServer:
    """Serves a directory at `port` while it is open. `server`: more directives for nginx."""

    def __init__(self, bundles, folder, server=""):
        os.makedirs(folder, exist_ok=True)
        # nginx does not say which port it was given, so one that is free is asked for beforehand.
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.configuration = os.path.join(os.path.abspath(folder), "nginx.conf")
        user = "user root; " if os.geteuid() == 0 else ""
        with open(self.configuration, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(folder=os.path.dirname(self.configuration), port=self.port,
                                            bundles=os.path.abspath(bundles), user=user, server=server))

    def __enter__(self):
        try:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "nginx", "-c", self.configuration],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        except FileNotFoundError as error:
            raise Failed(f"{error.filename} is not installed") from error
        for _ in range(200):
            if self.process.poll() is not None:
                raise Failed(f"nginx ended: {self.process.stderr.read().strip()}")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.05)
        raise Failed("nginx does not listen")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
