"""What clients are told of why: never where an upstream is, for they are not to go round us.

The whole text is in the log and in the records.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from guard.model import Finding

_PLACE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s\"'`<>]*[^\s\"'`<>.,;:)]")
_VEIL: Final = "the upstream"


def told(text: str) -> str:
    """Return `text` without addresses."""
    return _PLACE.sub(_VEIL, text)


def told_findings(findings: Iterable[Finding]) -> Any:  # noqa: ANN401 - a document
    """Return findings as they are shown to a client."""
    return _told(msgspec.to_builtins(tuple(findings)))


def _told(value: Any) -> Any:  # noqa: ANN401 - a document
    match value:
        case str():
            return told(value)
        case list() | tuple():
            return [_told(item) for item in value]
        case dict():
            return {key: _told(item) for key, item in value.items()}
        case _:
            return value
