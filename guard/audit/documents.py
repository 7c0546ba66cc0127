"""What a document lists, as subjects of an audit."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from guard.admission import Asked
from guard.audit.releases import Releases, nameless
from guard.audit.scope import OTHERS
from guard.audit.subject import Subject
from guard.inventory import Inventory, Listed
from guard.model import File, FileKind, Requested, Unknown
from guard.report.result import Location
from guard.sources.index import IndexSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """Says what is to be judged of each release that a document lists."""

    index: IndexSource
    releases: Releases
    configured: Collection[str]
    """The indexes of pip's or uv's configuration."""

    known: Collection[str]
    """Those that the policy knows."""

    def subjects(self, inventory: Inventory) -> Iterator[Subject]:
        """Yield what is to be judged; the user's own projects are nobody's to judge."""
        for listed in inventory.listed:
            if not listed.local:
                yield self._subject(listed, inventory)

    def _subject(self, listed: Listed, inventory: Inventory) -> Subject:
        location = Location(_shown(listed.path or inventory.path), listed.line)
        index = listed.index
        unasked, own = None, None
        if listed.version is None and listed.direct_url is None:
            unasked = Unknown(f"`{location.path}` leaves its version open")
        elif index is not None and index not in self.configured:
            if index not in self.known:
                unasked = Unknown(f"`{location.path}` names {index}, which nobody here knows")
            else:
                own = index
        releases = self.releases.only(self.index.only(own)) if own else self.releases
        files = _by_choice(listed, releases, offline=unasked is not None)
        first, *others = (
            Asked(file, _requested(listed, locked=bool(listed.files)), unasked=unasked)
            for file in files
        )
        rest = tuple(replace(each, only=OTHERS) for each in others)
        return Subject(asked=first, others=rest, index=own, location=location)


def _by_choice(listed: Listed, releases: Releases, *, offline: bool) -> list[File]:
    """Return the files that the document names, or else those that it means; the chosen one first.

    Of a release without files the digests say which are meant, and without those any may be.
    """
    if listed.files:
        asked = listed.direct_url is None and not offline
        own = [releases.listed(file) if asked else file for file in listed.files]
        return sorted(own, key=releases.rank)
    if listed.version is None:
        return [nameless(listed.project)]
    files = () if offline else releases.of(listed.project, listed.version)
    meant = [file for file in files if listed.hashes & set(file.hashes.items())]
    return (meant or list(files))[:1] or [_unlisted(listed)]


def _unlisted(listed: Listed) -> File:
    """Return what stands for a release of which no index lists a file."""
    hashes = dict(listed.hashes) if len(listed.hashes) == 1 else {}
    name = f"{listed.project.replace('-', '_')}-{listed.version}"
    return File(
        project=listed.project,
        version=listed.version,
        filename=f"{name}-py3-none-any.whl",
        kind=FileKind.WHEEL,
        url="",
        hashes=hashes,
    )


def _requested(listed: Listed, *, locked: bool) -> Requested:
    return Requested(
        named=True,
        pinned=True,
        locked=locked,
        direct_url=listed.direct_url,
        hashes=listed.hashes,
        identities=listed.identities,
    )


def _shown(path: Path) -> str:
    """Return a path as it is from here, where it lies below."""
    try:
        return path.absolute().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()
