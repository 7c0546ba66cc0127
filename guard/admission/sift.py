"""A whole project page, judged at the index stage: which of its files a resolver may see."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from packaging.utils import NormalizedName
from packaging.version import Version

from guard.admission.gather import Admission
from guard.model import (
    Decision,
    File,
    FileKind,
    Finding,
    Index,
    PassedOver,
    Requested,
    Verdict,
)
from guard.simple import PageFile, ProjectPage
from guard.simple.page import version_of
from guard.sources.index import Located, listing_of

_MOMENT: Final = timedelta(hours=1)
"""Files of a release that were uploaded within the same hour are judged as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """What a resolver may see of a page, and what not."""

    kept: tuple[PageFile, ...]
    versions: tuple[Version, ...]
    hidden: tuple[PassedOver, ...]
    """The releases of which nothing is left that could be installed, the newest first."""

    ripens: bool
    """Some of what is hidden is young: in an hour this may be another answer."""


def sift(
    admission: Admission, index: Index, page: ProjectPage, *, without: frozenset[Version]
) -> Sifted:
    """Return what the index stage lets pass of `page`, and none of the releases `without`.

    A source is never built here, so it is kept only beside a wheel: lock files name both.
    """
    sieve = _Sieve(admission, index, page)
    kept: list[PageFile] = []
    hidden: list[PassedOver] = []
    versions: list[Version] = []
    for version, entries in _by_version(page).items():
        passed, findings = sieve.release(version, entries)
        if passed and version not in without:
            kept += passed
            versions.append(version)
        elif version not in without:
            hidden.append(PassedOver(project=page.name, version=version, findings=findings))
    hidden.sort(key=lambda item: item.version, reverse=True)
    return Sifted(
        kept=tuple(kept), versions=tuple(versions), hidden=tuple(hidden), ripens=sieve.ripens
    )


def _by_version(page: ProjectPage) -> Mapping[Version, Sequence[PageFile]]:
    """Return the entries of each release, of files that have a sha256 to be held to."""
    known: dict[str, Version | None] = {}
    found: dict[Version, list[PageFile]] = {}
    for entry in page.readable():
        if "sha256" not in entry.hashes:
            continue
        written = _written(entry.filename, page.name)
        if written not in known:
            known[written] = version_of(entry.filename, page.name)
        if (version := known[written]) is not None:
            found.setdefault(version, []).append(entry)
    return found


def _written(filename: str, project: NormalizedName) -> str:
    """Return what of a file's name says the version: the same for most wheels of a release.

    Whatever is unusual stands for itself, and is read in full.
    """
    name, _, rest = filename.partition("-")
    version, _, tags = rest.partition("-")
    parts = tags.split("-")
    plain = len(parts) == _TAGS and filename.endswith(".whl") and all(parts)
    usual = name.lower().replace("_", "-") == project
    return f"{name}-{version}" if plain and usual else filename


_TAGS: Final = 3


class _Sieve:
    """Judges the releases of one page."""

    def __init__(self, admission: Admission, index: Index, page: ProjectPage) -> None:
        self._admission = admission
        self._index = index
        self._page = page
        self._alone = len(admission.index.indexes) == 1
        self._shared: Located | None = None
        self._by_digest = admission.policy.names_digests(page.name)
        self._horizon = admission.now - admission.policy.settled()
        self.ripens = False

    def release(
        self, version: Version, entries: Iterable[PageFile]
    ) -> tuple[list[PageFile], tuple[Finding, ...]]:
        """Return the files of a release that pass, and else what is held against it."""
        verdicts: dict[Hashable, Verdict] = {}
        passed: list[PageFile] = []
        sources: list[PageFile] = []
        against: list[Verdict] = []
        for entry in entries:
            if not entry.filename.endswith(".whl"):
                sources.append(entry)
                continue
            key = self._key(entry)
            if (verdict := verdicts.get(key)) is None:
                verdict = verdicts[key] = self._judged(version, entry)
            if verdict.decision is not Decision.DENIED:
                passed.append(entry)
            else:
                against.append(verdict)
                young = entry.upload_time is None or entry.upload_time > self._horizon
                self.ripens = self.ripens or young
        if passed:
            return [*sources, *passed], ()
        if not against:
            against = [self._judged(version, entry) for entry in sources[:1]]
        return [], tuple(_against(against))

    def _key(self, entry: PageFile) -> Hashable:
        """Return what verdicts on files of one release depend on, before there are any bytes.

        An approval or a waiver may be for one digest; then each file is judged by itself.
        """
        if self._by_digest:
            return entry.filename
        moment = entry.upload_time and (self._admission.now - entry.upload_time) // _MOMENT
        return (moment, entry.yanked, entry.provenance is None)

    def _judged(self, version: Version, entry: PageFile) -> Verdict:
        wheel = entry.filename.endswith(".whl")
        file = File(
            project=self._page.name,
            version=version,
            filename=entry.filename,
            kind=FileKind.WHEEL if wheel else FileKind.SDIST,
            url=entry.url,
            hashes=entry.hashes,
            size=entry.size,
        )
        return self._admission.preview(file, requested(entry), self._located(file, entry))

    def _located(self, file: File, entry: PageFile) -> Located:
        """Return what the indexes say of a file; where there is only one, most of it once."""
        if not self._alone or self._shared is None:
            self._shared = self._admission.index.locate(file)
            return self._shared
        return replace(self._shared, listing=listing_of(entry, self._index.url))


def requested(entry: PageFile) -> Requested:
    """Return how a file behind a resolver was asked for.

    PEP-592: an installer ignores a yanked release unless it is pinned, so who asks has pinned it.
    """
    return Requested(pinned=entry.yanked is not None)


def _against(verdicts: Iterable[Verdict]) -> Iterator[Finding]:
    seen = set()
    for verdict in verdicts:
        for finding in verdict.findings:
            if finding.holds and not finding.unknown and finding.rule not in seen:
                seen.add(finding.rule)
                yield finding
