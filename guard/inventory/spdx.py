"""SPDX 2.2 and 2.3 in JSON, and SPDX 3.0 in JSON-LD."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from guard.errors import UnsupportedError
from guard.inventory import _sbom
from guard.inventory._base import Listed, Skipped, shown
from guard.inventory._document import Document, Table

_VERSIONS: Final = ("SPDX-2.2", "SPDX-2.3")
_CONTEXT: Final = re.compile(r"https://spdx\.org/rdf/3\.0(?:\.[0-9]+)?/.+")
_NOTHING: Final = frozenset({"NOASSERTION", "NONE", ""})


def is_third(values: dict[str, Any]) -> bool:
    """Tell whether a document is JSON-LD of SPDX."""
    return any("spdx.org/rdf/" in text for text in _contexts(values))


def entries(document: Document) -> Iterator[Listed | Skipped]:
    """Yield the packages. Raises `UsageError`."""
    top = document.top
    if is_third(dict(top.values)):
        if not any(_CONTEXT.fullmatch(text) for text in _contexts(dict(top.values))):
            raise _unknown(top, top.values.get("@context"))
        yield from _of_third(document)
        return
    if top.values.get("spdxVersion") not in _VERSIONS:
        raise _unknown(top, top.values.get("spdxVersion"))
    for table, line in document.rows("packages"):
        yield _second(table, line)


def _contexts(values: dict[str, Any]) -> list[str]:
    said = values.get("@context")
    return [each for each in (said if isinstance(said, list) else [said]) if isinstance(each, str)]


def _unknown(top: Table, said: object) -> UnsupportedError:
    return UnsupportedError(
        f"{top.at} is SPDX {shown(said)}",
        reason="only SPDX 2.2, 2.3 and 3.0 are understood",
        hint="convert it with the tool of its maker",
    )


def _second(table: Table, line: int | None) -> Listed | Skipped:
    """Read a package of SPDX 2 §7."""
    purls = [
        row.needed("referenceLocator")
        for row in table.tables("externalRefs")
        if (row.text("referenceType") or "").rpartition("/")[2].lower() == "purl"
    ]
    found = _sbom.named(purls, table, version=_said(table, "versionInfo"))
    if isinstance(found, Skipped):
        return found
    hashes = _sbom.digests(table.tables("checksums"), "algorithm", "checksumValue")
    place = _said(table, "packageFileName") or _said(table, "downloadLocation")
    return _with_file(found, table, place, hashes, line)


def _of_third(document: Document) -> Iterator[Listed | Skipped]:
    """Yield the packages among all elements: those that say so, and any with a package URL."""
    rows = document.rows("@graph") if "@graph" in document.top.values else [(document.top, None)]
    for table, line in rows:
        purls = list(_purls(table))
        if purls or _is_package(table):
            yield _third(table, purls, line)


def _third(table: Table, purls: list[str], line: int | None) -> Listed | Skipped:
    """Read a `software_Package` of SPDX 3."""
    found = _sbom.named(purls, table, version=_said(table, "software_packageVersion"))
    if isinstance(found, Skipped):
        return found
    rows = [row for row in table.tables("verifiedUsing") if "hashValue" in row.values]
    hashes = _sbom.digests(rows, "algorithm", "hashValue")
    return _with_file(found, table, _said(table, "software_downloadLocation"), hashes, line)


def _purls(table: Table) -> Iterator[str]:
    if purl := _said(table, "software_packageUrl"):
        yield purl
    for key in ("externalIdentifier", "externalIdentifiers"):
        for row in table.tables(key):
            if (row.text("externalIdentifierType") or "").lower() == "packageurl":
                yield row.needed("identifier")


def _is_package(table: Table) -> bool:
    said = table.values.get("type", table.values.get("@type"))
    return any(isinstance(each, str) and each.endswith("Package") for each in _list(said))


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _with_file(
    listed: Listed, table: Table, place: str | None, digests: _sbom.Digests, line: int | None
) -> Listed:
    """Return an entry with its one file, whose digests they are, or else with its digests."""
    listed = replace(listed, line=line)
    found = _sbom.file_at(place, listed, digests, table) if place else None
    return found or replace(listed, hashes=listed.hashes | digests)


def _said(table: Table, key: str) -> str | None:
    """Return a string, unless it says that nothing is said."""
    value = table.text(key)
    return None if value is None or value in _NOTHING else value
