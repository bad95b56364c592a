#!/usr/bin/env python3
"""An independent reader of bundles, written from docs/formats/bundle.md.

    krux_bundle.py extract BUNDLE PUBKEY OUT

verifies BUNDLE with the minisign public key in the file PUBKEY and writes its image to OUT. krux_tree.py has trees,
krux_delta.py deltas.
Needs Python 3.11, minisign and libzstd. Exit status 1 and one sentence when the bundle is refused.
"""

import base64
import ctypes
import ctypes.util
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

MAGIC = bytes.fromhex("894B52580D0A1A0A")
NAME = re.compile(r"[A-Za-z0-9._+~:,-]{1,64}")
SERVICE = re.compile(r"(?=.{1,48}\Z)[a-z][a-z0-9_]*(-[a-z_][a-z0-9_]*)*")
UNIT = re.compile(r"(?=.{1,255}\Z)[A-Za-z0-9:_@\\][A-Za-z0-9:_.@\\-]*\.(service|socket|timer|path|target)")
CAPABILITY = re.compile(r"([0-9a-fA-F]{2}){0,64}")
DIGEST = re.compile(r"[0-9a-fA-F]{64}")
CREATED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
MAX_SEQUENCE = 2**53 - 1


class Refused(Exception):
    pass


def require(holds, why):
    if not holds:
        raise Refused(why)


def digest(data):
    return hashlib.blake2b(data, digest_size=32).digest()


def read(file, count):
    data = file.read(count)
    require(len(data) == count, "the bundle ends too soon")
    return data


def read_header(file):
    header = read(file, 32)
    require(header[:8] == MAGIC, "not a bundle")
    version, manifest, signatures, reserved, tables = struct.unpack_from("<IIIIQ", header, 8)
    require(version == 1, f"format {version} is too new")
    require(
        1 <= manifest <= 1 << 20 and signatures <= 1 << 16 and reserved == 0 and tables <= 1 << 28,
        "the header's lengths are out of range",
    )
    return manifest, signatures, tables


