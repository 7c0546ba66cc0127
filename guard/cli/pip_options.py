"""The options of `pip install` that `guard install` honors; every other one is refused by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from guard.errors import UnsupportedError

_VALUED: Final = frozenset(
    {
        "-c", "--constraint", "-e", "--editable", "--extra-index-url", "-f", "--find-links", "-i",
        "--index-url", "--no-binary", "--only-binary", "--prefix", "-r", "--report",
        "--requirement", "-t", "--target", "--uploaded-prior-to",
    }
)  # fmt: skip
_FLAGS: Final = frozenset(
    {
        "--break-system-packages", "--dry-run", "--force-reinstall", "--no-cache-dir", "--no-deps",
        "--no-index", "--pre", "-q", "--quiet", "--require-hashes", "-U", "--upgrade",
    }
)  # fmt: skip
_MEANINGLESS: Final = frozenset(
    {
        "--disable-pip-version-check", "--no-color", "--no-input", "--no-python-version-warning",
        "--no-warn-conflicts", "--no-warn-script-location", "--prefer-binary", "-v", "--verbose",
    }
)  # fmt: skip
"""They change what pip says, or are always the case here."""


def kept(words: Sequence[str]) -> list[str]:
    """Return the words of `pip install` as words of `guard install`. Raises `UnsupportedError`."""
    return list(_kept(iter(words)))


def _kept(words: Iterator[str]) -> Iterator[str]:
    for word in words:
        if word == "--":
            yield word
            yield from words
        elif word.startswith("--"):
            yield from _long(word, words)
        elif word.startswith("-") and word != "-":
            yield from _short(word, words)
        else:
            yield word


def _long(word: str, words: Iterator[str]) -> Iterator[str]:
    name, assigned, _ = word.partition("=")
    if name == "--progress-bar":
        if not assigned:
            next(words, None)
    elif name in _VALUED:
        # One word, so that a value which looks like an option is not taken for one.
        yield word if assigned else f"{name}={_value(name, words)}"
    elif word in _FLAGS:
        yield word
    elif word not in _MEANINGLESS:
        raise _unknown(name)


def _short(word: str, words: Iterator[str]) -> Iterator[str]:
    """Yield the options of a word of letters: `-qU`, `-rfile`, `-qr file`."""
    for place, letter in enumerate(word[1:], start=2):
        option = f"-{letter}"
        if option in _VALUED:
            yield option + (word[place:] or _value(option, words))
            return
        if option in _FLAGS:
            yield option
        elif option not in _MEANINGLESS:
            raise _unknown(option)


def _value(option: str, words: Iterator[str]) -> str:
    value = next(words, None)
    if value is None:
        raise UnsupportedError(f"`pip install {option}` needs a value")
    return value


def _unknown(option: str) -> UnsupportedError:
    return UnsupportedError(
        f"`pip install {option}` is not supported",
        reason="what it would change could not be judged",
        hint="leave it out; `guard install --help` lists what is honored",
    )
