"""Which release a file is compared with, of all that its project page lists."""

from __future__ import annotations

import contextlib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from packaging.version import Version

from guard.model import File, FileKind
from guard.simple import PageFile, ProjectPage
from guard.simple.page import version_of
from guard.sources.likeness import likeness, together


def earlier_wheel(
    page: ProjectPage, file: File, came: datetime | None, settled: timedelta
) -> PageFile | None:
    """Return the wheel of the nearest settled release that is most like `file`. Raises `PageError`.

    A release is not settled that came less than `settled` before `file`: it may be of the same
    takeover. Where there are no upload times, all but the release of `file` itself are. Yanked
    files do not count, nor what was added to a release later: both can lie there unseen.
    """
    if file.version is None or file.kind is not FileKind.WHEEL:
        return None
    releases = _releases(page)
    for version in _nearest_first(releases, file.version):
        if came is None and version == file.version:
            continue
        entries = list(_entries(page, version, releases[version]))
        times = [entry.upload_time for entry in entries if entry.upload_time]
        began = min(times, default=None)
        fit = [
            entry
            for entry in entries
            if entry.filename.endswith(".whl") and entry.filename != file.filename
            if entry.yanked is None and together(began, entry.upload_time)
            if _settled(entry.upload_time, came, settled)
        ]
        if fit:
            return max(fit, key=lambda entry: _preference(entry, file))
    return None


def only_yanked(page: ProjectPage, file: File) -> bool:
    """Tell whether there are wheels of other releases, and all of them are yanked.

    Raises `PageError`.
    """
    others = [
        entry
        for version, names in _releases(page).items()
        if version != file.version
        for entry in _entries(page, version, names)
        if entry.filename.endswith(".whl")
    ]
    return bool(others) and all(entry.yanked is not None for entry in others)


def _settled(uploaded: datetime | None, came: datetime | None, settled: timedelta) -> bool:
    return uploaded is None or came is None or came - uploaded >= settled


def _preference(entry: PageFile, file: File) -> tuple[int, int, str]:
    """Prefer the most alike; of several, the smallest: the Python in them is mostly the same."""
    return likeness(file.filename, entry.filename), -(entry.size or 0), entry.filename


def _nearest_first(versions: Iterable[Version], version: Version) -> Iterator[Version]:
    """Yield `versions`, those before `version` first, and then those after it.

    By version, so that a backport is compared with its own line. Nobody installs pre-releases
    unasked, so one that prepares for the next release may lie there unseen: final ones go first.
    """
    aside = []
    ordered = sorted(versions)
    here = bisect_right(ordered, version)
    for each in (*reversed(ordered[:here]), *ordered[here:]):
        if each.is_prerelease and not version.is_prerelease:
            aside.append(each)
        else:
            yield each
    yield from aside


def _releases(page: ProjectPage) -> Mapping[Version, Sequence[str]]:
    """Return the file names of each version, quickly: what else they say is not looked at."""
    written: dict[str, list[str]] = defaultdict(list)
    for name in page.filenames:
        if name.endswith(".whl"):
            written["".join(name.split("-", 2)[1:2])].append(name)
        else:
            stem = name.removesuffix(".tar.gz").removesuffix(".zip")
            written[stem.rpartition("-")[2]].append(name)
    releases: dict[Version, list[str]] = {}
    for text, names in written.items():
        with contextlib.suppress(ValueError):  # also numbers without an end
            releases.setdefault(Version(text), []).extend(names)
    return releases


def _entries(page: ProjectPage, version: Version, names: Iterable[str]) -> Iterator[PageFile]:
    """Yield the entries of those of `names` that are of one release. Raises `PageError`."""
    for name in dict.fromkeys(names):
        if version_of(name, page.name) == version and (entry := page.file(name)) is not None:
            yield entry
