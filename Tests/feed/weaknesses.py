"""Defences of python-tuf's client, each taken out by itself, and cases that have to turn red for it (see `prove`)."""
import contextlib
import fnmatch
import functools
import sys
from unittest import mock

from tuf.api import _payload, metadata
from tuf.ngclient import updater
from tuf.ngclient._internal import trusted_metadata_set as trusted


def never(*_, **__):
    return None


def nobody_signs():
    return mock.patch.object(_payload._DelegatorMixin, "verify_delegate", never)


def one_signature_is_enough():
    return mock.patch.object(_payload.VerificationResult, "verified", property(lambda self: bool(self.signed)))


def nothing_expires():
    return mock.patch.object(_payload.Signed, "is_expired", lambda *_: False)


def hashes_and_lengths_do_not_count():
    return mock.patch.object(_payload.MetaFile, "verify_length_and_hashes", never)


def targets_may_be_anything():
    return mock.patch.object(_payload.TargetFile, "verify_length_and_hashes", never)


def files_have_no_end():
    unlimited = updater.Updater._download_metadata
    return mock.patch.object(updater.Updater, "_download_metadata",
                             lambda self, name, _, version=None: unlimited(self, name, 1 << 40, version))


def older_is_as_good():
    """Nothing that is stored guards against what comes."""
    def forgetful(load):
        def update(self, data, *arguments, **options):
            self._trusted_set.pop(load.__name__.removeprefix("update_"), None)
            return load(self, data, *arguments, **options)
        return update
    stack = contextlib.ExitStack()
    for name in ("update_timestamp", "update_snapshot"):
        stack.enter_context(mock.patch.object(trusted.TrustedMetadataSet, name,
                                              forgetful(getattr(trusted.TrustedMetadataSet, name))))
    return stack


def delegations_match_everything():
    return mock.patch.object(metadata.DelegatedRole, "is_delegated_path", lambda *_: True)


def patterns_cross_slashes():
    return mock.patch.object(metadata.DelegatedRole, "_is_target_in_pathpattern",
                             staticmethod(lambda path, pattern: fnmatch.fnmatchcase(path, pattern)))


def searches_have_no_end():
    endless = functools.partial(updater.UpdaterConfig, max_delegations=1 << 20)
    return mock.patch.object(updater, "UpdaterConfig", endless)


def the_first_delegator_speaks_for_all():
    return mock.patch.object(trusted.TrustedMetadataSet, "contains", lambda self, role, _: role in self)


def types_are_not_compared():
    return mock.patch.object(trusted, "_load_from_metadata", of_any_type(trusted._load_from_metadata))


def of_any_type(load):
    def loaded(role, data, delegator=None, role_name=None):
        return load(type(metadata.Metadata.from_bytes(data).signed), data, delegator, role_name or role.type)
    return loaded


def names_are_not_encoded():
    return mock.patch.object(updater.parse, "quote", lambda text, _="": text.replace("/", "_"))


def everything_is_fetched_again():
    def absent(*_):
        raise OSError
    return mock.patch.object(updater.Updater, "_load_local_metadata", lambda self, name: (
        metadata_of_root(self) if name == "root" else absent()))


def metadata_of_root(client):
    with open(f"{client._dir}/root.json", "rb") as file:
        return file.read()


def metadata_is_written_anew():
    keep = updater.Updater._persist_metadata
    return mock.patch.object(updater.Updater, "_persist_metadata", lambda self, role, data: keep(
        self, role, metadata.Metadata.from_bytes(data).to_bytes()))


# The weakness, and a case that has to see it.
SEEN_BY = {
    nobody_signs: "test_signature_of_other_bytes",
    one_signature_is_enough: "test_one_of_two_compromised",
    nothing_expires: "Expiry.test_expired_when_first_seen",
    hashes_and_lengths_do_not_count: "test_mix_and_match_of_the_same_version",
    targets_may_be_anything: "test_substituted",
    files_have_no_end: "test_too_large",
    older_is_as_good: "Rollback.test_timestamp",
    delegations_match_everything: "test_extraneous_dependencies",
    patterns_cross_slashes: "Paths.test_patterns",
    searches_have_no_end: "test_thousands_that_match",
    the_first_delegator_speaks_for_all: "test_delegators_that_name_different_keys",
    types_are_not_compared: "test_type_of_another_role",
    names_are_not_encoded: "RoleNames.test_asked_for",
    everything_is_fetched_again: "test_nothing_new_costs_two_requests",
    metadata_is_written_anew: "test_unknown_fields_are_kept",
}


def weaken(name):
    """For the rest of the process."""
    getattr(sys.modules[__name__], name)().__enter__()
