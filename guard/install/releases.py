"""The other releases of a project: which were passed over and why, which would be acceptable."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag
from packaging.utils import NormalizedName, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from guard.admission.gather import Admission
from guard.install._base import Bounds
from guard.install.target import Description
from guard.model import (
    Absent,
    Decision,
    File,
    FileKind,
    Finding,
    PassedOver,
    Requested,
    Unknown,
    Verdict,
)
from guard.request import Wanted
from guard.rules import CATALOGUE, Stage
from guard.simple import PageError, PageFile, ProjectPage
from guard.sources.index import Located

_LOOKED_AT: Final = 200
"""Releases of one project that are judged by their page to explain a choice."""


class Releases:
    """Judges releases by their index page alone, to say what was passed over and why."""

    def __init__(
        self, admission: Admission, wanted: Wanted, description: Callable[[], Description]
    ) -> None:
        self._admission = admission
        self._wanted = wanted
        self._description = description

    @cached_property
    def _tags(self) -> Mapping[Tag, int]:
        return {tag: rank for rank, tag in enumerate(self._description().tags)}

    def passed_over(
        self,
        verdicts: Sequence[Verdict],
        excluded: Mapping[NormalizedName, Sequence[PassedOver]],
    ) -> tuple[PassedOver, ...]:
        """Return the newer releases that were kept back: of what was named, or excluded."""
        passed: dict[tuple[NormalizedName, Version], PassedOver] = {}
        for verdict in {v.candidate.file.title: v for v in verdicts}.values():
            file = verdict.candidate.file
            if file.version is None:
                continue
            for item in excluded.get(file.project, ()):
                if item.version > file.version:
                    passed[item.project, item.version] = item
            if file.project in self._wanted.names and not verdict.candidate.requested.pinned:
                for item in self._newer(file.project, file.version):
                    passed.setdefault((item.project, item.version), item)
        return tuple(sorted(passed.values(), key=lambda p: (p.project, p.version), reverse=True))

    def kept_back(self, installed: Mapping[NormalizedName, str]) -> tuple[PassedOver, ...]:
        """Return the releases newer than the `installed` ones of what was named."""
        passed: list[PassedOver] = []
        for project in sorted(self._wanted.names & installed.keys()):
            with contextlib.suppress(InvalidVersion):  # of before PEP 440: nothing compares with it
                passed += self._newer(project, Version(installed[project]))
        return tuple(passed)

    def denied_from(self, verdict: Verdict) -> list[PassedOver]:
        """Return the release of `verdict` and every other one that its page alone denies too."""
        file = verdict.candidate.file
        assert file.version is not None  # noqa: S101 - the caller excludes by version
        denied = [
            PassedOver(project=file.project, version=file.version, findings=_against(verdict))
        ]
        for version, other in self._judged(file.project):
            if version != file.version and other.decision is Decision.DENIED:
                denied.append(
                    PassedOver(project=file.project, version=version, findings=_against(other))
                )
        return denied

    def newest_acceptable(self, verdict: Verdict) -> Version | None:
        """Return the newest release of the same project that its page does not speak against."""
        file = verdict.candidate.file
        if verdict.candidate.requested.direct_url is not None or not _by_page_alone(verdict):
            return None
        for version, other in self._judged(file.project):
            if not version.is_prerelease and other.decision is Decision.ADMITTED:
                return version
        return None

    def known(self, project: NormalizedName) -> frozenset[Version]:
        """Return the versions that the first index with the project has."""
        page = self._admission.index.first_page(project)
        return frozenset() if isinstance(page, Absent | Unknown) else frozenset(page.releases())

    def likely(
        self, project: NormalizedName, specifiers: SpecifierSet, bounds: Bounds
    ) -> File | None:
        """Return the file that a resolver will probably choose within `bounds`. Only a guess."""
        page = self._admission.index.first_page(project)
        if isinstance(page, Absent | Unknown):
            return None
        cutoff = bounds.own if project in bounds.uncut else bounds.cutoff
        approved = bounds.approved.get(project)
        for version, filenames in sorted(page.wheels().items(), reverse=True)[:_LOOKED_AT]:
            if version not in specifiers or (project, version) in bounds.excluded:
                continue
            if approved is not None and version not in approved:
                continue
            for file, entry in self._fitting(page, version, filenames):
                late = cutoff and entry.upload_time and entry.upload_time > cutoff
                if file.kind is FileKind.WHEEL and entry.yanked is None and not late:
                    return file
        return None

    def sources(
        self, project: NormalizedName, wanted: Sequence[SpecifierSet], bounds: Bounds
    ) -> Iterator[File]:
        """Yield the source of each release without a wheel for the target, the newest first.

        A release counts that any of `wanted` lets in, and `bounds`; pre-releases as PEP 440 says.
        """
        page = self._admission.index.first_page(project)
        if isinstance(page, Absent | Unknown):
            return
        cutoff = bounds.own if project in bounds.uncut else bounds.cutoff
        approved = bounds.approved.get(project)
        releases = page.releases()
        early = True if self._wanted.pre else None
        let_in = {v for each in wanted for v in each.filter(releases, prereleases=early)}
        for version in sorted(let_in, reverse=True)[:_LOOKED_AT]:
            if (project, version) in bounds.excluded or (
                approved is not None and version not in approved
            ):
                continue
            file, entry = next(self._fitting(page, version, releases[version]), (None, None))
            if file is None or entry is None or file.kind is not FileKind.SDIST:
                continue
            late = cutoff and entry.upload_time and entry.upload_time > cutoff
            if entry.yanked is None and not late and file.filename.endswith(".tar.gz"):
                yield file

    def best(self, project: NormalizedName, version: Version) -> File | None:
        """Return the file of a release that an installer would take here."""
        return next(iter(self._files(project, version)), None)

    def anywhere(self, project: NormalizedName, version: Version) -> File | Unknown:
        """Return the file of a release that an installer would take here, of any index.

        For what is installed already: who knows from which of them it came.
        """
        missing = Unknown("no index has a file of this release for this environment")
        for page in self._admission.index.pages(project):
            if isinstance(page, Unknown):
                missing = page
            elif not isinstance(page, Absent):
                filenames = page.releases().get(version, ())
                for file, _ in self._fitting(page, version, filenames):
                    return file
        return missing

    def with_hash(
        self,
        project: NormalizedName,
        version: Version | None,
        hashes: frozenset[tuple[str, str]],
    ) -> File | None:
        """Return the file of a release that an installer would take here, of those with a hash."""
        files = self._files(project, version) if version else ()
        return next((file for file in files if hashes & set(file.hashes.items())), None)

    def _files(self, project: NormalizedName, version: Version) -> Iterator[File]:
        page = self._admission.index.first_page(project)
        if isinstance(page, Absent | Unknown):
            return iter(())
        fitting = self._fitting(page, version, page.releases().get(version, ()))
        return (file for file, _ in fitting)

    def quarantined(self, names: Iterable[NormalizedName]) -> tuple[Verdict, ...]:
        """Return the verdict on each project without files whose status alone denies it.

        An index offers no files of a project that it has quarantined: a resolver finds nothing.
        """
        verdicts = []
        for name in sorted(names):
            page = self._admission.index.first_page(name)
            if isinstance(page, Absent | Unknown) or page.filenames:
                continue
            none = Absent(f"its index offers no files of {name}")
            file = File(project=name, version=None, filename=str(name), kind=FileKind.WHEEL, url="")
            located = Located(origin=none, listing=none, status=page.status)
            verdict = self._admission.preview(file, Requested(named=True), located)
            if verdict.decision is Decision.DENIED:
                verdicts.append(verdict)
        return tuple(verdicts)

    def sources_only(
        self, names: frozenset[NormalizedName], *, to_build: bool = False
    ) -> tuple[Verdict, ...]:
        """Return the verdict on the newest source of each project that has no wheel at all."""
        verdicts = []
        for name in sorted(names):
            page = self._admission.index.first_page(name)
            if isinstance(page, Absent | Unknown):
                continue
            if any(filename.endswith(".whl") for filename in page.filenames):
                continue
            for _, verdict in self._judged(name, to_build=to_build):
                if verdict.decision is Decision.DENIED:
                    verdicts.append(verdict)
                break
        return tuple(verdicts)

    def _newer(self, project: NormalizedName, chosen: Version) -> Iterator[PassedOver]:
        allowed = SpecifierSet()
        for requirement in self._wanted.requirements:
            if canonicalize_name(requirement.name) == project:
                allowed &= requirement.specifier
        early = self._wanted.pre or chosen.is_prerelease
        for version, verdict in self._judged(project):
            if version <= chosen:
                return
            if version.is_prerelease and not early:
                continue
            if not allowed.contains(version, prereleases=True):
                continue
            if verdict.decision is not Decision.ADMITTED:
                yield PassedOver(project=project, version=version, findings=_against(verdict))

    def _judged(
        self, project: NormalizedName, *, to_build: bool = False
    ) -> Iterator[tuple[Version, Verdict]]:
        """Yield the releases that fit the target, newest first, judged by their page."""
        page = self._admission.index.first_page(project)
        if isinstance(page, Absent | Unknown):
            return
        newest_first = sorted(page.releases().items(), reverse=True)
        for version, filenames in newest_first[:_LOOKED_AT]:
            file, _ = next(self._fitting(page, version, filenames), (None, None))
            if file is not None:
                located = self._admission.index.locate(file)
                requested = Requested(named=True, to_build=to_build)
                yield version, self._admission.preview(file, requested, located)

    def _fitting(
        self, page: ProjectPage, version: Version, filenames: Sequence[str]
    ) -> Iterator[tuple[File, PageFile]]:
        """Yield the files of a release that an installer could take here, its choice first."""
        tags = self._tags
        ranked = sorted(
            (rank, filename)
            for filename in filenames
            if (rank := _rank(filename, tags)) is not None
        )
        for _, filename in ranked:
            try:
                entry = page.file(filename)
            except PageError:
                continue
            if entry is not None and self._runs_here(entry):
                file = File(
                    project=page.name,
                    version=version,
                    filename=filename,
                    kind=FileKind.WHEEL if filename.endswith(".whl") else FileKind.SDIST,
                    url=entry.url,
                    hashes=entry.hashes,
                    size=entry.size,
                )
                yield file, entry

    def _runs_here(self, entry: PageFile) -> bool:
        if not entry.requires_python:
            return True
        try:
            wanted = SpecifierSet(entry.requires_python)
        except InvalidSpecifier:
            return True
        python = str(self._description().environment["python_full_version"])
        return wanted.contains(python, prereleases=True)


def _rank(filename: str, tags: Mapping[Tag, int]) -> int | None:
    """Return how well a file fits: wheels by their best tag, an sdist after all of them."""
    if not filename.endswith(".whl"):
        return len(tags)
    ranks = [tags[tag] for tag in parse_wheel_filename(filename)[3] if tag in tags]
    return min(ranks, default=None)


def _against(verdict: Verdict) -> tuple[Finding, ...]:
    """Return what decided against a release; what could not be told, where nothing else did."""
    held = [finding for finding in verdict.findings if finding.holds]
    return tuple([f for f in held if not f.unknown] or held)


def _by_page_alone(verdict: Verdict) -> bool:
    """Tell whether only rules spoke that need no more than the page."""
    return all(CATALOGUE[f.rule].stage is Stage.INDEX for f in _against(verdict) if not f.unknown)
