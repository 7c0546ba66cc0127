"""`guard audit`: judge an environment, or documents, as they are."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from guard import inventory
from guard.admission import Judgement, standing
from guard.audit.documents import Documents
from guard.audit.environment import Environment
from guard.audit.evidence import Admissions, Annex, Approved, Bundled, Evidence, Quarantined
from guard.audit.receipted import Receipted
from guard.audit.releases import Releases
from guard.audit.run import Audit
from guard.audit.subject import Subject
from guard.cli.boundary import coloured
from guard.cli.exit import of_decision
from guard.cli.recording import journal, receipts
from guard.cli.session import Session, asking_nothing, cache_folder, session
from guard.install.target import Description, Target, find_python
from guard.inventory import Inventory
from guard.model import Verdict
from guard.report import Result


@dataclass(frozen=True, slots=True)
class _Audited:
    """What an audit came to."""

    subjects: Sequence[Subject]
    verdicts: tuple[Verdict, ...]
    left_out: tuple[str, ...] = ()


def run(arguments: argparse.Namespace) -> int:
    """Judge what exists, print the report and return the exit code."""
    documents = [inventory.read(path) for path in arguments.file]
    python = find_python(arguments.python, system=arguments.system, alone=bool(documents))
    described = Target(python=python, audited=True).describe()
    # Whatever asks an interpreter runs what is in its environment: uv too.
    arguments.python, arguments.system = sys.executable, False
    with session(asking_nothing(arguments), alone=True) as run:
        if documents:
            audited = _documents(run, documents, described, full=arguments.full)
        else:
            audited = _environment(run, described, full=arguments.full)
        run.progress.done()
        result = _result(run, audited)
    _print(result, arguments, noun="release" if documents else "distribution")
    return of_decision(result.decision)


def _documents(
    run: Session, documents: Sequence[Inventory], described: Description, *, full: bool
) -> _Audited:
    quarantine = Annex(cache_folder() / "audited", run.admission.quarantine)
    admission = replace(run.admission, quarantine=quarantine)
    asking = Documents(
        index=admission.index,
        releases=Releases(admission.index, described.tags),
        configured={index.url for index in run.installer.configuration().indexes},
        known={entry.url for entry in run.policy.facts_by().indexes},
    )
    subjects = [subject for document in documents for subject in asking.subjects(document)]
    left_out = tuple(words for document in documents for words in _left_out(document))
    return _Audited(subjects, Audit(admission, full).verdicts(subjects), left_out)


def _left_out(document: Inventory) -> Iterator[str]:
    """Yield what a document lists and nobody judges, in words."""
    own = [str(listed.project) for listed in document.listed if listed.local]
    if own:
        yield f"{document.path}: your own: {', '.join(own)}"
    yield from (f"{document.path}: {words}" for words in document.skipped)


def _environment(run: Session, described: Description, *, full: bool) -> _Audited:
    main = run.admission.quarantine
    annex = Annex(cache_folder() / "audited", main)
    admission = replace(run.admission, quarantine=annex)
    let_in = _let_in(run)
    folders = described.folders
    assert folders is not None  # noqa: S101 - only `alone` leaves them out
    bundled = Bundled(described.bundled, Path(os.path.realpath(folders.data)))

    def gathered() -> tuple[Subject, ...]:
        at_hand = Quarantined(main, annex)
        return Environment(
            folders=folders,
            evidence=Evidence(
                admissions=let_in, quarantine=annex, at_hand=at_hand, bundled=bundled
            ),
            releases=Releases(admission.index, described.tags),
            pool=run.pool,
        ).subjects()

    run.progress.step("Reading the environment")
    subjects = gathered()
    audit = Audit(admission, full)
    verdicts = audit.verdicts(subjects)
    if full:  # the files are at hand now, so it can be told which of them were installed
        subjects = gathered()
        verdicts = audit.verdicts(subjects)
    return _Audited(subjects, verdicts)


def _let_in(run: Session) -> tuple[Admissions, ...]:
    """Return who remembers what was let in."""
    return Approved(run.policy.approvals, run.now), Receipted(journal(), receipts())


def _result(run: Session, audited: _Audited) -> Result:
    return Result(
        decision=Judgement(audited.verdicts).decision,
        verdicts=audited.verdicts,
        standings=tuple(standing(each.candidate, run.policy) for each in audited.verdicts),
        locations=tuple(subject.location for subject in audited.subjects),
        each=True,
        left_out=audited.left_out,
    )


def _print(result: Result, arguments: argparse.Namespace, *, noun: str) -> None:
    match arguments.output_format:
        case "json":
            from guard.report import json  # noqa: PLC0415 - one of the formats is needed

            sys.stdout.write(json.render(result))
        case "github":
            from guard.report import github  # noqa: PLC0415

            sys.stdout.write(github.render(result))
        case "sarif":
            from guard.report import sarif  # noqa: PLC0415

            sys.stdout.write(sarif.render(result, exit_code=of_decision(result.decision)))
        case _:
            from guard.report import audit  # noqa: PLC0415

            remarks = any(not f.common for verdict in result.verdicts for f in verdict.findings)
            if arguments.quiet and result.decision == "admitted" and not remarks:
                return
            colour = coloured(sys.stdout)
            text = audit.render(result, noun=noun, verbose=arguments.verbose, colour=colour)
            sys.stdout.write(text)
