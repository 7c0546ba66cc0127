"""What is installed, as the metadata folders of an environment say it: read, never imported.

Essential reading: the specification of recording installed projects (PEP 376, PEP 627), PEP 610.
Each folder is one installed distribution, whatever others of the same name there are.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit, urlunsplit
from urllib.request import url2pathname

from packaging.tags import Tag, parse_tag
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from guard.artifact import record
from guard.artifact.headers import Headers, parse
from guard.artifact.record import Record
from guard.audit.files import read, words
from guard.errors import TargetError
from guard.model import Fact, Unknown
from guard.sources.installed import Folders

_LIMIT: Final = 64 << 20
_SMALL: Final = 4 << 20
_WORD: Final = 100
_TAGS: Final = 1000
_PROJECT: Final = ("pyproject.toml", "setup.py", "setup.cfg")
_ENDINGS: Final = (".dist-info", ".egg-info")
_NAME: Final = re.compile(r"[A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9]", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct:
    """PEP-610: what a release was installed from, where that was no index."""

    url: str
    """Without credentials."""

    editable: bool = False
    """It is the user's own source tree, used where it lies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One installed distribution."""

    info: Path
    """Its `.dist-info` or `.egg-info`."""

    project: NormalizedName
    version: Version | None
    record: Fact[Record]
    installer: str | None = None
    direct: Direct | None = None
    tags: frozenset[Tag] = frozenset()
    """PEP-425: those of the wheel that it was installed from, as its WHEEL says."""

    build: str = ""
    contradiction: str | None = None
    """Why its folder and its METADATA are not about the same release."""

    @property
    def name(self) -> str:
        """Name and version as its folder writes them."""
        return self.info.name


def distributions(folders: Folders) -> tuple[Distribution, ...]:
    """Return all that is installed, in order. Raises `TargetError`."""
    found: dict[str, Distribution] = {}  # by where links lead; one in a circle is itself
    for site in folders.site:
        for info in _infos(site):
            found.setdefault(os.path.realpath(info), _distribution(info))
    return tuple(sorted(found.values(), key=lambda each: (each.project, each.name)))


def _infos(site: Path) -> Iterator[Path]:
    """Yield the metadata folders; `~ix-1.0.dist-info` is what pip could not remove."""
    try:
        for path in site.iterdir():
            if path.name.lower().endswith(_ENDINGS) and not path.name.startswith("~"):
                yield path
    except FileNotFoundError:
        return
    except OSError as error:
        raise TargetError(f"`{site}` could not be read", reason=words(error)) from None


def _distribution(info: Path) -> Distribution:
    named, _, version = info.name.rpartition(".")[0].partition("-")
    try:
        metadata = parse(_metadata(info))
        wheel = parse(read(info / "WHEEL", _SMALL) or b"")
        listed = _record(info)
        installer = _installer(info)
        direct = _direct(info)
    except OSError as error:
        metadata, wheel, installer, direct = Headers(), Headers(), None, None
        listed = Unknown(f"`{info.name}` could not be read: {words(error)}")
    name, said = metadata.single("Name"), metadata.single("Version")
    return Distribution(
        info=info,
        project=_project(name) or _project(named) or canonicalize_name("unnamed"),
        version=_version(said) or _version(version.partition("-")[0]),
        record=listed,
        installer=installer,
        direct=direct,
        tags=_tags(wheel),
        build=wheel.single("Build") or "",
        contradiction=_contradiction(info, named, version, name, said),
    )


def _metadata(info: Path) -> bytes:
    if info.is_dir():
        return read(info / "METADATA", _SMALL) or read(info / "PKG-INFO", _SMALL) or b""
    return read(info, _SMALL) or b""  # one file, as distutils wrote it


def _record(info: Path) -> Fact[Record]:
    content = read(info / "RECORD", _LIMIT)
    if content is None:
        return Unknown(f"there is no RECORD in `{info.name}`")
    found = record.parse(content)
    return found if found.rows else Unknown(f"the RECORD in `{info.name}` lists nothing")


def _installer(info: Path) -> str | None:
    """PEP-627: the name of the tool, on one line. Anybody may have written it."""
    content = read(info / "INSTALLER", _SMALL)
    text = (content or b"").decode("utf-8", "replace").strip()
    return text if text.isprintable() and 0 < len(text) <= _WORD else None


def _direct(info: Path) -> Direct | None:
    content = read(info / "direct_url.json", _SMALL)
    if content is None:
        return None
    try:
        said: Any = json.loads(content)
        parts = urlsplit(said["url"])
        folder = said.get("dir_info") or {}
        editable = folder.get("editable") is True and _is_tree(parts, info.parent)
        host = parts.netloc.rpartition("@")[2]
        return Direct(
            url=urlunsplit((parts.scheme, host, parts.path, parts.query, "")), editable=editable
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Direct(url=f"what the direct_url.json in `{info.name}` does not say clearly")


def _is_tree(parts: SplitResult, site: Path) -> bool:
    """Tell whether a URL leads to sources that somebody works on here.

    A wheel can bring a `direct_url.json` that says so, and no one would look at what it runs.
    """
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"}:
        return False
    tree = Path(os.path.realpath(url2pathname(parts.path)))
    inside = tree.is_relative_to(os.path.realpath(site))
    return not inside and any((tree / name).is_file() for name in _PROJECT)


def _contradiction(
    info: Path, named: str, version: str, name: str | None, said: str | None
) -> str | None:
    if info.name.lower().endswith(".egg-info"):
        return None  # these have carried anything
    if name is None or said is None:
        return f"`{info.name}` has no METADATA that says one name and version"
    same = _project(named) == _project(name) and _version(version) == _version(said)
    return None if same else f"its METADATA says {name} {said}, its folder is `{info.name}`"


def _project(name: str | None) -> NormalizedName | None:
    return canonicalize_name(name) if name and _NAME.fullmatch(name) else None


def _version(text: str | None) -> Version | None:
    try:
        return Version(text or "")
    except ValueError:  # also numbers without an end
        return None


def _tags(wheel: Headers) -> frozenset[Tag]:
    found: set[Tag] = set()
    for text in wheel.values("Tag")[:_TAGS]:
        parts = text.split("-")
        if len(parts) == 3 and text.count(".") < 10:  # noqa: PLR2004 - python, abi, platform
            found |= parse_tag(text)
    return frozenset(found)
