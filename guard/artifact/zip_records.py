"""The fixed part of each record of a ZIP file, and how many bytes it takes.

Essential reading, in order: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.6 (which record follows
which), 4.3.7 (local header), 4.3.9 (data descriptor), 4.3.12 (central directory), 4.3.14 to 4.3.16
(the end), 4.4 (the fields) and 4.5.3 (ZIP64).

All numbers are little-endian (APPNOTE 4.4.1.1). Nothing here judges what it reads.
"""

from __future__ import annotations

import mmap
from struct import Struct
from typing import Final, NamedTuple, TypeAlias

Content: TypeAlias = bytes | mmap.mmap
"""The bytes of an archive: what is sliced from it is a copy, and nothing else is in memory."""

LOCAL_SIGNATURE: Final = b"PK\x03\x04"
CENTRAL_SIGNATURE: Final = b"PK\x01\x02"
DESCRIPTOR_SIGNATURE: Final = b"PK\x07\x08"
END_SIGNATURE: Final = b"PK\x05\x06"
END64_SIGNATURE: Final = b"PK\x06\x06"
LOCATOR_SIGNATURE: Final = b"PK\x06\x07"

LOCAL: Final = Struct("<4s5H3L2H")
CENTRAL: Final = Struct("<4s6H3L5H2L")
END: Final = Struct("<4s4H2LH")
END64: Final = Struct("<4sQ2H2L4Q")
LOCATOR: Final = Struct("<4sLQL")
DESCRIPTOR: Final = Struct("<4s3L")
DESCRIPTOR64: Final = Struct("<4sL2Q")

# APPNOTE 4.4.1.4: a field that is too small for its value holds -1, and ZIP64 has the value.
SENTINEL16: Final = 0xFFFF
SENTINEL32: Final = 0xFFFFFFFF

STORED: Final = 0
DEFLATED: Final = 8

# APPNOTE 4.4.4: bit 3 puts sizes and CRC behind the data, bit 11 makes the name UTF-8.
DESCRIPTOR_FLAG: Final = 1 << 3
UTF8_FLAG: Final = 1 << 11


class LocalHeader(NamedTuple):
    """APPNOTE 4.3.7: what stands before the data of a member."""

    signature: bytes
    needed: int
    flags: int
    method: int
    time: int
    date: int
    crc: int
    compressed_size: int
    size: int
    name_length: int
    extra_length: int


class CentralRecord(NamedTuple):
    """APPNOTE 4.3.12: what the central directory says about a member."""

    signature: bytes
    made_by: int
    needed: int
    flags: int
    method: int
    time: int
    date: int
    crc: int
    compressed_size: int
    size: int
    name_length: int
    extra_length: int
    comment_length: int
    disk: int
    internal_attributes: int
    external_attributes: int
    offset: int


class EndRecord(NamedTuple):
    """APPNOTE 4.3.16: where the central directory is."""

    signature: bytes
    disk: int
    directory_disk: int
    entries_here: int
    entries: int
    directory_size: int
    directory_offset: int
    comment_length: int


class End64Record(NamedTuple):
    """APPNOTE 4.3.14: the same in 64 bits."""

    signature: bytes
    remaining_size: int
    made_by: int
    needed: int
    disk: int
    directory_disk: int
    entries_here: int
    entries: int
    directory_size: int
    directory_offset: int


class Locator(NamedTuple):
    """APPNOTE 4.3.15: where the 64-bit record is."""

    signature: bytes
    disk: int
    end64_offset: int
    disks: int
