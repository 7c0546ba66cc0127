"""The headers that go before a member's own: local PAX records, and GNU's long name.

Essential reading, in order: POSIX.1-2017, pax, "pax Extended Header"; the GNU tar manual, "Basic
Tar Format". Python's own tools write PAX records for long names and for times with a fraction;
tools in Rust, and Python before 3.8, write GNU's long name. Of a hundred well-known projects no
source archive has anything else, so nothing else is read: no other key, no record for a whole
archive, no long link.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from guard.artifact.zip_fault import ambiguous

LIMIT: Final = 8 << 10
"""Bytes of such a header; the longest of a real one has some hundreds."""

_LENGTH: Final = re.compile(rb"([1-9][0-9]{0,5}) ")
_WHOLE: Final = r"(?:0|[1-9][0-9]{0,18})"
_VALUES: Final = {
    "path": re.compile(r"[^\0]+"),
    "linkpath": re.compile(r"[^\0]+"),
    "uname": re.compile(r"[^\0]+"),
    "gname": re.compile(r"[^\0]+"),
    "size": re.compile(_WHOLE),
    "uid": re.compile(_WHOLE),
    "gid": re.compile(_WHOLE),
    "mtime": re.compile(rf"-?{_WHOLE}(?:\.[0-9]{{1,40}})?"),
}
_ABRIDGED: Final = 100
_CHARACTER: Final = 4
"""Bytes of the longest one in UTF-8: fewer of them may be left out, so that none is cut."""


def records(payload: bytes, offset: int) -> Mapping[str, str]:
    """Return the PAX records that `payload` is. Raises `ArchiveError`.

    POSIX: a length, a space, a key, an equals sign, a value and a newline; the length is that of
    the whole record, in decimal digits.
    """
    found: dict[str, str] = {}
    at = 0
    while at < len(payload):
        record = _record(payload, at, offset)
        at += len(record)
        key, value = _parted(record, offset + at - len(record))
        if key in found:
            message = f"two PAX records of {key!r}: readers take the first or the last"
            raise ambiguous(message, offset=offset + at - len(record))
        found[key] = value
    if not found:
        raise ambiguous("a PAX header without a record", offset=offset)
    return found


def _record(payload: bytes, at: int, offset: int) -> bytes:
    found = _LENGTH.match(payload, at)
    length = int(found[1]) if found else 0
    record = payload[at : at + length]
    # A newline that is missing, or that stands elsewhere, belongs to another reading.
    if not length or len(record) != length or not record.endswith(b"\n"):
        start = payload[at : at + 40]
        message = f"no PAX record of the length that it gives begins with {start!r}: readers "
        message += "guess where it ends, or refuse it"
        raise ambiguous(message, offset=offset + at)
    return record


def _parted(record: bytes, offset: int) -> tuple[str, str]:
    keyword, is_parted, value = record[:-1].partition(b" ")[2].partition(b"=")
    key = keyword.decode("latin-1")
    allowed = _VALUES.get(key)
    if not is_parted or allowed is None:
        message = f"a PAX record of {key[:40]!r}, which some readers act on and others do not"
        raise ambiguous(message, offset=offset)
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if not allowed.fullmatch(text):
        message = f"the PAX record of {key!r} is {value[:80]!r}: readers make different things "
        message += "of it, or nothing"
        raise ambiguous(message, offset=offset)
    return key, text


def long_name(payload: bytes, offset: int) -> bytes:
    """Return the name that the payload of an `L` header is. Raises `ArchiveError`.

    GNU: a name and the NUL at its end, which the size counts.
    """
    name = payload[:-1]
    if not name or b"\0" in name or payload[-1:] != b"\0":
        message = f"a long name that is no text with one NUL at its end: {payload[-40:]!r}"
        raise ambiguous(message, offset=offset)
    return name


def abridges(short: bytes, path: str) -> bool:
    """Tell whether `short` is what a writer puts in place of `path` for readers of old.

    It is the first 100 bytes, or as many of them as are whole characters, or the first 100
    characters with a question mark for each that is not ASCII.
    """
    full = path.encode()
    if short in {full[:_ABRIDGED], path.encode("ascii", "replace")[:_ABRIDGED]}:
        return True
    return _ABRIDGED - _CHARACTER < len(short) <= _ABRIDGED and full.startswith(short)
