"""Who published a file: what a verified certificate says, and what somebody expects it to say.

Essential reading, in order: PEP 740 (attestations, provenance, publishers), PEP 751
(`attestation-identities`), the Fulcio claims (OIDs 1.3.6.1.4.1.57264.1.8 to .24).
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Final

from guard.globs import path_matches

GITHUB: Final = "https://token.actions.githubusercontent.com"
GITLAB: Final = "https://gitlab.com"
GOOGLE: Final = "https://accounts.google.com"
CIRCLECI: Final = "https://oidc.circleci.com"

NOT_ATTESTED: Final = "not attested"
"""How a claim that a certificate does not have is written, in reports and in pins."""


class PublisherKind(enum.StrEnum):
    """PEP-740: the kinds of Trusted Publisher."""

    GITHUB = "GitHub"
    GITLAB = "GitLab"
    GOOGLE = "Google"
    CIRCLECI = "CircleCI"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What the certificate of a verified attestation says of who signed; `None`: nothing."""

    issuer: str
    """Who vouched for the identity: the OIDC issuer."""

    identity: str
    """The certificate's subject alternative name: a workflow's URI or an e-mail address."""

    repository: str | None = None
    """The source repository as the publisher spells it: `acme/widget`."""

    repository_id: int | None = None
    owner: str | None = None
    owner_id: int | None = None
    workflow: str | None = None
    """The build's top-level configuration: a file name at GitHub, a path at GitLab."""

    ref: str | None = None
    digest: str | None = None
    """The commit."""

    environment: str | None = None
    trigger: str | None = None
    runner: str | None = None
    """`github-hosted`, `gitlab-hosted` or `self-hosted`."""

    build_signer: str | None = None
    """The workflow that signed, at its ref: another than `workflow` where a reusable one did."""

    run: str | None = None
    subject: str | None = None
    """The subject of the OIDC token."""

    @property
    def kind(self) -> PublisherKind | None:
        """The kind of publisher that the issuer stands for; any other issuer may be a GitLab."""
        known = {
            GITHUB: PublisherKind.GITHUB,
            GITLAB: PublisherKind.GITLAB,
            GOOGLE: PublisherKind.GOOGLE,
            CIRCLECI: PublisherKind.CIRCLECI,
        }
        return known.get(self.issuer)

    @property
    def title(self) -> str:
        """The publisher in a few words: `acme/widget release.yml @ refs/tags/v1.0`."""
        if self.repository is None:
            return self.identity
        words = [self.repository, self.workflow or "", f"@ {self.ref}" if self.ref else ""]
        return " ".join(word for word in words if word)

    def same_publisher(self, other: Identity) -> bool:
        """Tell whether both come from one place: an equal numeric repository id is a rename."""
        if self.issuer != other.issuer:
            return False
        if self.issuer == CIRCLECI:
            return self._pipeline_project == other._pipeline_project
        if self.repository_id is not None and other.repository_id is not None:
            return self.repository_id == other.repository_id
        if self.repository is None or other.repository is None:
            return self.identity == other.identity
        return self.repository.casefold() == other.repository.casefold()

    @property
    def _pipeline_project(self) -> str:
        """CircleCI names no repository by a number, but the project that builds, by a UUID."""
        return (self.build_signer or self.identity).partition("/pipeline-definitions/")[0]


