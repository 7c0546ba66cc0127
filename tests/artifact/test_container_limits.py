"""Archives that ask for too much: Z28, and what is refused before any work is done."""

from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Iterator

import pytest
from inline_snapshot import snapshot

from guard.artifact.container import ArchiveError, Limits, from_bytes
from guard.artifact.defect import DefectKind
from tests.artifact.zips import DEFLATED, WIDE_END, Part, archive, deflated, said, told, zip64

MIB, GIB = 1 << 20, 1 << 30
ZEROS = bytes(MIB)


@pytest.fixture
def _in_little_memory() -> Iterator[None]:
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * MIB


def claiming(size: int, *, compressed_size: int | None = None) -> Part:
    """A member of a few bytes that says in both headers that it has `size`."""
    data = deflated(ZEROS)
    packed = len(data) if compressed_size is None else compressed_size
    claims = {"size": 0xFFFFFFFF, "compressed_size": 0xFFFFFFFF, "extra": zip64(size, packed)}
    return Part(method=DEFLATED, content=ZEROS, data=data, local=claims, central=claims)


@pytest.mark.usefixtures("_in_little_memory")
def test_four_gigabytes_in_a_kilobyte() -> None:
    content = archive(claiming(4 * GIB))
    assert len(content) < 2_000
    assert told(content) == snapshot("""\
oversized-archive at byte 0: 4294967296 bytes in all members, 3630572 times the 1183
  bytes of the file; at most 50 times as many are read\
""")


@pytest.mark.usefixtures("_in_little_memory")
def test_more_than_there_are_bytes_in_the_world() -> None:
    assert told(archive(claiming((1 << 64) - 1))) == snapshot("""\
oversized-archive at byte 1113 of 'who.py': 18446744073709551615 bytes in one member,
  more than 8589934592
oversized-archive at byte 0: 18446744073709551615 bytes in all members, more than
  17179869184
oversized-archive at byte 0: 18446744073709551615 bytes in all members,
  15593190256728276 times the 1183 bytes of the file; at most 50 times as many are read\
""")
    content = archive(claiming(MIB, compressed_size=(1 << 64) - 1))
    assert told(content) == snapshot("""\
ambiguous-archive at byte 56 of 'who.py': the data end at byte 18446744073709551671, but
  the central directory begins at byte 1089\
""")


@pytest.mark.usefixtures("_in_little_memory")
def test_z28_a_million_members_that_are_not_there() -> None:
    million = {"here": 1_000_000, "entries": 1_000_000}
    assert told(archive(Part(), end64=million, end=WIDE_END)) == snapshot(
        "oversized-archive at byte 174: 1000000 members, more than 250000"
    )


def test_z28_a_million_members_that_are_there() -> None:
    million = {"here": 1_000_000, "entries": 1_000_000, "size": 46_000_000, "offset": 0}
    records = b"PK\1\2".ljust(46, b"\0") * 1_000_000
    content = records + archive(end64={**million, "locator": 46_000_000}, end=WIDE_END)
    tracemalloc.start()
    container = from_bytes(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [defect.kind for defect in container.defects] == [DefectKind.OVERSIZED_ARCHIVE]
    assert peak < MIB


def test_z28_a_directory_beyond_the_limit() -> None:
    assert told(archive(Part()), Limits(directory_bytes=51)) == snapshot(
        "oversized-archive at byte 98: 52 bytes of directory, more than 51"
    )
    assert told(archive(Part()), Limits(directory_bytes=52)) == ""


def test_z28_a_member_too_many() -> None:
    content = archive(Part(), Part(name=b"b"))
    assert told(content, Limits(entries=1)) == snapshot(
        "oversized-archive at byte 186: 2 members, more than 1"
    )
    assert told(content, Limits(entries=2)) == ""


def test_z28_a_bomb() -> None:
    content = archive(Part(content=bytes(65 * MIB), method=DEFLATED))
    assert len(content) < 70_000
    assert "oversized-archive" in said(content)
    container = from_bytes(content, Limits(ratio=2_000))
    assert container.defects == ()


def test_z28_a_bomb_in_many_parts() -> None:
    part = Part(content=ZEROS, method=DEFLATED)
    data = part.stream
    parts = (
        Part(name=b"%d" % number, content=ZEROS, method=DEFLATED, data=data) for number in range(65)
    )
    assert told(archive(*parts)) == snapshot("""\
oversized-archive at byte 0: 68157440 bytes in all members, 942 times the 72347 bytes of
  the file; at most 50 times as many are read\
""")


def test_the_boundaries_of_the_ratio() -> None:
    content = archive(Part(content=ZEROS, method=DEFLATED))
    ratio = MIB // len(content)
    assert told(content, Limits(spared_bytes=0, ratio=ratio + 1)) == ""
    assert "oversized-archive" in said(content, Limits(spared_bytes=0, ratio=ratio))
    assert told(content, Limits(spared_bytes=MIB, ratio=ratio)) == ""


def test_the_boundaries_of_sizes() -> None:
    content = archive(Part(content=ZEROS), Part(name=b"b", content=ZEROS))
    assert told(content, Limits(member_bytes=MIB, total_bytes=2 * MIB)) == ""
    assert told(content, Limits(member_bytes=MIB - 1)) == snapshot("""\
oversized-archive at byte 2097243 of 'who.py': 1048576 bytes in one member, more than
  1048575
oversized-archive at byte 2097295 of 'b': 1048576 bytes in one member, more than 1048575\
""")
    assert told(content, Limits(total_bytes=2 * MIB - 1)) == snapshot(
        "oversized-archive at byte 0: 2097152 bytes in all members, more than 2097151"
    )


def test_sizes_are_judged_beside_everything_else() -> None:
    lie = Part(name=b"../a", content=ZEROS, local={"crc": 1})
    text = said(archive(lie), Limits(member_bytes=1))
    assert [line.split()[0] for line in text.splitlines()] == [
        "oversized-archive",
        "ambiguous-archive",
        "unsafe-path",
    ]


def test_a_member_beyond_the_limit_is_not_read_even_on_request() -> None:
    content = archive(Part(content=ZEROS, method=DEFLATED))
    [member] = from_bytes(content).members
    with pytest.raises(ArchiveError, match="more than the 1000 that are read of it"):
        from_bytes(content, Limits(member_bytes=1_000)).chunks(member)


def test_a_thousand_defects_are_not_listed() -> None:
    parts = (Part(name=b"%d" % number, method=12) for number in range(1_000))
    assert len(from_bytes(archive(*parts)).defects) == 50
    parts = (Part(name=b"../%d" % number) for number in range(1_000))
    assert len(from_bytes(archive(*parts)).defects) == 50


def test_seventy_thousand_members_are_read() -> None:
    body, directory = [], []
    at = 0
    for number in range(70_000):
        name = b"package/module/data/%06d.txt" % number
        header = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 0, 0, 0, 0, len(name), 0)
        body.append(header + name)
        directory.append(
            struct.pack(
                "<4s6H3L5H2L",
                *(b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, len(name), 0, 0, 0, 0, 0, at),
            )
            + name
        )
        at += 30 + len(name)
    size = sum(map(len, directory))
    end64 = {"here": 70_000, "entries": 70_000, "size": size, "offset": at, "locator": at + size}
    content = b"".join(body + directory) + archive(end64=end64, end=WIDE_END)
    container = from_bytes(content)
    assert (len(container.members), container.defects) == (70_000, ())
