"""The journal: what was asked, what was decided and what was done, each entry bound to the last.

A line is one entry in JSON, and says the sha256 of the line before it, its end included; the first
one says 64 zeros. How many lines there are, and the sha256 of the last, is kept apart in the head,
so that lines missing at the end are found too. Whoever owns the folder can write all of it anew:
only a head that was noted elsewhere tells that from the truth.

Only whoever holds the lock writes: first the line, then the head. A line that no head knows of was
written by somebody who was killed in between: the next writer takes it in. Half a line is none.
"""

from __future__ import annotations

import contextlib
import enum
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import FileIO
from pathlib import Path
from typing import Annotated, Final

import msgspec

from guard import dsse
from guard.errors import EvidenceError
from guard.evidence.durable import write_durably
from guard.model import Decision
from guard.private import locked, open_private, private_folder

GENESIS: Final = "0" * 64
"""What the first entry names as the one before it."""

LINE_LIMIT: Final = 1 << 20
"""Bytes of one line. What is written is far shorter."""

_LIMIT: Final = 1 << 30
_HEAD_LIMIT: Final = 10_000
_SCHEMA: Final = 1
_WORDS: Final = 500
_ITEMS: Final = 200
_NAMES: Final = 5_000


RunId = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z-]{1,64}\Z")]
"""The name of a run, and of its file of receipts."""


class Event(enum.StrEnum):
    """What an entry says has happened."""

    BEGUN = "begun"
    """Something is about to be changed; if nothing follows, nobody knows whether it was."""

    DONE = "done"
    """The run is over, whatever it came to."""

    PASSED = "passed"
    """A command went past the guard: what the real tool did is not known here."""


class Against(msgspec.Struct, frozen=True, kw_only=True):
    """What kept one file out."""

    file: str
    rules: tuple[str, ...]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line. Each says all of it, so that it can be read without the others of its run."""

    schema: int = _SCHEMA
    previous: str = GENESIS
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    run: RunId
    event: Event
    command: str
    """`install`, `download`, `sync`, `approve`, `revoke`, `policy trust`, `bypass` and others."""

    guard: str
    """The version that wrote it."""

    by: str
    """The name of the account."""

    asked: tuple[str, ...] = ()
    """What stood on the command line; never a password."""

    target: str | None = None
    """Where it was to go: an environment, or a folder."""

    policy: str | None = None
    """The sha256 of the policy that judged; of a trusted one, of what its files say."""

    decision: Decision | None = None
    """`None` where nothing was judged."""

    files: int = 0
    projects: tuple[str, ...] = ()
    against: tuple[Against, ...] = ()
    receipts: str | None = None
    """The sha256 of the file of receipts of this run."""

    exit_code: int | None = None
    reason: str | None = None
    """Why it failed, where it did; of a bypass, the reason that was given."""

    cut: bool = False
    """There was more to say than an entry may hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What is known of the journal's end."""

    entries: int = 0
    size: int = 0
    last: int = 0
    """Bytes of the last line."""

    sha256: str = GENESIS
    """Of the last line."""

    def after(self, line: bytes) -> Head:
        """Return the head once `line` is there as well."""
        return Head(
            entries=self.entries + 1,
            size=self.size + len(line),
            last=len(line),
            sha256=digest(line),
        )