class PredicateKind(enum.StrEnum):
    """The predicates an index accepts (PEP 740 and its living specification)."""

    PUBLISH = "publish"
    SLSA_PROVENANCE = "slsa-provenance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """One attestation that verified, for this very file."""

    identity: Identity
    predicate: PredicateKind
    log_index: int
    integrated_at: datetime
    """When the transparency log took it in, in UTC."""

    builder: str | None = None
    """SLSA provenance: `runDetails.builder.id`, as the signer says."""

    source: str | None = None
    """SLSA provenance: the repository it was built from, as the signer says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What came of verifying all attestations of one file."""

    attestations: tuple[Attestation, ...] = ()
    invalid: tuple[str, ...] = ()
    """Why each of the others does not verify, or verifies for something else."""

    unsupported: tuple[str, ...] = ()
    """What this verifier does not understand, which is not to say that it is forged."""

    document: str | None = field(default=None, compare=False)
    """The sha256 of the document that they came in."""

    @property
    def identities(self) -> tuple[Identity, ...]:
        """Who signed, each once."""
        return tuple(dict.fromkeys(attestation.identity for attestation in self.attestations))


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityPattern:
    """An identity that somebody expects; what is not named is not compared.

    Each value is a tuple of anchored globs over path segments, of which one must match;
    repositories and owners match without regard to case, ids as numbers.
    """

    kind: PublisherKind | None = None
    issuer: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    repository: tuple[str, ...] = ()
    repository_id: tuple[int, ...] = ()
    owner: tuple[str, ...] = ()
    owner_id: tuple[int, ...] = ()
    workflow: tuple[str, ...] = ()
    ref: tuple[str, ...] = ()
    digest: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    trigger: tuple[str, ...] = ()
    runner: tuple[str, ...] = ()
    build_signer: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()

    def mismatches(self, identity: Identity) -> tuple[Mismatch, ...]:
        """Return every claim of `identity` that is not as expected; none means that it matches."""
        return tuple(self._mismatches(identity))

    def _mismatches(self, identity: Identity) -> Iterator[Mismatch]:
        if self.kind is not None and not self._kind_fits(identity):
            yield Mismatch("issuer", (str(self.kind),), identity.issuer)
        for claim in CLAIMS:
            expected: tuple[str | int, ...] = getattr(self, claim)
            actual: str | int | None = getattr(identity, claim)
            if expected and not _fits(claim, expected, actual):
                yield Mismatch(claim, tuple(map(str, expected)), actual)

    def _kind_fits(self, identity: Identity) -> bool:
        """Compare the kinds; a self-managed GitLab has an issuer that the pin must then name."""
        if self.kind is PublisherKind.GITLAB and self.issuer:
            return identity.kind in {None, PublisherKind.GITLAB}
        return identity.kind is self.kind

    def __str__(self) -> str:
        named = [f"kind = {self.kind}"] if self.kind else []
        named += [
            f"{c.replace('_', '-')} = {v}" for c in CLAIMS if (v := _either(getattr(self, c)))
        ]
        return ", ".join(named)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One claim that is not as expected."""

    claim: str
    expected: tuple[str, ...]
    actual: str | int | None

    @property
    def unattested(self) -> bool:
        """Whether the certificate lacks the claim: nobody can say if it would fit."""
        return self.actual is None

    def __str__(self) -> str:
        actual = NOT_ATTESTED if self.actual is None else self.actual
        return f"{self.claim.replace('_', '-')} is {actual}, not {_either(self.expected)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """Who may publish the projects of a name: one of several identities."""

    name: str
    identities: tuple[IdentityPattern, ...]
    required: bool = True
    """Whether a file must be attested; if not, the pin holds for those that are."""

    reason: str = field(default="", compare=False)


CLAIMS: Final = tuple(f.name for f in fields(IdentityPattern) if f.name != "kind")
"""The claims that can be expected, in the order in which they are compared."""

_CASELESS: Final = frozenset({"repository", "owner"})


def _fits(claim: str, expected: tuple[str | int, ...], actual: str | int | None) -> bool:
    if actual is None:
        return NOT_ATTESTED in expected
    for pattern in expected:
        if pattern == NOT_ATTESTED:
            fits = False  # whatever somebody may have called their environment
        elif isinstance(pattern, int) or isinstance(actual, int):
            fits = pattern == actual
        elif claim in _CASELESS:
            fits = path_matches(pattern.casefold(), actual.casefold())
        else:
            fits = path_matches(pattern, actual)
        if fits:
            return True
    return False


def _either(values: tuple[str | int, ...]) -> str:
    return " or ".join(map(str, values))
