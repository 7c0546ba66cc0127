"""An audit: everything is judged by what its index says, and on demand by what is inside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from guard.admission.gather import Admission
from guard.audit.subject import Subject
from guard.model import Decision, Finding, RuleId, Verdict

_SHOWN: Final = 5
"""Findings of one rule in the other files of a release."""


@dataclass(frozen=True, slots=True)
class Audit:
    """Has subjects judged; with `full`, their files are fetched and looked into as well."""

    admission: Admission
    full: bool = False

    def verdicts(self, subjects: Sequence[Subject]) -> tuple[Verdict, ...]:
        """Return one verdict for each subject, in their order."""
        found: dict[int, Verdict] = {}
        for index in dict.fromkeys(subject.index for subject in subjects):
            of_index = [n for n, subject in enumerate(subjects) if subject.index == index]
            some = [subjects[number] for number in of_index]
            found |= zip(of_index, self._of_index(index, some), strict=True)
        return tuple(found[number] for number in range(len(subjects)))

    def _of_index(self, index: str | None, subjects: Sequence[Subject]) -> list[Verdict]:
        admission = self.admission
        if index is not None:
            source = admission.index.only(index)
            publications = replace(admission.publications, index=source)
            admission = replace(admission, index=source, publications=publications)
        others = [asked for subject in subjects for asked in subject.others]
        verdicts, beside = admission.audited([each.asked for each in subjects], others)
        chosen = self._opened(admission, subjects, verdicts) if self.full else list(verdicts)
        rest = iter(beside)
        return [
            _whole(verdict, [next(rest) for _ in subject.others])
            for verdict, subject in zip(chosen, subjects, strict=True)
        ]

    def _opened(
        self, admission: Admission, subjects: Sequence[Subject], verdicts: Sequence[Verdict]
    ) -> list[Verdict]:
        """Return the verdicts on the files themselves, where their index is not enough to deny."""
        wanted = [
            number
            for number, (subject, verdict) in enumerate(zip(subjects, verdicts, strict=True))
            if verdict.decision is not Decision.DENIED and _has_file(subject)
        ]
        judgement = admission.admit([subjects[number].asked for number in wanted])
        opened = dict(zip(wanted, judgement.verdicts, strict=True))
        return [opened.get(number, verdict) for number, verdict in enumerate(verdicts)]


def _has_file(subject: Subject) -> bool:
    asked = subject.asked
    return bool(asked.file.url) and not asked.local and asked.unasked is None


def _whole(verdict: Verdict, others: Sequence[Verdict]) -> Verdict:
    """Return the verdict on a release: on the chosen file, and what only others show."""
    return Verdict(verdict.candidate, (*verdict.findings, *_more(verdict, others)))


def _more(verdict: Verdict, others: Sequence[Verdict]) -> Iterator[Finding]:
    """Yield what is found in other files and not in the chosen one: once, and not of hundreds."""
    said = {(finding.rule, finding.message) for finding in verdict.findings}
    counts: Counter[tuple[RuleId, bool, bool]] = Counter()
    for other in others:
        for finding in other.findings:
            if finding.common or (finding.rule, finding.message) in said:
                continue
            said.add((finding.rule, finding.message))
            kind = finding.rule, finding.holds, finding.unknown  # no warning hides a denial
            counts[kind] += 1
            if counts[kind] <= _SHOWN:
                file = f"file: {other.candidate.file.filename}"
                yield replace(finding, detail=(file, *finding.detail))
