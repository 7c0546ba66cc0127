"""What a command line of a tool comes to."""

from __future__ import annotations

from typing import NamedTuple

from guard.errors import UnsupportedError
from guard.wrappers.coverage.table import Arity, Command, Handling, Option, Treatment


class Given(NamedTuple):
    """An option as it was given."""

    option: Option
    written: str
    """As the user wrote its name: an alias, an abbreviation."""

    value: str | None = None
    """May hold a password: it is not for messages."""

    apart: bool = False
    """The value was a word of its own."""


class Refusal(NamedTuple):
    """Something that is refused, by its name alone."""

    what: str
    why: str
    nearest: str = ""


class Classified(NamedTuple):
    """A command line, read as the tool reads it."""

    tool: str
    command: tuple[str, ...]
    entry: Command
    handling: Handling
    options: tuple[Given, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    positionals: tuple[str, ...] = ()
    trailing: tuple[str, ...] = ()
    """Another program and its words: what `uv run` is to run."""

    at: int = 0
    """How many words come before `trailing`."""

    @property
    def guard_words(self) -> list[str]:
        """The same for the guard's own command, where it does it: `install`, options, the rest.

        Long names, and values after `=`: no value is taken for an option, whatever it begins with.
        """
        words = [self.entry.guard]
        for given in self.options:
            if given.option.treatment is Treatment.HONOURED:
                valued = given.option.arity is not Arity.FLAG
                words.append(given.option.note + (f"={given.value}" if valued else ""))
        return [*words, "--", *self.positionals]

    def values(self, *names: str) -> list[str]:
        """Return what the options called `names`, by their first long names, were given."""
        return [
            given.value
            for given in self.options
            if given.option.name in names and given.value is not None
        ]

    def has(self, name: str) -> bool:
        """Tell whether the option whose first long name is `name` was given."""
        return any(given.option.name == name for given in self.options)

    def error(self) -> UnsupportedError:
        """Return the first refusal as an error."""
        first = self.refusals[0]
        return UnsupportedError(
            f"{first.what} is not supported", reason=first.why, hint=first.nearest or None
        )
