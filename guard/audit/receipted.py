"""What receipts say was let in: those of every run in the journal, as they were written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from packaging.utils import InvalidWheelFilename, NormalizedName, parse_wheel_filename
from packaging.version import Version

from guard.audit.evidence import Named
from guard.dsse import SealError
from guard.evidence import Journal, Receipts
from guard.evidence.reading import receipts_of, statements

_Files: TypeAlias = dict[tuple[NormalizedName, Version], list[Named]]


@dataclass
class Receipted:
    """What was handed to an installer, or to somebody who asked for the files.

    Raises `EvidenceError` where the journal or a receipt is not as it was left.
    """

    journal: Journal
    receipts: Receipts

    def of(self, project: NormalizedName, version: Version) -> tuple[Named, ...]:
        """Return the files of a release that have a receipt."""
        return tuple(self._files.get((project, version), ()))

    @cached_property
    def _files(self) -> _Files:
        found: _Files = {}
        for name, sha256 in self._subjects():
            try:
                project, version, *_ = parse_wheel_filename(name)
            except InvalidWheelFilename:
                continue  # nothing that could be installed
            found.setdefault((project, version), []).append((name, sha256))
        return found

    def _subjects(self) -> Iterator[Named]:
        runs = {entry.run: entry.receipts for entry in self.journal.entries() if entry.receipts}
        for run, digest in runs.items():
            for statement in statements(receipts_of(self.receipts.path(run), digest)):
                if not isinstance(statement, SealError):
                    yield from _named(statement.get("subject"))


def _named(subject: object) -> Iterator[Named]:
    match subject:
        case [{"name": str(name), "digest": {"sha256": str(sha256)}}]:
            yield name, sha256
        case _:
            return
