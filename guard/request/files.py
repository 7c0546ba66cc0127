"""Requirements files, and whatever they include."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from guard.errors import UnsupportedError, UsageError
from guard.request import lines
from guard.request.project import Project
from guard.request.specifier import parse, shown
from guard.request.wanted import IndexOptions, Request, Wanted

_ADDRESS: Final = re.compile(r"([a-z][a-z0-9+.-]+):/+", re.IGNORECASE)
"""A URL of any kind, misspelt ones too; a path has only one of the slashes left."""

_OPTION: Final = re.compile(r"(-[a-z])\s+(.+)|(--[a-z][a-z-]*)(?:(?:=|\s+)(.*))?")
_LONG: Final = {
    "-r": "--requirement",
    "-c": "--constraint",
    "-e": "--editable",
    "-i": "--index-url",
    "-f": "--find-links",
}
_INCLUDED: Final = frozenset({"--requirement", "--constraint"})
_WITH_VALUE: Final = frozenset(
    {*_LONG.values(), "--extra-index-url", "--only-binary", "--trusted-host"}
)
_ALONE: Final = frozenset({"--no-index", "--pre", "--prefer-binary", "--require-hashes"})


def read(request: Request) -> Wanted:
    """Read the specifiers and files of `request`. Raises `UsageError` with file and line."""
    wanted = Wanted(require_hashes=request.require_hashes, pre=request.pre)
    wanted.indexes.append(request.indexes)
    for text in request.specifiers:
        wanted.ask_for(parse(text, where="the command line"))
    reader = _Reader(wanted)
    for path in request.requirement_files:
        reader.named(path, request)
    for group in request.groups:
        reader.project(f"`{group.path}`, group {group.name}", Project(group.path).group(group.name))
    extras = request.extras or request.all_extras
    if extras and not any(path.suffix == ".toml" for path in request.requirement_files):
        raise UsageError(
            "extras are those of a pyproject.toml, and none is asked for",
            hint="add `-r pyproject.toml`",
        )
    for path in request.constraint_files:
        reader.file(path, constraint=True)
    return wanted


class _Reader:
    """Reads files into `wanted`, each once for what it asks and once for what it constrains."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._seen: set[tuple[Path, bool]] = set()

    def named(self, path: Path, request: Request) -> None:
        """Read a file that the user named: the dependencies of a project, or requirements."""
        if path.suffix != ".toml":
            self.file(path, constraint=False)
            return
        found = Project(path).dependencies(request.extras, all_extras=request.all_extras)
        self.project(f"`{path}`", found)

    def project(self, where: str, requirements: Iterable[str]) -> None:
        """Read what a pyproject.toml asks for."""
        for text in requirements:
            self._take(text, where=where, constraint=False)
            self._wanted.of_projects.append(text)

    def file(self, path: Path, *, constraint: bool) -> None:
        """Read the requirements file at `path`, and those that it includes."""
        refuse_address(str(path))
        text = lines.text_of(path)
        seen = (path.resolve(), constraint)
        if seen in self._seen:
            return
        self._seen.add(seen)
        for number, line in lines.logical(text, name=str(path)):
            where = f"`{path}`, line {number}"
            if line.startswith("-"):
                self._option(line, where=where, folder=path.parent, constraint=constraint)
            else:
                self._take(line, where=where, constraint=constraint)

    def _take(self, text: str, *, where: str, constraint: bool) -> None:
        specifier = parse(text, where=where)
        if constraint:
            self._wanted.constrain(specifier)
        else:
            self._wanted.ask_for(specifier)

    def _option(self, line: str, *, where: str, folder: Path, constraint: bool) -> None:
        name, value = name_and_value(line, where)
        if name in _INCLUDED:
            refuse_address(value)
            self.file(folder / value, constraint=constraint or name == "--constraint")
        elif name == "--editable":
            self._take(as_path(value), where=where, constraint=constraint)
        elif name == "--require-hashes":
            self._wanted.require_hashes = True
        elif name == "--pre":
            self._wanted.pre = True
        else:
            self._wanted.indexes += index_options(name, value, folder)


def refuse_address(name: str) -> None:
    """Refuse the URL of a requirements file. Raises `UnsupportedError`."""
    if _ADDRESS.match(name):
        whole = _ADDRESS.sub(r"\1://", name, count=1)
        raise UnsupportedError(
            f"`{shown(whole)}` is a URL",
            reason="a file that is fetched can change between judging and installing",
            hint="download it, look at it, and name the file",
        )


def name_and_value(line: str, where: str) -> tuple[str, str]:
    """Return the one option of a line, in its long form; what is not known is refused.

    So is what lets a tool build. Raises `UnsupportedError`.
    """
    found = _OPTION.fullmatch(line)
    name = (found[1] or found[3]) if found else shown(line.split(maxsplit=1)[0])
    value = (found[2] or found[4] or "").strip() if found else ""
    name = _LONG.get(name, name)
    if re.search(r"[\s'\"]", value):
        raise UnsupportedError(
            f"{where}: more than one value after `{name}`",
            reason="pip and uv do not read quotes and further options alike",
            hint="write one option on each line, without quotes or spaces in its value",
        )
    if name == "--only-binary" and ":none:" in value:
        raise UnsupportedError(
            f"{where}: `{name} {value}` is not supported",
            reason="it lets pip build source distributions while it resolves",
        )
    if not ((name in _WITH_VALUE and value) or (name in _ALONE and not value)):
        raise UnsupportedError(
            f"{where}: `{name}` is not supported in a requirements file",
            reason="what it would change could not be judged",
            hint="leave it out, or pass what is meant on the command line",
        )
    return name, value


def index_options(name: str, value: str, folder: Path) -> Iterator[IndexOptions]:
    """Yield what an option says of indexes; the rest is for pip and uv themselves."""
    if name == "--index-url":
        yield IndexOptions(index_url=value)
    elif name == "--extra-index-url":
        yield IndexOptions(extra_index_urls=(value,))
    elif name == "--find-links":
        yield IndexOptions(find_links=(_beside(folder, value),))
    elif name == "--no-index":
        yield IndexOptions(no_index=True)


def _beside(folder: Path, value: str) -> str:
    """Return a link as both tools take it: a path is first looked for beside the file."""
    try:
        beside = folder / value
        return str(beside.resolve()) if "://" not in value and beside.exists() else value
    except (OSError, RuntimeError, ValueError):
        return value


def as_path(value: str) -> str:
    """Return an editable requirement so that a bare word is not taken for a project's name."""
    return value if "://" in value or value.startswith((".", "/", "~", "file:")) else f"./{value}"
