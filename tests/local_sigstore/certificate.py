"""Fulcio: an authority that certifies, for ten minutes, whom a key belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from .certificate_log import CertificateLog, timestamp_list
from .fault import Fault
from .identity import Identity, claim_oid
from .key import SigningKey

ORGANIZATION = "local-sigstore.test"
COMMON_NAME = "local-sigstore"
LIFETIME = timedelta(minutes=10)

_CA_LIFETIME = timedelta(days=365 * 100)
_KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a certificate carries besides its identity; by default, what Fulcio's do."""

    key_usage: str = "digital_signature"
    extended_key_usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.CODE_SIGNING
    is_ca: bool = False
    scts: int = 1
    foreign_sct: bool = False
    """The timestamps are by a log that nobody trusts."""
    sct_of_other: bool = False
    """The timestamps are for another certificate."""
    raw_claims: Mapping[str, bytes] = field(default_factory=dict)
    """Extensions that win over those of the identity, by OID."""


_FLAWED: Mapping[Fault | None, Profile] = {
    Fault.NO_SCT: Profile(scts=0),
    Fault.TWO_SCTS: Profile(scts=2),
    Fault.FOREIGN_SCT: Profile(foreign_sct=True),
    Fault.SCT_OF_OTHER_CERTIFICATE: Profile(sct_of_other=True),
    Fault.NO_CODE_SIGNING: Profile(extended_key_usage=ExtendedKeyUsageOID.CLIENT_AUTH),
    Fault.NO_DIGITAL_SIGNATURE: Profile(key_usage="content_commitment"),
    Fault.CA_CERTIFICATE: Profile(is_ca=True),
    # A raw string, as .1 to .6 have it, where DER is due.
    Fault.MALFORMED_CLAIM: Profile(raw_claims={claim_oid(15): b"1001"}),
}
_GOOD = Profile()


def profile(fault: Fault | None) -> Profile:
    """Describe a certificate with `fault`; a good one, if the fault lies elsewhere."""
    return _FLAWED.get(fault, _GOOD)


@dataclass(frozen=True, slots=True)
class _Issuer:
    """A name and a key to issue certificates with."""

    name: x509.Name
    key: SigningKey

    @classmethod
    def create(cls, common_name: str) -> Self:
        """Make an issuer with a key of its own."""
        attributes = (
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        )
        return cls(x509.Name(attributes), SigningKey.generate())

    def draft(
        self, subject: x509.Name, key: SigningKey, start: datetime, lifetime: timedelta
    ) -> x509.CertificateBuilder:
        """Begin a certificate for `subject` and its `key`."""
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public)
        return (
            x509.CertificateBuilder()
            .issuer_name(self.name)
            .subject_name(subject)
            .public_key(key.public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + lifetime)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public), critical=False)
            .add_extension(authority, critical=False)
        )

    def certify(self, subject: Self, start: datetime, path_length: int) -> x509.Certificate:
        """Make an authority of `subject`."""
        constraints = x509.BasicConstraints(ca=True, path_length=path_length)
        return self.sign(
            self.draft(subject.name, subject.key, start, _CA_LIFETIME)
            .add_extension(_key_usage("key_cert_sign", "crl_sign"), critical=True)
            .add_extension(constraints, critical=True)
        )

    def sign(self, draft: x509.CertificateBuilder) -> x509.Certificate:
        """Finish a certificate."""
        return draft.sign(self.key.private, hashes.SHA256())


@dataclass(frozen=True, slots=True)
class CertificateAuthority:
    """A root and an intermediate; the intermediate issues what the `log` has seen."""

    root: x509.Certificate
    intermediate: x509.Certificate
    issuer: _Issuer
    log: CertificateLog

    @classmethod
    def create(cls, log: CertificateLog, start: datetime) -> Self:
        """Make an authority that is valid from `start` on."""
        root = _Issuer.create(COMMON_NAME)
        issuer = _Issuer.create(f"{COMMON_NAME}-intermediate")
        return cls(
            root=root.certify(root, start, path_length=1),
            intermediate=root.certify(issuer, start, path_length=0),
            issuer=issuer,
            log=log,
        )

    def issue(
        self, key: SigningKey, identity: Identity, start: datetime, profile: Profile = _GOOD
    ) -> x509.Certificate:
        """Certify that `key` belongs to `identity`, for `LIFETIME` from `start` on."""
        # Fulcio leaves the subject empty: the identity is in the extensions.
        draft = self.issuer.draft(x509.Name(()), key, start, LIFETIME)
        draft = _with_usage(draft, profile)
        draft = _with_identity(draft, identity, profile.raw_claims)
        if profile.scts:
            draft = draft.add_extension(self._timestamps(draft, start, profile), critical=False)
        return self.issuer.sign(draft)

    def _timestamps(
        self, draft: x509.CertificateBuilder, at: datetime, profile: Profile
    ) -> x509.UnrecognizedExtension:
        """Have the log see `draft`.

        RFC-6962: what is logged is the certificate less this very extension, a pre-certificate;
        the builder only gives away its bytes by signing it.
        """
        body = self.issuer.sign(draft).tbs_certificate_bytes
        if profile.sct_of_other:
            body += b"of another"
        log = CertificateLog.create() if profile.foreign_sct else self.log
        key = self.issuer.key
        times = (at + timedelta(seconds=second) for second in range(profile.scts))
        timestamps = timestamp_list(log.timestamp(body, key, time) for time in times)
        return x509.UnrecognizedExtension(
            ExtensionOID.PRECERT_SIGNED_CERTIFICATE_TIMESTAMPS, asn1.encode_der(timestamps)
        )


def _with_usage(draft: x509.CertificateBuilder, profile: Profile) -> x509.CertificateBuilder:
    if profile.is_ca:
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        draft = draft.add_extension(constraints, critical=True)
    return draft.add_extension(_key_usage(profile.key_usage), critical=True).add_extension(
        x509.ExtendedKeyUsage([profile.extended_key_usage]), critical=False
    )


def _with_identity(
    draft: x509.CertificateBuilder, identity: Identity, raw_claims: Mapping[str, bytes]
) -> x509.CertificateBuilder:
    if identity.san is not None:
        # RFC-5280: subjectAltName is critical where the subject is empty.
        draft = draft.add_extension(_subject_alternative_name(identity.san), critical=True)
    claims: Iterable[tuple[str, bytes]] = {**dict(identity.extensions()), **raw_claims}.items()
    for oid, value in claims:
        claim = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)
        draft = draft.add_extension(claim, critical=False)
    return draft


def _subject_alternative_name(san: str) -> x509.SubjectAlternativeName:
    is_uri = "://" in san
    name = x509.UniformResourceIdentifier(san) if is_uri else x509.RFC822Name(san)
    return x509.SubjectAlternativeName([name])


def _key_usage(*usages: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage in usages for usage in _KEY_USAGES})
