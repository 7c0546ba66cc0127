"""Certificates for one run: an authority that is good for the run's own hosts and nothing else.

Its key signs one certificate and is then gone: it is never written anywhere. The key of that
certificate is, for as long as it takes OpenSSL to read it, in a private file.
"""

from __future__ import annotations

import ipaddress
import ssl
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from guard.private import write_private

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_LIFETIME: Final = timedelta(days=2)
"""Longer than any run: a build may take a night."""

_SKEW: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a server shows, and what its client has to trust."""

    context: ssl.SSLContext
    authority: bytes
    """The authority's certificate, as PEM."""

    hosts: frozenset[str]


def issue(hosts: Iterable[str], *, now: datetime) -> Identity:
    """Return an identity for exactly `hosts`, under an authority that is constrained to them."""
    from cryptography import x509  # noqa: PLC0415 - 50 ms, only where a tool is wrapped
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    names = [_general_name(host) for host in sorted(hosts)]
    root_key = ec.generate_private_key(ec.SECP256R1())
    leaf_key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name.from_rfc4514_string(f"CN=guard gateway {now:%Y-%m-%d %H:%M:%S}")
    root = _root(subject, root_key, names, now)
    leaf = _leaf(root, root_key, leaf_key, names, now)
    pem = serialization.Encoding.PEM
    chain = leaf.public_bytes(pem) + leaf_key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Identity(
        context=_context(chain), authority=root.public_bytes(pem), hosts=frozenset(hosts)
    )


def _root(
    subject: x509.Name,
    key: EllipticCurvePrivateKey,
    names: Sequence[x509.GeneralName],
    now: datetime,
) -> x509.Certificate:
    """RFC-5280: a form of name without a permitted subtree is not constrained, so each has one."""
    from cryptography import x509  # noqa: PLC0415

    addresses = [x509.IPAddress(_network(n)) for n in names if isinstance(n, x509.IPAddress)]
    domains = [name for name in names if isinstance(name, x509.DNSName)]
    everything = ("0.0.0.0/0", "::/0")
    excluded = [] if addresses else [x509.IPAddress(ipaddress.ip_network(n)) for n in everything]
    constraints = x509.NameConstraints(
        permitted_subtrees=[*(domains or [x509.DNSName("invalid")]), *addresses],
        excluded_subtrees=excluded or None,
    )
    builder = _builder(subject, subject, key, now)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs=True), critical=True)
    builder = builder.add_extension(constraints, critical=True)
    return builder.sign(key, _sha256())


def _leaf(
    root: x509.Certificate,
    root_key: EllipticCurvePrivateKey,
    key: EllipticCurvePrivateKey,
    names: Sequence[x509.GeneralName],
    now: datetime,
) -> x509.Certificate:
    from cryptography import x509  # noqa: PLC0415
    from cryptography.x509.oid import ExtendedKeyUsageOID  # noqa: PLC0415

    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    builder = _builder(x509.Name.from_rfc4514_string("CN=guard"), root.subject, key, now)
    basic = x509.BasicConstraints(ca=False, path_length=None)
    builder = builder.add_extension(basic, critical=True)
    builder = builder.add_extension(_usage(signs=False), critical=True)
    builder = builder.add_extension(server, critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    builder = builder.add_extension(issuer, critical=False)
    return builder.sign(root_key, _sha256())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, now: datetime
) -> x509.CertificateBuilder:
    from cryptography import x509  # noqa: PLC0415

    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    from cryptography import x509  # noqa: PLC0415

    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    from cryptography import x509  # noqa: PLC0415

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _network(name: x509.IPAddress) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(str(name.value))


def _sha256() -> hashes.SHA256:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415

    return hashes.SHA256()


def _context(chain: bytes) -> ssl.SSLContext:
    """Return a context that shows `chain`, and speaks HTTP/1.1: later ones have no reasons."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    with tempfile.TemporaryDirectory(prefix="guard-") as folder:
        path = Path(folder, "leaf.pem")
        write_private(path, chain)
        context.load_cert_chain(path)
    return context
