"""Publishers as the guard knows them once a certificate is verified, and candidates they signed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from packaging.version import Version

from guard.model import Absent, Candidate, Prior
from guard.publisher import GITHUB, Attestation, Identity, PredicateKind, Provenance
from tests.builders import a_candidate, a_file, ago

_SIGNER: Final = "https://github.com/acme/widget/.github/workflows/release.yml@refs/tags/v1.1"

ACME: Final = Identity(
    issuer=GITHUB,
    identity=_SIGNER,
    repository="acme/widget",
    repository_id=1001,
    owner="acme",
    owner_id=2002,
    workflow="release.yml",
    ref="refs/tags/v1.1",
    digest="0123456789abcdef0123456789abcdef01234567",
    trigger="release",
    runner="github-hosted",
    build_signer=_SIGNER,
)
"""Who has always published widget."""

EVIL: Final = replace(
    ACME,
    identity=_SIGNER.replace("acme", "evil"),
    repository="evil/widget",
    repository_id=666,
    owner="evil",
    owner_id=667,
    build_signer=_SIGNER.replace("acme", "evil"),
)
"""Somebody else, with a workflow of the same name and as valid a certificate."""

UNATTESTED: Final = Absent("its index lists no attestations")

PIN: Final = """
[[publisher]]
name = "widget"
identities = [
    { kind = "GitHub", repository = "acme/widget", workflow = "release.yml", ref = "refs/tags/*" },
]
"""


def acme(**changes: Any) -> Identity:
    """The publisher of widget, but for some claims."""
    return replace(ACME, **changes)


def attested(
    *identities: Identity, invalid: tuple[str, ...] = (), unsupported: tuple[str, ...] = ()
) -> Provenance:
    """One valid attestation by each of `identities`, and others that are not."""
    attestations = tuple(
        Attestation(
            identity=identity,
            predicate=PredicateKind.PUBLISH,
            log_index=index,
            integrated_at=datetime(2026, 2, 1, tzinfo=UTC),
        )
        for index, identity in enumerate(identities)
    )
    return Provenance(attestations=attestations, invalid=invalid, unsupported=unsupported)


def a_prior(*identities: Identity, version: str = "1.0", days: int = 60, **changes: Any) -> Prior:
    """An earlier release, attested by `identities` so many days before now."""
    fields: dict[str, Any] = {
        "version": Version(version),
        "filename": f"widget-{version}-py3-none-any.whl",
        "upload_time": ago(days=days),
        "provenance": attested(*identities),
    }
    return Prior(**fields | changes)


def widget(**changes: Any) -> Candidate:
    """widget 1.1, unattested and without a past unless that is changed."""
    return a_candidate(**{"file": a_file("widget", "1.1")} | changes)


def pinned(*claims: str, name: str = "widget") -> str:
    """A policy that pins the project to any of identities that are written like this."""
    identities = ", ".join(f"{{ {each} }}" for each in claims)
    return f'[[publisher]]\nname = "{name}"\nidentities = [{identities}]\n'
