"""Package URLs, by which an SBOM names a package of PyPI or of anything else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from packaging.utils import NormalizedName

from guard.inventory import _files, _places
from guard.inventory._base import shown
from guard.inventory._document import Table

_PURL: Final = re.compile(r"pkg:/*([A-Za-z][A-Za-z0-9.+-]*)/+(.+)", re.IGNORECASE)
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_NOWHERE: Final = Path("/")
"""An SBOM has no folder to which a path would be relative."""


@dataclass(frozen=True, slots=True)
class Purl:
    """A package of PyPI: `pkg:pypi/NAME@VERSION?QUALIFIERS#SUBPATH`."""

    project: NormalizedName
    version: str
    """As it is written, which need not be as PEP 440 says; empty where there is none."""

    index: str | None = None
    direct_url: str | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)


def is_python(text: str) -> bool:
    """Tell whether a package URL is of the type `pypi`."""
    found = _PURL.fullmatch(text)
    return found is not None and found[1].lower() == "pypi"


def parse(text: str, table: Table) -> Purl:
    """Return what a package URL of the type `pypi` says. Raises `UsageError`.

    purl-spec: each part is percent-encoded; a project of PyPI has no namespace; `download_url`
    and `vcs_url` say that it comes from there, and `repository_url` from which index.
    """
    found = _PURL.fullmatch(text)
    bare, _, query = (found[2] if found else "").partition("#")[0].partition("?")
    name, _, version = bare.rpartition("@") if "@" in bare else (bare, "", "")
    said = _qualifiers(query, table)
    return Purl(
        _files.name(_decoded(name.rstrip("/"), table), table),
        _decoded(version, table),
        index=_index(said.get("repository_url"), table),
        direct_url=_direct_url(said, table),
        hashes=_checksums(said.get("checksum", ""), table),
    )


def _index(url: str | None, table: Table) -> str | None:
    if url is None:
        return None
    # purl-spec: the scheme may be left out.
    return _places.index(url if _SCHEME.match(url) else f"https://{url}", _NOWHERE, table)


def _direct_url(said: Mapping[str, str], table: Table) -> str | None:
    if url := said.get("download_url"):
        return _places.address(url, table)
    if url := said.get("vcs_url"):
        return _places.repository(url.partition("#")[0], _NOWHERE, table)
    return None


def _checksums(text: str, table: Table) -> dict[str, str]:
    hashes: dict[str, str] = {}
    for pair in filter(None, text.split(",")):
        algorithm, _, digest = pair.partition(":")
        hashes |= _files.strong(algorithm, digest, table)
    return hashes


def _qualifiers(query: str, table: Table) -> dict[str, str]:
    values: dict[str, str] = {}
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        if key.lower() in values:
            raise table.wrong(f"its package URL says {shown(key)} twice")
        if value:
            values[key.lower()] = _decoded(value, table)
    return values


def _decoded(text: str, table: Table) -> str:
    """Return `text` without its percent-encoding, in which no control character may hide."""
    return Table({"the package URL": unquote(text)}, table.at).text("the package URL") or ""
