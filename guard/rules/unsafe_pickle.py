"""The `unsafe-pickle` rule."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Container, Iterator
from itertools import groupby
from typing import Annotated, ClassVar, Final, TypeAlias

import msgspec

from guard.artifact.content import Content, Pickle, where
from guard.artifact.harmless import HARMLESS
from guard.artifact.standard_library import STANDARD_LIBRARY
from guard.globs import segments_match
from guard.model import Candidate, Finding, Level, RuleId
from guard.rules._contents import ContentRule

_PLAIN: Final = re.compile(r"\w+(\.\w+)+", re.ASCII)
_NAME: Final = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_*?]+)+$"
Name = Annotated[str, msgspec.Meta(pattern=_NAME)]
_Objection: TypeAlias = tuple[tuple[str, ...], Pickle]

_SHOWN: Final = 4
_LENGTH: Final = 80
_BORROWED: Final = frozenset(
    {"CDLL", "CodeType", "FunctionType", "LambdaType", "Popen", "PyDLL", "Unpickler", "WinDLL"}
)
"""Classes of others by which code can be run, and which modules often import by name."""


class UnsafePickle(ContentRule, frozen=True, kw_only=True):
    """Warns of pickles that import more than is needed to make data of data.

    ## What it does

    Finds pickles by what is in a file, whatever it is called, also inside gzip, bzip2, xz and zlib,
    in what NumPy and joblib write, and in the archives of PyTorch. Their opcodes are followed and
    nothing is loaded. What is imported must be on a list of types and constructors that can do no
    harm (of the standard library, NumPy, SciPy, pandas, PyTorch), a class of a module of the
    same wheel, or in `allow`. What cannot be followed to its end is objected to as well.

    ## Why is this bad?

    Unpickling calls whatever the pickle names, with its arguments: `os.system` as easily as
    `OrderedDict`. Nobody reads such a file in a review, and its loader does not change when the
    file does. Models that ran a shell when they were loaded have been found on public hubs since
    2023, some in formats that scanners did not open.

    The classes of the wheel itself are no exception to that, only to the noise: whoever can write
    them can run code without any pickle. Its functions are objected to, and so is what a module
    only imports from elsewhere, as far as the name tells; a class that runs commands is not seen.
    Files without pickles, such as safetensors, are never objected to.

    ## Example

    ```toml
    [rules.unsafe-pickle]
    level = "deny"
    allow = ["sklearn.tree.**", "acme.models.restore"]
    ```

    ## Remediation

    Ask the project for a format that holds data alone: safetensors, JSON, NumPy's without objects.
    If you know what is imported, allow it by its dotted name; `*` stands for one part of it, and
    `**` for any number. An `[[exempt]]` entry with the sha256 of the wheel allows one file.
    """

    id: ClassVar = RuleId("unsafe-pickle")
    since: ClassVar = "0.1.0"

    level: Level = Level.WARN

    allow: Annotated[
        tuple[Name, ...],
        msgspec.Meta(description='What pickles may import besides: `"sklearn.tree.**"`.'),
    ] = ()

    def inside(self, content: Content, candidate: Candidate) -> Iterator[Finding]:
        for (message, *detail), group in groupby(self._objections(content), key=_said):
            places = _places([pickle for _, pickle in group])
            yield self.finding(message, *places, *detail)

    def _objections(self, content: Content) -> list[_Objection]:
        """Return what is said of every pickle that is objected to, the same next to the same."""
        names = {name for pickle in content.pickles for name in pickle.names}
        strange = {name for name in names if not self._is_allowed(name)}
        own = _modules(content) if strange else frozenset()
        outside = {name for name in strange if not _is_own_class(name, own)}
        found = [(_words(pickle, outside), pickle) for pickle in content.pickles]
        return sorted((f for f in found if f[0]), key=lambda f: (f[0], f[1].member))

    def _is_allowed(self, name: str) -> bool:
        parts = name.split(".")
        return name in HARMLESS or any(segments_match(a.split("."), parts) for a in self.allow)


def _said(objection: _Objection) -> tuple[str, ...]:
    return objection[0]


def _words(pickle: Pickle, outside: set[str]) -> tuple[str, ...]:
    """Return the message and what to do about it; nothing where there is no objection."""
    kind = "a pickle" if pickle.format == "pickle" else f"a {pickle.format} pickle"
    names = [name for name in pickle.names if name in outside]
    if not names:
        return (f"{kind} cannot be followed: {pickle.problem}",) if pickle.problem else ()
    shown = ", ".join(_cut(name) for name in names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    problem = (f"and it cannot be followed: {pickle.problem}",) if pickle.problem else ()
    return (f"{kind} imports {shown}{more}", *problem, *_help(names))


def _help(names: list[str]) -> Iterator[str]:
    """Yield how to allow `names`, where they are such that one could."""
    if len(names) <= _SHOWN and all(_PLAIN.fullmatch(name) for name in names):
        quoted = ", ".join(f'"{name}"' for name in names)
        yield f"help: if you know what these do: rules.unsafe-pickle.allow = [{quoted}]"


def _cut(name: str) -> str:
    return repr(name) if len(name) <= _LENGTH else f"{name[:_LENGTH]!r}…"


def _places(found: list[Pickle]) -> Iterator[str]:
    for pickle in found[:_SHOWN]:
        yield from where(pickle.member, pickle.offset)
    if len(found) > _SHOWN:
        yield f"where: and in {len(found) - _SHOWN} more files"


def _modules(content: Content) -> frozenset[str]:
    """Return the names of the modules that the wheel has."""
    found = set()
    for path in (*content.landing.purelib, *content.landing.platlib):
        folder, file = posixpath.split(path)
        stem, _, suffix = file.partition(".")
        if suffix.endswith(("py", "so", "pyd")):
            found.add(folder if stem == "__init__" else posixpath.join(folder, stem))
    return frozenset(path.replace("/", ".") for path in found)


def _is_own_class(name: str, modules: Container[str]) -> bool:
    """Tell whether `name` looks like a class of one of the wheel's own `modules`."""
    module, _, attribute = name.rpartition(".")
    top = module.partition(".")[0]
    shadows = top.startswith("_") or top.lower() in STANDARD_LIBRARY
    is_class = attribute[:1].isupper() and attribute not in _BORROWED
    return is_class and module in modules and not shadows
