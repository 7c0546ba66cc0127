"""What runs whenever the interpreter starts: `.pth` lines, `.start` files, `sitecustomize`.

Essential reading, in order: Lib/site.py of every supported Python (`addpackage` and
`execsitecustomize`), PEP 829. Where versions read a file differently, whatever one of them
executes is executed.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from guard.artifact.content import HookKind

LIMIT: Final = 4 << 20
"""Bytes of a `.pth` or `.start` file that are read; the longest of a known attack had 34,628."""

SUFFIXES: Final = (".pth", ".start")

_SHOWN: Final = 2000
"""Characters of a line that are kept; every well-known line is shorter."""

_LINE_ENDS: Final = re.compile(r"\r\n|[\n\r]")
# The last one is what a `.pth` of virtualenv imports, in every environment that it has made.
_NAMES: Final = ("sitecustomize", "usercustomize", "_virtualenv")
_MODULE: Final = rf"(?:{'|'.join(_NAMES)})(?:/__init__)?(?:\.[^/]*)?\.(?:pyc?|pyw|so|pyd|dll|fwork)"
_AT_ROOT: Final = re.compile(_MODULE, re.IGNORECASE)
_ANYWHERE: Final = re.compile(f"(?:.*/)?{_MODULE}", re.IGNORECASE)
_AFTER_UNKNOWN: Final = re.compile(r"[\x80-\xff].*import[ \t]")


@dataclass(frozen=True, slots=True)
class Line:
    """A line that matters, or a module; `sha256` is of the whole line, without its end."""

    kind: HookKind
    text: str
    sha256: str
    number: int


def lines(path: str, content: bytes, owned: Mapping[str, bool]) -> Iterator[Line]:
    """Yield what `site` would act on in the file that would land at `path` in a site folder.

    `owned` are the wheel's own files and folders by their path in a site folder, in lower case;
    `True` for those that `sys.path` may not have: files, and folders with such a module.
    """
    start = path.casefold().endswith(".start")
    text, certain = _decoded(content)
    for number, line in enumerate(_LINE_ENDS.split(text), 1):
        # Since 3.12 a line also ends where `str.splitlines` sees an end: at a form feed, say.
        for part in dict.fromkeys((line, *line.splitlines())):
            if start and not _is_idle(part):
                yield _line(HookKind.START, part, number)
            elif part.startswith(("import ", "import\t")) or (
                not certain and _AFTER_UNKNOWN.search(part)
            ):
                yield _line(HookKind.LINE, part, number)
            elif not _is_idle(part) and not _own_folder(part, owned):
                yield _line(HookKind.PATH, part, number)


def runs_at_start(site_path: str) -> bool:
    """Tell whether a file is a module that is imported at the start, where it is looked for."""
    return _AT_ROOT.fullmatch(site_path) is not None


def owned(site_paths: Iterable[str]) -> dict[str, bool]:
    """Return the wheel's own files and folders, as `lines` takes them."""
    found: dict[str, bool] = {}
    for path in site_paths:
        folded = path.casefold()
        found[folded] = True
        if _ANYWHERE.fullmatch(folded):
            home = posixpath.dirname(folded)
            found[home] = True
            if posixpath.basename(home) in _NAMES:
                found[posixpath.dirname(home)] = True
        for index, character in enumerate(folded):  # `dirname` of "/" would never end
            if character == "/":
                found.setdefault(folded[:index], False)
    return found


def _is_idle(line: str) -> bool:
    return line.startswith("#") or not line.strip()


def _decoded(content: bytes) -> tuple[str, bool]:
    """Return the text, and whether every Python reads the same one.

    Since 3.12 it is UTF-8, with a byte order mark or without, or else in the encoding of the
    locale; before, always in that. Latin-1 stands for all of these: it keeps what is ASCII. In
    some of the others a line could end within what is not.
    """
    try:
        return content.decode("utf-8-sig"), True
    except UnicodeDecodeError:
        return content.removeprefix(b"\xef\xbb\xbf").decode("latin-1"), False


def _line(kind: HookKind, text: str, number: int) -> Line:
    stripped = text.rstrip()
    digest = hashlib.sha256(stripped.encode("utf-8")).hexdigest()
    return Line(kind, stripped[:_SHOWN], digest, number)


def _own_folder(text: str, owned: Mapping[str, bool]) -> bool:
    """Tell whether a line only adds a folder of this wheel, with nothing in it that runs.

    Another distribution's folder may hold the `sitecustomize` that it does not want on every
    path, and a file may be an archive with modules of its own.
    """
    path = text.rstrip().replace("\\", "/")
    if path.startswith("/") or ":" in path or "\0" in path:
        return False
    parts = [part for part in path.casefold().split("/") if part not in {"", "."}]
    if ".." in parts:
        return False
    return not parts or owned.get("/".join(parts)) is False
