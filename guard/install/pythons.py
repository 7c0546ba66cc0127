"""The Pythons that uv would start to ask what they are: none that a checkout brings along.

An interpreter that the user names by an absolute path, or types, is his own choice, as an absolute
entry of PATH is. What means another program in every folder is a choice of whoever wrote the
folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from guard.errors import UnsupportedError

_FILES: Final = (".python-version", ".python-versions")
_STEMS: Final = ("graalpy", "pyodide", "pypy", "python")
"""How the interpreters begin that uv looks for on PATH."""

_LIMIT: Final = 1 << 16
"""Bytes of a file of versions; a longer one is none."""


def refuse_strangers(environ: Mapping[str, str], folder: Path) -> None:
    """Refuse the Pythons of `folder` that only a relative path, or `folder` itself, names.

    Raises `UnsupportedError`.
    """
    word = environ.get("UV_PYTHON", "")
    if is_relative(word, folder):
        raise _refused(
            f"`UV_PYTHON={word}`",
            "it is another program in every folder, and uv starts it",
            "write an absolute path, or a version",
        )
    for file, word in _versions(folder):
        if is_relative(word, file.parent) or _is_below(word, file.parent):
            raise _refused(
                f"the path `{word}` in `{file}`",
                "it is a program of the checkout, and uv starts it",
                "write a version there: `uv python pin 3.13`",
            )
    for found in _in_reach(environ.get("PATH", "")):
        raise _refused(
            f"`{found.name}` in `{found.parent}`, an entry of PATH that is not absolute,",
            "uv starts every Python on PATH to ask what it is",
            "take it out of PATH",
        )


def is_relative(word: str, folder: Path) -> bool:
    """Tell whether `word` is a path from `folder` on, and no version, name or whole path."""
    if not word or Path(word).is_absolute():
        return False
    if os.sep in word or (os.altsep or os.sep) in word:
        return True
    # uv takes a version for a version, whatever lies here.
    return not word[0].isdigit() and (folder / word).exists()


def _is_below(word: str, folder: Path) -> bool:
    return Path(os.path.normpath(word)).is_relative_to(folder)


def _versions(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield every request in the files that uv finds from `folder` on upwards, with its file."""
    for place in (folder, *folder.parents):
        for file in (place / name for name in _FILES):
            for line in _lines(file):
                if word := line.partition("#")[0].strip():
                    yield file, word


def _lines(file: Path) -> list[str]:
    try:
        with file.open(encoding="utf-8") as stream:
            return stream.read(_LIMIT).splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _in_reach(path: str) -> Iterator[Path]:
    """Yield the Pythons in the entries that are not absolute; an empty one is nothing to uv."""
    for entry in map(Path, filter(None, path.split(os.pathsep))):
        if entry.is_absolute():
            continue
        try:
            found = sorted(entry.iterdir())
        except OSError:
            continue
        yield from (each for each in found if each.name.startswith(_STEMS) and _runs(each))


def _runs(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _refused(what: str, why: str, hint: str) -> UnsupportedError:
    return UnsupportedError(f"{what} is not used", reason=why, hint=hint)
