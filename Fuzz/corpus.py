"""The corpus: one folder a target. A seed is a file; what is text stands there as it is, so that it can be read and
reviewed, and anything else in base64, with the suffix `.b64`. What fuzzing found besides is in `found`, one input in
base64 a line."""

import base64
import hashlib
import pathlib
import textwrap

FOLDER = pathlib.Path(__file__).resolve().parent / "corpus"
SUFFIX, FOUND = ".b64", "found"


def is_text(content):
    """Whether an editor and a review show all of it."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return False
    return "\r" not in text and all(letter.isprintable() or letter in "\n\t" for letter in text)


def name(content):
    return hashlib.sha1(content).hexdigest()[:12]


def unpack(target, out, folder=FOLDER):
    """Writes the inputs of a target into `out`, as the fuzzer takes them."""
    out.mkdir(parents=True, exist_ok=True)
    source = folder / target
    for path in sorted(source.iterdir()) if source.is_dir() else []:
        content = path.read_bytes()
        if path.name == FOUND:
            inputs = [base64.b64decode(line) for line in content.splitlines()]
        else:
            inputs = [base64.b64decode(content) if path.suffix == SUFFIX else content]
        for content in inputs:
            (out / name(content)).write_bytes(content)


def pack(target, seeds, found, folder=FOLDER):
    """Replaces the inputs of a target. Returns the bytes that they take."""
    place = folder / target
    place.mkdir(parents=True, exist_ok=True)
    for path in place.iterdir():
        path.unlink()
    for content in seeds:
        if is_text(content):
            (place / name(content)).write_bytes(content)
        else:
            lines = textwrap.wrap(base64.b64encode(content).decode(), 120)
            (place / (name(content) + SUFFIX)).write_text("\n".join(lines) + "\n")
    lines = sorted(base64.b64encode(content).decode() for content in found)
    (place / FOUND).write_text("".join(line + "\n" for line in lines))
    return sum(path.stat().st_size for path in place.iterdir())
