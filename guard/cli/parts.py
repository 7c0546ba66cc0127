"""What `guard sbom` describes: every part of a plan or of an environment, as far as it is known.

A judgement may stop at what the index alone denies. Then the rest is judged without that, for
whoever reads of one denied file still wants to know what the others are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from packaging.utils import NormalizedName, canonicalize_name, is_normalized_name
from packaging.version import Version

from guard.admission import Asked, Judgement, standing
from guard.cli.session import Session
from guard.install.flow import Outcome
from guard.model import Decision, File, Requested, Unknown, Verdict
from guard.plan import is_lock
from guard.sbom import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts, and what came of judging those that could be judged."""

    parts: tuple[Part, ...]
    outcome: Outcome
    wanted: Mapping[NormalizedName, frozenset[str]] | None = None
    """What was asked for by name, with its extras; `None` where nobody named anything."""

    @property
    def unjudged(self) -> dict[str, str]:
        """The parts that nobody could judge, and why."""
        return {
            f"{part.project} {part.version}": part.verdict.reason
            for part in self.parts
            if isinstance(part.verdict, Unknown)
        }

    @property
    def decision(self) -> Decision:
        """The decision on all parts: undecided where one was not judged."""
        decision = self.outcome.judgement.decision
        if decision is Decision.ADMITTED and self.unjudged:
            return Decision.UNDECIDED
        return decision


def of_outcome(run: Session, outcome: Outcome, *, local: bool) -> Parts:
    """Return the parts of a plan; `local` where they are files of this disk."""
    outcome = replace(outcome, judgement=_opened(run, outcome.judgement, local=local))
    named = not local and not any(map(is_lock, run.request.requirement_files))
    return Parts(
        parts=tuple(_judged(run, verdict) for verdict in outcome.judgement.verdicts),
        outcome=outcome,
        wanted=_wanted(run) if named else None,
    )


def of_environment(run: Session, installed: Mapping[NormalizedName, str]) -> Parts:
    """Return the parts of an environment, each judged as its index has that release now."""
    files = _releases(run, installed)
    requested = Requested(named=True, pinned=True)
    asked = [Asked(file, requested) for file in files.values() if isinstance(file, File)]
    judgement = _opened(run, run.admission.admit(asked), local=False)
    parts = {
        verdict.candidate.file.project: _judged(run, verdict) for verdict in judgement.verdicts
    }
    for name, file in files.items():
        if isinstance(file, Unknown):
            parts[name] = _unjudged(run, name, installed[name], file)
    return Parts(
        parts=tuple(part for _, part in sorted(parts.items())), outcome=Outcome(judgement=judgement)
    )


def _releases(
    run: Session, installed: Mapping[NormalizedName, str]
) -> dict[NormalizedName, File | Unknown]:
    """Return the file of each release that an installer would take here."""
    from guard.install.releases import Releases  # noqa: PLC0415 - with all that fetches

    releases = Releases(run.admission, run.wanted, run.installer.description)

    def find(name: NormalizedName) -> File | Unknown:
        if not is_normalized_name(name):
            return Unknown("its name is none")
        version = _version(installed[name])
        return releases.anywhere(name, version) if version else Unknown("its version is none")

    return dict(zip(installed, run.pool.map(find, installed), strict=True))


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except ValueError:  # also a number without an end
        return None


def _opened(run: Session, judgement: Judgement, *, local: bool) -> Judgement:
    """Return the judgement with every file opened that no index page alone speaks against."""
    unseen = [v for v in judgement.verdicts if isinstance(v.candidate.digests, Unknown)]
    rest = [v for v in judgement.verdicts if v.decision is not Decision.DENIED]
    if len(unseen) < len(judgement.verdicts) or len(rest) in {0, len(judgement.verdicts)}:
        return judgement
    asked = [Asked(v.candidate.file, v.candidate.requested, local=local) for v in rest]
    again = iter(run.admission.admit(asked).verdicts)
    return Judgement(
        tuple(v if v.decision is Decision.DENIED else next(again) for v in judgement.verdicts)
    )


def _judged(run: Session, verdict: Verdict) -> Part:
    candidate = verdict.candidate
    return Part(
        project=candidate.file.project,
        version=str(candidate.file.version) if candidate.file.version else None,
        verdict=verdict,
        standing=standing(candidate, run.policy),
        advisories=candidate.advisories,
    )


def _unjudged(run: Session, name: NormalizedName, version: str, why: Unknown) -> Part:
    return Part(
        project=name,
        version=version,
        verdict=why,
        advisories=run.admission.advisories.of(name, _version(version)),
    )


def _wanted(run: Session) -> dict[NormalizedName, frozenset[str]]:
    """Return what was asked for, with its extras; of a URL nobody knows them before it is read."""
    wanted: dict[NormalizedName, frozenset[str]] = {
        file.project: frozenset() for file in run.wanted.direct
    }
    for requirement in run.wanted.requirements:
        name = canonicalize_name(requirement.name)
        wanted[name] = wanted.get(name, frozenset()) | requirement.extras
    return wanted
