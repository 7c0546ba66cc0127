"""`attestation-identities` of PEP 751: who a lock says may publish a project, read and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from packaging.pylock import Package

from guard.errors import UsageError
from guard.publisher import NOT_ATTESTED, Identity, IdentityPattern, PublisherKind

_KEYS: Final[Mapping[str, Mapping[str, str]]] = {
    PublisherKind.GITHUB: {
        "repository": "repository",
        "workflow": "workflow",
        "environment": "environment",
    },
    PublisherKind.GITLAB: {
        "repository": "repository",
        "workflow_filepath": "workflow",
        "environment": "environment",
    },
    PublisherKind.GOOGLE: {"email": "identity"},
    PublisherKind.CIRCLECI: {
        "project_id": "build_signer",
        "pipeline_definition_id": "build_signer",
        "vcs_origin": "repository",
        "vcs_ref": "ref",
    },
}
"""The keys of each kind of PEP 740 publisher, and the claim that each one is about."""

_NEEDED: Final[Mapping[str, frozenset[str]]] = {
    PublisherKind.GITHUB: frozenset({"repository"}),
    PublisherKind.GITLAB: frozenset({"repository"}),
    PublisherKind.GOOGLE: frozenset({"email"}),
    PublisherKind.CIRCLECI: frozenset({"project_id", "pipeline_definition_id"}),
}
"""Without these anybody could be meant."""

_PIPELINE: Final = "https://circleci.com/api/v2/projects/{}/pipeline-definitions/{}"


def patterns(package: Package) -> tuple[IdentityPattern, ...]:
    """Read the identities of a package; what cannot be compared is refused, not left out.

    PEP-751: each has a `kind` and, inline, the other keys of a PEP 740 publisher.
    """
    return tuple(_identity(package, given) for given in package.attestation_identities or ())


def _identity(package: Package, given: Mapping[str, Any]) -> IdentityPattern:
    values = {key: value for key, value in given.items() if value not in (None, "")}
    kind = str(values.pop("kind", ""))
    keys = _KEYS.get(kind, {})
    strange = values.keys() - keys.keys()
    missing = _NEEDED.get(kind, frozenset()) - values.keys()
    if not keys or strange or missing or not all(isinstance(v, str) for v in values.values()):
        raise UsageError(
            f"the lock file names an identity of {package.name} that is not understood",
            reason=", ".join(f"{key} = {value!r}" for key, value in given.items()),
            hint=f"a {kind} publisher has {', '.join(keys)}"
            if keys
            else f"known kinds: {', '.join(_KEYS)}",
        )
    claims: dict[str, Any] = {keys[key]: (_literal(value),) for key, value in values.items()}
    if kind == PublisherKind.CIRCLECI:
        pipeline = _PIPELINE.format(values["project_id"], values["pipeline_definition_id"])
        claims["build_signer"] = (_literal(pipeline),)
    return IdentityPattern(kind=PublisherKind(kind), **claims)


def _literal(text: str) -> str:
    """Return the glob that matches `text` alone: a lock names identities, not patterns."""
    special = "*?[" if text != NOT_ATTESTED else text
    return "".join(f"[{c}]" if c in special else c for c in text)


def tables(identities: Sequence[Identity]) -> list[dict[str, str]]:
    """Return the entries for verified identities; one of an unknown kind has no place in a lock."""
    return [
        {"kind": str(identity.kind)} | _written(identity, identity.kind)
        for identity in identities
        if identity.kind is not None
    ]


def _written(identity: Identity, kind: PublisherKind) -> dict[str, str]:
    if kind is PublisherKind.CIRCLECI:
        before, between, _ = _PIPELINE.split("{}")
        project, _, definition = str(identity.build_signer).removeprefix(before).partition(between)
        return {"project_id": project, "pipeline_definition_id": definition}
    found = {key: getattr(identity, claim) for key, claim in _KEYS[kind].items()}
    return {key: str(value) for key, value in found.items() if value is not None}
