"""The lines of a requirements file, as pip and uv both read them."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from guard import regular
from guard.errors import UnsupportedError, UsageError

_LIMIT: Final = 10_000_000
"""Bytes of one requirements file."""

_BREAK: Final = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_CODING: Final = re.compile(r"coding[:=]\s*([-\w.]+)")
_COMMENT: Final = re.compile(r"(?:^|\s)#.*$")
_PAIR: Final = re.compile(r"[^/\s]+:.*@", re.DOTALL)
"""A user name and a password, of what was taken for a path."""

_VARIABLE: Final = re.compile(r"\$\{([A-Z0-9_]+)\}")


def text_of(path: Path) -> str:
    """Return the text at `path`. Raises `UsageError`."""
    name = _PAIR.sub("", str(path))
    try:
        body = regular.read(path, limit=_LIMIT)
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"`{name}` is not UTF-8", reason=str(error)) from None
    except (OSError, ValueError) as error:
        raise UsageError(
            f"`{name}` could not be read",
            reason=getattr(error, "strerror", None) or str(error),
            hint="check the name after `-r` or `-c`",
        ) from None
    if len(body) > _LIMIT:
        raise UsageError(f"`{name}` is larger than {_LIMIT} bytes")
    return text


def logical(text: str, *, name: str) -> Iterator[tuple[int, str]]:
    """Yield lines with their numbers: continued ones joined, comments gone, variables filled in.

    Raises `UnsupportedError` on what pip and uv do not read alike.
    """
    _refuse_ambiguous(text, name)
    held, first = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        first = first if held else number
        if raw.endswith("\\") and not raw.lstrip().startswith("#"):
            if _COMMENT.search(raw):
                raise UnsupportedError(
                    f"`{name}`, line {number}: a comment ends in a backslash",
                    reason="to pip the next line is a part of it, to uv it is not",
                    hint="remove the backslash",
                )
            held += raw[:-1] + " "
            continue
        line, held = _COMMENT.sub("", held + raw).strip(), ""
        if line:
            yield first, _filled_in(line)
    if line := _COMMENT.sub("", held).strip():
        yield first, _filled_in(line)


def _refuse_ambiguous(text: str, name: str) -> None:
    if found := _BREAK.search(text):
        raise UnsupportedError(
            f"`{name}` has a character U+{ord(found[0]):04X}",
            reason="pip ends the line there, and uv does not",
            hint="end lines with a line feed alone",
        )
    for line in text.split("\n", 2)[:2]:  # where pip looks for it
        coding = _CODING.search(line) if line.startswith("#") else None
        if coding and not _is_utf_8(coding[1]):
            raise UnsupportedError(
                f"`{name}` declares the encoding `{coding[1]}`",
                reason="pip would read other words in it than uv",
                hint="save it as UTF-8, and remove the declaration",
            )
    if any(line.rstrip() == "# /// script" for line in text.splitlines()):
        raise UnsupportedError(
            f"`{name}` has the metadata of a script",
            reason="to uv they are requirements, to pip they are comments",
            hint="write the dependencies into a requirements file",
        )


def _is_utf_8(codec: str) -> bool:
    try:
        return codecs.lookup(codec).name in {"ascii", "utf-8"}
    except LookupError:
        return False


def _filled_in(line: str) -> str:
    return _VARIABLE.sub(lambda found: os.environ.get(found[1]) or found[0], line)
