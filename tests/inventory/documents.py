"""Documents to read: as real tools wrote them (`data`), and the least that a test needs."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import Any, Final

import pytest
from packaging.utils import canonicalize_name

from guard.errors import UsageError
from guard.inventory import Inventory, Listed, read
from tests.builders import a_digest

DATA: Final = Path(__file__).parent / "data"
SHA256: Final = a_digest()
OTHER: Final = a_digest(b"other bytes")
INDEX: Final = "https://packages.example.com/simple"
WHEEL: Final = "frob-1.0-py3-none-any.whl"
FILES: Final = "https://packages.example.com/files"

_HEADS: Final = {
    "uv.lock": 'version = 1\nrequires-python = ">=3.11"\n',
    "poetry.lock": "",
    "pdm.lock": '[metadata]\nlock_version = "4.5.0"\n',
    "pylock.toml": 'lock-version = "1.0"\ncreated-by = "a test"\n',
}
_TAILS: Final = {"poetry.lock": '\n[metadata]\nlock-version = "2.1"\n'}


def inventory(folder: Path, name: str, text: str | bytes) -> Inventory:
    """What is read in a file of that name and content."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
    return read(path)


def lock(folder: Path, name: str, packages: str) -> Inventory:
    """What is read in a lock file with these packages, and whatever else its tool demands."""
    return inventory(folder, name, _HEADS[name] + dedent(packages) + _TAILS.get(name, ""))


def sbom(folder: Path, document: dict[str, Any], name: str = "bom.json") -> Inventory:
    """What is read in an SBOM."""
    return inventory(folder, name, json.dumps(document, indent=2))


def refused(folder: Path, name: str, packages: str, *, match: str) -> None:
    """See to it that a lock file with these packages is refused, for that reason."""
    with pytest.raises(UsageError, match=match):
        lock(folder, name, packages)


def of(found: Inventory, project: str, version: str | None = None) -> Listed:
    """The one entry of a project, in that version if it is given."""
    (listed,) = entries(found, project, version)
    return listed


def entries(found: Inventory, project: str, version: str | None = None) -> list[Listed]:
    """The entries of a project, in that version if it is given."""
    name = canonicalize_name(project)
    return [
        each
        for each in found.listed
        if each.project == name and (version is None or str(each.version) == version)
    ]


def titles(found: Inventory) -> list[str]:
    """Every entry, as a person would say it."""
    return [" ".join(map(str, filter(None, (e.project, e.version)))) for e in found.listed]


def filenames(listed: Listed) -> list[str]:
    """The names of its files."""
    return [file.filename for file in listed.files]


def real(*endings: str) -> list[Path]:
    """The documents that real tools wrote."""
    return [path for path in sorted(DATA.iterdir()) if path.name.endswith(endings)]