class Journal:
    """The journal under `folder`, in the user's private state."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.jsonl"
        self.head_path = folder / "journal.head"
        self._lock = folder / "journal.lock"

    def append(self, entry: Entry) -> None:
        """Add an entry, and wait for the disk. Raises `EvidenceError`, and then nothing is added.

        A journal that is not as it was left is not written to: what is there is evidence.
        """
        try:
            with self._held():
                before = self._opened()
                with open_private(self.path, "r+") as stream:
                    if os.fstat(stream.fileno()).st_size > _LIMIT:
                        raise self._too_large()
                    head = self._caught_up(stream, before)
                    self._add(stream, head, entry)
        except OSError as error:
            raise self._refused(error) from None

    def head(self) -> Head | None:
        """Return what is known of the end; `None` where nothing was ever written.

        Raises `EvidenceError`, and `OSError`.
        """
        try:
            with self.head_path.open("rb") as stream:
                body = stream.read(_HEAD_LIMIT)
        except FileNotFoundError:
            if self.path.exists() and self.path.stat().st_size:
                raise self._changed("its head is gone") from None
            return None
        try:
            return msgspec.convert(dsse.json_object(body), Head, strict=True)
        except (dsse.SealError, msgspec.ValidationError):
            raise self._changed(f"`{self.head_path}` cannot be read") from None

    def content(self) -> bytes:
        """Return the whole of it. Raises `EvidenceError`."""
        try:
            with self.path.open("rb") as stream:
                body = stream.read(_LIMIT + 1)
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise EvidenceError(
                f"the journal `{self.path}` could not be read", reason=error.strerror
            ) from None
        if len(body) > _LIMIT:
            raise self._too_large()
        return body

    def entries(self) -> Iterator[Entry]:
        """Yield the entries, the oldest first. Raises `EvidenceError` at the first that is none."""
        for number, line in enumerate(lines(self.content()), 1):
            if not line.endswith(b"\n"):
                return  # somebody is writing it
            try:
                yield parsed(line)
            except ValueError as error:
                raise self._changed(f"line {number}: {error}") from None

    def _opened(self) -> Head:
        """Return the head of a journal that is there.

        The first head comes before the journal: one that has none has lost it.
        """
        head = self.head()
        if head is None:
            head = Head()
            self._write(head)
        if not self.path.exists():
            if head.size:
                raise self._changed("it is gone, and its head is not")
            open_private(self.path, "a").close()
        return head

    def _caught_up(self, stream: FileIO, head: Head) -> Head:
        """Return the head of what is there; take in what no head knows of yet."""
        stream.seek(max(0, head.size - head.last))
        content = stream.read()
        last, more = content[: head.last], content[head.last :]
        if len(last) != head.last or (last and digest(last) != head.sha256):
            raise self._changed("its end is not what its head says")
        for line in lines(more):
            if not line.endswith(b"\n"):
                break
            try:
                chained = parsed(line).previous == head.sha256
            except ValueError:
                chained = False
            if not chained:
                raise self._changed("an entry at its end does not follow from those before")
            head = head.after(line)
        return head

    def _add(self, stream: FileIO, head: Head, entry: Entry) -> None:
        line = written(entry, previous=head.sha256)
        try:
            stream.truncate(head.size)  # half a line, of somebody who was killed
            stream.seek(head.size)
            rest = line
            while rest:
                rest = rest[stream.write(rest) :]
            os.fsync(stream.fileno())
            self._write(head.after(line))
        except OSError:
            with contextlib.suppress(OSError):
                stream.truncate(head.size)
            raise

    def _write(self, head: Head) -> None:
        write_durably(self.head_path, msgspec.json.encode(head) + b"\n")

    @contextlib.contextmanager
    def _held(self) -> Iterator[None]:
        private_folder(self.path.parent)
        with locked(self._lock):
            yield

    def _refused(self, error: OSError) -> EvidenceError:
        return EvidenceError(
            f"the journal `{self.path}` could not be written",
            reason=error.strerror or str(error),
            hint="free some space, or name another folder in GUARD_STATE_DIR",
        )

    def _too_large(self) -> EvidenceError:
        return EvidenceError(
            f"the journal `{self.path}` is larger than {_LIMIT} bytes",
            hint="move it, its head and the receipts elsewhere, and a new one begins",
        )

    def _changed(self, reason: str) -> EvidenceError:
        return EvidenceError(
            f"the journal `{self.path}` was changed by something else",
            reason=reason,
            hint="`guard log verify` says where; once you know why, move `journal.jsonl` and "
            "`journal.head` elsewhere, and a new one begins",
        )


def digest(line: bytes) -> str:
    """Return the sha256 of a line, its end included."""
    return hashlib.sha256(line).hexdigest()


def lines(content: bytes) -> list[bytes]:
    """Return the lines of a journal with their ends; the last may lack its own."""
    *whole, rest = content.split(b"\n")
    return [line + b"\n" for line in whole] + ([rest] if rest else [])


def written(entry: Entry, *, previous: str) -> bytes:
    """Return `entry` as the line that follows the one with the sha256 `previous`."""
    bounded = _bounded(msgspec.structs.replace(entry, previous=previous))
    return json.dumps(msgspec.to_builtins(bounded), separators=(",", ":")).encode("ascii") + b"\n"


def parsed(line: bytes) -> Entry:
    """Return what a line says. Raises `ValueError`; unknown keys are those of a later version."""
    if len(line) > LINE_LIMIT:
        raise ValueError(f"longer than {LINE_LIMIT} bytes")
    try:
        return msgspec.convert(dsse.json_object(line), Entry, strict=True)
    except msgspec.ValidationError as error:
        raise ValueError(f"not an entry: {error}") from None


def _bounded(entry: Entry) -> Entry:
    """Return `entry` with no more words than an entry may have."""
    short = msgspec.structs.replace(
        entry,
        asked=tuple(map(_short, entry.asked[:_ITEMS])),
        target=_short(entry.target) if entry.target else None,
        projects=tuple(name[:100] for name in entry.projects[:_NAMES]),
        against=tuple(map(_short_against, entry.against[:_ITEMS])),
        reason=_short(entry.reason) if entry.reason else None,
    )
    return short if short == entry else msgspec.structs.replace(short, cut=True)


def _short(text: str) -> str:
    return text if len(text) <= _WORDS else f"{text[: _WORDS - 1]}…"


def _short_against(against: Against) -> Against:
    return Against(file=_short(against.file), rules=against.rules[:20])
