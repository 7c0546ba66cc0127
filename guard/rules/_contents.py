"""What the rules on the inside of a file share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from guard.artifact.content import Content, where
from guard.artifact.defect import DefectKind
from guard.model import Absent, Candidate, Finding, Unknown
from guard.rules._base import Rule, Stage


class ContentRule(Rule, frozen=True, kw_only=True):
    """A rule on what is inside: it finds the defects that bear its name, and what `inside` says."""

    stage: ClassVar[Stage] = Stage.FILE

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        match candidate.content:
            case Absent():
                return
            case Unknown(reason):
                yield self.unopened(reason)
            case content:
                for defect in content.of(DefectKind(self.id)):
                    yield self.finding(defect.message, *where(defect.member, defect.offset))
                yield from self.inside(content, candidate)

    def inside(self, content: Content, candidate: Candidate) -> Iterator[Finding]:
        """Yield what this rule holds against a content beside its defects; nothing if nothing."""
        yield from ()
