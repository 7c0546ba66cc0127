"""The way through: resolve, judge, refine, and only then apply.

A version that is denied and was not pinned is excluded, and the plan is resolved again, a bounded
number of times: what is chosen in the end is the newest release that the policy accepts.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from guard import plan
from guard.admission import Asked, Judgement, judge
from guard.errors import GuardError, InstallerError, SourceError, UnsupportedError, UsageError
from guard.install._base import Bounds, Installer
from guard.install.on_demand import OnDemand
from guard.model import Decision, File, FileKind, PassedOver, Requested, Unknown, Verdict
from guard.plan import Planned
from guard.policy import Policy
from guard.progress import Progress
from guard.request import Request, Wanted
from guard.rules import Stage

if TYPE_CHECKING:
    from guard.admission.gather import Admission
    from guard.install.building import Build, Builds
    from guard.install.releases import Releases

_ROUNDS: Final = 12
"""Resolutions of one request. Each excludes at least one release, usually all that are too new."""

_NO_WHEEL: Final = re.compile(
    r"Wheels are required for `([A-Za-z0-9._-]+)`"
    r"|No matching distribution found for ([A-Za-z0-9._-]+)"
)

_GUESSED: Final = 16 << 20
"""Bytes of a file that is fetched because it is the newest that was asked for."""

_WRONG_HASH: Final = "DO NOT MATCH THE HASHES"
"""What pip says of a file that has none of the hashes asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a request, before anything is installed."""

    judgement: Judgement
    passed_over: tuple[PassedOver, ...] = ()
    suggestions: Mapping[NormalizedName, Version] = field(default_factory=dict)
    """For a project that is denied: its newest release that the index stage would not deny."""

    note: str | None = None
    """Why the resolver found nothing better, in its own words."""

    planned: tuple[Planned, ...] = ()
    """What was judged, as the plan has it."""


class Flow:
    """One request on its way to a judgement on all of it."""

    def __init__(  # noqa: PLR0913 - what a run consists of
        self,
        request: Request,
        wanted: Wanted,
        installer: Installer,
        *,
        policy: Policy,
        now: datetime,
        progress: Progress,
        pool: concurrent.futures.Executor,
        admission: Callable[[], Admission],
        builds: Callable[[], Builds] | None = None,
    ) -> None:
        self._request = request
        self._wanted = wanted
        self._installer = installer
        self._policy = policy
        self._now = now
        self._progress = progress
        self._open_admission = admission
        self._pool = pool
        self._met: dict[NormalizedName, set[SpecifierSet]] = {}
        self._resolving = False
        self._hinted: set[NormalizedName] = set()
        self._denied: Judgement | None = None
        self._excluded: dict[NormalizedName, list[PassedOver]] = {}
        self._built = OnDemand(
            builds,
            policy,
            wanted,
            releases=lambda: self._releases,
            passed_over=self._excluded,
            hashed=installer.name != "pip",
        )

    def _hint(self, bounds: Bounds, project: NormalizedName, specifiers: SpecifierSet) -> None:
        """Fetch what the resolver has just met, while it goes on."""
        self._met.setdefault(project, set()).add(specifiers)
        if project not in self._hinted:
            self._hinted.add(project)
            self._pool.submit(self._prefetch, project, specifiers, bounds)

    def _prefetch(self, project: NormalizedName, specifiers: SpecifierSet, bounds: Bounds) -> None:
        """Fetch the page of a project, and the file that will probably be chosen."""
        request = self._request
        with contextlib.suppress(GuardError):  # whoever needs the page will hear of it
            self._open_admission().index.prefetch(project)
            if project in self._wanted.names:  # whose newer releases will be looked at
                self._releases.known(project)
            stays = not (request.upgrade or request.reinstall or project in self._upgraded)
            if stays and project in self._installer.description().installed:
                return
            kept = [version for name, version in request.preferences if name == project]
            wanted = SpecifierSet(f"=={kept[0]}") if kept else specifiers
            file = self._releases.likely(project, wanted, bounds)
            small = file is not None and (file.size or _GUESSED) < _GUESSED
            if file is not None and small and self._resolving:
                self._admission.anticipate(Asked(file, self._wanted.requested(file)))

    @cached_property
    def _upgraded(self) -> frozenset[NormalizedName]:
        return frozenset(map(canonicalize_name, self._request.upgrade_packages))

    @cached_property
    def _admission(self) -> Admission:
        """Opened when there is something to judge: until then the resolver has the machine."""
        return self._open_admission()

    @cached_property
    def _releases(self) -> Releases:
        from guard.install.releases import Releases  # noqa: PLC0415 - while the resolver works

        return Releases(self._admission, self._wanted, self._installer.description)

    def judged(self) -> Outcome:
        """Return the judgement on the newest plan that the policy accepts, or on why there is none.

        What has no wheel is built on the way, where the policy says so. Raises `GuardError` when
        there is no plan to judge.
        """
        with self._built.folder():
            return self._refused_directly() or self._own_built() or self._judged()

    def _own_built(self) -> Outcome | None:
        """Ask for the wheels of the user's own projects from now on; or say why there are none."""
        request = self._built.with_own(self._request)
        if not isinstance(request, Request):
            return self._unbuilt(request)
        self._request = request
        return None

    def _unbuilt(self, build: Build) -> Outcome:
        return replace(self._rejected(build.judgement), note=build.note)

    def _otherwise(self, error: InstallerError, bounds: Bounds) -> Outcome | Bounds:
        """Return bounds within which there may be a plan after all, or say why there is none."""
        match self._built.more(error.output, self._met, bounds):
            case Bounds() as more:
                return more
            case None:
                wider = self._wider(bounds)
            case failed:
                return self._unbuilt(failed)
        if wider is None or self._unreachable() is not None:
            return self._without_solution(error)
        return wider

    def _judged(self) -> Outcome:
        bounds = self._bounds()
        for _ in range(_ROUNDS):
            self._progress.step("Resolving")
            try:
                hint = partial(self._hint, bounds)
                self._resolving = True
                resolved = self._installer.resolve(self._request, bounds, hint)
                self._resolving = False
                planned = [self._with_hash(item) for item in self._built.whole(resolved)]
            except InstallerError as error:
                otherwise = self._otherwise(error, bounds)
                if isinstance(otherwise, Outcome):
                    return otherwise
                bounds = otherwise
                continue
            if not planned:
                return self._satisfied()
            fresh = self._may_be_fresh(planned) - bounds.uncut
            if fresh and bounds.cutoff != bounds.own:
                bounds = replace(bounds, uncut=bounds.uncut | fresh)
                continue
            judgement = self._judge(planned)
            if judgement.decision is not Decision.DENIED:
                return replace(self._accepted(judgement), planned=tuple(planned))
            self._denied = judgement
            narrower = self._narrower(bounds, judgement)
            if narrower == bounds:
                return self._rejected(judgement)
            bounds = narrower
        return self._rejected(
            self._denied or Judgement(()), note=f"gave up after {_ROUNDS} resolutions"
        )

    def judged_lock(self, path: Path, *, whole: bool = False) -> Outcome:
        """Return the judgement on what the lock file at `path` chooses for the target.

        What is installed in the locked version is left out, unless the `whole` lock is asked for.
        """
        description = self._installer.description()
        planned = plan.select(
            plan.read(path),
            environment=description.environment,
            tags=description.tags,
            folder=path.parent,
        )
        chosen = [
            item
            for item in planned
            if whole or self._request.reinstall or not _has(description.installed, item.file)
        ]
        asked = [
            Asked(
                item.file,
                Requested(
                    named=True,
                    pinned=True,
                    locked=True,
                    direct_url=item.file.url if item.direct else None,
                    identities=item.identities,
                ),
            )
            for item in chosen
        ]
        for number, item in enumerate(asked):
            if (build := self._built.locked(item)) is None:
                continue
            if build.wheel is None:
                return Outcome(judgement=build.judgement, note=build.note)
            asked[number] = build.wheel
            chosen[number] = replace(chosen[number], file=build.wheel.file)
        if whole:
            self._progress.step("Judging")
        judgement = self._admission.admit(asked)
        if judgement.decision is Decision.DENIED:
            return self._rejected(judgement)
        return Outcome(judgement=judgement, planned=tuple(chosen))

    def _refused_directly(self) -> Outcome | None:
        """Judge what is asked for by URL or path before anything is fetched or built."""
        own = self._built.own(self._request)
        asked = [
            Asked(
                own[file.url].file if file.url in own else file,
                Requested(named=True, pinned=True, direct_url=file.url, to_build=file.url in own),
            )
            for file in self._wanted.direct
        ]
        verdicts = [
            judge(self._admission.described(item), self._policy, stage=Stage.INDEX)
            for item in asked
        ]
        denied = tuple(v for v in verdicts if v.decision is not Decision.ADMITTED)
        if denied:
            return Outcome(judgement=Judgement(denied))
        for file in self._wanted.direct:
            if file.kind is not FileKind.WHEEL and file.url not in own:
                raise _would_build(file.title)
        return None

    def _bounds(self) -> Bounds:
        policy, own = self._policy, self._request.uploaded_prior_to
        cutoff, approved = policy.upload_cutoff(self._now), self._approved()
        if cutoff is None or (own and own <= cutoff):
            return Bounds(cutoff=own, own=own, approved=approved)
        uncut = set(self._wanted.pins()) | policy.fresh_names()
        uncut |= {name for name in self._wanted.names if policy.may_be_fresh(name)}
        uncut |= self._fixable()
        return Bounds(cutoff=cutoff, own=own, uncut=frozenset(uncut), approved=approved)

    def _approved(self) -> Mapping[NormalizedName, frozenset[Version]]:
        """Return the approved releases of what was not pinned: a pin is judged as it is."""
        names = self._policy.approved_names() - self._wanted.pins().keys()
        found = {name: self._policy.approved(name, self._now) for name in names}
        return {name: versions for name, versions in found.items() if versions}

    def _wider(self, bounds: Bounds) -> Bounds | None:
        """Return bounds within which there may be a plan to judge, so that it says what is wrong.

        The cut-off may hide the only solution, and so may the approvals: see it, judge it, say so.
        """
        approved = bounds.approved if self._denied else {}
        wider = replace(bounds, cutoff=bounds.own, approved=approved)
        if wider.cutoff != bounds.cutoff:
            wider = replace(wider, uncut=frozenset())
        return None if wider == bounds else wider

    def _narrower(self, bounds: Bounds, judgement: Judgement) -> Bounds:
        """Return bounds without what was denied; the same where that would change nothing."""
        excluded = self._exclude(judgement)
        if excluded is None:
            return bounds
        hidden = {name: frozenset[Version]() for name in self._hidden(judgement)}
        return replace(
            bounds, excluded=bounds.excluded | excluded, approved={**bounds.approved, **hidden}
        )

    def _hidden(self, judgement: Judgement) -> frozenset[NormalizedName]:
        """Return the denied projects of which nothing at all is approved."""
        denied = (v.candidate.file.project for v in judgement.verdicts if _is_denied(v))
        return frozenset(n for n in denied if self._policy.approved(n, self._now) == frozenset())

    def _fixable(self) -> set[NormalizedName]:
        """Return what is to be upgraded and is known to have a fix, which may be as young as today.

        The resolver must see it; whatever else it then sees that is too young is judged as ever.
        """
        upgrade = self._request.upgrade
        # What is pinned is seen in any case.
        names = self._wanted.names - self._wanted.pins().keys()
        asked = {name for name in names if name in self._upgraded or self._bound(name)}
        if not (upgrade or asked):
            return set()  # nothing leaves its place: nobody has to wait for what is there
        installed = self._installer.description().installed
        leaving = set(installed) if upgrade else asked & installed.keys()
        if not leaving:
            return set()
        advisories = self._open_admission().advisories
        return {name for name in leaving if advisories.fixable(name, installed[name])}

    def _bound(self, name: NormalizedName) -> bool:
        """Tell whether some requirement may want another version of `name` than is there."""
        return any(
            str(requirement.specifier)
            for requirement in self._wanted.requirements
            if canonicalize_name(requirement.name) == name
        )

    def _may_be_fresh(self, planned: Sequence[Planned]) -> frozenset[str]:
        return frozenset(
            item.file.project for item in planned if self._policy.may_be_fresh(item.file.project)
        )

    def _with_hash(self, item: Planned) -> Planned:
        """Return the file of the same release that has a hash which was asked for, if another has.

        pip and uv pass by what was uploaded after the hashes were written; uv's plan does not.
        """
        if self._built.of(item) is not None:
            return item
        wanted = self._wanted.requested(item.file).hashes
        if not wanted or item.direct or wanted & set(item.file.hashes.items()):
            return item
        other = self._releases.with_hash(item.file.project, item.file.version, wanted)
        return replace(item, file=other) if other else item

    def _judge(self, planned: Sequence[Planned]) -> Judgement:
        asked = []
        for item in planned:
            if (built := self._built.of(item)) is not None:
                asked.append(built)
                continue
            requested = self._wanted.requested(item.file)
            if item.direct:
                requested = replace(requested, pinned=True, direct_url=item.file.url)
            asked.append(Asked(item.file, requested))
        if self._wanted.require_hashes:
            _refuse_unhashed(asked)
        self._progress.step("Judging")
        return self._admission.admit(asked)

    def _exclude(self, judgement: Judgement) -> frozenset[tuple[NormalizedName, Version]] | None:
        """Return the releases to do without; `None` if one was denied that nothing replaces."""
        denied = [v for v in judgement.verdicts if _is_denied(v)]
        hidden = self._hidden(judgement)
        if any(v.candidate.requested.pinned for v in denied) or hidden & self._wanted.names:
            return None
        excluded = set()
        for verdict in denied:
            file = verdict.candidate.file
            if file.version is None:
                return None
            if file.project in hidden:
                continue
            passed = self._releases.denied_from(verdict)
            self._excluded.setdefault(file.project, []).extend(passed)
            excluded |= {(file.project, item.version) for item in passed}
        return frozenset(excluded)

    def _satisfied(self) -> Outcome:
        """Say that there is nothing to do, and to whoever wanted newer releases, why not."""
        request = self._request
        passed_over: tuple[PassedOver, ...] = ()
        if request.upgrade or request.upgrade_packages:
            passed_over = self._releases.kept_back(self._installer.description().installed)
        return Outcome(judgement=Judgement(()), passed_over=passed_over)

    def _accepted(self, judgement: Judgement) -> Outcome:
        self._progress.step("Comparing with newer releases")
        return Outcome(
            judgement=judgement,
            passed_over=self._releases.passed_over(judgement.verdicts, self._excluded),
        )

    def _rejected(self, judgement: Judgement, note: str | None = None) -> Outcome:
        denied = [v for v in judgement.verdicts if v.decision is Decision.DENIED]
        suggestions = {}
        for verdict in {v.candidate.file.title: v for v in denied}.values():
            if (newest := self._releases.newest_acceptable(verdict)) is not None:
                suggestions[verdict.candidate.file.project] = newest
        return Outcome(judgement=judgement, suggestions=suggestions, note=note)

    def _without_solution(self, error: InstallerError) -> Outcome:
        """Say why there is no plan: a dead index, a denial, sources only, or the tool's words."""
        if (unreachable := self._unreachable()) is not None:
            raise SourceError(
                "the request could not be resolved",
                reason=unreachable,
                hint="check the connection and the index; nothing was installed",
            ) from error
        if self._denied is not None:
            return self._rejected(self._denied, note=error.output or error.reason)
        if _WRONG_HASH in error.output and (mismatched := self._mismatched()) is not None:
            return mismatched
        names = {canonicalize_name(a or b) for a, b in _NO_WHEEL.findall(error.output)}
        against = self._releases.quarantined(
            self._wanted.names | names | self._hinted
        ) or self._releases.sources_only(self._wanted.names | names, to_build=self._built.possible)
        if against:
            return Outcome(judgement=Judgement(against), note=error.output)
        raise error

    def _mismatched(self) -> Outcome | None:
        """Judge the files that pip would not have, for it is the judgement that says why."""
        files = [
            file
            for project, version in sorted(self._wanted.hashes, key=str)
            if version and (file := self._releases.best(project, version)) is not None
        ]
        judgement = self._admission.admit([Asked(f, self._wanted.requested(f)) for f in files])
        return None if judgement.decision is Decision.ADMITTED else self._rejected(judgement)

    def _unreachable(self) -> str | None:
        """Return which of the projects has a page that could not be had, and why."""
        for name in sorted(self._wanted.names):
            page = self._admission.index.first_page(name)
            if isinstance(page, Unknown):
                return f"{name}: {page.reason}"
        return None


def _is_denied(verdict: Verdict) -> bool:
    return verdict.decision is Decision.DENIED


def _has(installed: Mapping[NormalizedName, str], file: File) -> bool:
    """Tell whether `file` is installed, however its version is written."""
    try:
        return Version(installed[file.project]) == file.version
    except (KeyError, InvalidVersion):
        return False


def _refuse_unhashed(asked: Sequence[Asked]) -> None:
    unhashed = sorted(item.file.title for item in asked if not _demanded(item).hashes)
    if unhashed:
        raise UsageError(
            f"no hash was given for {', '.join(unhashed)}",
            reason="hashes are required (`--require-hashes`)",
            hint="add `--hash=sha256:…` to each requirement, its dependencies too",
        )


def _demanded(item: Asked) -> Requested:
    """Return how a file was asked for; of what was built here, that is how its source was."""
    return item.built.source.requested if item.built is not None else item.requested


def _would_build(what: str) -> UnsupportedError:
    return UnsupportedError(
        f"{what} would have to be built",
        reason="building runs its code before anything is judged",
        hint="build the wheel in a sandbox, put it on an index of your own, and ask for that",
    )
