"""Running other programs, and ending this one with a sentence."""
import os
import subprocess
import sys

# Where Debian keeps mkfs, sgdisk and depmod; not in the PATH of a user.
os.environ["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"


class Failed(Exception):
    """Something that the person who started the program has to know; its text is one sentence."""


def run(*words, **options):
    """Runs a program and returns what it printed on standard output.

    Raises Failed with the program's own words when it cannot be started or ends with another status than 0.
    """
    words = [str(word) for word in words]
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              errors="replace", stdin=subprocess.DEVNULL, **options)
    except FileNotFoundError as error:
        raise Failed(f"{words[0]} is not installed") from error
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise Failed(f"{' '.join(words)[:300]} ended with status {done.returncode}: {said}")
    return done.stdout


def main(body):
    """Runs a program's body; a failure ends it with status 1 and its sentence on standard error."""
    os.umask(0o022)  # the modes of files in an image do not depend on who builds it
    try:
        body()
    except Failed as failure:
        raise SystemExit(f"{os.path.basename(sys.argv[0])}: {failure}") from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
