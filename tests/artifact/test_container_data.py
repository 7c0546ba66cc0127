"""What lies between the headers: Z13 to Z17 and Z24, each built from bytes."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace

import pytest
from inline_snapshot import snapshot

from guard.artifact.container import ArchiveError, from_bytes
from tests.artifact.zips import (
    DEFLATED,
    DESCRIPTOR,
    Part,
    archive,
    deflated,
    said,
    streamed,
    told,
    zip64,
)

TEXT = b'WHO = "a"\n'
LONG = TEXT * 40
WIDE = 0xFFFFFFFF


def declaring(content: bytes, data: bytes) -> Part:
    """A deflated member whose headers are those of `content`, whatever the data hold."""
    return Part(method=DEFLATED, content=content, data=data)


def test_z13_a_size_that_is_shorter_than_the_stream() -> None:
    part = declaring(TEXT, deflated(TEXT + b"rest"))
    assert from_bytes(archive(part)).defects == ()
    assert told(archive(part)) == snapshot("""\
ambiguous-archive at byte 36 of 'who.py': the headers say 10 bytes, the deflate stream
  has more: readers that believe the headers cut it there, others go on\
""")


def test_z13_a_size_that_is_longer_than_the_stream() -> None:
    assert told(archive(declaring(LONG, deflated(TEXT)))) == snapshot("""\
ambiguous-archive at byte 36 of 'who.py': the headers say 400 bytes, the deflate stream
  has 390 fewer\
""")


def test_z14_the_same_in_64_bits() -> None:
    data = deflated(TEXT + b"rest")
    wide = {"size": WIDE, "compressed_size": WIDE, "extra": zip64(len(TEXT), len(data))}
    part = replace(declaring(TEXT, data), local=wide, central=wide)
    assert told(archive(part)) == snapshot("""\
ambiguous-archive at byte 56 of 'who.py': the headers say 10 bytes, the deflate stream
  has more: readers that believe the headers cut it there, others go on\
""")


def test_z15_a_stream_that_ends_early() -> None:
    assert told(archive(declaring(TEXT, deflated(TEXT) + b"more"))) == snapshot("""\
ambiguous-archive at byte 48 of 'who.py': the deflate stream ends 4 bytes before the end
  that the headers give it: readers that follow the stream and readers that follow the
  headers disagree about what comes next\
""")


def test_z15_two_streams() -> None:
    assert told(archive(declaring(TEXT, deflated(TEXT) + deflated(TEXT)))) == snapshot("""\
ambiguous-archive at byte 48 of 'who.py': the deflate stream ends 12 bytes before the
  end that the headers give it: readers that follow the stream and readers that follow
  the headers disagree about what comes next\
""")


def test_z15_a_stream_that_does_not_end() -> None:
    assert told(archive(declaring(TEXT, deflated(TEXT)[:-1]))) == snapshot("""\
ambiguous-archive at byte 47 of 'who.py': the deflate stream ends before its last block,
  at the end that the headers give it: readers that follow the stream and readers that
  follow the headers disagree about what comes next\
""")
    assert told(archive(declaring(b"", b""))) == snapshot("""\
ambiguous-archive at byte 36 of 'who.py': the deflate stream ends before its last block,
  at the end that the headers give it: readers that follow the stream and readers that
  follow the headers disagree about what comes next\
""")


def test_z15_a_stream_that_does_not_end_although_all_of_the_content_is_there() -> None:
    compress = zlib.compressobj(wbits=-15)
    data = compress.compress(LONG) + compress.flush(zlib.Z_SYNC_FLUSH)
    assert told(archive(declaring(LONG, data))) == snapshot("""\
ambiguous-archive at byte 57 of 'who.py': the deflate stream ends before its last block,
  at the end that the headers give it: readers that follow the stream and readers that
  follow the headers disagree about what comes next\
""")


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(f"05e00108000000822{0:033}1{0:095}2408", id="lengths"),
        pytest.param(f"05e10108000000822{0:033}2{0:095}5804", id="distances"),
    ],
)
def test_a_stream_with_too_few_codes_is_refused_as_zlib_refuses_it(stream: str) -> None:
    """Some decompressors read it all the same: `AA`, with the CRC that the headers promise."""
    member = declaring(b"AA", bytes.fromhex(stream))
    assert "the data are no deflate stream" in said(archive(member))


def test_a_stream_that_begins_with_nothing_at_length_is_read() -> None:
    nothing = b"\0\0\0\xff\xff" * 30_000  # empty stored blocks, more than is read at once
    assert told(archive(declaring(TEXT, nothing + deflated(TEXT)))) == ""
    assert "before its last block" in said(archive(declaring(b"", nothing)))


def test_what_is_no_stream() -> None:
    assert "at byte 36 of 'who.py': the data are no deflate stream (" in said(
        archive(declaring(TEXT, b"\xff" * 20))
    )


def test_z16_content_that_is_not_what_both_headers_say() -> None:
    other = {"crc": zlib.crc32(b"other")}
    assert told(archive(Part(local=other, central=other))) == snapshot("""\
ambiguous-archive at byte 36 of 'who.py': the content has CRC 0x9f64ef6e, but both
  headers say 0xd9583520: some readers keep it, others stop with what they have written
  so far\
""")
    assert "has CRC" in said(archive(Part(method=DEFLATED, local=other, central=other)))


def test_a_stored_member_of_two_sizes() -> None:
    two = {"size": 3}
    assert told(archive(Part(local=two, central=two))) == snapshot("""\
ambiguous-archive at byte 66 of 'who.py': stored as it is, but 10 bytes in the file and
  3 by itself\
