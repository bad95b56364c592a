"""A web server for bundles: nginx on a free port of the loopback interface."""
import os
import socket
import subprocess
import tempfile
import time

from .process import Failed

CONFIGURATION = """daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; user root; worker_processes 1;
events {{ }}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""


class WebServer:
    """Serves a directory until `close`, or the end of a `with`."""

    def __init__(self, root):
        self.temporary = tempfile.TemporaryDirectory(prefix="krux-web-")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        configuration = os.path.join(self.temporary.name, "nginx.conf")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(folder=self.temporary.name, port=self.port, root=os.path.abspath(root)))
        self.process = subprocess.Popen(["nginx", "-c", configuration, "-e", f"{self.temporary.name}/error.log"])
        self._wait()

    def _wait(self):
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.close()
                    raise Failed("nginx did not start") from None
                time.sleep(0.05)

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.temporary.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
