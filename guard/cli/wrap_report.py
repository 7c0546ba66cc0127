"""What the guard says after a wrapped tool has said its own: what was hidden, and what denied."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from guard.admission import standing
from guard.cli.boundary import coloured
from guard.cli.exit import ExitCode
from guard.cli.install import remember
from guard.gateway.record import Record
from guard.gateway.run import Outcome
from guard.model import Decision, PassedOver, Verdict
from guard.policy import Policy
from guard.report import Result, text

_REFUSALS: Final = 5


def finish(outcome: Outcome, wanted: Sequence[Requirement], policy: Policy) -> int:
    """Print what there is to say, and return the exit code of the whole."""
    record = outcome.record
    if outcome.code == 0:
        remember(record.admitted)
        _tell(_admitted(outcome, wanted, policy))
        return ExitCode.OK
    for refused in record.refusals[:_REFUSALS]:
        sys.stderr.write(f"guard: {text.plain(refused.url)}: {text.plain(refused.reason)}\n")
    if outcome.held:
        decision = _decision(outcome.held)
        passed = tuple(_newer(record, wanted))
        _tell(Result(decision=decision, verdicts=outcome.held, passed_over=passed))
        return ExitCode.DENIED if decision is Decision.DENIED else ExitCode.UNDECIDED
    if only := tuple(_only_hidden(record, wanted)):
        _tell(Result(decision=Decision.DENIED, verdicts=(), passed_over=only))
        return ExitCode.DENIED
    if record.refusals:
        undecided = all(refused.undecided for refused in record.refusals)
        return ExitCode.UNDECIDED if undecided else ExitCode.DENIED
    return outcome.code


def _tell(result: Result | None) -> None:
    if result is not None:
        sys.stderr.write(text.render(result, colour=coloured(sys.stderr)))


def _admitted(outcome: Outcome, wanted: Sequence[Requirement], policy: Policy) -> Result | None:
    """Return what is worth a word of a run that went well: judged files, newer releases."""
    record = outcome.record
    verdicts = tuple(v for v in record.verdicts if v.decision is Decision.ADMITTED)
    passed = (*_instead(outcome.replaced), *_newer(record, wanted))
    if not (verdicts or passed):
        return None
    return Result(
        decision=Decision.ADMITTED,
        verdicts=verdicts,
        standings=tuple(standing(verdict.candidate, policy) for verdict in verdicts),
        passed_over=passed,
        done=None if verdicts else "nothing had to be fetched",
    )


def _instead(replaced: Sequence[Verdict]) -> Iterator[PassedOver]:
    for verdict in replaced:
        file = verdict.candidate.file
        if file.version is not None:
            held = tuple(finding for finding in verdict.findings if finding.holds)
            yield PassedOver(project=file.project, version=file.version, findings=held)


def _newer(record: Record, wanted: Sequence[Requirement]) -> Iterator[PassedOver]:
    """Yield the hidden releases of what was named that are newer than what was chosen."""
    for name, specifiers in _named(wanted):
        chosen = record.chosen(name)
        for item in record.hidden(name):
            early = item.version.is_prerelease and not (chosen and chosen.is_prerelease)
            if chosen is None or item.version <= chosen or early:
                continue
            if all(item.version in specifier.specifier for specifier in specifiers):
                yield item


def _only_hidden(record: Record, wanted: Sequence[Requirement]) -> Iterator[PassedOver]:
    """Yield what was hidden of each project of which nothing else would have done."""
    asked = dict(_named(wanted))
    for name in sorted({item.project for item in record.hidden()} | asked.keys()):
        hidden = [i for i in record.hidden(name) if _fits(i.version, asked.get(name, ()))]
        left = [v for v in record.offered(name) if _fits(v, asked.get(name, ()))]
        if hidden and not left:
            yield from hidden


def _named(
    wanted: Sequence[Requirement],
) -> Iterator[tuple[NormalizedName, list[Requirement]]]:
    by_name: dict[NormalizedName, list[Requirement]] = {}
    for requirement in wanted:
        by_name.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    yield from by_name.items()


def _fits(version: Version, wanted: Sequence[Requirement]) -> bool:
    return all(each.specifier.contains(version, prereleases=True) for each in wanted)


def _decision(held: Sequence[Verdict]) -> Decision:
    denied = any(verdict.decision is Decision.DENIED for verdict in held)
    return Decision.DENIED if denied else Decision.UNDECIDED
