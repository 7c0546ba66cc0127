"""What was asked for: requirement specifiers and files, read but never rewritten.

pip and uv read the same words again when they resolve. Reading them here serves to know which
versions are pinned and which digests are demanded, and to refuse what could not be judged (I7).
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    NormalizedName,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from guard.errors import UnsupportedError, UsageError
from guard.model import File, FileKind, Requested

_LIMIT: Final = 10_000_000
"""Bytes of one requirements file."""

_COMMENT: Final = re.compile(r"(^|\s+)#.*$")
_VARIABLE: Final = re.compile(r"\$\{([A-Z0-9_]+)\}")
_OPTION: Final = re.compile(r"\s(--?[a-z][a-z-]*)(?:[ =]|$)")
_STRONG: Final = frozenset({"sha256", "sha384", "sha512"})

_LONG: Final = {"-r": "--requirement", "-c": "--constraint", "-e": "--editable"} | {
    "-i": "--index-url",
    "-f": "--find-links",
}
_WITH_VALUE: Final = frozenset(
    {*_LONG.values(), "--extra-index-url", "--only-binary", "--trusted-host"}
)
_ALONE: Final = frozenset({"--no-index", "--pre", "--prefer-binary", "--require-hashes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexOptions:
    """The index options of a command line or a requirements file, in pip's words."""

    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to install, as the user said it."""

    specifiers: tuple[str, ...] = ()
    requirement_files: tuple[Path, ...] = ()
    constraint_files: tuple[Path, ...] = ()
    indexes: IndexOptions = field(default_factory=IndexOptions)
    upgrade: bool = False
    upgrade_packages: tuple[str, ...] = ()
    reinstall: bool = False
    pre: bool = False
    no_deps: bool = False
    require_hashes: bool = False
    uploaded_prior_to: datetime | None = None
    """A cut-off of the user's own."""

    offline: bool = False
    refresh: bool = False


@dataclass(slots=True)
class Wanted:
    """What the words of a request mean, as far as they can be read without asking anybody."""

    requirements: list[Requirement] = field(default_factory=list)
    hashes: dict[tuple[NormalizedName, Version | None], set[tuple[str, str]]] = field(
        default_factory=dict
    )
    direct: list[File] = field(default_factory=list)
    indexes: list[IndexOptions] = field(default_factory=list)
    require_hashes: bool = False
    pre: bool = False

    @property
    def names(self) -> frozenset[NormalizedName]:
        """The projects that were asked for by name."""
        return frozenset(canonicalize_name(r.name) for r in self.requirements if r.url is None)

    def pins(self) -> Mapping[NormalizedName, frozenset[Version]]:
        """Return the exact versions that were asked for."""
        pins: dict[NormalizedName, set[Version]] = {}
        for requirement in self.requirements:
            if (version := _pin(requirement)) is not None:
                pins.setdefault(canonicalize_name(requirement.name), set()).add(version)
        return {name: frozenset(versions) for name, versions in pins.items()}

    def requested(self, file: File) -> Requested:
        """Return how `file` was asked for."""
        pinned = file.version in self.pins().get(file.project, frozenset())
        exact = self.hashes.get((file.project, file.version), set())
        loose = self.hashes.get((file.project, None), set())
        return Requested(
            named=file.project in self.names, pinned=pinned, hashes=frozenset(exact | loose)
        )


def read(request: Request) -> Wanted:
    """Read the specifiers and files of `request`. Raises `UsageError` with file and line."""
    wanted = Wanted(require_hashes=request.require_hashes, pre=request.pre)
    wanted.indexes.append(request.indexes)
    for specifier in request.specifiers:
        _requirement(specifier, wanted, where="the command line", folder=Path.cwd())
    for path in request.requirement_files:
        _file(path, wanted, seen=set(), constraint=False)
    for path in request.constraint_files:
        _file(path, wanted, seen=set(), constraint=True)
    return wanted


