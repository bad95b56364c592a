#!/usr/bin/env python3
"""An independent reader of deltas, written from docs/formats/bundle.md.

    krux_delta.py extract BUNDLE PUBKEY BASE OUT

verifies BUNDLE as krux_bundle.py does and writes its image to OUT, from the image of the older release in the file
BASE and the patches for it, and from frames where that does not give what was signed. Says how many frames needed none.
Needs what krux_bundle.py needs, and the program zstd.
"""

import collections
import os
import struct
import subprocess
import sys
import tempfile

from krux_bundle import Refused, digest, frames_of, open_bundle, read, read_image, require, run, slot_image

BLOCK = 4096
MAX_RECIPES = 64 << 20
MAX_WINDOWS, MAX_PREFIX_BLOCKS = 64, 256
ZERO, FROM_BASE, FROM_PATCH, FROM_BYTES = range(4)

# A segment is (source, first byte of the base, blocks); a window (first block, blocks).
Recipe = collections.namedtuple("Recipe", "segments windows stored digest")


class Numbers:
    """The recipes of a table, read number by number."""

    def __init__(self, data):
        self.data, self.position = data, 0

    def take(self, count):
        require(self.position + count <= len(self.data), "the recipes end too soon")
        self.position += count
        return self.data[self.position - count : self.position]

    def next(self):
        value = 0
        for place in range(7):
            byte = self.take(1)[0]
            value |= (byte & 127) << 7 * place
            if byte < 128:
                require(byte > 0 or place == 0, "a number in a longer form than needed")
                return value
        raise Refused("a number of more than 49 bits")

    def distance(self):
        folded = self.next()
        return -(folded + 1) // 2 if folded & 1 else folded // 2


def zstd(data, prefix=b""):
    """`data` uncompressed, with `prefix` in front of what it gives."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(prefix)
        file.flush()
        option = [f"--patch-from={file.name}"] if prefix else []
        done = subprocess.run(
            ["zstd", "-d", "-q", "-c", *option], input=data, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


def parse_windows(numbers, first, base_blocks):
    count = numbers.next()
    require(count <= MAX_WINDOWS, "too many windows")
    windows, end = [], first
    for _ in range(count):
        start, blocks = end + numbers.distance(), numbers.next()
        end = start + blocks
        require(blocks > 0 and 0 <= start and end <= base_blocks, "a window outside the base")
        windows.append((start, blocks))
    require(sum(blocks for _, blocks in windows) <= MAX_PREFIX_BLOCKS, "too much of the base")
    return windows


def parse_recipe(numbers, first, frame_blocks, base_blocks):
    """None when the frame has none."""
    segments, expected = [], first * BLOCK
    for _ in range(numbers.next()):
        head = numbers.next()
        blocks, source, start = head >> 2, head & 3, 0
        require(blocks > 0, "a segment that is none")
        if source == FROM_BASE:
            expected = start = (expected // BLOCK + numbers.distance()) * BLOCK
        elif source == FROM_BYTES:
            expected = start = expected + numbers.distance()
            require(start % BLOCK > 0, "a block of the base in a longer form than needed")
        require(0 <= start and start + blocks * BLOCK <= base_blocks * BLOCK, "a segment outside the base")
        expected += blocks * BLOCK
        segments.append((source, start, blocks))
    if not segments:
        return None
    require(sum(segment[2] for segment in segments) == frame_blocks, "segments are not the frame")
    if all(segment[0] != FROM_PATCH for segment in segments):
        return Recipe(segments, [], 0, None)
    windows = parse_windows(numbers, first, base_blocks)
    stored = numbers.next()
    require(0 < stored <= frame_blocks * BLOCK, "the stored length of a patch")
    return Recipe(segments, windows, stored, numbers.take(32))


def parse_delta(table, description, image, frames):
    """The length of the base, and the recipe of each frame."""
    require(len(table) > 4, "malformed delta table")
    (length,) = struct.unpack_from("<I", table)
    require(length <= MAX_RECIPES, "malformed delta table: length")
    data = zstd(table[4:])
    require(data is not None and len(data) == length >= 8, "malformed delta table: compression")
    numbers = Numbers(data)
    (base_length,) = struct.unpack("<Q", numbers.take(8))
    require(base_length <= 1 << 44, "malformed delta table: base")
    recipes = [
        parse_recipe(numbers, index * image["frameSize"] // BLOCK, frame[0] // BLOCK, base_length // BLOCK)
        for index, frame in enumerate(frames)
    ]
    require(numbers.position == length, "malformed delta table: something is left")
    payload = sum(recipe.stored for recipe in recipes if recipe)
    require(payload == description["payloadLength"], "malformed delta table: payload length")
    return base_length, recipes


def image_digests(image):
    """Of a whole image, for each frame size that it may have been signed with."""
    digests = set()
    for size in (1 << power for power in range(16, 23)):
        pieces = (image[start : start + size] for start in range(0, len(image), size))
        digests.add(digest(b"".join(map(digest, pieces))).hex())
    return digests


def blocks_of(base, start, count):
    return base[start : start + count * BLOCK]


def rebuild(recipe, patch, base):
    """What the recipe makes; None when the patch does not decode."""
    rest = b""
    if recipe.stored:
        require(digest(patch) == recipe.digest, "a patch is damaged")
        rest = zstd(patch, b"".join(blocks_of(base, start * BLOCK, blocks) for start, blocks in recipe.windows))
        wanted = sum(blocks for source, _, blocks in recipe.segments if source == FROM_PATCH)
        if rest is None or len(rest) != wanted * BLOCK:
            return None
    plain = b""
    for source, start, blocks in recipe.segments:
        if source == ZERO:
            plain += bytes(blocks * BLOCK)
        elif source in (FROM_BASE, FROM_BYTES):
            plain += blocks_of(base, start, blocks)
        else:
            plain += rest[: blocks * BLOCK]
            rest = rest[blocks * BLOCK :]
    return plain


def extract(bundle, public_key, base_path, out):
    with open(base_path, "rb") as file:
        base = file.read()
    base += bytes(-len(base) % BLOCK)
    digests = image_digests(base)
    with open(bundle, "rb") as file, open(out + ".partial", "wb") as output:
        manifest, tables = open_bundle(file, public_key)
        image = slot_image(manifest)
        frames = frames_of(manifest, tables, image)
        rebuilt = None
        for description, table in zip(manifest["tables"], tables):
            is_delta = (description["kind"], description["artefact"]) == ("delta", image["name"])
            if rebuilt is not None or not is_delta or description.get("base", "").lower() not in digests:
                read(file, description["payloadLength"])
                continue
            length, recipes = parse_delta(table, description, image, frames)
            require(length == len(base), "the base has another length")
            rebuilt = [
                rebuild(recipe, read(file, recipe.stored), base) if recipe else None for recipe in recipes]
        require(rebuilt is not None, "the bundle has no delta from this base")
        hits = 0
        for index, (_, plain) in enumerate(read_image(file, manifest, image, frames)):
            made = rebuilt[index]
            if made is not None and digest(made) == frames[index][4]:
                hits, plain = hits + 1, made
            output.write(plain)
    os.rename(out + ".partial", out)
    print(f"{hits} of {len(frames)} frames rebuilt")


def main(arguments):
    if len(arguments) != 5 or arguments[0] != "extract":
        print(__doc__, file=sys.stderr)
        return 64
    return run(extract, *arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
