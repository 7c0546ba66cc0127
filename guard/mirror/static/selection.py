"""Which files a static tree or a bundle is to have: what was admitted, and still is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from guard import inventory
from guard.errors import UsageError
from guard.mirror.intake import Missing
from guard.mirror.records import FileRecord, Key, State
from guard.mirror.server.app import Parts
from guard.model import Unknown


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was asked for and that is not admitted now."""

    filename: str
    reason: str
    undecided: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """What is admitted of what was asked for, and what is not."""

    records: tuple[FileRecord, ...]
    refused: tuple[Refused, ...] = ()


def everything(own: Parts) -> Selection:
    """Return all that was ever admitted and still is, judged again where that is not recent."""
    keys = [record.listed.key for record in own.mirror.files.in_state(State.ADMITTED)]
    return _selected(own, keys)


def locked(own: Parts, paths: Iterable[Path]) -> Selection:
    """Return the files that lock files name, fetched and judged where that was not done before.

    Raises `UsageError` for a lock that does not say its files by name and sha256.
    """
    keys: dict[Key, None] = {}
    for path in paths:
        keys |= dict.fromkeys(_keys(path))
    return _selected(own, list(keys))


def approved(own: Parts) -> Selection:
    """Return what an approval names, of the policy or of the mirror, and no other file."""
    now = own.mirror.clock()
    keys = [
        Key(file.sha256, file.filename)
        for approval in own.judge.policy.approvals.entries
        if not approval.expired(now)
        for file in approval.files
    ]
    return _selected(own, list(dict.fromkeys(keys)))


def _keys(path: Path) -> Iterator[Key]:
    for listed in inventory.read(path).listed:
        if listed.local:
            continue
        if not listed.files:
            raise UsageError(
                f"`{path}` does not name the files of {listed.project}",
                hint="`pylock.toml`, `uv.lock`, `poetry.lock` and `pdm.lock` do",
            )
        for file in listed.files:
            sha256 = file.hashes.get("sha256")
            if sha256 is None:
                raise UsageError(f"`{path}` has no sha256 of {file.filename}")
            yield Key(sha256, file.filename)


def _selected(own: Parts, keys: Sequence[Key]) -> Selection:
    records: list[FileRecord] = []
    refused: list[Refused] = []
    for key in keys:
        record = own.mirror.files.find(key)
        if record is None or not _is_served(own, record):
            taken = own.pulling.of(key)
            if isinstance(taken, Missing | Unknown):
                undecided = isinstance(taken, Unknown)
                refused.append(Refused(key.filename, taken.reason, undecided))
                continue
            record = taken
        if _is_served(own, record):
            records.append(record)
        else:
            refused.append(_why(record))
    return Selection(tuple(records), tuple(refused))


def _is_served(own: Parts, record: FileRecord) -> bool:
    return record.served(epoch=own.judge.epoch, moment=own.mirror.clock())


def _why(record: FileRecord) -> Refused:
    findings = record.decided.findings if record.decided else ()
    said = [f"{finding.rule}: {finding.message}" for finding in findings if finding.holds]
    undecided = record.state not in {State.DENIED, State.REVOKED}
    return Refused(record.listed.key.filename, "; ".join(said) or "not judged", undecided)