def _file(path: Path, wanted: Wanted, *, seen: set[Path], constraint: bool) -> None:
    if "://" in str(path):
        raise UnsupportedError(
            f"`{path}` is a URL",
            reason="a requirements file that is fetched can change between judging and installing",
            hint="download it, look at it, and name the file",
        )
    if path.resolve() in seen:
        return
    seen.add(path.resolve())
    text = _text(path)
    if path.suffix == ".toml":
        _pyproject(path, text, wanted)
        return
    for number, line in _lines(text):
        _line(line, wanted, path=path, number=number, seen=seen, constraint=constraint)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            body = stream.read(_LIMIT + 1)
        text = body.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"`{path}` could not be read", reason=error.strerror, hint="check the name after `-r`"
        ) from None
    except UnicodeDecodeError as error:
        raise UsageError(f"`{path}` is not UTF-8", reason=str(error)) from None
    if len(body) > _LIMIT:
        raise UsageError(f"`{path}` is larger than {_LIMIT} bytes")
    return text


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield logical lines with their numbers: continued ones joined, comments gone."""
    held, first = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        first = first if held else number
        if raw.endswith("\\") and not raw.lstrip().startswith("#"):
            held += raw[:-1] + " "
            continue
        line, held = _COMMENT.sub("", held + raw).strip(), ""
        if line:
            yield first, line
    if line := _COMMENT.sub("", held).strip():
        yield first, line


def _line(
    line: str, wanted: Wanted, *, path: Path, number: int, seen: set[Path], constraint: bool
) -> None:
    where = f"`{path}`, line {number}"
    line = _VARIABLE.sub(lambda match: os.environ.get(match[1], match[0]), line)
    if not line.startswith("-"):
        if constraint:
            _constraint(line, wanted, where=where)
        else:
            _requirement(line, wanted, where=where, folder=path.parent)
        return
    name, _, value = line.replace("=", " ", 1).partition(" ")
    name, value = _LONG.get(name, name), value.strip()
    if name == "--requirement":
        _file(path.parent / value, wanted, seen=seen, constraint=constraint)
    elif name == "--constraint":
        _file(path.parent / value, wanted, seen=seen, constraint=True)
    elif name == "--editable":
        _direct(value, wanted, where=where, folder=path.parent)
    elif (name in _WITH_VALUE and value) or (name in _ALONE and not value):
        _option(name, value, wanted)
    else:
        raise UnsupportedError(
            f"{where}: `{name}` is not supported in a requirements file",
            reason="what it would change could not be judged",
            hint="leave it out, or pass what is meant on the command line",
        )


def _option(name: str, value: str, wanted: Wanted) -> None:
    match name:
        case "--index-url":
            wanted.indexes.append(IndexOptions(index_url=value))
        case "--extra-index-url":
            wanted.indexes.append(IndexOptions(extra_index_urls=(value,)))
        case "--find-links":
            wanted.indexes.append(IndexOptions(find_links=(value,)))
        case "--no-index":
            wanted.indexes.append(IndexOptions(no_index=True))
        case "--require-hashes":
            wanted.require_hashes = True
        case "--pre":
            wanted.pre = True
        case _:  # --only-binary, --prefer-binary, --trusted-host: for pip and uv themselves
            return


def _constraint(line: str, wanted: Wanted, *, where: str) -> None:
    """Read a constraint: it asks for nothing, but its digests are demanded all the same."""
    asked = Wanted()
    _requirement(line, asked, where=where, folder=Path.cwd())
    for key, digests in asked.hashes.items():
        wanted.hashes.setdefault(key, set()).update(digests)


def _requirement(text: str, wanted: Wanted, *, where: str, folder: Path) -> None:
    specifier, digests = _split_options(text, where)
    try:
        requirement = Requirement(specifier)
    except InvalidRequirement as error:
        if _looks_direct(specifier):
            _direct(specifier, wanted, where=where, folder=folder)
            return
        raise UsageError(
            f"{where}: `{specifier}` is not a requirement",
            reason=str(error).splitlines()[0],
            hint="write it as `name`, `name==1.2` or `name>=1.2,<2`",
        ) from None
    if requirement.url is not None:
        _direct(requirement.url, wanted, where=where, folder=folder, name=requirement.name)
        return
    wanted.requirements.append(requirement)
    if digests:
        key = (canonicalize_name(requirement.name), _pin(requirement))
        wanted.hashes.setdefault(key, set()).update(digests)


def _split_options(text: str, where: str) -> tuple[str, set[tuple[str, str]]]:
    """Separate a specifier from its `--hash` options; any other option is refused."""
    found = _OPTION.search(text)
    if found is None:
        return text, set()
    digests = set()
    words = iter(text[found.start() :].split())
    for word in words:
        name, _, value = word.partition("=")
        if name != "--hash":
            raise UnsupportedError(
                f"{where}: `{name}` is not supported for one requirement",
                reason="what it would change could not be judged",
            )
        algorithm, _, digest = (value or next(words, "")).partition(":")
        if algorithm not in _STRONG or not re.fullmatch("[0-9a-fA-F]+", digest):
            raise UsageError(
                f"{where}: `--hash={algorithm}:{digest}` is no sha256, sha384 or sha512 digest"
            )
        digests.add((algorithm, digest.lower()))
    return text[: found.start()].strip(), digests


def _looks_direct(text: str) -> bool:
    return (
        "://" in text
        or text.startswith((".", "/", "~", "file:"))
        or os.sep in text
        or text.endswith((".whl", ".tar.gz", ".zip"))
    )


def _direct(
    text: str, wanted: Wanted, *, where: str, folder: Path, name: str | None = None
) -> None:
    """Note a file that is asked for by URL or path; what it is shows in its name alone."""
    bare = re.sub(r"\[[^\]]*\]$", "", text.partition(" ;")[0].strip())
    if "://" not in bare and not bare.startswith("file:"):
        bare = (folder / Path(bare).expanduser()).resolve().as_uri()
    try:
        filename = unquote(urlsplit(bare).path.rstrip("/").rpartition("/")[2])
    except ValueError:
        raise UsageError(f"{where}: `{text}` is not a URL") from None
    if "/" in filename or "\\" in filename:
        raise UsageError(f"{where}: `{text}` has a separator in its file name")
    wanted.direct.append(direct_file(filename.partition("@")[0], bare.partition("#")[0], name))


def direct_file(filename: str, url: str, name: str | None = None) -> File:
    """Return the file that a URL or path stands for, as far as its name says."""
    project = canonicalize_name(name or re.sub(r"\.git$", "", filename) or "unnamed")
    version: Version | None = None
    kind = FileKind.SOURCE_TREE
    try:
        if filename.endswith(".whl"):
            project, version, _, _ = parse_wheel_filename(filename)
            kind = FileKind.WHEEL
        elif filename.endswith((".tar.gz", ".zip")):
            kind = FileKind.SDIST
            project, version = parse_sdist_filename(filename)
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        pass
    return File(
        project=project, version=version, filename=filename or str(project), kind=kind, url=url
    )


def _pyproject(path: Path, text: str, wanted: Wanted) -> None:
    try:
        project = tomllib.loads(text).get("project", {})
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"`{path}` is not TOML", reason=str(error)) from None
    if "dependencies" in project.get("dynamic", ()):
        raise UnsupportedError(
            f"`{path}` computes its dependencies when it is built",
            reason="building would run its backend before anything is judged",
            hint="lock its dependencies into a requirements file or a pylock.toml",
        )
    for specifier in project.get("dependencies", ()):
        _requirement(str(specifier), wanted, where=f"`{path}`", folder=path.parent)


def _pin(requirement: Requirement) -> Version | None:
    """Return the one version that `requirement` leaves, if it says so with `==` or `===`."""
    for specifier in requirement.specifier:
        if specifier.operator in {"==", "==="} and not specifier.version.endswith(".*"):
            try:
                return Version(specifier.version)
            except InvalidVersion:
                return None
    return None
