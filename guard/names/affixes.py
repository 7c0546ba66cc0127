"""Words that add nothing to a name but the look of another edition of the same thing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, takewhile
from typing import Final

_EDITIONS: Final = """
alpha beta bin binary dev fix fixed fork free latest lib library libs lite mirror module new next ng
nightly official original package patched pkg plus pro py py3 python python3 real stable unofficial
updated
amd64 arm64 darwin linux mac macos osx win win32 win64 windows x64 x86
"""
EDITIONS: Final = frozenset(_EDITIONS.split())
"""What may stand before or behind the name of a project.

Words that say what an extension does are not here: `-utils`, `-cli`, `-stubs`, `types-`, `pytest-`
and `django-` are how honest projects are named, by the thousand.
"""

SERVICES: Final = EDITIONS | {"ai", "api", "chat", "client", "sdk", "token", "wallet"}
"""What may stand before or behind a brand, which its makers alone should be putting there."""

_DIGITS: Final = "0123456789"
_WORDS_AT_A_SIDE: Final = 3
_NEVER_GLUED: Final = frozenset({"py"})
"""`pyqrcode` and `brotlipy` are how honest bindings are named."""

_GLUED_CORE: Final = 5
"""Letters: with fewer, too many names are made of two words by chance."""


def cores(name: str, words: frozenset[str]) -> Iterator[str]:
    """Yield what may be left of `name` without `words` and version numbers at its ends.

    `requests-darwin-lite`, `python3-requests`, `requestslite` and `requests-v2` all have the core
    `requests`. At most three words are taken from each end, so that no name costs much.
    """
    parts = name.split("-")
    before, behind = _count(parts, words), _count(reversed(parts), words)
    for first in range(before + 1):
        for last in range(len(parts) - behind, len(parts) + 1):
            core = "-".join(parts[first:last])
            yield core
            yield _unnumbered(core)
    for word in words - _NEVER_GLUED:
        for rest in (name.removesuffix(word), name.removeprefix(word)):
            if len(rest) >= _GLUED_CORE:
                yield rest


def _count(parts: Iterable[str], words: frozenset[str]) -> int:
    at_most = islice(parts, _WORDS_AT_A_SIDE)
    return sum(1 for _ in takewhile(lambda part: part in words or not _unnumbered(part), at_most))


def _unnumbered(text: str) -> str:
    """Return `text` without the one or two digits of a version at its end: `2`, `-2`, `v2`."""
    bare = text.rstrip(_DIGITS)
    if len(text) - len(bare) not in {1, 2}:
        return text
    return bare.removesuffix("v").rstrip("-")
