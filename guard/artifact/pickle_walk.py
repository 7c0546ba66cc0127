"""What one pickle would import, as far as that can be seen without loading it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from guard.artifact.pickle_machine import Machine
from guard.artifact.pickle_reader import BrokenError, LostError

LIMIT: Final = 10_000_000
"""Opcodes that are followed of one file."""


class End(enum.Enum):
    """How a walk ended."""

    STOPPED = "stopped"
    """At its STOP, as it should."""

    BROKEN = "broken"
    """At bytes at which the unpickler fails as well: what is behind them has no effect."""

    LOST = "lost"
    """Where the unpickler may go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What was seen on the way through a pickle."""

    names: frozenset[str]
    """What it imports, `module.name`, as it writes it."""

    problem: str | None
    """The first thing that leaves open what else it would import."""

    end: End
    reason: str
    """Why it ended before its STOP."""

    at: int
    """Behind the last opcode that was followed."""

    opcodes: int
    versioned: bool
    """It says its protocol, as all do since the second."""

    called: bool
    """It called something that it had imported."""

    @property
    def is_pickle(self) -> bool:
        """Whether it matters: bytes that break off before they have any effect do no harm.

        Text can look like an import of protocol 0, and even like a whole pickle of it.
        """
        stopped = self.end is End.STOPPED
        imports = bool(self.names) or self.problem is not None
        if self.versioned:
            return stopped or imports
        sound = self.problem is not None or any(map(_is_dotted, self.names))
        return sound and (stopped or self.called)


def walk(data: bytes, at: int = 0, *, whole: bool = True, limit: int = LIMIT) -> Walk:
    """Follow the pickle at `at`, for at most `limit` opcodes. Any bytes come to a `Walk`.

    If `data` are not the `whole` file, only its beginning, their end is not the pickle's.
    """
    return follow(Machine(data, at, whole=whole), limit)


def follow(machine: Machine, limit: int = LIMIT) -> Walk:
    """Let `machine` go on to its STOP, or to where it cannot."""
    end, reason = End.STOPPED, ""
    try:
        machine.run(limit)
    except BrokenError as error:
        end, reason = End.BROKEN, str(error)
    except LostError as error:
        end, reason = End.LOST, str(error)
    return Walk(
        names=frozenset(machine.names),
        problem=machine.problem,
        end=end,
        reason=reason,
        at=machine.at,
        opcodes=machine.opcodes,
        versioned=machine.versioned,
        called=machine.called,
    )


def _is_dotted(name: str) -> bool:
    """Tell whether a module could have such a name: most that text seems to import could not."""
    return all(part.isidentifier() for part in name.split("."))
