"""What is in a wheel, as facts: what a rule may ask, and what is remembered by the file's sha256.

A `Content` is a pure function of a file's bytes and its name. It holds no opinion: which command
is harmful and which startup line is well known, the rules say.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from guard.artifact.defect import Defect, DefectKind
from guard.artifact.licensing import Licensing

_SHOWN: Final = 20
"""Defects of one kind that are kept: nobody reads more, and an archive can have a million."""


class CommandSource(enum.StrEnum):
    """The part of a wheel that puts a command on the PATH."""

    CONSOLE_SCRIPT = "console_scripts"
    GUI_SCRIPT = "gui_scripts"
    SCRIPT = "scripts"
    DATA = "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A file that would appear among the commands of the environment."""

    name: str
    source: CommandSource
    member: str
    offset: int


class HookKind(enum.StrEnum):
    """What makes the interpreter run it, or look there, whenever it starts."""

    LINE = "pth line"
    """A line of a `.pth` file that begins with `import`: `site` executes it."""

    PATH = "pth path"
    """A line of a `.pth` file that adds what is not this wheel's own folder to `sys.path`."""

    START = "start"
    """PEP-829: an entry point in a `.start` file."""

    MODULE = "module"
    """A `sitecustomize` or `usercustomize` that would be found on `sys.path`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartupHook:
    """Something that runs at every start of the interpreter, without being imported."""

    kind: HookKind
    text: str
    """The line, without its end and no longer than can be read; for a module, its path."""

    sha256: str
    """Of the whole line without its end, in UTF-8; for a module, of the file."""

    line: int | None = None
    member: str
    offset: int | None
    """`None` where it is a file of an environment, and not of an archive."""


class BinaryFormat(enum.StrEnum):
    """A kind of code that no text editor shows."""

    ELF = "ELF"
    PE = "PE"
    MACH_O = "Mach-O"
    BYTECODE = "compiled Python"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """A file of native code, or of compiled Python."""

    format: BinaryFormat
    sha256: str
    undeclared: str | None = None
    """Why nothing about the wheel makes one expect it; `None` where something does."""

    member: str
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pickle:
    """A file that unpickles to whatever its opcodes name, or to nothing but data."""

    format: str
    """As a person would call it: `pickle`, `PyTorch`, `NumPy`, `joblib`."""

    names: tuple[str, ...] = ()
    """What it would import, sorted: `os.system`, `collections.OrderedDict`."""

    problem: str | None = None
    """Why it could not be followed to its end; what it would do after that is not known."""

    member: str
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A place where the text of a file shows something that a program can do."""

    capability: str
    """What it shows: the id of one of `guard.artifact.capabilities`, or of a rule of the user's."""

    text: str
    """The line that shows it, no longer than can be read."""

    line: int | None = None
    member: str
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """Where each file would land, relative to the scheme's folder in the target environment."""

    purelib: tuple[str, ...] = ()
    platlib: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    data: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """All that one reading of a wheel found."""

    filename: str
    """The name that it was read under; the facts about name, version and tags depend on it."""

    name: str | None = None
    """As METADATA writes it; `None` where it does not say so in one clear way. So for the next."""

    version: str | None = None
    tags: tuple[str, ...] = ()
    """The filename's, each written out (PEP 425)."""

    metadata_sha256: str | None = None
    """Of METADATA's bytes, as an index announces them (PEP 658, PEP 714)."""

    requires_dist: tuple[str, ...] = ()
    url_requirements: tuple[str, ...] = ()
    """Those of `requires_dist` that name a URL (PEP 508's `@`), whatever their marker."""

    licensing: Licensing = field(default_factory=Licensing)
    top_levels: tuple[str, ...] = ()
    """What could be imported: the modules and folders at the root of purelib and platlib."""

    landing: Landing = Landing()
    commands: tuple[Command, ...] = ()
    hooks: tuple[StartupHook, ...] = ()
    binaries: tuple[Binary, ...] = ()
    pickles: tuple[Pickle, ...] = ()
    traces: tuple[Trace, ...] = ()
    entries: int = 0
    size: int = 0
    """Bytes of all members once decompressed."""

    defects: tuple[Defect, ...] = ()

    def of(self, kind: DefectKind) -> tuple[Defect, ...]:
        """Return the defects that are for the rule of that name."""
        return tuple(defect for defect in self.defects if defect.kind is kind)


def where(member: str | None, offset: int | None) -> tuple[str, ...]:
    """Return the line of a finding's detail that says where in the archive to look."""
    name = "the archive" if member is None else repr(member)
    if offset is not None:
        return (f"where: {name} at byte {offset}",)
    return () if member is None else (f"where: {name}",)


def kept(defects: Iterable[Defect]) -> tuple[Defect, ...]:
    """Return `defects` by kind, in order, the first of each kind and how many more there are."""
    found: list[Defect] = []
    for kind, group in groupby(sorted(defects, key=_kind), key=_kind):
        some = list(group)
        found += some[:_SHOWN]
        if len(some) > _SHOWN:
            message = f"and {len(some) - _SHOWN} more"
            found.append(Defect(kind=DefectKind(kind), message=message))
    return tuple(found)


def _kind(defect: Defect) -> str:
    return defect.kind.value
