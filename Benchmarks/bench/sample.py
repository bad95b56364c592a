"""An image that is the same on every machine: a third zeros, a third words, a third noise."""

from random import Random

PIECE = 1 << 16


def write_image(path, size, edit=None):
    """Writes `size` bytes, a multiple of three pieces or cut. With `edit`, some 2 % of the bytes
    that are not zero are others, so that the two are an old and a new release."""
    source = Random(1)
    vocabulary = [source.randbytes(source.randrange(2, 12)) for _ in range(4096)]
    edits = Random(edit)
    with open(path, "wb") as image:
        for start in range(0, size, 3 * PIECE):
            words = b" ".join(source.choices(vocabulary, k=PIECE // 4))[:PIECE].ljust(PIECE)
            pieces = bytearray(bytes(PIECE) + words + source.randbytes(PIECE))
            if edit is not None and edits.random() < 0.25:
                place = PIECE + edits.randrange(PIECE)
                pieces[place:place + PIECE // 4] = edits.randbytes(PIECE // 4)
            image.write(pieces[:size - start])
