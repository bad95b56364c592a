"""A TUF repository as static files, made with python-tuf's metadata API and securesystemslib's keys.

Everything that python-tuf can express is set on its objects (`repository.root.expires = ...`). What it refuses
to express is changed on the way out by the three hooks of `publish`: `change` sees the dictionary before it is
signed, `envelope` the document with its signatures, `text` the bytes of the file.

Files have the names that a client has to ask for, percent-encoded: under `metadata/` and `targets/`.
"""
import copy
import datetime
import functools
import json
import os
from urllib import parse

from securesystemslib.formats import encode_canonical
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (DelegatedRole, Delegations, Metadata, MetaFile, Root, Snapshot, SuccinctRoles,
                              TargetFile, Targets, Timestamp)

TOP = ("root", "targets", "snapshot", "timestamp")
CHAIN = ("targets", "snapshot", "timestamp")


def now():
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def days(count):
    """The moment that is `count` days from now; negative: ago."""
    return now() + datetime.timedelta(days=count)


def new_key():
    return CryptoSigner.generate_ed25519()


@functools.lru_cache(None)
def rsa_key():
    """One for all cases: it takes a while to make."""
    return CryptoSigner.generate_rsa(size=2048)


def signature(signer, signed):
    return signer.sign(encode_canonical(signed).encode()).to_dict()


def signed_document(signed, signers):
    """The document of a dictionary that python-tuf would refuse to hold."""
    return {"signatures": [signature(signer, signed) for signer in signers], "signed": signed}


def to_bytes(document):
    return json.dumps(document, indent=1, sort_keys=True).encode()


def path_on_server(target, digest=None):
    """Where a client asks for a target: what a URL cannot hold as it is, is percent-encoded."""
    folder, slash, name = target.rpartition("/")
    return parse.quote(f"{folder}{slash}{digest + '.' if digest else ''}{name}", safe="/%~!$&'()*+,;=:@")


class Repository:
    def __init__(self, folder, consistent=True, hashes=False, prefix=True):
        """`hashes`: of metadata, in snapshot and timestamp. `prefix`: of targets, in their names."""
        self.metadata, self.files = os.path.join(folder, "metadata"), os.path.join(folder, "targets")
        os.makedirs(self.metadata)
        os.makedirs(self.files)
        self.hashes, self.prefix = hashes, prefix
        expires = days(30)
        self.roles = {"root": Metadata(Root(expires=expires, consistent_snapshot=consistent)),
                      "targets": Metadata(Targets(expires=expires)),
                      "snapshot": Metadata(Snapshot(expires=expires)),
                      "timestamp": Metadata(Timestamp(expires=expires))}
        # Who signs a role, and every version of it that was published: {role: {version: bytes}}.
        self.signers, self.published = {}, {}
        for role in TOP:
            self.add_key(role)
        self.publish(*TOP)

    root = property(lambda self: self.roles["root"].signed)
    timestamp = property(lambda self: self.roles["timestamp"].signed)
    snapshot = property(lambda self: self.roles["snapshot"].signed)
    targets = property(lambda self: self.roles["targets"].signed)

    def role(self, name):
        return self.roles[name].signed

    def version(self, name):
        return self.roles[name].signed.version

    def bytes(self, name, version=None):
        """The file of that version as it was published last."""
        return self.published[name][version or max(self.published[name])]

    # -- keys ---------------------------------------------------------------------------------------

    def add_key(self, role, signer=None, delegator="root"):
        signer = signer or new_key()
        self.roles[delegator].signed.add_key(signer.public_key, role)
        self.signers.setdefault(role, []).append(signer)
        return signer

    def rotate(self, role, count=1):
        """The keys of a top-level role are replaced by new ones. Returns those that signed it so far."""
        old, self.signers[role] = self.signers[role], []
        for keyid in list(self.root.roles[role].keyids):
            self.root.revoke_key(keyid, role)
        for _ in range(count):
            self.add_key(role)
        return old

    # -- targets and delegations -------------------------------------------------------------------

    def add_target(self, name, data=b"content", role="targets", algorithms=("sha256",)):
        """Enters a target and stores its file under each of its hashes, or its name alone."""
        target = TargetFile.from_data(name, data, list(algorithms))
        self.role(role).targets[name] = target
        self.store(name, data, target)
        return target

    def store(self, name, data, target):
        """Only the file: `data` may be anything."""
        prefixed = self.root.consistent_snapshot and self.prefix
        for digest in target.hashes.values() if prefixed else [None]:
            path = os.path.normpath(os.path.join(self.files, path_on_server(name, digest).lstrip("/")))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(data)

    def delegate(self, delegator, name, paths=("*",), terminating=False, prefixes=None, threshold=1,
                 signer=None):
        parent = self.role(delegator)
        parent.delegations = parent.delegations or Delegations({}, {})
        parent.delegations.roles[name] = DelegatedRole(
            name, [], threshold, terminating, None if prefixes else list(paths), prefixes)
        if name not in self.roles:
            self.roles[name] = Metadata(Targets(expires=days(30)))
        elif not signer and self.signers.get(name):
            signer = self.signers[name][0]
        if signer in self.signers.get(name, []):
            parent.add_key(signer.public_key, name)
            return self.role(name)
        self.add_key(name, signer, delegator)
        return self.role(name)

    def delegate_bins(self, delegator, bits, prefix):
        signer, parent = new_key(), self.role(delegator)
        bins = SuccinctRoles([], 1, bits, prefix)
        parent.delegations = Delegations({}, None, bins)
        parent.add_key(signer.public_key)
        for name in bins.get_roles():
            self.roles[name] = Metadata(Targets(expires=days(30)))
            self.signers[name] = [signer]
        return bins

    # -- publishing ----------------------------------------------------------------------------------

    def publish(self, *names, change=None, envelope=None, text=None, bump=True):
        """Signs and stores roles in the order given: a new version, unless it is the first or `bump` is
        false. What refers to a role (snapshot's and timestamp's meta) is brought up to date, not published."""
        for name in names:
            role = self.roles[name]
            if bump and name in self.published:
                role.signed.version += 1
            signed = copy.deepcopy(role.signed).to_dict()
            signed = change(signed) or signed if change else signed
            document = signed_document(signed, self.signers[name])
            document = envelope(document) or document if envelope else document
            data = to_bytes(document)
            self.put(name, text(data) if text else data)

    def publish_all(self):
        """Everything, the delegated roles first."""
        self.publish(*(name for name in self.roles if name not in TOP), *CHAIN)

    def put(self, name, data, version=None):
        """Stores the bytes of a role's file, whatever they are."""
        version = version or self.version(name)
        self.published.setdefault(name, {})[version] = data
        with open(self.file(name, version), "wb") as file:
            file.write(data)
        if name in ("root", "timestamp"):
            return
        meta = MetaFile.from_data(version, data, ["sha256"]) if self.hashes else MetaFile(version)
        if name == "snapshot":
            self.timestamp.snapshot_meta = meta
        else:
            self.snapshot.meta[f"{name}.json"] = meta

    def file(self, name, version=None):
        return os.path.join(self.metadata, self.file_name(name, version or self.version(name)))

    def file_name(self, name, version):
        quoted = parse.quote(name, safe="")
        versioned = name == "root" or (name != "timestamp" and self.root.consistent_snapshot)
        return f"{version}.{quoted}.json" if versioned else f"{quoted}.json"
