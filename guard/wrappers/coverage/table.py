"""What a table of a tool is made of: its commands, their options, and what the guard does of each.

Tables are read at every start of a shim, so they are plain tuples: nothing here costs an import.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final, NamedTuple


class Handling(Enum):
    """What the guard does with a command."""

    NATIVE = "judged"
    """The guard resolves, judges and installs by itself: `guard install` and its like."""

    GATEWAY = "gateway"
    """The tool runs behind the gateway: what it is sent was judged."""

    PASSED = "passed"
    """The tool simply runs: it brings no code in."""

    REFUSED = "refused"


class Treatment(Enum):
    """What the guard does with an option of a command that it judges."""

    HONOURED = "honored"
    """The guard has it too: `note` is the guard's own option."""

    JUDGED = "judged"
    """It says where code comes from, or which: `note` says who judges that."""

    HARMLESS = "harmless"
    """It brings nothing in: `note` says why."""

    SHOWS = "shows"
    """With it the tool prints something and does nothing else."""

    REFUSED = "refused"
    """What it would change cannot be judged: `note` says why."""


class Arity(Enum):
    """How many words are an option's value."""

    FLAG = ""
    VALUE = "VALUE"
    OPTIONAL = "[VALUE]"
    """Its own word may hold it after `=`, or the next one is it where that is no option."""

    SEVERAL = "VALUE…"
    """Every word up to the next option."""


class Grammar(Enum):
    """How a tool reads its words: the library that its command line is made with."""

    CLAP = "clap"
    OPTPARSE = "optparse"
    ARGPARSE = "argparse"
    CLEO = "cleo"

    @property
    def abbreviates(self) -> bool:
        """Whether the beginning of a long option stands for it, where it is that of one only."""
        return self in {Grammar.OPTPARSE, Grammar.ARGPARSE}


class Option(NamedTuple):
    """One option, under all its names."""

    names: tuple[str, ...]
    arity: Arity
    treatment: Treatment
    note: str = ""
    nearest: str = ""
    """What to do instead, where it is refused."""

    allowed: frozenset[str] = frozenset()
    """The values with which it is harmless all the same, where it is refused."""

    @property
    def name(self) -> str:
        """Its first long name, or the only one it has."""
        return next((name for name in self.names if name.startswith("--")), self.names[0])


class Command(NamedTuple):
    """One command, or what comes before one: `uv pip` has options as `uv pip install` has."""

    handling: Handling
    why: str
    options: Mapping[str, Option]
    """Every name of every option."""

    nearest: str = ""
    """What to do instead, where it is refused."""

    guard: str = ""
    """The guard's own command that does it, where it is judged natively."""

    ends: bool = False
    """The first word that is no option begins another program's words."""

    unchanging: frozenset[str] = frozenset()
    """The options with one of which it only reads, and so is passed straight on."""


class Tool(NamedTuple):
    """A tool, as the versions that the tables were compared with have it."""

    name: str
    grammar: Grammar
    versions: tuple[str, str]
    """The lowest and the newest."""

    commands: Mapping[tuple[str, ...], Command]
    aliases: Mapping[tuple[str, ...], tuple[str, ...]] = {}
    """Other names of commands, to the name that has the entry."""


Options = tuple[Option, ...]

_ARITIES: Final = {"": Arity.FLAG, "=": Arity.VALUE, "=?": Arity.OPTIONAL, "=+": Arity.SEVERAL}


def honoured(mapped: Mapping[str, str]) -> Options:
    """Return options that the guard has too, by what it calls them.

    An option is written as getopt has it: `-r --requirement=` has two names and takes a value.
    """
    return tuple(_option(spec, Treatment.HONOURED, note=to) for spec, to in mapped.items())


def judged(who: str, *specs: str) -> Options:
    """Return options that name what comes in; `who` judges it."""
    return tuple(_option(spec, Treatment.JUDGED, note=who) for spec in specs)


def harmless(why: str, *specs: str) -> Options:
    """Return options that bring nothing in."""
    return tuple(_option(spec, Treatment.HARMLESS, note=why) for spec in specs)


def shows(*specs: str) -> Options:
    """Return options that make the tool print something and end."""
    why = "the tool prints it and ends"
    return tuple(_option(spec, Treatment.SHOWS, note=why) for spec in specs)


def refused(why: str, *specs: str, nearest: str = "", allowed: Iterable[str] = ()) -> Options:
    """Return options that are refused, but for the values that are `allowed`."""
    return tuple(
        _option(spec, Treatment.REFUSED, note=why)._replace(
            nearest=nearest, allowed=frozenset(allowed)
        )
        for spec in specs
    )


def _option(spec: str, treatment: Treatment, *, note: str) -> Option:
    names, equals, rest = spec.partition("=")
    return Option(tuple(names.split()), _ARITIES[equals + rest], treatment, note)


def native(guard: str, *groups: Options) -> Command:
    """Return a command that the guard does by itself, as `guard GUARD`."""
    return Command(Handling.NATIVE, f"as `guard {guard}`", named(groups), guard=guard)


def gateway(
    why: str, *groups: Options, ends: bool = False, unchanging: Iterable[str] = ()
) -> Command:
    """Return a command that runs behind the gateway."""
    return Command(
        Handling.GATEWAY, why, named(groups), ends=ends, unchanging=frozenset(unchanging)
    )


def passed(why: str, *groups: Options, ends: bool = False) -> Command:
    """Return a command that brings no code in."""
    return Command(Handling.PASSED, why, named(groups), ends=ends)


def denied(why: str, *groups: Options, nearest: str, unchanging: Iterable[str] = ()) -> Command:
    """Return a command that is refused, with every option but those that print its help."""
    options = named([shows("-h --help"), *groups])
    return Command(Handling.REFUSED, why, options, nearest, unchanging=frozenset(unchanging))


def named(groups: Iterable[Options]) -> Mapping[str, Option]:
    """Return the options by every one of their names; a later group's come before an earlier's."""
    return {name: option for group in groups for option in group for name in option.names}
