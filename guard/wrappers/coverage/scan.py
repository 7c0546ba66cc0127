"""Reads the words of a tool as the tool does: which command, which options with which values.

A word that the guard took for a requirement and the tool for a value, or the other way round, would
be a hole. So nothing is guessed: what no table knows ends the reading, and is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NoReturn

from guard.wrappers.coverage.classified import Classified, Given, Refusal
from guard.wrappers.coverage.table import (
    Arity,
    Command,
    Grammar,
    Handling,
    Option,
    Tool,
    Treatment,
)

_BEYOND_US: Final = "nothing is known of what it does"
_NOT_EITHER: Final = "the tool would not take it either"
_DIFFERENTLY: Final = "its versions read it differently"
_AFTER_EQUALS: Final = "write the value after `=`"


class _Stop(Exception):  # noqa: N818 - it ends a loop, and is no error
    """The rest of the words means nothing any more."""


class Scan:
    """One reading of one command line; `classified` is what came of it."""

    def __init__(self, tool: Tool, words: Sequence[str], version: str | None) -> None:
        self._tool = tool
        self._words = list(words)
        self._at = 0
        self._version = version
        self._path: tuple[str, ...] = ()
        self._given: list[Given] = []
        self._refusals: list[Refusal] = []
        self._positionals: list[str] = []
        self._trailing: tuple[str, ...] = ()
        self._shows = False

    def classified(self) -> Classified:
        """Read all of it."""
        try:
            if self._tool.grammar is Grammar.OPTPARSE:
                self._flat()
            else:
                self._nested()
        except _Stop:
            pass
        self._given = [self._settled(given) for given in self._given]
        if not self._shows:
            self._refusals += self._refused_options()
        if self._reaches(Handling.REFUSED):
            self._refuse(self._called(), self._entry.why, self._entry.nearest)
        return Classified(
            self._tool.name,
            self._path,
            self._entry,
            self._handling(),
            tuple(self._given),
            tuple(self._refusals),
            tuple(self._positionals),
            self._trailing,
            len(self._words) - len(self._trailing),
        )

    def _handling(self) -> Handling:
        if self._refusals:
            return Handling.REFUSED
        return self._entry.handling if self._reaches(self._entry.handling) else Handling.PASSED

    def _reaches(self, handling: Handling) -> bool:
        """Tell whether the command is one of that `handling`, and does more than print or read."""
        names = {given.option.name for given in self._given}
        changes = not self._shows and not names & self._entry.unchanging
        return changes and self._entry.handling is handling

    @property
    def _entry(self) -> Command:
        return self._tool.commands[self._path]

    def _nested(self) -> None:
        """Read options at every level: a word that is none names the next level, or is the last's.

        Raises `_Stop`, and so do all that follow.
        """
        while self._at < len(self._words):
            word = self._next()
            if word == "--":
                self._rest()
            elif _is_option(word):
                self._option(word)
            elif self._branches():
                self._descend(word)
            elif self._entry.ends:
                self._ends(self._at - 1)
            else:
                self._positionals.append(word)

    def _rest(self) -> None:
        """Read what follows `--`: no options any more."""
        if self._branches():
            self._stop(f"`--` after {self._called()}", _NOT_EITHER)
        if self._entry.ends:
            self._ends(self._at)
        self._positionals += self._words[self._at :]
        raise _Stop

    def _ends(self, at: int) -> None:
        self._trailing = tuple(self._words[at:])
        raise _Stop

    def _flat(self) -> None:
        """Read as pip does: once up to the command, then all words but that one, as the command's.

        pip takes away the first word that is the command's name. Where that is an option's value,
        an equal word takes its place.
        """
        while self._at < len(self._words) and _is_option(self._words[self._at]):
            self._option(self._next())
        if self._at < len(self._words) and self._words[self._at] == "--":
            self._at += 1
        if self._at == len(self._words):
            return
        self._given, command = [], self._words[self._at]
        self._descend(command)
        self._words.remove(command)
        self._at = 0
        while self._at < len(self._words):
            word = self._next()
            if word == "--":
                self._positionals += self._words[self._at :]
                break
            if _is_option(word):
                self._option(word)
            else:
                self._positionals.append(word)
        if self._branches() and self._positionals:
            self._descend(self._positionals[0])
            del self._positionals[0]

    def _branches(self) -> bool:
        deeper = len(self._path) + 1
        return any(
            len(path) == deeper and path[:-1] == self._path
            for path in (*self._tool.commands, *self._tool.aliases)
        )

    def _descend(self, word: str) -> None:
        path = (*self._path, word)
        path = self._tool.aliases.get(path, path)
        if path not in self._tool.commands:
            self._unknown(f"`{' '.join((self._tool.name, *path))}`")
        self._path = path

    def _next(self) -> str:
        self._at += 1
        return self._words[self._at - 1]

    def _option(self, word: str) -> None:
        if word.startswith("--"):
            self._long(word)
        else:
            self._letters(word)

    def _long(self, word: str) -> None:
        name, equals, value = word.partition("=")
        option = self._entry.options.get(name) or self._abbreviated(name)
        if option is None:
            self._unknown(self._called(name))
        elif not equals:
            self._take(option, name, self._value(option, name))
        elif option.arity is Arity.FLAG:
            self._stop(f"{self._called(name)} with a value", _NOT_EITHER)
        else:
            self._take(option, name, value)

    def _abbreviated(self, name: str) -> Option | None:
        """Return the one option that begins so; none of a tool that may have others as well."""
        if not self._tool.grammar.abbreviates or name == "--":
            return None
        found = [known for known in self._entry.options if known.startswith(name)]
        if len(found) > 1:
            several = ", ".join(f"`{each}`" for each in sorted(found))
            self._stop(
                self._called(name), f"it may stand for {several}", "write the option in full"
            )
        if found and self._is_newer():
            self._stop(
                self._called(name),
                "what it stands for in that version is not known",
                "write the option in full",
            )
        return self._entry.options[found[0]] if found else None

    def _letters(self, word: str) -> None:
        """Read `-q`, `-qU`, `-rfile`, `-qr file`."""
        for place, letter in enumerate(word[1:], start=2):
            name, glued = f"-{letter}", word[place:]
            option = self._entry.options.get(name)
            if option is None:
                self._unknown(self._called(name))
            if option.arity is not Arity.FLAG:
                value = self._glued(name, glued, place) if glued else self._value(option, name)
                self._take(option, name, value)
                return
            self._take(option, name, None)

    def _glued(self, name: str, glued: str, place: int) -> str:
        """Return the value that follows a letter in the same word."""
        if not glued.startswith("=") or self._tool.grammar is Grammar.OPTPARSE:
            return glued
        first = place == len("-r")
        if self._tool.grammar is Grammar.CLAP or (self._tool.grammar is Grammar.ARGPARSE and first):
            return glued[1:]
        return self._stop(f"{self._called(name)} with `=`", _DIFFERENTLY)

    def _value(self, option: Option, name: str) -> str | None:
        """Return the value that the next words are. Several are joined by spaces."""
        if option.arity is Arity.FLAG:
            return None
        waiting = self._words[self._at :]
        if option.arity is Arity.VALUE:
            return self._one(name, waiting)
        taken: list[str] = []
        for word in waiting:
            if word == "--":
                self._stop(f"`--` after {self._called(name)}", _DIFFERENTLY, "put the option first")
            if _is_option(word) or (option.arity is Arity.OPTIONAL and taken):
                break
            taken.append(word)
        self._at += len(taken)
        return " ".join(taken) if taken else None

    def _one(self, name: str, waiting: Sequence[str]) -> str:
        if not waiting:
            self._stop(f"{self._called(name)} without a value", _NOT_EITHER)
        word = waiting[0]
        hyphen = _is_option(word) or (word == "-" and self._tool.grammar is Grammar.CLEO)
        if hyphen and self._tool.grammar is not Grammar.OPTPARSE:
            self._stop(
                f"{self._called(name)} with a value that begins with `-`",
                "it may be an option as well",
                _AFTER_EQUALS,
            )
        self._at += 1
        return word

    def _take(self, option: Option, name: str, value: str | None) -> None:
        if value == "--" and self._tool.grammar is Grammar.ARGPARSE:
            self._stop(f"{self._called(name)} with the value `--`", _DIFFERENTLY)
        self._given.append(Given(option, name, value))
        if option.treatment is Treatment.SHOWS:
            self._shows = True
            raise _Stop

    def _settled(self, given: Given) -> Given:
        """Return an option that came before the command as the command has it."""
        own = self._entry.options.get(given.option.name)
        before = [self._tool.commands[self._path[:depth]] for depth in range(len(self._path))]
        led = any(entry.options.get(given.option.name) is given.option for entry in before)
        if own is None or not led or given.option.treatment is Treatment.REFUSED:
            return given
        return given._replace(option=own)

    def _refused_options(self) -> Iterator[Refusal]:
        for option, name, value in self._given:
            if option.treatment is Treatment.REFUSED and value not in option.allowed:
                written = option.name if name.startswith("--") else name
                yield Refusal(self._called(written), option.note, option.nearest)

    def _called(self, name: str = "") -> str:
        words = (self._tool.name, *self._path, name)
        return f"`{' '.join(word for word in words if word)}`"

    def _is_newer(self) -> bool:
        newest = numbers(self._tool.versions[1])
        return self._version is not None and numbers(self._version)[: len(newest)] > newest

    def _unknown(self, what: str) -> NoReturn:
        if self._entry.handling is Handling.REFUSED:
            raise _Stop  # whatever it says
        newest = f"{self._tool.name} {self._tool.versions[1]}"
        seen = f"; yours is {self._version}" if self._version else ""
        why = f"{_BEYOND_US}: the newest that the guard knows is {newest}{seen}"
        self._stop(what, why, "do without it; a newer guard may know it")

    def _stop(self, what: str, why: str, nearest: str = "") -> NoReturn:
        """Refuse, and read no further: what follows might mean anything."""
        self._refuse(what, why, nearest)
        raise _Stop

    def _refuse(self, what: str, why: str, nearest: str = "") -> None:
        self._refusals.append(Refusal(what, why, nearest))


def _is_option(word: str) -> bool:
    return word.startswith("-") and word not in {"-", "--"}


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with: (26, 3) of `26.3rc1` and of `26.3`."""
    found = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        found.append(int(digits))
    return tuple(found)
