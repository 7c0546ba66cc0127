"""The entries of a page at once, where each is as nearly all are and no check would change it.

A page may have ten thousand. What has to be true of each is asked of all of them together, in a
few passes over one long text: then an entry costs no more than to be made.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import repeat
from typing import Final, Protocol

from guard.simple.page import LONGEST_NAME, PageFile

_DIGITS: Final = 64
_BEGINS: Final = frozenset(string.ascii_letters + string.digits)
_NAME: Final = (string.ascii_letters + string.digits + "._+-").encode()
_PATH: Final = (string.ascii_letters + string.digits + "._~/%+-").encode()
_ORIGIN: Final = re.compile(r"https?://[a-z0-9][a-z0-9.-]*(?::[0-9]+)?/")


class Entry(Protocol):
    """An entry as it was decoded: each of its values is of a type that it may be of."""

    filename: str
    url: str
    hashes: dict[str, str]
    size: int | None
    upload_time: str | None
    yanked: bool | str | None
    requires_python: str | None
    provenance: str | None
    core_metadata: bool | dict[str, str] | None
    data_dist_info_metadata: bool | dict[str, str] | None


def files(entries: Sequence[Entry]) -> list[PageFile] | None:
    """Return what `entries` say, in their order; `None` where one of them is to be looked at alone.

    All addresses are absolute and of one origin, each digest is the only one and a sha256, every
    moment is in UTC.
    """
    times = _times([entry.upload_time for entry in entries])
    metadata = [
        entry.data_dist_info_metadata if entry.core_metadata is None else entry.core_metadata
        for entry in entries
    ]
    if (
        times is None
        or not _are_sizes([entry.size for entry in entries])
        or not _are_names([entry.filename for entry in entries])
        or not _are_addresses([entry.url for entry in entries])
        or not _are_addresses([entry.provenance for entry in entries if entry.provenance])
        or not _are_digests([entry.hashes for entry in entries])
        or not _are_digests([given for given in metadata if isinstance(given, dict) and given])
    ):
        return None
    return [
        PageFile(
            filename=entry.filename,
            url=entry.url,
            hashes=entry.hashes,
            size=entry.size,
            upload_time=time,
            yanked="" if entry.yanked is True else entry.yanked or None,
            requires_python=entry.requires_python,
            provenance=entry.provenance or None,
            core_metadata=_core_metadata(given),
        )
        for entry, time, given in zip(entries, times, metadata, strict=True)
    ]


def _core_metadata(given: bool | dict[str, str] | None) -> str | None:  # noqa: FBT001 - as PEP 714 spells it
    if not given:
        return None
    return "" if given is True else given["sha256"]


def _times(given: Sequence[str | None]) -> Sequence[datetime | None] | None:
    try:
        times = [None if time is None else datetime.fromisoformat(time) for time in given]
    except ValueError:
        return None
    zones = {time.tzinfo for time in times if time is not None}
    return times if zones <= {UTC} else None


def _are_sizes(sizes: Sequence[int | None]) -> bool:
    return min([size for size in sizes if size is not None], default=0) >= 0


def are_plain(names: Sequence[str]) -> bool:
    """Tell whether all of `names` are of characters that a URL has as they are."""
    return not _left("".join(names), _NAME)


def _are_names(names: Sequence[str]) -> bool:
    begins = {name[:1] for name in names}
    return (
        begins <= _BEGINS and max(map(len, names), default=0) <= LONGEST_NAME and are_plain(names)
    )


def _are_addresses(addresses: Sequence[str]) -> bool:
    if not addresses:
        return True
    origin = _ORIGIN.match(addresses[0])
    if origin is None or not all(map(str.startswith, addresses, repeat(origin[0]))):
        return False
    colons = ":" * origin[0].count(":")
    text = "".join([f"\n{address}" for address in addresses])
    return _left(text, _PATH) == f"\n{colons}".encode() * len(addresses)


def _are_digests(given: Sequence[dict[str, str]]) -> bool:
    try:
        digests = [digest["sha256"] for digest in given]
        text = "".join(digests)
        return (
            set(map(len, given)) <= {1}
            and set(map(len, digests)) <= {_DIGITS}
            and bytes.fromhex(text).hex() == text
        )
    except (KeyError, ValueError):
        return False


def _left(text: str, characters: bytes) -> bytes:
    """Return what of a text is none of these ASCII characters."""
    return text.encode().translate(None, characters)
