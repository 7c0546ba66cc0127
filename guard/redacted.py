"""URLs without what may be a password or a token in them."""

from __future__ import annotations

import re
from typing import Final

_USERINFO: Final = r"(:/+)(?:[^/?#\s]*|[^?#\s]*:[^?#\s]*)@"
_NO_PORT: Final = r"(:/+[^/?#\s:\[\]]*:)(?!\d*(?:[/?#\s]|$))\S*"
_QUERY: Final = r"(:/+[^?#\s]*)[?#]\S*"


def without_secrets(text: str) -> str:
    """Return `text` without what may be a password or a token in a URL."""
    if ":/" in text:
        for pattern in (_USERINFO, _NO_PORT, _QUERY):
            text = re.sub(pattern, r"\1", text)
    return text
