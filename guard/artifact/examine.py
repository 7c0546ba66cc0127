"""What looks at the content of every member, beside the reader that holds it to its headers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from guard.artifact import pickles
from guard.artifact.content import Pickle, Trace
from guard.artifact.defect import Defect, DefectKind

if TYPE_CHECKING:
    from guard.artifact.source import Budget, Scanner

T = TypeVar("T")

LIMIT: Final = pickles.LIMIT
"""Bytes of one member that are kept to be looked at."""

_MOST: Final = 2_000
"""Traces, and pickles, that are described one by one. One more may be the one that matters."""


class Look(Protocol):
    """Looks at one member."""

    def __call__(self, name: str, data: bytes, *, size: int, offset: int) -> None:
        """Look at a member of `size` bytes, of which `data` are the first `LIMIT`."""


@dataclass(slots=True)
class Examiner:
    """Collects what the members of one archive show. They are offered one after another."""

    scanner: Scanner | None = None
    """Without one, nothing is looked for in texts."""

    traces: list[Trace] = field(default_factory=list)
    found_pickles: list[Pickle] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)
    _texts: Budget | None = None
    _budget: pickles.Budget = field(default_factory=pickles.Budget)

    def asking(self, name: str, size: int, head: bytes) -> tuple[Look, ...]:
        """Return who is to see a member of `size` bytes that begins with `head`."""
        asking: list[Look] = []
        if self.scanner is not None:
            if self.scanner.wants(name, size):
                asking.append(self._text)
            elif self.scanner.misses(name, size):
                message = f"{size} bytes of code are more than are looked at"
                kind = DefectKind.SUSPICIOUS_CODE
                self.defects.append(Defect(kind=kind, message=message, member=name))
        if pickles.may_be_pickle(name, head[: pickles.HEAD]):
            asking.append(self._pickle)
        return tuple(asking)

    def _text(self, name: str, data: bytes, *, size: int, offset: int) -> None:  # noqa: ARG002
        if self.scanner is None:
            return
        if self._texts is None:
            from guard.artifact.source import Budget  # noqa: PLC0415 - who has no scanner

            self._texts = Budget()
        found = self.scanner.traces(name, data, offset=offset, budget=self._texts)
        self._add(found, self.traces, DefectKind.SUSPICIOUS_CODE)

    def _pickle(self, name: str, data: bytes, *, size: int, offset: int) -> None:
        read = pickles.read_pickles(name, data, offset=offset, size=size, budget=self._budget)
        self._add(read, self.found_pickles, DefectKind.UNSAFE_PICKLE)

    def _add(self, found: Sequence[T], to: list[T], kind: DefectKind) -> None:
        to += found[: _MOST - len(to)]
        if found and len(to) == _MOST and not any(d.kind is kind for d in self.defects):
            self.defects.append(Defect(kind=kind, message=f"more than the {_MOST} that are kept"))