def split_signatures(data):
    try:
        lines = data.decode("utf-8").replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError:
        raise Refused("the signatures are not UTF-8") from None
    require(data != b"", "not signed")
    if lines[-1] == "":
        lines.pop()
    require(len(lines) % 4 == 0 and len(lines) // 4 <= 16, "malformed signatures")
    groups = [lines[start : start + 4] for start in range(0, len(lines), 4)]
    for untrusted, first, trusted, second in groups:
        require(untrusted.startswith("untrusted comment: "), "malformed signature")
        require(trusted.startswith("trusted comment: "), "malformed signature")
        require(max(len(untrusted.encode()), len(trusted.encode())) <= 1024, "comment too long")
        try:
            signature = base64.b64decode(first, validate=True)
            global_signature = base64.b64decode(second, validate=True)
        except ValueError:
            raise Refused("malformed signature") from None
        require(len(signature) == 74 and len(global_signature) == 64, "malformed signature")
        require(signature[:2] != b"Ed", "legacy signature")
        require(signature[:2] == b"ED", "malformed signature")
    return ["\n".join(group) + "\n" for group in groups]


def verify_signature(manifest, signatures, public_key):
    with tempfile.TemporaryDirectory() as directory:
        message = os.path.join(directory, "manifest.json")
        with open(message, "wb") as file:
            file.write(manifest)
        for text in split_signatures(signatures):
            path = os.path.join(directory, "manifest.minisig")
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(text)
            command = ["minisign", "-V", "-H", "-q", "-m", message, "-p", public_key, "-x", path]
            if subprocess.run(command, capture_output=True, check=False).returncode == 0:
                return
    raise Refused("no valid signature by this key")


def unique(pairs):
    require(len({name for name, _ in pairs}) == len(pairs), "duplicate name in the manifest")
    return dict(pairs)


def integer(value, low, high, what):
    require(type(value) is int and low <= value <= high, f"malformed manifest: {what}")
    return value


def text(value, pattern, what):
    require(
        isinstance(value, str) and pattern.fullmatch(value), f"malformed manifest: {what}")
    return value


def array(value, low, high, kind, what):
    require(
        isinstance(value, list) and low <= len(value) <= high
        and all(isinstance(item, kind) for item in value), f"malformed manifest: {what}")
    return value


def depth(value):
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


def refuse_constant(name):
    raise Refused(f"{name} in the manifest")


def parse_manifest(data, tables_length):
    try:
        manifest = json.loads(
            data.decode("utf-8"), object_pairs_hook=unique, parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        raise Refused("the manifest is not JSON") from None
    require(isinstance(manifest, dict) and depth(manifest) <= 16, "malformed manifest")
    require(list(manifest)[:2] == ["type", "format"], "malformed manifest: type and format")
    require(manifest["type"] == "krux-bundle", "malformed manifest: type")
    integer(manifest["format"], 1, 1, "format")
    text(manifest.get("product"), NAME, "product")
    text(manifest.get("version"), NAME, "version")
    text(manifest.get("created"), CREATED, "created")
    sequence = integer(manifest.get("sequence"), 1, MAX_SEQUENCE, "sequence")
    array(manifest.get("compatible"), 1, 256, str, "compatible")
    array(manifest.get("notes", []), 0, 1000, str, "notes")
    if "minimumSource" in manifest:
        integer(manifest["minimumSource"], 1, MAX_SEQUENCE, "minimumSource")
    if "floor" in manifest:
        integer(manifest["floor"], 1, sequence, "floor")
    artefacts = array(manifest.get("artefacts"), 1, 64, dict, "artefacts")
    for artefact in artefacts:
        check_artefact(artefact)
        if artefact["kind"] == "tree":
            require(manifest["version"][0].isdigit(), "malformed manifest: the version of a tree")
            check_tree(artefact)
    require(len({a["name"] for a in artefacts}) == len(artefacts), "two artefacts of one name")
    for table in array(manifest.get("tables"), 1, 256, dict, "tables"):
        text(table.get("kind"), NAME, "kind")
        text(table.get("artefact"), NAME, "artefact")
        integer(table.get("length"), 0, 1 << 28, "length")
        text(table.get("digest"), DIGEST, "digest")
        integer(table.setdefault("payloadLength", 0), 0, 1 << 44, "payloadLength")
        if "base" in table:
            text(table["base"], DIGEST, "base")
    tables = sum(table["length"] for table in manifest["tables"])
    payload = sum(part["payloadLength"] for part in manifest["tables"] + artefacts)
    require(tables == tables_length, "header and manifest state different lengths")
    require(manifest.get("bodyLength") == tables + payload, "malformed manifest: bodyLength")
    return manifest


def check_artefact(artefact):
    text(artefact.get("name"), NAME, "name")
    text(artefact.get("kind"), NAME, "kind")
    length = integer(artefact.get("length"), 1, 1 << 44, "length")
    require(length % 4096 == 0, "malformed manifest: length")
    text(artefact.get("imageDigest"), DIGEST, "imageDigest")
    size = integer(artefact.get("frameSize"), 1 << 16, 1 << 22, "frameSize")
    require(size & (size - 1) == 0, "malformed manifest: frameSize")
    integer(artefact.get("payloadLength"), 0, 1 << 44, "payloadLength")


def check_tree(artefact):
    text(artefact["name"], SERVICE, "the name of a service")
    tree = artefact.get("tree")
    require(isinstance(tree, dict), "malformed manifest: tree")
    units = array(tree.get("units"), 0, 64, str, "units")
    require(all(map(UNIT.fullmatch, units)) and len(set(units)) == len(units), "malformed manifest: units")
    integer(tree.get("entries"), 1, 200_000, "entries")
    integer(tree.get("bytes"), 0, 1 << 44, "bytes")
    for privilege in array(tree.get("privileges", []), 0, 256, dict, "privileges"):
        path = privilege.get("path")
        require(isinstance(path, str) and 1 <= len(path.encode()) <= 3072, "malformed manifest: path")
        integer(privilege.get("mode"), 0, 0o7777, "mode")
        text(privilege.get("capability", ""), CAPABILITY, "capability")


def read_tables(file, manifest):
    """The bytes of all tables, in the order of the manifest."""
    tables = []
    for description in manifest["tables"]:
        data = read(file, description["length"])
        require(digest(data).hex() == description["digest"].lower(), "damaged table")
        tables.append(data)
    return tables


def open_bundle(file, public_key):
    """The manifest and the tables, verified; the payload follows in `file`."""
    manifest_length, signatures_length, tables_length = read_header(file)
    manifest_bytes = read(file, manifest_length)
    verify_signature(manifest_bytes, read(file, signatures_length), public_key)
    manifest = parse_manifest(manifest_bytes, tables_length)
    return manifest, read_tables(file, manifest)


def slot_image(manifest):
    images = [a for a in manifest["artefacts"] if a["kind"] == "slot-image"]
    require(len(images) == 1, "the bundle must hold one slot-image")
    return images[0]


def frames_of(manifest, tables, artefact):
    for description, data in zip(manifest["tables"], tables):
        if (description["kind"], description["artefact"]) == ("frames", artefact["name"]):
            require(description["payloadLength"] == 0, "a payload of a table of frames")
            return parse_frames(data, artefact)
    raise Refused("the image has no table of frames")


def parse_frames(table, artefact):
    """Each frame as (length, stored length, codec, stored digest, uncompressed digest)."""
    size = artefact["frameSize"]
    count = -(-artefact["length"] // size)
    require(len(table) == count * 72, "malformed table: length")
    frames = []
    for index in range(count):
        stored_digest, plain_digest, stored, codec, zeros = struct.unpack_from(
            "<32s32sIB3s", table, index * 72)
        length = min(size, artefact["length"] - index * size)
        fits = {
            0: stored == 0 and plain_digest == digest(bytes(length)),
            1: stored == length,
            2: 0 < stored < length,
        }
        require(zeros == bytes(3) and fits.get(codec, False), f"malformed frame {index}")
        frames.append((length, stored, codec, stored_digest, plain_digest))
    require(sum(frame[1] for frame in frames) == artefact["payloadLength"], "payload length")
    image = digest(b"".join(frame[4] for frame in frames))
    require(image.hex() == artefact["imageDigest"].lower(), "image digest")
    return frames


class Zstd:
    """The functions of libzstd that tell zstd frames apart and decode one behind a prefix."""

    def __init__(self):
        self.library = ctypes.CDLL(ctypes.util.find_library("zstd") or "libzstd.so.1")
        pointer, size = ctypes.c_void_p, ctypes.c_size_t
        for name, result, arguments in [
                ("ZSTD_createDCtx", pointer, []), ("ZSTD_isError", ctypes.c_uint, [size]),
                ("ZSTD_findFrameCompressedSize", size, [pointer, size]),
                ("ZSTD_DCtx_refPrefix", size, [pointer, pointer, size]),
                ("ZSTD_decompressDCtx", size, [pointer, pointer, size, pointer, size])]:
            function = getattr(self.library, name)
            function.restype, function.argtypes = result, arguments
        self.context = self.library.ZSTD_createDCtx()

    def frame_length(self, data):
        length = self.library.ZSTD_findFrameCompressedSize(data, len(data))
        require(not self.library.ZSTD_isError(length), "no zstd frame")
        return length

    def decode(self, data, prefix, length):
        output = ctypes.create_string_buffer(length)
        self.library.ZSTD_DCtx_refPrefix(self.context, prefix, len(prefix))
        count = self.library.ZSTD_decompressDCtx(self.context, output, length, data, len(data))
        require(count == length, "a zstd frame does not decode to its length")
        return output.raw


ZSTD = Zstd()


def chunk_size(length):
    """Bytes of a chunk in a compressed frame of this length."""
    return max(32768, (length // 8 + 4095) // 4096 * 4096)


def chunks_of(data):
    """The stored chunks of a compressed frame."""
    chunks = []
    while data:
        chunks.append(data[:ZSTD.frame_length(data)])
        data = data[len(chunks[-1]):]
    return chunks


def decode(data, codec, length):
    if codec == 0:
        return bytes(length)
    if codec == 1:
        return data
    plain = b""
    for chunk in chunks_of(data):
        require(len(plain) < length, "more chunks than the frame has")
        plain += ZSTD.decode(chunk, plain, min(chunk_size(length), length - len(plain)))
    require(len(plain) == length, "a frame does not decode")
    return plain


def read_frame(file, index, frame):
    """The stored and the uncompressed bytes of the frame whose stored bytes follow in `file`."""
    length, stored, codec, stored_digest, plain_digest = frame
    data = read(file, stored)
    require(codec == 0 or digest(data) == stored_digest, f"frame {index} is damaged")
    plain = decode(data, codec, length)
    require(digest(plain) == plain_digest, f"frame {index} decodes to something else")
    return data, plain


def read_image(file, manifest, image, frames):
    """Gives the frames of `image`, stored and uncompressed, one after another, from where the payloads of artefacts begin, and sees the end."""
    for artefact in manifest["artefacts"]:
        if artefact is not image:
            read(file, artefact["payloadLength"])
            continue
        for index, frame in enumerate(frames):
            yield read_frame(file, index, frame)
    require(file.read(1) == b"", "something follows the payload")


def block_hashes(frame):
    """What a table of blocks has for a frame that is not zero."""
    hashes = b""
    for start in range(0, len(frame), 4096):
        value = 0
        for byte in frame[start : start + 4096]:
            value = (value * 0x9E3779B97F4A7C15 + byte) % 2**64
        hashes += struct.pack("<Q", value >> 24)[:5]
    return hashes


def chunk_records(data):
    """What a table of blocks has behind the hashes of a compressed frame."""
    return b"".join(struct.pack("<I", len(chunk))[:3] + digest(chunk)[:16] for chunk in chunks_of(data))


def extract(bundle, public_key, out):
    with open(bundle, "rb") as file, open(out + ".partial", "wb") as output:
        manifest, tables = open_bundle(file, public_key)
        image = slot_image(manifest)
        frames = frames_of(manifest, tables, image)
        for table in manifest["tables"]:
            read(file, table["payloadLength"])
        blocks = b""
        for (data, plain), frame in zip(read_image(file, manifest, image, frames), frames):
            output.write(plain)
            blocks += block_hashes(plain) if frame[2] else b""
            blocks += chunk_records(data) if frame[2] == 2 else b""
        for description, table in zip(manifest["tables"], tables):
            if (description["kind"], description["artefact"]) == ("blocks", image["name"]):
                require(table == blocks, "the table of blocks is not of this image")
    os.rename(out + ".partial", out)


def run(command, *arguments):
    """Ends with 1 and one sentence, and without the last of `arguments`, when the bundle is refused."""
    try:
        command(*arguments)
    except (Refused, OSError) as error:
        partial = arguments[-1] + ".partial"
        if os.path.isdir(partial):
            shutil.rmtree(partial)
        elif os.path.exists(partial):
            os.unlink(partial)
        print(f"{os.path.basename(sys.argv[0])}: {error}", file=sys.stderr)
        return 1
    return 0


def main(arguments):
    if len(arguments) != 4 or arguments[0] != "extract":
        print(__doc__, file=sys.stderr)
        return 64
    return run(extract, *arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