""")


@pytest.mark.parametrize("wide", [False, True])
def test_honest_descriptors_are_read(wide: bool) -> None:
    parts = [streamed(Part(method=DEFLATED), wide=wide)]
    parts.append(streamed(Part(name=b"b", method=DEFLATED, content=b"", data=b"\3\0"), wide=wide))
    # A tool that knew the sizes after all may say them in front as well.
    parts.append(replace(streamed(Part(name=b"c", method=DEFLATED)), local={}))
    parts.append(replace(streamed(Part(name=b"d")), local={}))
    parts.append(streamed(Part(name=b"e", content=b"")))
    assert told(archive(*parts)) == ""


def test_z17_a_descriptor_that_is_not_there() -> None:
    assert told(archive(replace(streamed(Part(method=DEFLATED)), descriptor=b""))) == snapshot("""\
ambiguous-archive at byte 48 of 'who.py': a data descriptor with its signature should
  follow the data, as the flags say\
""")
    assert told(archive(Part(method=DEFLATED, flags=DESCRIPTOR))) == snapshot("""\
ambiguous-archive at byte 48 of 'who.py': a data descriptor with its signature should
  follow the data, as the flags say\
""")


def test_z17_a_descriptor_that_no_flag_announces() -> None:
    part = streamed(Part(method=DEFLATED))
    assert told(archive(replace(part, flags=0, local={}))) == snapshot("""\
ambiguous-archive at byte 48: 16 bytes between byte 48 and the central directory belong
  to no member of the directory: readers that go from header to header see them\
""")
    assert told(archive(replace(part, central={"flags": 0}))) == snapshot("""\
ambiguous-archive at byte 6 of 'who.py': flags: 8 in the local header, 0 in the central
  directory\
""")


@pytest.mark.parametrize("place", [4, 8, 12])
def test_z17_a_descriptor_that_lies(place: int) -> None:
    part = streamed(Part(method=DEFLATED))
    lie = bytearray(part.descriptor)
    lie[place] ^= 1
    assert "in the data descriptor" in said(archive(replace(part, descriptor=bytes(lie))))


def test_z17_a_descriptor_without_its_signature() -> None:
    assert told(archive(streamed(Part(method=DEFLATED), signature=b""))) == snapshot("""\
ambiguous-archive at byte 48 of 'who.py': a data descriptor with its signature should
  follow the data, as the flags say\
""")


def test_z17_a_descriptor_of_the_other_width() -> None:
    part = Part(method=DEFLATED)
    narrow, wide = streamed(part), streamed(part, wide=True)
    for mixed in (
        replace(narrow, descriptor=wide.descriptor),
        replace(wide, descriptor=narrow.descriptor),
    ):
        assert told(archive(mixed, Part(name=b"b"))).startswith("ambiguous-archive")


def test_z17_stored_with_its_size_behind_it() -> None:
    assert told(archive(streamed(Part()))) == snapshot("""\
ambiguous-archive at byte 18 of 'who.py': stored with its size behind it: 10 bytes by
  the directory, 0 by the local header; a reader without the directory must guess where
  they end\
""")


@pytest.mark.parametrize("method", [0, DEFLATED])
def test_what_is_said_in_front_of_a_descriptor_is_true(method: int) -> None:
    part = streamed(Part(method=method))
    size = {"compressed_size": part.summary[1]}
    assert told(archive(replace(part, local={"crc": 0, "size": 0, **size}))) == ""
    assert told(archive(replace(part, local={"crc": 0, **size}))) == ""
    for lie in ("crc", "size", "compressed_size"):
        text = said(archive(replace(part, local={**size, lie: 1})))
        assert ", 1 by the local header" in text or "1 in the local header" in text


def test_z24_data_that_reach_into_the_next_member() -> None:
    first, second = Part(), Part(name=b"me.py")
    size = {"size": 20, "compressed_size": 20}
    assert told(archive(replace(first, local=size, central=size), second)) == snapshot("""\
ambiguous-archive at byte 46 of 'me.py': member 'me.py' begins at byte 46, but the
  member before it ends at byte 56\
""")


def test_z24_data_that_reach_into_the_directory() -> None:
    size = {"size": 20, "compressed_size": 20}
    assert told(archive(Part(local=size, central=size))) == snapshot("""\
ambiguous-archive at byte 36 of 'who.py': the data end at byte 56, but the central
  directory begins at byte 46\
""")
    size = {"size": 1 << 26, "compressed_size": 1 << 26}
    assert "but the central directory begins at byte 46" in said(
        archive(Part(local=size, central=size))
    )


def test_z24_many_members_over_one_kernel() -> None:
    # A bomb: each local header is quoted by a stored block of the member before it.
    kernel = deflated(LONG)
    last = Part(name=b"2", method=DEFLATED, content=LONG, data=kernel).in_file()
    quote = struct.pack("<B2H", 0, 31, 0xFFFF - 31) + last[:31]
    content = last[:31] + LONG
    first = Part(name=b"1", method=DEFLATED, content=content, data=quote + kernel)
    body = first.in_file()
    directory = first.in_directory(0)
    second = Part(name=b"2", method=DEFLATED, content=LONG, data=kernel)
    directory += second.in_directory(len(body) - len(last))
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2, 2, len(directory), len(body), 0)
    container = from_bytes(body + directory + end)
    assert [container.read(member, limit=1 << 20) for member in container.members] == [
        content,
        LONG,
    ]
    assert told(body + directory + end) == snapshot("""\
ambiguous-archive at byte 36 of '2': member '2' begins at byte 36, but the member before
  it ends at byte 84\
""")


def test_an_error_says_what_the_defect_says() -> None:
    container = from_bytes(archive(declaring(TEXT, deflated(TEXT + b"rest"))))
    with pytest.raises(ArchiveError, match="the headers say 10 bytes") as caught:
        list(container.chunks(container.members[0]))
    assert caught.value.defect.member == "who.py"
