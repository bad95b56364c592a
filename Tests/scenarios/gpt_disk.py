#!/usr/bin/env python3
"""An update on a real GPT disk, from a real web server, without a virtual machine.

A disk image on a loop device gets an ESP, two root partitions and a data partition. The running root is a
real root partition too: krux-update runs in a chroot on it, so that what it sees at `/` is what it would
see on an appliance. The bootloader is played with grub-editenv: it spends a try, as GRUB's script does.

Usage: gpt_disk.py BUILD_DIRECTORY    (run as root; prints what it does and what it proved)
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

PRODUCT, HARDWARE = "kruxos", "loop-box"
MIB = 1 << 20


def run(*words, **options):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, words))} failed:\n{done.stdout}")
    return done.stdout


def say(text=""):
    print(text, flush=True)


def check(condition, what):
    if not condition:
        raise SystemExit(f"FAILED: {what}")
    say(f"  proved: {what}")


class Disk:
    """The loop device and its partitions: p1 ESP, p2 root-a, p3 root-b, p4 data."""

    def __init__(self, folder):
        self.image = os.path.join(folder, "disk.img")
        with open(self.image, "wb") as file:
            file.truncate(512 * MIB)
        run("sgdisk", "-n", "1:1M:+36M", "-t", "1:ef00", "-c", "1:esp", "-n", "2:0:+192M", "-c", "2:root-a",
            "-n", "3:0:+192M", "-c", "3:root-b", "-n", "4:0:0", "-c", "4:data", self.image)
        self.loop = run("losetup", "--direct-io=on", "--show", "-f", self.image).strip()
        run("partx", "-a", self.loop)

    def part(self, number):
        return f"{self.loop}p{number}"

    def close(self):
        subprocess.run(["partx", "-d", self.loop], capture_output=True)
        subprocess.run(["losetup", "-d", self.loop], capture_output=True)


class Scenario:
    def __init__(self, build, folder):
        self.folder, self.build = folder, os.path.abspath(build)
        self.mounts, self.server, self.disk = [], None, None
        self.root = self.path("root")

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def release(self, *words):
        return run(os.path.join(self.build, "krux-release"), *map(str, words))

    # -- what a publisher and a factory do --------------------------------------------------------

    def make_image(self, version, sequence):
        """A root file system with the updater, its libraries, its keys and its identity."""
        tree = self.path(f"tree-{version}")
        for name in ("proc", "sys", "dev", "run", "tmp", "boot/efi", "var/lib/krux", "etc/krux",
                     "usr/lib/krux/keys.d", "usr/bin", "usr/share/data"):
            os.makedirs(os.path.join(tree, name))
        program = os.path.join(self.build, "krux-update")
        shutil.copy(program, os.path.join(tree, "usr/bin/krux-update"))
        for line in run("ldd", program).splitlines():
            for word in line.split():
                if word.startswith("/") and os.path.exists(word):
                    target = tree + word
                    os.makedirs(os.path.dirname(target), exist_ok=True)
                    shutil.copy(word, target)
        shutil.copy(self.path("release.pub"), os.path.join(tree, "usr/lib/krux/keys.d"))
        with open(os.path.join(tree, "etc/os-release"), "w") as file:
            file.write(f"IMAGE_ID={PRODUCT}\nIMAGE_VERSION={version}\nKRUX_SEQUENCE={sequence}\n")
        with open(os.path.join(tree, "etc/krux/update.toml"), "w") as file:
            file.write(f'hardware = ["{HARDWARE}"]\n[fetch]\nretry-delay-seconds = 0\n')
        with open(os.path.join(tree, "usr/share/data/noise"), "wb") as file:
            file.write(os.urandom(24 * MIB))
        image = self.path(f"{PRODUCT}-{version}.img")
        run("mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", tree, image, "160M")
        shutil.rmtree(tree)
        return image

    def publish(self, version, sequence, image):
        os.makedirs(self.path("www"), exist_ok=True)
        self.release("bundle", "create", "--image", image, "--product", PRODUCT, "--version", version,
                     "--sequence", sequence, "--compatible", HARDWARE, "--level", 3,
                     "--key", self.path("release.key"),
                     "--output", self.path("www", f"{PRODUCT}-{version}.krux"))

    def serve(self):
        config = self.path("nginx.conf")
        with open(config, "w") as file:
            file.write(f"""daemon off; pid {self.path('nginx.pid')}; error_log {self.path('nginx.err')};
