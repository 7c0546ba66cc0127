"""CycloneDX 1.2 to 1.7 in JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from guard.errors import UnsupportedError
from guard.inventory import _sbom
from guard.inventory._base import Listed, Skipped, shown
from guard.inventory._document import Document, Table

_VERSIONS: Final = ("1.2", "1.3", "1.4", "1.5", "1.6", "1.7")


def entries(document: Document) -> Iterator[Listed | Skipped]:
    """Yield the components, however deep they are nested. Raises `UsageError`."""
    said = document.top.values.get("specVersion")
    if said not in _VERSIONS:
        raise UnsupportedError(
            f"{document.top.at} is CycloneDX {shown(said)}",
            reason=f"only {_VERSIONS[0]} to {_VERSIONS[-1]} are understood",
            hint="convert it with the tool of its maker",
        )
    root = document.top.table("metadata").table("component")
    if root.values:
        found = _component(root)
        yield replace(found, local=True) if isinstance(found, Listed) else found
    waiting = [(table, None) for table in root.tables("components")]
    for table, line in (*waiting, *document.rows("components")):
        for each in _nested(table):
            found = _component(each)
            yield replace(found, line=line) if isinstance(found, Listed) else found


def _nested(top: Table) -> Iterator[Table]:
    """Yield a component and those inside it."""
    waiting = [top]
    while waiting:
        table = waiting.pop()
        yield table
        waiting += table.tables("components")


def _component(table: Table) -> Listed | Skipped:
    purl = table.text("purl")
    found = _sbom.named([purl] if purl else [], table, version=table.text("version"))
    if isinstance(found, Skipped):
        return found
    digests = _sbom.digests(table.tables("hashes"), "alg", "content")
    found = replace(found, hashes=found.hashes | digests)
    for row in table.tables("externalReferences"):
        if row.text("type") == "distribution" and (url := row.text("url")):
            found = _distributed(found, url, row)
    return found


def _distributed(listed: Listed, url: str, row: Table) -> Listed:
    """Return an entry with a file of it, or else with the digests that a page is said to have."""
    digests = _sbom.digests(row.tables("hashes"), "alg", "content")
    if (found := _sbom.file_at(url, listed, digests, row)) is not None:
        return found
    if _sbom.names_archive(url, row):
        return listed
    return replace(listed, hashes=listed.hashes | digests)
