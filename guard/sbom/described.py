"""What is to be described: the parts, what they are parts of, and what is known of the whole."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from packaging.markers import Environment
from packaging.utils import NormalizedName, canonicalize_name

from guard.admission import Standing
from guard.artifact.content import Content
from guard.artifact.defect import DefectKind
from guard.model import Advisories, Decision, Fact, Finding, Unknown, Verdict
from guard.report.result import decisive

_LONGEST_NAME: Final = 200


class Phase(enum.StrEnum):
    """The lifecycle phases of CycloneDX in which something is described here."""

    PRE_BUILD = "pre-build"
    """A plan, made from requirements or a lock: nothing of it need be installed anywhere."""

    POST_BUILD = "post-build"
    """What an environment has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """What the parts are parts of."""

    name: str
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file of a plan, or one distribution of an environment."""

    project: NormalizedName
    version: str | None
    verdict: Verdict | Unknown
    """Unknown where nobody could judge it."""

    standing: Standing | None = None
    advisories: Fact[Advisories]

    @property
    def content(self) -> Content | None:
        """What is inside, where somebody has looked."""
        if isinstance(self.verdict, Unknown):
            return None
        content = self.verdict.candidate.content
        return content if isinstance(content, Content) else None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the rules hold against it; under a denial, not what nobody asked any more."""
        if isinstance(self.verdict, Unknown):
            return ()
        return decisive(self.verdict, self.verdict.decision)

    @property
    def name(self) -> str:
        """The name as the project writes it, where it does; else as indexes compare it."""
        written = self.content.name if self.content else None
        if written is None or len(written) > _LONGEST_NAME:
            return self.project
        return written if canonicalize_name(written) == self.project else self.project

    @property
    def requires(self) -> tuple[str, ...] | None:
        """The requirements, as METADATA writes them; `None` where nobody could read them all."""
        content = self.content
        if content is None or content.metadata_sha256 is None:
            return None
        return None if content.of(DefectKind.METADATA_MISMATCH) else content.requires_dist


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """Everything that the document says."""

    parts: tuple[Part, ...]
    root: Root
    phase: Phase
    environment: Environment
    """The target's, for which markers are evaluated (PEP 508)."""

    wanted: Mapping[NormalizedName, frozenset[str]] | None
    """What was asked for by name, with its extras; `None`: whatever no other part requires."""

    decision: Decision
    """On all parts."""

    at: datetime
    """When it was judged."""

    @property
    def common(self) -> tuple[Finding, ...]:
        """What is held against the run rather than against any one part, each once."""
        found = (finding for part in self.parts for finding in part.findings if finding.common)
        return tuple(dict.fromkeys(found))
