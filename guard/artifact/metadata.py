"""METADATA and WHEEL: what a wheel says of itself, held to its filename.

Essential reading, in order: the core metadata specification, PEP 427 (WHEEL, filenames), PEP 425
(tags), PEP 508 (requirements).
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeVar

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag, parse_tag
from packaging.utils import BuildTag, NormalizedName, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from guard.artifact.headers import Headers, parse
from guard.artifact.licensing import Licensing, read_licensing

T = TypeVar("T")

_SINGLE_USE: Final = """
metadata-version name version summary description description-content-type keywords home-page
download-url author author-email maintainer maintainer-email license license-expression
requires-python
"""
_SINGLE: Final = frozenset(_SINGLE_USE.split())
_DECISIVE: Final = ("Requires-Dist", "Requires-Python", "Provides-Extra")
"""What an installer acts on, beside name and version."""

_CUT_OFF: Final = frozenset({"metadata-version", "dynamic", *map(str.lower, _DECISIVE)})
"""What no description begins with."""

_LONGEST: Final = 2000
"""Characters of one value; longer ones only serve to keep a parser busy."""

_MOST: Final = 10_000
"""Requirements; the largest of the well-known projects have some hundreds."""

_DEEPEST: Final = 50
"""Parentheses of one requirement: its parser calls itself for each."""

_COMBINATIONS: Final = 1000
"""Tags that a filename or a WHEEL may stand for."""

_NAME: Final = re.compile(r"[A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9]", re.IGNORECASE | re.ASCII)
_HEADER: Final = re.compile(r"([A-Za-z-]+):")
_LINUX: Final = re.compile(r"(?:many|musl)?linux(?:1|2010|2014|_\d+_\d+)?_")


@dataclass(frozen=True, slots=True)
class Filename:
    """PEP-427: `{distribution}-{version}(-{build tag})?-{python}-{abi}-{platform}.whl`."""

    name: NormalizedName
    version: Version
    build: BuildTag
    tags: frozenset[Tag]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What METADATA says."""

    sha256: str | None = None
    name: str | None = None
    version: str | None = None
    requires_dist: tuple[str, ...] = ()
    url_requirements: tuple[str, ...] = ()
    licensing: Licensing = field(default_factory=Licensing)


def read_filename(filename: str) -> Filename | str:
    """Return what a filename says, or why it says nothing."""
    if len(filename) > 255:  # noqa: PLR2004 - what file systems allow
        return "longer than a filename can be"
    if _combinations("-".join(filename.removesuffix(".whl").split("-")[-3:])) > _COMBINATIONS:
        return f"a filename of more than {_COMBINATIONS} tags"
    try:
        return Filename(*parse_wheel_filename(filename))
    except ValueError as error:  # also numbers without an end
        return f"not the filename of a wheel: {error}"


def read_metadata(content: bytes, filename: Filename | None) -> tuple[Metadata, list[str]]:
    """Return what METADATA says, and what is wrong with it. Any bytes will do."""
    headers = parse(content)
    name, version = headers.single("Name"), headers.single("Version")
    requirements, more = _requirements(headers)
    problems = [*headers.problems, *_ambiguous(headers), *more]
    if not headers.problems:  # otherwise nothing is known to be missing
        problems += [*_metadata_version(headers), *_identity(name, version, filename)]
    found = Metadata(
        sha256=hashlib.sha256(content).hexdigest(),
        name=name,
        version=version,
        requires_dist=tuple(str(requirement) for requirement in requirements),
        url_requirements=tuple(str(r) for r in requirements if r.url is not None),
        licensing=read_licensing(headers),
    )
    return found, problems


def read_wheel(content: bytes, filename: Filename | None) -> tuple[bool, list[str]]:
    """Return whether the root of the wheel is purelib, and what is wrong with WHEEL."""
    headers = parse(content)
    problems = list(headers.problems)
    singles = frozenset({"wheel-version", "root-is-purelib", "build"})
    problems += [f"{name} is there twice" for name in headers.repeated(singles)]
    problems += [f"{h.name} can be read in two ways" for h in headers.headers if not h.plain]
    if headers.body.strip():
        problems.append("something follows the headers")
    if not re.fullmatch(r"1\.[0-9]+", version := headers.single("Wheel-Version") or ""):
        # PEP-427: "fail if the major version is greater"
        problems.append(f"Wheel-Version is {_shown(version)}, and not 1.x")
    pure = (headers.single("Root-Is-Purelib") or "").lower()
    if pure not in {"true", "false"}:
        problems.append(f"Root-Is-Purelib is {_shown(pure)}, and not true or false")
    if filename is not None:
        problems += _tags(headers, filename)
    return pure == "true", problems


