"""Pip's command line: which command it is, and whether it can bring code in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from guard.errors import UnsupportedError

_FLAGS: Final = frozenset(
    {
        "--debug", "--disable-pip-version-check", "--help", "--isolated", "--no-cache-dir",
        "--no-color", "--no-input", "--no-proxy-env", "--no-python-version-warning", "--quiet",
        "--require-virtualenv", "--verbose", "--version",
    }
)  # fmt: skip
_LETTERS: Final = frozenset("hqvV")
_VALUED: Final = frozenset(
    {
        "--cache-dir", "--cert", "--client-cert", "--exists-action", "--keyring-provider",
        "--log", "--proxy", "--python", "--resume-retries", "--retries", "--timeout",
        "--trusted-host", "--use-deprecated", "--use-feature",
    }
)  # fmt: skip

_HARMLESS: Final = frozenset(
    {
        "cache", "check", "completion", "config", "debug", "freeze", "hash", "help", "index",
        "inspect", "list", "search", "show", "uninstall",
    }
)  # fmt: skip
"""Commands that install nothing and run nothing of what they read."""


class PipWords(NamedTuple):
    """The words after `pip`: options for pip itself, the command, and the command's words."""

    options: tuple[str, ...]
    command: str | None
    rest: tuple[str, ...]

    @property
    def harmless(self) -> bool:
        """Whether pip, so called, can neither install, build nor download anything."""
        asks = self.rest in {("--help",), ("-h",)}
        return self.command is None or self.command in _HARMLESS or asks


def split(words: Sequence[str]) -> PipWords:
    """Return the parts of `pip WORDS`. Raises `UnsupportedError` for an option that is not known.

    Whether an option takes a value decides which word is the command, so none is guessed; nor are
    abbreviations, which pip would take.
    """
    at = 0
    while at < len(words) and words[at].startswith("-"):
        name, assigned, _ = words[at].partition("=")
        if name in _VALUED:
            at += 1 if assigned else 2
        elif words[at] in _FLAGS or _are_letters(words[at]):
            at += 1
        else:
            raise UnsupportedError(
                f"`pip {name}` is not an option that the guard knows before a command",
                reason="it could make another word the command",
                hint="write options after the command, in full",
            )
    options, rest = tuple(words[:at]), tuple(words[at:])
    return PipWords(options, rest[0] if rest else None, rest[1:])


def _are_letters(word: str) -> bool:
    return len(word) > 1 and set(word[1:]) <= _LETTERS
