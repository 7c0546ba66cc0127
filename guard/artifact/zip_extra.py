"""Extra fields: whole records, each id once, and only ids that change nothing that is read.

An extra field is how a second name, a second size or a link target gets into a header, for those
readers that know the id. So the known harmless ones are listed, and any other is refused: with an
id that is not listed here, what a reader makes of the member depends on the reader.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from types import MappingProxyType
from typing import Final

from guard.artifact.paths import shown
from guard.artifact.zip_fault import ambiguous

ZIP64: Final = 0x0001
_UNICODE_PATH: Final = 0x7075
_BEFORE_PATH: Final = 5  # its version and the CRC of the name that it replaces

_HARMLESS: Final = frozenset(
    {
        ZIP64,
        0x000A,  # APPNOTE 4.5.5: NTFS times
        0x5455,  # Info-ZIP: Unix times
        0x5855,  # Info-ZIP: Unix times, owner and group (old)
        0x7855,  # Info-ZIP: Unix owner and group (old)
        0x7875,  # Info-ZIP: Unix owner and group
        0xCAFE,  # Java: "this is a JAR", no content
        0xD935,  # Android: alignment
    }
)
_HARMFUL: Final = {
    0x000D: "PKWARE Unix, which can hold a link target",
    0x0014: "PKCS#7 store",
    0x0017: "strong encryption",
    0x6375: "Info-ZIP Unicode comment",
    _UNICODE_PATH: "Info-ZIP Unicode path",
    0x756E: "ASi Unix, which can hold a link target",
    0x9901: "AES encryption",
}
_HEADER: Final = Struct("<2H")
_NONE: Final[Mapping[int, bytes]] = MappingProxyType({})


def extra_fields(block: bytes, *, offset: int, member: str) -> Mapping[int, bytes]:
    """Return the records of `block`, which begins at `offset`, by id. Raises `ArchiveError`."""
    if not block:
        return _NONE
    fields: dict[int, bytes] = {}
    at = 0
    while at < len(block):
        identifier, end = _record(block, at, offset, member)
        if identifier in fields:
            raise ambiguous(
                f"two extra fields 0x{identifier:04x}: some readers take the first, others the "
                "last",
                offset=offset + at,
                member=member,
            )
        if identifier not in _HARMLESS:
            raise ambiguous(
                _refusal(identifier, block[at + _HEADER.size : end], member),
                offset=offset + at,
                member=member,
            )
        fields[identifier] = block[at + _HEADER.size : end]
        at = end
    return fields


def _refusal(identifier: int, payload: bytes, member: str) -> str:
    what = _HARMFUL.get(identifier, "of no known meaning")
    message = f"extra field 0x{identifier:04x} ({what}): some readers obey it, others skip it"
    if identifier == _UNICODE_PATH:
        other = payload[_BEFORE_PATH:].decode("utf-8", "replace")
        message += f", so this is {shown(other)} or {shown(member)}"
    return message


def _record(block: bytes, at: int, offset: int, member: str) -> tuple[int, int]:
    """Return the id of the record at `at`, and where it ends: within `block`, or it is refused."""
    # APPNOTE 4.5.1: every record is an id, a length and that many bytes.
    if len(block) - at < _HEADER.size:
        raise ambiguous(
            f"the extra fields end in {len(block) - at} bytes that are no whole record",
            offset=offset + at,
            member=member,
        )
    identifier, length = _HEADER.unpack_from(block, at)
    end = at + _HEADER.size + length
    if end > len(block):
        raise ambiguous(
            f"extra field 0x{identifier:04x} is said to have {length} bytes, "
            f"{end - len(block)} more than there are",
            offset=offset + at,
            member=member,
        )
    return identifier, end
