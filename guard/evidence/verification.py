"""Whether the journal and the receipts are what the guard wrote, and if not, where.

A line is vouched for by the next one, and the last by the head: they say its sha256. Of lines in a
row that nobody vouches for, the last was changed; of the others nobody can tell.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from guard.dsse import PublicKey, SealError
from guard.errors import EvidenceError
from guard.evidence.journal import GENESIS, Entry, Head, Journal, digest, lines, parsed
from guard.evidence.reading import read, statements
from guard.evidence.receipt import Receipts


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is not as it was left, and where."""

    where: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What came of looking at all of it."""

    problems: tuple[Problem, ...]
    remarks: tuple[str, ...]
    """What is odd, and says nothing against what is there."""

    entries: int
    receipts: int
    head: str
    """The sha256 of the last line: whoever notes it elsewhere can ask for it later."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One line: what it says, or why it says nothing, and its sha256."""

    number: int
    entry: Entry | str
    sha256: str

    @property
    def previous(self) -> str | None:
        return self.entry.previous if isinstance(self.entry, Entry) else None


def verified(
    journal: Journal,
    receipts: Receipts,
    *,
    keys: Sequence[PublicKey] = (),
    since: datetime | None = None,
    head: str | None = None,
) -> Proof:
    """Return what is wrong with the journal, its head and the receipts that it names.

    With `keys`, each receipt must be signed by one of them; with `since`, each that was written
    after that moment. With `head`, the journal must have had that one at some time. Raises
    `EvidenceError` where something cannot be read.
    """
    known = _head(journal)  # before the journal: that one only grows
    found = lines(journal.content())
    remarks = []
    half = found.pop() if found and not found[-1].endswith(b"\n") else b""
    told = [_Line(n, _entry(line), digest(line)) for n, line in enumerate(found, 1)]
    problems = [*_chain(journal.path.name, told, known), *_end(journal, found, told, known)]
    if half:
        where, message = f"{journal.path.name}, line {len(told) + 1}", "it is half a line"
        if isinstance(known, Head) and known.entries > len(told):
            problems.append(Problem(where=where, message=message))
        else:
            remarks.append(f"{where}: {message}, for its writer was stopped")
    if head is not None and head not in {line.sha256 for line in told}:
        problems.append(Problem(where=journal.path.name, message=f"no line has the sha256 {head}"))
    if isinstance(known, Head) and len(told) > known.entries:
        more = len(told) - known.entries
        remarks.append(f"{more} more of the lines than the head knows: its writer was stopped")
    named = _named(line.entry for line in told)
    for run, entry in named.items():
        asked = keys if since is None or entry.time >= since else ()
        problems += _receipts(receipts.path(run), entry.receipts, asked)
    remarks += _strangers(receipts.folder, named)
    return Proof(
        problems=tuple(problems),
        remarks=tuple(remarks),
        entries=len(told),
        receipts=len(named),
        head=told[-1].sha256 if told else GENESIS,
    )


def unfit(content: bytes, name: str, keys: Sequence[PublicKey]) -> Iterator[Problem]:
    """Yield what is wrong with a file of receipts by itself: what is no receipt, or not signed."""
    told = enumerate(statements(content, keys), 1)
    wrong = ((number, str(error)) for number, error in told if isinstance(error, SealError))
    for message, row in groupby(wrong, key=lambda each: each[1]):
        first, *others = (number for number, _ in row)
        which = f"lines {first} to {others[-1]}" if others else f"line {first}"
        yield Problem(where=f"{name}, {which}", message=message)


def _head(journal: Journal) -> Head | str:
    """Return the head, or why there is none to go by."""
    try:
        return journal.head() or Head()
    except EvidenceError as error:
        return error.reason or error.message
    except OSError as error:
        raise EvidenceError(
            f"`{journal.head_path}` could not be read", reason=error.strerror
        ) from None


def _entry(line: bytes) -> Entry | str:
    try:
        return parsed(line)
    except ValueError as error:
        return str(error)


def _chain(name: str, told: Sequence[_Line], head: Head | str) -> Iterator[Problem]:
    """Yield a problem for each row of lines that nobody vouches for."""
    if told and told[0].previous not in {GENESIS, None}:
        yield Problem(where=f"{name}, line 1", message="it is not the first: others were before it")
    for vouched, row in groupby(told, key=lambda line: _vouched(line, told, head)):
        if vouched:
            continue
        *others, last = row
        message = last.entry if isinstance(last.entry, str) else _UNLIKE
        more = f"; of line {others[0].number} and on nobody can tell" if others else ""
        yield Problem(where=f"{name}, line {last.number}", message=message + more)


_UNLIKE = "it is not the line that was written, or lines after it are gone"


def _vouched(line: _Line, told: Sequence[_Line], head: Head | str) -> bool:
    if isinstance(line.entry, str):
        return False
    if line.number < len(told):
        return told[line.number].previous == line.sha256
    return not (isinstance(head, Head) and head.entries == line.number) or (
        head.sha256 == line.sha256
    )


def _end(
    journal: Journal, found: Sequence[bytes], told: Sequence[_Line], head: Head | str
) -> Iterator[Problem]:
    """Yield what speaks against the head, or against the end of what it is about."""
    where = journal.head_path.name
    if isinstance(head, str):
        yield Problem(where=where, message=head)
    elif head.entries > len(told):
        missing = f"{head.entries - len(told)} of {head.entries} entries"
        message = f"the journal has lost {missing} at its end, or the head was changed"
        yield Problem(where=where, message=message)
    elif head != _head_of(found[: max(0, head.entries)]):
        message = f"it is not about the first {head.entries} lines of the journal"
        yield Problem(where=where, message=message)


def _head_of(found: Iterable[bytes]) -> Head:
    head = Head()
    for line in found:
        head = head.after(line)
    return head


def _named(entries: Iterable[Entry | str]) -> dict[str, Entry]:
    """Return the runs that left receipts, with the last entry that names them."""
    known = (entry for entry in entries if isinstance(entry, Entry))
    return {entry.run: entry for entry in known if entry.receipts}


def _receipts(path: Path, sha256: str | None, keys: Sequence[PublicKey]) -> Iterator[Problem]:
    try:
        content = read(path)
    except EvidenceError as error:
        yield Problem(where=path.name, message=error.reason or error.message)
        return
    if hashlib.sha256(content).hexdigest() != sha256:
        yield Problem(where=path.name, message="it is not the file that was written")
    yield from unfit(content, path.name, keys)


def _strangers(folder: Path, named: Mapping[str, Entry]) -> Iterator[str]:
    """Yield a remark on receipts that the journal does not name: they prove nothing."""
    strange = sum(path.stem not in named for path in folder.glob("*.jsonl"))
    if strange:
        files = "1 file" if strange == 1 else f"{strange} files"
        yield f"{files} of receipts in no entry of the journal: what they say proves nothing"
