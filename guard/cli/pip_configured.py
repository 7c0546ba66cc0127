"""What pip is configured with, read as the options that nobody typed: honoured, or refused by name.

A variable of pip's, or a line in one of its files, is an option of every command that has it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from guard.errors import UnsupportedError
from guard.wrappers.coverage import Arity, Classified, Option, Treatment

_YES: Final = frozenset({"1", "true", "yes", "on", "y", "t"})
_ELSEWHERE: Final = frozenset(
    {
        *("--index-url", "--extra-index-url", "--find-links", "--no-index"),
        *("--constraint", "--uploaded-prior-to", "--proxy", "--cert", "--python"),
        *("--target", "--prefix", "--root", "--user"),  # refused before anything is resolved
    }
)
"""What is read where it is needed, for the guard's own commands as well."""

_TRAVEL: Final = frozenset(
    {
        *("--client-cert", "--keyring-provider", "--no-proxy-env", "--trusted-host"),
        *("--isolated", "--no-cache-dir", "--use-deprecated", "--use-feature"),
    }
)
"""What changes how pip fetches and nothing else: the guard fetches, and trusts no more for it."""

_INVERTED: Final = frozenset({"--no-build-isolation", "--no-require-hashes"})
"""As a setting, `no` means what the option means: pip sets what the option clears."""


def options(found: Classified, configured: Mapping[str, str]) -> list[str]:
    """Return the guard's options for pip's settings; the command line's own count more.

    Raises `UnsupportedError` for one that the guard refuses where it is typed.
    """
    words: list[str] = []
    for name, value in configured.items():
        option = found.entry.options.get(f"--{name}")  # pip knows no setting by another name
        if option is None or option.name in _ELSEWHERE | _TRAVEL or not _is_on(option, name, value):
            continue
        if option.treatment is Treatment.REFUSED and value not in option.allowed:
            raise UnsupportedError(
                f"pip is configured with `{name} = {value}`, which is not supported",
                reason=option.note,
                hint=f"take it out of pip's configuration, or unset {_variable(name)}",
            )
        if option.treatment is Treatment.HONOURED:
            words += _said(option, value, typed=found.has(option.name))
    return words


def _is_on(option: Option, name: str, value: str) -> bool:
    """Tell whether a setting has an effect at all: a switch may be off."""
    if option.arity is not Arity.FLAG:
        return bool(value.split())
    said = value.lower() in _YES or (value.isdecimal() and int(value) > 0)
    return said is not (f"--{name}" in _INVERTED)


def _said(option: Option, value: str, *, typed: bool) -> Iterator[str]:
    """Yield the words for one setting; those that may be repeated add to what was typed."""
    if option.arity is Arity.FLAG:
        yield option.note
    elif option.name in {"--requirement", "--editable"}:
        yield from (f"{option.note}={word}" for word in value.split())
    elif not typed:
        yield f"{option.note}={value}"


def _variable(name: str) -> str:
    return f"PIP_{name.upper().replace('-', '_')}"
