"""What the kinds of SBOM have in common: a package URL, a version beside it, and digests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from urllib.parse import unquote

from packaging.version import Version

from guard.inventory import _files, _places, _purl
from guard.inventory._base import Listed, Skipped, shown
from guard.inventory._document import Table
from guard.inventory._files import Release
from guard.model import File

Digests = frozenset[tuple[str, str]]


def named(purls: Sequence[str], table: Table, *, version: str | None) -> Listed | Skipped:
    """Return the package that an entry names by the first of its package URLs for PyPI.

    What has none, or one of another kind, is skipped. A version that is none of Python's is left
    open: SBOMs also have those of a Linux distribution. Raises `UsageError`.
    """
    python = list(dict.fromkeys(purl for purl in purls if _purl.is_python(purl)))
    if len(python) > 1:
        raise table.wrong("it has more than one package URL for PyPI")
    if not python:
        return Skipped(shown(purls[0]) if purls else f"{_title(table)}: no package URL")
    purl = _purl.parse(python[0], table)
    said, also = _readable(purl.version), _readable(version)
    if said and also and said != also:
        raise table.wrong(f"its version is {also}, and {said} in its package URL")
    return Listed(
        project=purl.project,
        version=said if purl.version else also,
        hashes=frozenset(purl.hashes.items()),
        index=purl.index,
        direct_url=purl.direct_url,
    )


def file_at(url: str, listed: Listed, hashes: Digests, table: Table) -> Listed | None:
    """Return `listed` with the file that a URL or a bare name leads to, if it is its own.

    An archive of another name is none of its files: many name that of the sources. A wheel of
    another name is an error. Some tools say `PAGE#FILENAME`. Raises `UsageError`.
    """
    whole, filename = _place(url, table)
    foreign = _files.version_in(filename, listed.project) is None
    if not filename.endswith(".whl") and foreign:
        return None
    release = Release(listed.project, listed.version)
    file = _files.distribution(filename, release, Table({}, table.at), url=whole)
    if len(dict(hashes)) != len(hashes):
        raise table.wrong(f"there are two digests of {shown(filename)}")
    if isinstance(file, File):
        listed = replace(listed, files=(*listed.files, replace(file, hashes=dict(hashes))))
    return listed


def _place(url: str, table: Table) -> tuple[str, str]:
    """Return the URL of a file, where it is one, and the name of the file."""
    address, _, fragment = url.partition("#")
    whole = _places.address(address, table) if "://" in address else ""
    return ("", unquote(fragment)) if fragment else (whole, _places.last_segment(whole or address))


def names_archive(url: str, table: Table) -> bool:
    """Tell whether a URL leads to some wheel or archive, whosever it is. Raises `UsageError`."""
    return _files.is_distribution(_place(url, table)[1])


def digests(rows: Iterable[Table], algorithm: str, digest: str) -> Digests:
    """Return the digests worth comparing, from rows with those two keys. Raises `UsageError`."""
    return frozenset(
        pair
        for row in rows
        for pair in _files.strong(row.needed(algorithm), row.needed(digest), row).items()
    )


def _readable(version: str | None) -> Version | None:
    try:
        return Version(version) if version else None
    except ValueError:
        return None


def _title(table: Table) -> str:
    values = (table.values.get(key) for key in ("type", "name", "version", "versionInfo"))
    return " ".join(shown(value) for value in values if isinstance(value, str) and value)
