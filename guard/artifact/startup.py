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
_CUSTOMIZE: Final = (
    r"(?:site|user)customize(?:/__init__)?(?:\.[^/]*)?\.(?:pyc?|pyw|so|pyd|dll|fwork)"
)
_AT_ROOT: Final = re.compile(_CUSTOMIZE, re.IGNORECASE)
_ANYWHERE: Final = re.compile(f"(?:.*/)?{_CUSTOMIZE}", re.IGNORECASE)


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
    `True` for those that `sys.path` may not have: files, and folders with a `sitecustomize`.
    """
    start = path.casefold().endswith(".start")
    for number, text in enumerate(_LINE_ENDS.split(_decoded(content)), 1):
        # Since 3.12 a line also ends where `str.splitlines` sees an end: at a form feed, say.
        for part in dict.fromkeys((text, *text.splitlines())):
            if part.startswith("#") or not part.strip():
                continue
            if start:
                yield _line(HookKind.START, part, number)
            elif part.startswith(("import ", "import\t")):
                yield _line(HookKind.LINE, part, number)
            elif not _own_folder(part, owned):
                yield _line(HookKind.PATH, part, number)


def runs_at_start(site_path: str) -> bool:
    """Tell whether a file is a `sitecustomize` or `usercustomize` where `site` imports them."""
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
            if posixpath.basename(home) in {"sitecustomize", "usercustomize"}:
                found[posixpath.dirname(home)] = True
        for index, character in enumerate(folded):  # `dirname` of "/" would never end
            if character == "/":
                found.setdefault(folded[:index], False)
    return found


def _decoded(content: bytes) -> str:
    # Since 3.12 UTF-8, with a byte order mark or without, else the locale's encoding; before, only
    # that. What matters is ASCII in all of these, and Latin-1 has a character for every byte.
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.removeprefix(b"\xef\xbb\xbf").decode("latin-1")


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