user root; worker_processes 1; events {{ }}
http {{ access_log {self.path('access.log')}; client_body_temp_path {self.path('nb')};
 proxy_temp_path {self.path('np')}; fastcgi_temp_path {self.path('nf')}; uwsgi_temp_path {self.path('nu')};
 scgi_temp_path {self.path('ns')};
 server {{ listen 127.0.0.1:0; listen unix:{self.path('nginx.sock')}; root {self.path('www')}; }} }}
""")
        # The kernel picks the port; nginx cannot say which, so one that is free is asked for beforehand.
        import socket
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        text = open(config).read().replace("127.0.0.1:0;", f"127.0.0.1:{port};")
        open(config, "w").write(text)
        self.server = subprocess.Popen(["nginx", "-c", config], stderr=subprocess.DEVNULL)
        while True:  # until it accepts: bounded by the process being alive
            if self.server.poll() is not None:
                raise SystemExit("nginx did not start: " + open(self.path("nginx.err")).read())
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return f"http://127.0.0.1:{port}"
            except OSError:
                continue

    # -- the machine --------------------------------------------------------------------------------

    def mount(self, device, place, *options):
        os.makedirs(place, exist_ok=True)
        run("mount", *options, device, place)
        self.mounts.append(place)

    def unmount_all(self):
        for place in reversed(self.mounts):
            subprocess.run(["umount", place], capture_output=True)
        self.mounts = []

    def boot(self, slot):
        """What GRUB's script and the kernel do: a try is spent, the slot's partition becomes the root."""
        self.unmount_all()
        number = {"A": 2, "B": 3}[slot]
        self.mount(self.disk.part(number), self.root, "-o", "ro")
        for name in ("proc", "sys", "dev"):
            self.mount(f"/{name}", os.path.join(self.root, name), "--bind")
        self.mount("tmpfs", os.path.join(self.root, "run"), "-t", "tmpfs")
        self.mount(self.disk.part(1), os.path.join(self.root, "boot/efi"))
        self.mount(self.disk.part(4), os.path.join(self.root, "var/lib/krux"))
        made = int(self.environment()[f"{slot}_TRY"])
        run("grub-editenv", self.grubenv, "set", f"{slot}_TRY={made + 1}")

    @property
    def grubenv(self):
        return os.path.join(self.root, "boot/efi/EFI/BOOT/grubenv")

    def environment(self):
        lines = run("grub-editenv", self.grubenv, "list").splitlines()
        return dict(line.split("=", 1) for line in lines)

    def start(self, *words):
        return subprocess.Popen(["chroot", self.root, "/usr/bin/krux-update", *words],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def krux(self, *words, expect=0):
        process = self.start(*words)
        output = process.communicate()[0]
        if process.returncode != expect:
            raise SystemExit(f"krux-update {' '.join(words)}: {process.returncode}\n{output}")
        return output

    def same(self, slot, image):
        size = os.path.getsize(image)
        part = self.disk.part({"A": 2, "B": 3}[slot])
        return subprocess.run(["cmp", "-s", "-n", str(size), part, image]).returncode == 0

    def kill_during(self, url, event, percent, number):
        """Starts an install and sends it a signal when it tells of that point."""
        process = self.start("apply", "--json", "--no-reboot", url)
        for line in process.stdout:
            told = json.loads(line)
            done = told.get("doneBytes", 0) * 100 // max(1, told.get("totalBytes", 1))
            if told.get("event") == event[0] and told.get("phase") == event[1] and done >= percent:
                break
        process.send_signal(number)
        process.communicate()
        return process.returncode

    def close(self):
        self.unmount_all()
        if self.server:
            self.server.terminate()
            self.server.wait()
        if self.disk:
            self.disk.close()


def story(s):
    s.release("keygen", "--secret", s.path("release.key"), "--public", s.path("release.pub"), "--no-password")
    say("The factory: a GPT disk with two root partitions, version 1.0.0 in slot A.")
    first, second = s.make_image("1.0.0", 10), s.make_image("1.0.1", 11)
    s.disk = Disk(s.folder)
    run("dd", f"if={first}", f"of={s.disk.part(2)}", "bs=1M", "oflag=direct", "status=none")
    for number in (1, 4):
        run("mke2fs", "-q", "-t", "ext4", s.disk.part(number))
    esp, data = s.path("esp"), s.path("data")
    s.mount(s.disk.part(1), esp)
    s.mount(s.disk.part(4), data)
    os.makedirs(os.path.join(esp, "EFI/BOOT"))
    s.release("provision", "--slot-a", s.disk.part(2), "--length", os.path.getsize(first), "--version", "1.0.0",
              "--sequence", 10, "--state-directory", data,
              "--grub-environment", os.path.join(esp, "EFI/BOOT/grubenv"))
    say("The publisher: a signed bundle of version 1.0.1 on a web server.")
    s.publish("1.0.1", 11, second)
    url = s.serve() + f"/{PRODUCT}-1.0.1.krux"

    s.boot("A")
    say("\n$ krux update status")
    say(s.krux("status"))
    before = s.environment()
    check(before["ORDER"] == "A B" and before["B_OK"] == "0", "grub-editenv reads what the factory wrote")

    say("An install, cut off again and again:")
    for event, percent, number in [
        (("verified", None), 0, signal.SIGKILL), (("disarmed", None), 0, signal.SIGKILL),
        (("progress", "writing"), 10, signal.SIGINT), (("progress", "writing"), 30, signal.SIGKILL),
        (("progress", "writing"), 60, signal.SIGTERM), (("progress", "writing"), 90, signal.SIGKILL),
        (("progress", "verifying"), 20, signal.SIGKILL), (("progress", "verifying"), 80, signal.SIGINT),
    ]:
        status = s.kill_during(url, event, percent, number)
        now = s.environment()
        where = " ".join(filter(None, event)) + (f" {percent} %" if percent else "")
        check(status != 0 and now["ORDER"] == "A B" and now["A_OK"] == "1" and now["TRIAL"] == "-",
              f"cut at {where} by {signal.Signals(number).name}: slot A still boots")
    say("\n$ krux update apply " + url)
    output = s.krux("apply", "--no-reboot", url)
    say(output)
    check("in the inactive partition already" in output, "the same command carried on where it was")
    now = s.environment()
    check(now["ORDER"] == "B A" and now["B_OK"] == "1" and now["B_TRY"] == "0" and now["TRIAL"] == "B",
          "grub-editenv reads the switch: " + " ".join(f"{k}={v}" for k, v in now.items() if k not in ("BAD", "WHY")))
    check(s.same("B", second), "slot B is the published image, byte for byte")
    check(s.same("A", first), "slot A was not touched")

    say("\nReboot into slot B.")
    s.boot("B")
    say(s.krux("status"))
    check("TRIAL" in s.krux("status"), "the new version is on trial")
    s.krux("apply", "--no-reboot", url, expect=80)
    check(True, "an update during the trial is refused")
    s.krux("confirm")
    say("$ krux update confirm; krux update status")
    output = s.krux("status")
    say(output)
    device = os.path.basename(s.disk.loop)
    check(output.splitlines()[:5] == [
        "Mode:         image", f"Boot slot:    B ({device}p3)", "Version:      1.0.1", "Boot status:  CONFIRMED",
        f"Previous:     1.0.0 ({device}p2, available for rollback)"], "status says so, word for word")

    say("\n$ krux update rollback")
    say(s.krux("rollback", "--no-reboot"))
    check(s.environment()["ORDER"] == "A B" and s.environment()["TRIAL"] == "A", "slot A boots next, on trial")
    s.boot("A")
    s.krux("confirm")
    output = s.krux("status")
    say(output)
    check("Version:      1.0.0" in output and "CONFIRMED" in output, "version 1.0.0 is back")

    say("A slot that rots is healed:")
    with open(s.disk.part(3), "r+b") as device:
        device.seek(50 * MIB)
        device.write(b"rot" * 4096)
    output = s.krux("rollback", "--no-reboot", expect=80)
    check("no longer holds version 1.0.1 whole" in output, "a rotten slot is not rolled back to")
    output = s.krux("apply", "--no-reboot", "--json", url)
    planned = next(e for e in map(json.loads, output.splitlines()) if e["event"] == "planned")
    check(0 < planned["writeBytes"] <= 2 * MIB, f"only {planned['writeBytes']} bytes were written to heal it")
    check(s.same("B", second), "slot B is the published image again")


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    if os.environ.get("KRUX_NAMESPACE") != "private":
        # Mounts of a run that is killed vanish with its mount namespace.
        os.environ["KRUX_NAMESPACE"] = "private"
        os.execvp("unshare", ["unshare", "-m", "--propagation", "unchanged", sys.executable, *sys.argv])
    # Fails where / is no mount point, as in a chroot, whose mounts nobody else sees anyway.
    subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True)
    with tempfile.TemporaryDirectory(dir=os.environ.get("KRUX_SCRATCH")) as folder:
        scenario = Scenario(sys.argv[1], folder)
        try:
            story(scenario)
        finally:
            scenario.close()
    say("\nAll of it was proved on a real GPT disk, with a real web server and grub-editenv.")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main()
