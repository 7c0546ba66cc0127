"""What METADATA says of the licence, as it says it.

Essential reading: PEP 639 (`License-Expression`, which replaces `License` and the classifiers).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from guard.artifact.headers import Headers

_CLASSIFIER: Final = "License ::"
_MOST: Final = 20
"""Classifiers; no honest project is under so many licences."""

_LONGEST: Final = 500
"""Characters of an expression or a line; a whole licence is no name of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Licensing:
    """What is declared, by the three ways in which it can be. Nobody has compared it with files."""

    expression: str | None = None
    """`License-Expression`: what should be an SPDX expression."""

    classifiers: tuple[str, ...] = ()
    """What follows `License ::` in a classifier: `OSI Approved :: MIT License`."""

    text: str | None = None
    """The first line of `License`, which may be a name, an expression or a whole licence."""


def read_licensing(headers: Headers) -> Licensing:
    """Return what `headers` declare; what is there twice, or is not clear, is not declared."""
    expression = headers.single("License-Expression")
    classifiers = (
        value.removeprefix(_CLASSIFIER).strip()
        for value in headers.values("Classifier")
        if value.startswith(_CLASSIFIER)
    )
    texts = headers.values("License")
    lines = texts[0].split("\n") if len(texts) == 1 else []
    return Licensing(
        expression=_cut(expression.strip()) or None if expression else None,
        classifiers=tuple(_cut(name) for name in dict.fromkeys(classifiers) if name)[:_MOST],
        text=next((_cut(line.strip()) for line in lines if line.strip()), None),
    )


def _cut(text: str) -> str:
    """Return `text`; of a long one the beginning, marked so that it is no expression any more."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