def _ambiguous(headers: Headers) -> Iterator[str]:
    for name in headers.repeated(_SINGLE):
        yield f"{name} is there twice"
    for name in ("Name", "Version", *_DECISIVE):
        for header in headers.headers:
            if header.name.lower() == name.lower() and not header.plain:
                yield f"{name} can be read in two ways: {_shown(header.value)}"
    for line in headers.body.lstrip().splitlines():
        found = _HEADER.match(line)
        if found is None:
            break
        if found[1].lower() in _CUT_OFF:
            yield f"a blank line cuts the headers short: {line[:80]!r} is part of the description"


def _metadata_version(headers: Headers) -> Iterator[str]:
    version = headers.single("Metadata-Version")
    # The specification: "MUST fail if metadata_version has a greater major version"; a minor
    # version that is not known yet must not matter to a reader. 2.0 was never accepted, but is
    # what `wheel` wrote for years.
    if version is None or not re.fullmatch(r"1\.[0-2]|2\.[0-9]{1,2}", version):
        yield f"Metadata-Version is {_shown(version)}, and not 1.x or 2.x"


def _identity(name: str | None, version: str | None, filename: Filename | None) -> Iterator[str]:
    if name is None or not _NAME.fullmatch(name):
        yield f"Name is {_shown(name)}, and no name"
    elif filename is not None and canonicalize_name(name) != filename.name:
        yield f"Name is {name}, the filename says {filename.name}"
    parsed = None if version is None else _version(version)
    if parsed is None:
        yield f"Version is {_shown(version)}, and no version"
    elif filename is not None and parsed != filename.version:
        yield f"Version is {version}, the filename says {filename.version}"


def _version(text: str) -> Version | None:
    try:
        return Version(text) if len(text) < _LONGEST else None
    except ValueError:  # also numbers without an end
        return None


def _requirements(headers: Headers) -> tuple[list[Requirement], list[str]]:
    requirements: list[Requirement] = []
    problems: list[str] = []
    texts = headers.values("Requires-Dist")
    if len(texts) > _MOST:
        return [], [f"{len(texts)} requirements are more than {_MOST}"]
    for text in texts:
        try:
            requirements.append(_bounded(text, Requirement))
        except ValueError:
            problems.append(f"Requires-Dist is no requirement: {_shown(text)}")
    for text in headers.values("Requires-Python"):
        try:
            _bounded(text, SpecifierSet)
        except ValueError:
            problems.append(f"Requires-Python is no specifier: {_shown(text)}")
    return requirements, problems


def _bounded(text: str, read: Callable[[str], T]) -> T:
    """Return what `read` makes of `text`, unless that could take long. Raises `ValueError`."""
    if len(text) > _LONGEST or text.count("(") > _DEEPEST:
        raise ValueError(text)
    return read(text)


def _tags(headers: Headers, filename: Filename) -> Iterator[str]:
    written = headers.values("Tag")
    try:
        few = sum(map(_combinations, written)) <= _COMBINATIONS
        tags = frozenset(tag for text in written for tag in parse_tag(text)) if few else None
    except ValueError:
        tags = None
    if tags is None:
        yield "a Tag is none, or stands for more than a reader would write out"
        return
    if not _kin(tags, filename.tags):
        yield (
            f"the tags are {_listed(tags) or 'not there'}, "
            f"the filename says {_listed(filename.tags)}"
        )
    build = headers.single("Build")
    said = "".join(map(str, filename.build))
    if build is not None and build != said:
        yield f"Build is {_shown(build)}, the filename says {_shown(said)}"


def _kin(inner: Iterable[Tag], outer: Iterable[Tag]) -> bool:
    """Tell whether any tag of one could be meant by any tag of the other.

    Nobody reads the tags in WHEEL to decide anything, and honest wheels were renamed after they
    were built: `linux` to `manylinux`, `any` to the platform of a bundled program. A filename
    that says `any` where WHEEL names a platform is no such case.
    """
    wanted = {(tag.interpreter, tag.abi, _family(tag)) for tag in outer}
    bare = {(interpreter, abi) for interpreter, abi, _ in wanted}
    return any(
        (tag.interpreter, tag.abi, _family(tag)) in wanted
        or (tag.platform == "any" and (tag.interpreter, tag.abi) in bare)
        for tag in inner
    )


def _combinations(text: str) -> int:
    """PEP-425: `py2.py3-none-any` stands for each combination of its parts."""
    return math.prod(part.count(".") + 1 for part in text.split("-"))


def _family(tag: Tag) -> str:
    platform = _LINUX.sub("linux_", tag.platform)
    return "macosx" if platform.startswith("macosx") else platform


def _listed(tags: Iterable[Tag]) -> str:
    names = sorted(map(str, tags))
    return ", ".join(map(_shown, names[:4])) + (", …" if len(names) > 4 else "")  # noqa: PLR2004


def _shown(text: str | None) -> str:
    """Return `text` as a message may show it: quoted, escaped and short."""
    return repr(text[:80]) if text else "not there"
