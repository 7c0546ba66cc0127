"""One requirement, as an argument or a line of a file says it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from packaging.requirements import Requirement
from packaging.utils import (
    NormalizedName,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from guard.errors import UnsupportedError, UsageError
from guard.model import File, FileKind

_OPTION: Final = re.compile(r"\s(--?[A-Za-z][^\s=]*)")
_SECRET: Final = re.compile(r"//.*@", re.DOTALL)
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_STRONG: Final = {"sha256": 64, "sha384": 96, "sha512": 128}
_LONGEST_NAME: Final = 255
_SDISTS: Final = (
    *(".tar.gz", ".tgz", ".tar", ".zip", ".tar.bz2", ".tbz"),
    *(".tar.xz", ".txz", ".tar.lz", ".tlz", ".tar.lzma"),
)
"""How the names of source distributions end, to pip."""

Digest = tuple[str, str]
"""An algorithm, and a digest in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Specifier:
    """What is asked for: a project by name, or a file by URL or path."""

    key: tuple[NormalizedName, Version | None]
    """The project, and the one version where there is only one."""

    named: Requirement | None = None
    direct: File | None = None
    digests: frozenset[Digest] = frozenset()
    """Of which the file must have one."""


def parse(text: str, *, where: str) -> Specifier:
    """Read one requirement. Raises `UsageError`, which says `where` it stands."""
    specifier, digests = _split_options(text, where)
    try:
        requirement = Requirement(specifier)
    except (ValueError, RecursionError) as error:  # also markers that are nested without an end
        if _looks_direct(specifier):
            return _direct(specifier, digests, where=where)
        raise UsageError(
            f"{where}: `{shown(specifier)}` is not a requirement",
            reason=shown(str(error).partition("\n")[0]),
            hint="write it as `name`, `name==1.2` or `name>=1.2,<2`",
        ) from None
    if requirement.url is not None:
        return _direct(requirement.url, digests, where=where, name=requirement.name)
    if requirement.name.lower().endswith((".whl", *_SDISTS)) and not requirement.specifier:
        return _direct(requirement.name, digests, where=where)  # pip and uv take it for a file
    key = (canonicalize_name(requirement.name), pin(requirement))
    return Specifier(key=key, named=requirement, digests=digests)


def pin(requirement: Requirement) -> Version | None:
    """Return the one version that `requirement` leaves, if it says so with `==` or `===`."""
    for specifier in requirement.specifier:
        if specifier.operator in {"==", "==="} and not specifier.version.endswith(".*"):
            try:
                return Version(specifier.version)
            except ValueError:
                return None
    return None


def direct_file(filename: str, url: str, name: str | None = None) -> File:
    """Return the file that a URL or path stands for, as far as its name says."""
    project = canonicalize_name(name or re.sub(r"\.git$", "", filename) or "unnamed")
    version: Version | None = None
    kind = FileKind.SOURCE_TREE
    try:
        if len(filename) > _LONGEST_NAME:
            pass
        elif filename.endswith(".whl"):
            project, version, _, _ = parse_wheel_filename(filename)
            kind = FileKind.WHEEL
        elif filename.endswith(_SDISTS):
            kind = FileKind.SDIST
            project, version = parse_sdist_filename(filename)
    except ValueError:
        pass
    return File(
        project=project, version=version, filename=filename or str(project), kind=kind, url=url
    )


def _split_options(text: str, where: str) -> tuple[str, frozenset[Digest]]:
    """Separate a specifier from its `--hash` options; any other option is refused."""
    found = _OPTION.search(text)
    if found is None:
        return text, frozenset()
    digests = set()
    words = iter(text[found.start() :].split())
    for word in words:
        name, _, value = word.partition("=")
        if name != "--hash":
            raise UnsupportedError(
                f"{where}: `{shown(name)}` is not supported for one requirement",
                reason="what it would change could not be judged",
            )
        algorithm, _, digest = (value or next(words, "")).partition(":")
        digests.add(_digest(algorithm, digest, where))
    return text[: found.start()].strip(), frozenset(digests)


def _digest(algorithm: str, digest: str, where: str) -> Digest:
    length = _STRONG.get(algorithm)
    if len(digest) != length or not re.fullmatch("[0-9a-fA-F]+", digest):
        raise UsageError(
            f"{where}: `{shown(f'{algorithm}:{digest}')}` is no sha256, sha384 or sha512 digest",
            hint="`pip hash FILE` prints one",
        )
    return algorithm, digest.lower()


def _looks_direct(text: str) -> bool:
    return (
        "://" in text
        or text.startswith((".", "/", "~", "file:"))
        or os.sep in text
        or text.lower().endswith((".whl", *_SDISTS))
    )


def _direct(
    text: str, digests: frozenset[Digest], *, where: str, name: str | None = None
) -> Specifier:
    """Read a URL or path; what file it is shows in its name alone."""
    bare = text.partition(" ;")[0].strip()
    if bare.endswith("]"):
        bare = bare.rpartition("[")[0] or bare
    try:
        url = _absolute(bare)
        parts = _split(url)
        filename = unquote(parts.path.rstrip("/").rpartition("/")[2])
    except (OSError, RuntimeError, ValueError):
        raise UsageError(f"{where}: `{shown(text)}` is not a URL or a path") from None
    if "/" in filename or "\\" in filename:
        raise UsageError(f"{where}: `{shown(text)}` has a separator in its file name")
    demanded = digests | {
        _digest(algorithm, digest, where)
        for algorithm, _, digest in (part.partition("=") for part in parts.fragment.split("&"))
        if algorithm in _STRONG
    }
    place = parts.netloc.rpartition("@")[2]
    url = url.partition("#")[0].replace(f"//{parts.netloc}", f"//{place}", 1)
    file = direct_file(filename.partition("@")[0], url, name)
    key = (canonicalize_name(name) if name else file.project, None)
    return Specifier(key=key, direct=file, digests=frozenset(demanded))


def _split(url: str) -> SplitResult:
    """Return the parts of a URL. Raises `ValueError` where it has no clear host and port.

    What else there is may be a piece of a password.
    """
    parts = urlsplit(url)
    if parts.port == 0 or ("://" in url and not _SCHEME.match(url)):
        raise ValueError(url)
    return parts


def _absolute(text: str) -> str:
    """Return the URL of a URL or path. pip and uv both look from the working folder."""
    if text.startswith("file:") and not text.startswith("file:/"):
        text = unquote(text.removeprefix("file:"))
    elif "://" in text or text.startswith("file:"):
        return text
    return (Path.cwd() / Path(text).expanduser()).resolve().as_uri()


def shown(text: str) -> str:
    """Return `text` without what may be a user name and password: it could not be read."""
    return _SECRET.sub("//", text)
