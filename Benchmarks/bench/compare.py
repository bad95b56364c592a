"""What a new image has in common with the old one, by files and by blocks of 4 KiB."""

import hashlib
import os
from dataclasses import dataclass

from .inputs import BLOCK


@dataclass
class BlockFacts:
    """How the blocks of the new image part: each is in exactly one of the four counts."""

    zero: int = 0
    #: Not zero, and the same in the same place of the old image.
    in_place: int = 0
    #: Not zero, and found somewhere else in the old image only.
    elsewhere: int = 0
    #: Found nowhere in the old image.
    novel: int = 0
    #: Unbroken stretches of such blocks.
    novel_runs: int = 0


def blocks(path):
    """Digests of an image's blocks, None for zeros; a short last one is filled up with zeros."""
    empty = bytes(BLOCK)
    with open(path, "rb") as source:
        while chunk := source.read(BLOCK):
            chunk = chunk.ljust(BLOCK, b"\0")
            yield None if chunk == empty else hashlib.blake2b(chunk, digest_size=16).digest()


def compare_images(old, new):
    before = list(blocks(old))
    known = set(before)
    facts, in_run = BlockFacts(), False
    for index, digest in enumerate(blocks(new)):
        novel = digest is not None and digest not in known
        if digest is None:
            facts.zero += 1
        elif novel:
            facts.novel += 1
            facts.novel_runs += not in_run
        elif index < len(before) and before[index] == digest:
            facts.in_place += 1
        else:
            facts.elsewhere += 1
        in_run = novel
    return facts


def files(tree):
    """Size and digest of each regular file, by its path in the tree."""
    found = {}
    for folder, _, names in os.walk(tree):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as source:
                    digest = hashlib.file_digest(source, "blake2b").digest()
                found[os.path.relpath(path, tree)] = os.path.getsize(path), digest
    return found


def changed_share(old, new):
    """The part of the new tree's bytes in files that are new or changed."""
    before, after = files(old), files(new)
    changed = sum(entry[0] for path, entry in after.items() if before.get(path) != entry)
    return changed / sum(size for size, _ in after.values())
