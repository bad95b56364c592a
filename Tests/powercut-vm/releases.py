"""The images that may be in a slot of these appliances."""
import subprocess

from appliance.lists import IMAGES
from appliance.process import Failed

from partitions import image_digest
from rules import Release

FACTORY, GOOD, UNHEALTHY, NEXT = "1.0.0", "1.0.1", "1.0.2:unhealthy", "1.0.5"
# krux-release's default.
FRAME = 256 << 10


def prepare(binaries, out):
    """Makes the factory's disk and all bundles that are not up to date."""
    words = [IMAGES / "make-appliance", "--bin", binaries, "--out", out, "--version", FACTORY]
    for release in (GOOD, UNHEALTHY, NEXT):
        words += ["--release", release]
    done = subprocess.run([str(word) for word in words], stdout=subprocess.DEVNULL)
    if done.returncode != 0:
        raise Failed(f"make-appliance ended with status {done.returncode}")


def load(out):
    """Name → bytes of each image, and name → Release."""
    images = {name: (out / "slots" / f"kruxos-{name.replace(':', '-')}.img").read_bytes()
              for name in (FACTORY, GOOD, UNHEALTHY, NEXT)}
    return images, {name: Release(name, image_digest(image, FRAME), name != UNHEALTHY)
                    for name, image in images.items()}
