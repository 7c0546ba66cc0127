"""The named faults: everything that can be wrong with provenance, one at a time."""

from __future__ import annotations

from enum import StrEnum, auto
from typing import Self


class Stage(StrEnum):
    """Where a straightforward verification stops a fault."""

    PARSE = auto()
    """The JSON is not a PEP 740 object."""

    COUNT = auto()
    """A list is empty that must not be: nothing fails, because nothing is verified."""

    CONVERT = auto()
    """The attestation cannot be a Sigstore bundle."""

    VERIFY = auto()
    """Sigstore's own verification: certificate, log entry, signature."""

    STATEMENT = auto()
    """The signature is good, but what was signed is not about this file."""

    PUBLISHER = auto()
    """The signer is not the publisher that the index claims, or cannot be told."""


class Fault(StrEnum):
    """One thing that is wrong with otherwise good provenance.

    All but the last group are faults of one attestation; the last are faults of the provenance
    object around it.
    """

    stage: Stage

    def __new__(cls, value: str, stage: Stage) -> Self:
        """Make a member that is the string `value` and knows its `stage`."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.stage = stage
        return member

    # The certificate.
    NO_SCT = "no-sct", Stage.VERIFY
    """The certificate carries no signed certificate timestamp."""
    TWO_SCTS = "two-scts", Stage.VERIFY
    """The certificate carries two good SCTs, where exactly one is expected."""
    FOREIGN_SCT = "foreign-sct", Stage.VERIFY
    """The SCT is by a log that the trusted root does not name."""
    SCT_OF_OTHER_CERTIFICATE = "sct-of-other-certificate", Stage.VERIFY
    """The SCT is a genuine one, made for another certificate."""
    NO_CODE_SIGNING = "no-code-signing", Stage.VERIFY
    """The extended key usage is not code signing."""
    NO_DIGITAL_SIGNATURE = "no-digital-signature", Stage.VERIFY
    """The key usage lacks digitalSignature."""
    CA_CERTIFICATE = "ca-certificate", Stage.VERIFY
    """The signing certificate is that of a certificate authority."""
    UNTRUSTED_CA = "untrusted-ca", Stage.VERIFY
    """The certificate was issued by another authority of the same name."""
    EXPIRED_CERTIFICATE = "expired-certificate", Stage.VERIFY
    """The entry was logged after the certificate's notAfter."""
    PREMATURE_CERTIFICATE = "premature-certificate", Stage.VERIFY
    """The entry was logged before the certificate's notBefore."""
    MALFORMED_CLAIM = "malformed-claim", Stage.PUBLISHER
    """The repository identifier in the certificate is not a DER string."""
    MALFORMED_CERTIFICATE = "malformed-certificate", Stage.CONVERT
    """The certificate is not X.509."""

    # The signature, and what is signed.
    BAD_SIGNATURE = "bad-signature", Stage.VERIFY
    """The signature has one bit flipped."""
    EMPTY_SIGNATURE = "empty-signature", Stage.CONVERT
    """The signature is empty."""
    SIGNED_BY_OTHER_KEY = "signed-by-other-key", Stage.VERIFY
    """The signature is by another key than the certificate's."""
    TAMPERED_STATEMENT = "tampered-statement", Stage.VERIFY
    """The statement's digest was changed after signing."""
    WRONG_DIGEST = "wrong-digest", Stage.STATEMENT
    """The signed statement is about other bytes."""
    WRONG_FILENAME = "wrong-filename", Stage.STATEMENT
    """The signed statement is about these bytes under another file name."""
    TWO_SUBJECTS = "two-subjects", Stage.STATEMENT
    """The signed statement is about this file and one more."""
    NO_SUBJECT_NAME = "no-subject-name", Stage.STATEMENT
    """The signed statement does not name the file."""
    NO_SHA256 = "no-sha256", Stage.STATEMENT
    """The signed statement has no SHA-256, only a SHA-512."""
    UNKNOWN_STATEMENT_TYPE = "unknown-statement-type", Stage.STATEMENT
    """The signed statement is of in-toto's version 0.1."""
    UNKNOWN_PREDICATE_TYPE = "unknown-predicate-type", Stage.STATEMENT
    """The signed statement's predicate is of a type that no index accepts."""
    PAYLOAD_NOT_JSON = "payload-not-json", Stage.STATEMENT
    """The signed payload is not JSON."""

    # The log entry.
    NO_LOG_ENTRY = "no-log-entry", Stage.PARSE
    """The list of transparency log entries is empty."""
    ENTRY_OF_OTHER_ENVELOPE = "entry-of-other-envelope", Stage.VERIFY
    """The log entry is a genuine one, of another statement."""
    ENTRY_OF_OTHER_SIGNATURE = "entry-of-other-signature", Stage.VERIFY
    """The log entry is a genuine one, of another signature."""
    ENTRY_OF_OTHER_CERTIFICATE = "entry-of-other-certificate", Stage.VERIFY
    """The log entry is a genuine one, of another certificate."""
    UNKNOWN_LOG = "unknown-log", Stage.VERIFY
    """The entry is in a log that the trusted root does not name."""
    UNKNOWN_ENTRY_KIND = "unknown-entry-kind", Stage.VERIFY
    """The entry claims to be of the kind intoto 0.0.2, which is not for attestations."""
    UNKNOWN_ENTRY_VERSION = "unknown-entry-version", Stage.CONVERT
    """The entry claims a version that no log has."""
    REKOR_V2_WITHOUT_TIMESTAMP = "rekor-v2-without-timestamp", Stage.CONVERT
    """The entry is Rekor v2's, whose time only a timestamp could tell."""
    NO_INCLUSION_PROOF = "no-inclusion-proof", Stage.CONVERT
    """The entry has a promise, but no proof of inclusion."""
    BAD_INCLUSION_PROOF = "bad-inclusion-proof", Stage.VERIFY
    """A hash of the inclusion proof has one bit flipped."""
    WRONG_LOG_INDEX = "wrong-log-index", Stage.VERIFY
    """The inclusion proof is read at the index of another leaf."""
    WRONG_ROOT_HASH = "wrong-root-hash", Stage.VERIFY
    """The proof's root hash is not the one that the proof leads to."""
    NO_CHECKPOINT = "no-checkpoint", Stage.CONVERT
    """The inclusion proof has no checkpoint."""
    MALFORMED_CHECKPOINT = "malformed-checkpoint", Stage.VERIFY
    """The checkpoint's signature is not base64."""
    BAD_CHECKPOINT_SIGNATURE = "bad-checkpoint-signature", Stage.VERIFY
    """The checkpoint's signature has one bit flipped."""
    CHECKPOINT_OF_OTHER_TREE = "checkpoint-of-other-tree", Stage.VERIFY
    """The checkpoint is a genuine one, of a tree of the same size with another root."""
    CHECKPOINT_BY_OTHER_KEY = "checkpoint-by-other-key", Stage.VERIFY
    """The checkpoint is of the right tree, but signed by another log."""
    NO_SET = "no-set", Stage.CONVERT
    """The time of logging is there, without the promise (SET) that vouches for it."""
    NO_INTEGRATED_TIME = "no-integrated-time", Stage.VERIFY
    """The promise is there, without the time that it vouches for."""
    BAD_SET = "bad-set", Stage.VERIFY
    """The promise's signature has one bit flipped."""
    SET_OF_OTHER_TIME = "set-of-other-time", Stage.VERIFY
    """The time of logging was changed, to another at which the certificate was valid."""

    # The attestation as JSON.
    UNKNOWN_VERSION = "unknown-version", Stage.PARSE
    """The attestation is of version 2."""
    MALFORMED_BASE64 = "malformed-base64", Stage.PARSE
    """The statement is not base64: its padding is wrong."""

    # The provenance object around the attestations.
    TRUNCATED_PROVENANCE = "truncated-provenance", Stage.PARSE
    """The provenance object ends one character early."""
    UNKNOWN_PROVENANCE_VERSION = "unknown-provenance-version", Stage.PARSE
    """The provenance object is of version 2."""
    NO_BUNDLES = "no-bundles", Stage.COUNT
    """The list of bundles is empty."""
    NO_ATTESTATIONS = "no-attestations", Stage.COUNT
    """The first bundle's list of attestations is empty."""
    UNKNOWN_PUBLISHER_KIND = "unknown-publisher-kind", Stage.PARSE
    """The first bundle's publisher is of a kind nobody knows."""
    OTHER_PUBLISHER_KIND = "other-publisher-kind", Stage.PUBLISHER
    """The first bundle's publisher is of another kind than the signer."""
    OTHER_PUBLISHER = "other-publisher", Stage.PUBLISHER
    """The first bundle's publisher is another repository, account or project."""
    OTHER_WORKFLOW = "other-workflow", Stage.PUBLISHER
    """The first bundle's publisher is the same repository with another workflow."""
    OTHER_ENVIRONMENT = "other-environment", Stage.PUBLISHER
    """The first bundle's publisher has another environment than the certificate."""


ACCEPTED_BY_LIBRARIES = frozenset(
    {
        Fault.MALFORMED_CLAIM,
        Fault.NO_ATTESTATIONS,
        Fault.NO_BUNDLES,
        Fault.OTHER_ENVIRONMENT,
    }
)
"""What verifying every attestation with `pypi_attestations` lets pass: ours alone to notice."""
