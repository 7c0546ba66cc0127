"""The central directory: exactly as many records as announced, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from guard.artifact.zip_end import Directory
from guard.artifact.zip_fault import ambiguous
from guard.artifact.zip_records import CENTRAL, CENTRAL_SIGNATURE, CentralRecord, Content


class RawEntry(NamedTuple):
    """A record of the directory as it lies at byte `at`, with its variable parts."""

    at: int
    record: CentralRecord
    name: bytes
    extra: bytes


def raw_entries(content: Content, directory: Directory) -> Iterator[RawEntry]:
    """Yield the records one by one: they fill the directory. Raises `ArchiveError` otherwise."""
    block = content[directory.offset : directory.offset + directory.size]
    at = 0
    for number in range(directory.entries):
        record = _record_at(block, at)
        if record is None:
            raise ambiguous(
                f"{directory.entries} members are announced, but record {number + 1} of the "
                "central directory is none",
                offset=directory.offset + at,
            )
        name_at = at + CENTRAL.size
        extra_at = name_at + record.name_length
        end = extra_at + record.extra_length + record.comment_length
        if end > len(block):
            raise ambiguous(
                f"record {number + 1} of the central directory runs past its end",
                offset=directory.offset + at,
            )
        extra = block[extra_at : extra_at + record.extra_length]
        yield RawEntry(directory.offset + at, record, block[name_at:extra_at], extra)
        at = end
    if at != len(block):
        raise ambiguous(
            f"{directory.entries} members are announced, but {len(block) - at} bytes of the "
            "central directory follow the last: some readers count, others go on to its end",
            offset=directory.offset + at,
        )


def _record_at(block: bytes, at: int) -> CentralRecord | None:
    if at + CENTRAL.size > len(block):
        return None
    record = CentralRecord._make(CENTRAL.unpack_from(block, at))
    return record if record.signature == CENTRAL_SIGNATURE else None
