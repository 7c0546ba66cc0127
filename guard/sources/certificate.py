"""The claims of a Fulcio certificate, once it has been verified.

Essential reading: Fulcio's `oid-info`; .1 to .6 are raw strings, .8 and up are DER UTF8Strings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat import asn1

from guard.publisher import CIRCLECI, GITHUB, GITLAB, GOOGLE, Identity, PublisherKind

_ARC: Final = "1.3.6.1.4.1.57264.1."
_RAW_ISSUER: Final = 1
_OLDEST_DER: Final = 8
_DIGITS: Final = 18
"""Of a numeric id: it is to fit into 64 bits, for whoever reads a report."""

_HOSTS: Final = {GITHUB: "https://github.com", GITLAB: "https://gitlab.com"}


class ClaimError(ValueError):
    """A verified certificate makes a claim that contradicts itself."""


def identity(certificate: x509.Certificate) -> Identity:
    """Return who signed, as the certificate says. Raises `ValueError` for a malformed claim."""
    claims = _claims(certificate)
    issuer = claims.get(8) or claims.get(_RAW_ISSUER)
    if not issuer:
        raise ClaimError("the certificate does not say who issued the identity")
    repository = _repository(issuer, claims.get(12))
    return Identity(
        issuer=issuer,
        identity=_subject(certificate),
        repository=repository,
        repository_id=_number(claims.get(15)),
        owner=_last_part(claims.get(16)),
        owner_id=_number(claims.get(17)),
        workflow=_workflow(issuer, claims),
        ref=claims.get(14),
        digest=claims.get(13),
        environment=claims.get(23),
        trigger=claims.get(20),
        runner=claims.get(11),
        build_signer=claims.get(9),
        run=claims.get(21),
        subject=claims.get(24),
    )


def contradiction(claimed: Mapping[str, Any], found: Identity) -> str | None:
    """Say where the publisher that the index claims is not the one in the certificate.

    PEP-740: the `publisher` object is what the index says; nothing about it is signed. Its `kind`
    is one of `PublisherKind`.
    """
    expected = _expected(PublisherKind(claimed["kind"]), claimed, found)
    for name, (wanted, actual) in expected.items():
        if wanted is not None and str(wanted) != str(actual):
            return f"the index says {name} {str(wanted)[:100]!r}, the certificate {actual!r}"
    return None


def _expected(
    kind: PublisherKind, claimed: Mapping[str, Any], found: Identity
) -> dict[str, tuple[object, object]]:
    """Return for each claim what the index says and what the certificate does."""
    environment = claimed.get("environment") or None
    if found.environment is None:
        environment = None  # the certificate is older than the claim
    match kind:
        case PublisherKind.GITHUB:
            workflow: object = claimed.get("workflow")
            issuer: object = GITHUB
        case PublisherKind.GITLAB:
            workflow = claimed.get("workflow_filepath")
            # A self-managed GitLab has an issuer of its own, which the claim does not name.
            issuer = None if found.kind is None else GITLAB
        case PublisherKind.GOOGLE:
            return {
                "issuer": (GOOGLE, found.issuer),
                "email": (str(claimed.get("email")), found.identity),
            }
        case PublisherKind.CIRCLECI:
            signer = (
                f"https://circleci.com/api/v2/projects/{claimed.get('project_id')}"
                f"/pipeline-definitions/{claimed.get('pipeline_definition_id')}"
            )
            return {
                "issuer": (CIRCLECI, found.issuer),
                "pipeline": (signer, found.build_signer),
                "repository": (claimed.get("vcs_origin"), found.repository),
                "ref": (claimed.get("vcs_ref"), found.ref),
            }
    return {
        "issuer": (issuer, found.issuer),
        "repository": (
            str(claimed.get("repository")).casefold(),
            (found.repository or "").casefold(),
        ),
        "workflow": (str(workflow), found.workflow),
        "environment": (environment, found.environment),
    }


def _claims(certificate: x509.Certificate) -> dict[int, str]:
    claims = {}
    for extension in certificate.extensions:
        dotted = extension.oid.dotted_string
        if not dotted.startswith(_ARC) or not isinstance(
            extension.value, x509.UnrecognizedExtension
        ):
            continue
        number = int(dotted.removeprefix(_ARC))
        value = extension.value.value
        text = asn1.decode_der(str, value) if number >= _OLDEST_DER else value.decode("utf-8")
        if text:
            claims[number] = text
    return claims


def _subject(certificate: x509.Certificate) -> str:
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    names = [
        name.value
        for name in extension.value
        if isinstance(name, x509.RFC822Name | x509.UniformResourceIdentifier)
    ]
    if len(names) != 1:
        raise ClaimError("the certificate does not name exactly one subject")
    return names[0]


def _repository(issuer: str, uri: str | None) -> str | None:
    """Return the repository as publishers spell it; a URI at another host stays whole."""
    if uri is None:
        return None
    host = _HOSTS.get(issuer, issuer)
    if uri.startswith(f"{host}/"):
        return uri.removeprefix(f"{host}/")
    if issuer in _HOSTS:
        raise ClaimError(f"the repository {uri[:100]!r} is not at {host}")
    return uri


def _workflow(issuer: str, claims: Mapping[int, str]) -> str | None:
    """Return the top-level build configuration: its file name at GitHub, its path at GitLab."""
    build, repository = claims.get(18), claims.get(12)
    if build is None:
        return None
    before = f"{repository}/.github/workflows/" if issuer == GITHUB else f"{repository}//"
    # A ref may have an `@` of its own, and so may a file name: what follows is known exactly.
    after = next(
        (f"@{at}" for n in (14, 13) if (at := claims.get(n)) and build.endswith(f"@{at}")), ""
    )
    if after and build.startswith(before):
        return build.removeprefix(before).removesuffix(after)
    if issuer in _HOSTS:
        raise ClaimError(f"the workflow {build[:100]!r} is not one of {repository} at its ref")
    return build


def _last_part(uri: str | None) -> str | None:
    return urlsplit(uri).path.strip("/") or None if uri else None


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal()):
        raise ClaimError(f"{text[:40]!r} is not a number")
    if len(text) > _DIGITS:
        raise ClaimError(f"{text[:40]!r} is no numeric id")
    return int(text)
