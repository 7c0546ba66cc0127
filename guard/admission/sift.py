"""A whole project page, judged at the index stage: which of its files a resolver may see."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from packaging.utils import NormalizedName
from packaging.version import InvalidVersion, Version

from guard.admission.gather import Admission
from guard.model import (
    Advisories,
    Decision,
    Fact,
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
    admission: Admission,
    index: Index,
    page: ProjectPage,
    *,
    without: frozenset[Version] = frozenset(),
    sources: bool = False,
) -> Sifted:
    """Return what the index stage lets pass of `page`, and none of the releases `without`.

    Where a source is never built, it is kept only beside a wheel: lock files name both. With
    `sources`, each is judged like a wheel: somebody else may want to have it.
    """
    sieve = _Sieve(admission, index, page, sources=sources)
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
    known: dict[str, list[PageFile]] = {}
    found: dict[Version, list[PageFile]] = {}
    own: dict[str, bool] = {}
    entries: list[PageFile] | None = None
    before = ""
    for entry in page.readable():
        if "sha256" not in entry.hashes:
            continue
        filename = entry.filename
        if entries is None or not _follows(filename, before):
            written = _written(filename, page.name, own)
            entries = known.get(written)
            if entries is None:
                version = _version(written, filename, page.name)
                entries = [] if version is None else found.setdefault(version, [])
                known[written] = entries
            before = "" if written == filename else f"{filename.partition('-')[0]}-{written}-"
        entries.append(entry)
    return found


def _follows(filename: str, before: str) -> bool:
    """Tell whether a wheel is of the release whose names begin with `before`, if there is one.

    It is what `_written` would come to, at a third of the cost.
    """
    return (
        before != ""
        and filename.startswith(before)
        and filename.endswith(".whl")
        and filename.count("-") == _WHEEL - 1
        and "--" not in filename
    )


def _version(written: str, filename: str, project: NormalizedName) -> Version | None:
    if written == filename:
        return version_of(filename, project)
    try:
        return Version(written)
    except InvalidVersion:
        return None


def _written(filename: str, project: NormalizedName, own: dict[str, bool]) -> str:
    """Return what of a file's name says the version: the same for most wheels of a release.

    Whatever is unusual stands for itself, and is read in full. `own` remembers the spellings of the
    project's name: there are few, and thousands of files.
    """
    parts = filename.split("-")
    name = parts[0]
    if name not in own:
        own[name] = name.lower().replace("_", "-") == project
    if not own[name] or "" in parts:
        return filename
    if len(parts) == _WHEEL and filename.endswith(".whl"):
        return parts[1]
    if len(parts) == _SDIST and filename.endswith(".tar.gz"):
        return parts[1].removesuffix(".tar.gz")
    return filename


_WHEEL: Final = 5
"""PEP-427: name, version and three tags, where there is no build number."""

_SDIST: Final = 2
"""PEP-625: name and version."""


class _Sieve:
    """Judges the releases of one page, and alike only once what no rule could tell apart."""

    def __init__(
        self, admission: Admission, index: Index, page: ProjectPage, *, sources: bool
    ) -> None:
        self._admission = admission
        self._sources = sources
        self._index = index
        self._page = page
        self._alone = len(admission.index.indexes) == 1
        policy = admission.policy
        self._by_file = policy.names_digests(page.name)
        self._by_release = (
            not self._alone or policy.names_releases(page.name) or bool(admission.installed())
        )
        known = admission.publications.known
        self._attested = bool(page.attested) or known.attested_version(page.name, index.url)
        self._shared: Located | None = None
        self._horizon = admission.now - policy.settled()
        self._advisories: dict[Fact[Advisories], int] = {}
        """Which there are, by a number: they are long, and compared with every file."""

        self._denials: dict[Hashable, Verdict | None] = {}
        """What was judged: the verdict, where it keeps a file from being seen."""

        self.ripens = False

    def release(
        self, version: Version, entries: Iterable[PageFile]
    ) -> tuple[list[PageFile], tuple[Finding, ...]]:
        """Return the files of a release that pass, and else what is held against it."""
        sources: list[PageFile] = []
        passed: list[PageFile] = []
        against: list[Verdict] = []
        advisories = self._admission.advisories.of(self._page.name, version)
        known = self._advisories.setdefault(advisories, len(self._advisories))
        for entry in entries:
            if not (self._sources or entry.filename.endswith(".whl")):
                sources.append(entry)
                continue
            key = self._key(version, entry, known)
            if key not in self._denials:
                judged = self._judged(version, entry)
                self._denials[key] = judged if judged.decision is Decision.DENIED else None
            verdict = self._denials[key]
            if verdict is None:
                passed.append(entry)
            else:
                against.append(verdict)
                self.ripens = self.ripens or self._is_young(entry)
        if passed:
            return [*sources, *passed], ()
        against = against or [self._judged(version, entry) for entry in sources[:1]]
        return [], tuple(_against(against))

    def _is_young(self, entry: PageFile) -> bool:
        return entry.upload_time is None or entry.upload_time > self._horizon

    def _key(self, version: Version, entry: PageFile, advisories: int) -> Hashable:
        """Return all that a verdict at the index stage depends on, beyond the project itself.

        An approval or a waiver may be for one digest; then each file is judged by itself. Whether
        an attestation was dropped depends on the releases before.
        """
        if self._by_file:
            return entry.filename
        attested, wheel = entry.provenance is not None, entry.filename.endswith(".whl")
        dropped = self._attested and not attested
        moment, uploaded = None, entry.upload_time
        if uploaded is None or uploaded > self._horizon or dropped:
            moment = uploaded and (self._admission.now - uploaded) // _MOMENT
        group = version if self._by_release or dropped else advisories
        return (group, moment, entry.yanked, attested, wheel)

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
