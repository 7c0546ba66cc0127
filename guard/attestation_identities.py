"""`attestation-identities` of PEP 751: who a lock says may publish a project, read and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from packaging.pylock import Package

from guard.errors import UsageError
from guard.publisher import Identity, IdentityPattern, PublisherKind

_KEYS: Final = {
    "repository": "repository",
    "workflow": "workflow",
    "workflow_filepath": "workflow",
    "environment": "environment",
    "email": "identity",
}
"""The keys of PEP 740 publishers that can be compared, and the claim that each one is about."""

_WRITTEN: Final = {
    PublisherKind.GITHUB: ("repository", "workflow", "environment"),
    PublisherKind.GITLAB: ("repository", "workflow_filepath", "environment"),
    PublisherKind.GOOGLE: ("email",),
    PublisherKind.CIRCLECI: ("repository",),
}


def patterns(package: Package) -> tuple[IdentityPattern, ...]:
    """Read the identities of a package; what cannot be compared is refused, not left out.

    PEP-751: each has a `kind` and, inline, the other keys of a PEP 740 publisher.
    """
    return tuple(_identity(package, given) for given in package.attestation_identities or ())


def _identity(package: Package, given: Mapping[str, Any]) -> IdentityPattern:
    values = {key: value for key, value in given.items() if value not in (None, "")}
    kind, unknown = values.pop("kind", None), values.keys() - _KEYS.keys()
    if kind not in set(PublisherKind) or unknown or not values:
        raise UsageError(
            f"the lock file names an identity of {package.name} that is not understood",
            reason=f"kind {kind!r}, {', '.join(sorted(unknown or values)) or 'nothing else'}",
            hint=f"known kinds: {', '.join(PublisherKind)}; known keys: {', '.join(_KEYS)}",
        )
    claims: dict[str, Any] = {_KEYS[key]: (_literal(str(value)),) for key, value in values.items()}
    return IdentityPattern(kind=PublisherKind(kind), **claims)


def _literal(text: str) -> str:
    """Return the glob that matches `text` alone: a lock names identities, not patterns."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in text)


def tables(identities: Sequence[Identity]) -> list[dict[str, str]]:
    """Return the entries for verified identities; one of an unknown kind has no place in a lock."""
    return [
        {"kind": str(identity.kind)} | _claims(identity, identity.kind)
        for identity in identities
        if identity.kind is not None
    ]


def _claims(identity: Identity, kind: PublisherKind) -> dict[str, str]:
    found = {key: getattr(identity, _KEYS[key]) for key in _WRITTEN[kind]}
    return {key: str(value) for key, value in found.items() if value is not None}
