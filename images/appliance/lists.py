"""Lists in text files: one entry a line, `#` begins a comment."""
from pathlib import Path

IMAGES = Path(__file__).resolve().parent.parent


def entries(name):
    """The entries of images/NAME, in their order, without comments and empty lines."""
    lines = (line.split("#")[0].strip() for line in (IMAGES / name).read_text().splitlines())
    return [line for line in lines if line]
