"""What two consecutive releases of real projects differ in, as the rules see it.

`python -m bench.pairs` reads each project's page on the configured index, takes its newest release
for this kind of machine, and compares it with the one before, and that with the one before it.
What is fetched is kept in the guard's own quarantine, so that a second run fetches nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any, Final

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from guard.artifact.content import Content, Trace
from guard.cli.parser import parser
from guard.cli.session import asking_nothing, session
from guard.model import (
    Absent,
    Baseline,
    Candidate,
    Fact,
    File,
    FileKind,
    Finding,
    Listing,
    Origin,
    ProjectStatus,
    Requested,
    Unknown,
)
from guard.rules.new_dependency import NewDependency
from guard.rules.suspicious_change import SuspiciousChange, gained
from guard.sources.baseline import Baselines
from guard.sources.index import Located

PROJECTS: Final = """
aiohttp anthropic apache-airflow-core attrs black boto3 botocore celery certifi click coverage
cryptography dask distributed django fastapi filelock flask google-auth gradio hatchling httpx
huggingface-hub idna ipykernel ipython jinja2 jupyterlab langchain langchain-core litellm
matplotlib mlflow mypy nltk notebook numpy openai packaging pandas pillow pip poetry-core pydantic
pytest pywin32 pyyaml ray requests rich ruff s3fs scikit-learn scipy setuptools six spacy
sqlalchemy starlette streamlit tqdm transformers typer urllib3 virtualenv wandb werkzeug
"""
_LARGE: Final = 30 << 20
"""Bytes of a wheel from which on one pair of a project is enough."""

_RULES: Final = (SuspiciousChange(), NewDependency())
_NEWEST: Final = File(
    project=canonicalize_name("any"),
    version=Version("1000000"),
    filename="any-1000000-cp312-cp312-manylinux_2_28_x86_64.whl",
    kind=FileKind.WHEEL,
    url="",
)
"""What every release comes before."""


@dataclass(frozen=True)
class Pair:
    """A release, the one that it is compared with, and what came of it."""

    candidate: Candidate
    findings: tuple[Finding, ...]
    gained: tuple[Trace, ...]

    def lines(self) -> Iterator[str]:
        baseline = self.candidate.baseline
        before = baseline.file.version if isinstance(baseline, Baseline) else baseline
        yield f"{self.candidate.file.title} after {before}"
        for trace in self.gained:
            place = f"{trace.member}:{trace.line}"
            yield f"    gained {trace.capability} {place} {trace.text.strip()[:140]!r}"
        for finding in self.findings:
            yield f"    {finding.level}[{finding.rule}] {finding.message}"


def main() -> None:
    """Print each pair as soon as it is known, and then the sums."""
    parse = argparse.ArgumentParser(prog="python -m bench.pairs", description=__doc__)
    parse.add_argument("projects", nargs="*", default=PROJECTS.split())
    parse.add_argument("--pairs", type=int, default=2, help="of each project")
    parse.add_argument("--settled", type=float, default=0.5, help="days between the two, at least")
    options = parse.parse_args()
    pairs = []
    for pair in _pairs(options.projects, options.pairs, timedelta(days=options.settled)):
        sys.stdout.write("\n".join([*pair.lines(), ""]))
        sys.stdout.flush()
        pairs.append(pair)
    sys.stdout.write("\n".join(_sums(pairs)) + "\n")


def _pairs(projects: Sequence[str], count: int, settled: timedelta) -> Iterator[Pair]:
    arguments = parser().parse_args(["doctor"])
    with session(asking_nothing(arguments), alone=True) as run:
        admission = run.admission
        survey = Survey(
            Baselines(admission.index, admission.http, admission.quarantine, admission.contents),
            [index.url for index in run.installer.configuration().indexes],
            settled,
        )
        for project in projects:
            yield from survey.pairs(canonicalize_name(project), count)


@dataclass(frozen=True)
class Survey:
    """Goes back over releases."""

    baselines: Baselines
    indexes: Sequence[str]
    settled: timedelta

    def pairs(self, project: NormalizedName, count: int) -> Iterator[Pair]:
        release = self._newest(project)
        for number in range(count):
            if isinstance(release, Absent | Unknown):
                sys.stdout.write(f"{project}: {release.reason}\n")
                return
            if number and (release.file.size or 0) > _LARGE:
                return
            before = self._before(release)
            if isinstance(before, Absent) and number:
                return
            yield _compared(release, before)
            release = before

    def _newest(self, project: NormalizedName) -> Fact[Baseline]:
        """The newest release is the one that would be the baseline of a still newer one."""
        found: Fact[Baseline] = Absent("no index is configured")
        for url in self.indexes:
            listing = Listing(upload_time=Absent("not uploaded yet"))
            place = Located(origin=Origin(url=url), listing=listing, status=ProjectStatus())
            found = self.baselines.of(replace(_NEWEST, project=project), place, timedelta())
            if isinstance(found, Baseline):
                return self._read(found)
        return found

    def _before(self, release: Baseline) -> Fact[Baseline]:
        place = self.baselines.index.locate(release.file)
        found = self.baselines.of(release.file, place, self.settled)
        return self._read(found) if isinstance(found, Baseline) else found

    def _read(self, baseline: Baseline) -> Baseline:
        return self.baselines.opened(self.baselines.requiring(baseline))


def _compared(release: Baseline, before: Fact[Baseline]) -> Pair:
    """Judge `release` as if it had just come."""
    nothing = Absent("does not matter here")
    uploaded = release.listing.upload_time
    assert not isinstance(uploaded, Absent | Unknown), "consecutive needs upload times"
    facts: dict[str, Any] = {field.name: nothing for field in fields(Candidate)} | {
        "file": release.file,
        "requested": Requested(),
        "listing": release.listing,
        "content": release.content,
        "baseline": before,
        "judged_at": uploaded,
    }
    candidate = Candidate(**facts)
    findings = [finding for rule in _RULES for finding in rule.check(candidate)]
    new: list[Trace] = []
    if isinstance(release.content, Content) and isinstance(before, Baseline):
        new = gained(release.content, before.content) if isinstance(before.content, Content) else []
    return Pair(candidate, tuple(findings), tuple(new))


def _sums(pairs: Sequence[Pair]) -> Iterator[str]:
    compared = [pair for pair in pairs if isinstance(pair.candidate.baseline, Baseline)]
    yield f"{len(compared)} pairs"
    for name, rule in (
        ("denied or undecided", SuspiciousChange),
        ("new dependency", NewDependency),
    ):
        found = [p for p in compared if any(f.rule == rule.id for f in p.findings)]
        yield f"{name}: {len(found)}: {' '.join(p.candidate.file.project for p in found)}"
    for count, one in ((0, "no trace gained"), (1, "traces gained")):
        yield f"{one}: {sum(bool(pair.gained) == count for pair in compared)}"


if __name__ == "__main__":
    main()
