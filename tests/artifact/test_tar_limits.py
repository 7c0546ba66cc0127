"""Archives that ask for too much: what is read of them is counted."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from itertools import islice

import pytest
from inline_snapshot import snapshot

from guard.artifact.defect import DefectKind
from guard.artifact.sdist import read
from guard.artifact.tar import Tar
from guard.artifact.tar_gzip import inflated
from guard.artifact.zip_fault import ArchiveError
from guard.artifact.zip_limits import Limits
from tests.artifact.tars import (
    FILENAME,
    PKG_INFO,
    Part,
    folder,
    gzipped,
    pax,
    sdist,
    sdist_tar,
    tar,
    told,
)

MIB, GIB = 1 << 20, 1 << 30


class Counted(io.BytesIO):
    """A file that knows how many bytes of it were read."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self.taken += len(piece)
        return piece


@pytest.fixture
def _in_little_memory() -> Iterator[None]:
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * MIB


def bomb(size: int) -> bytes:
    """A member of `size` zeros."""
    header = Part(fields={"size": b"%011o\0" % size}).header()
    return gzipped(sdist_tar(end=b"") + header + bytes(size + 1024))


def inflated_bytes(content: bytes, limits: Limits) -> int:
    """How many bytes come out before the reader gives up."""
    count = 0
    try:
        for piece in inflated(io.BytesIO(content), limits):
            count += len(piece)
    except ArchiveError:
        return count
    raise AssertionError


def test_four_gigabytes_in_a_kilobyte() -> None:
    claiming = Part(fields={"size": b"%011o\0" % (4 * GIB)})
    content = sdist(claiming)
    assert len(content) < 1_024
    tracemalloc.start()
    assert told(content) == snapshot("""\
oversized-archive at byte 1536 of 'frob-1.0/who.py': 4294969344 bytes up to the end of
  this member, more than the 67108864 that are read of such a file\
""")
    assert tracemalloc.get_traced_memory()[1] < 4 * MIB
    tracemalloc.stop()


def test_eight_gigabytes_are_the_most_that_can_be_said() -> None:
    content = sdist(Part(fields={"size": b"77777777777\0"}))
    assert told(content, limits=Limits(member_bytes=GIB)) == snapshot("""\
oversized-archive at byte 1536 of 'frob-1.0/who.py': 8589934591 bytes in one member,
  more than the 1073741824 that are read of such a file\
""")


BOMB = bomb(80 * MIB)


@pytest.mark.usefixtures("_in_little_memory")
def test_a_bomb_is_not_read_once_it_has_said_its_size() -> None:
    entries = Tar(io.BytesIO(BOMB)).entries()
    contents = {member.name: sum(map(len, chunks)) for member, chunks in islice(entries, 2)}
    assert contents == {"frob-1.0/": 0, "frob-1.0/PKG-INFO": len(PKG_INFO)}
    with pytest.raises(ArchiveError, match="bytes up to the end of this member, more than"):
        next(entries)


def test_a_bomb_of_what_says_no_size_is_left_in_time() -> None:
    """Zeros behind the end mark, extended headers, members without content."""
    limits = Limits(spared_bytes=2 * MIB)
    behind = gzipped(sdist_tar() + bytes(20 * MIB))
    assert told(behind, limits=limits) == snapshot("""\
oversized-archive at byte 10: more than 2097152 bytes in a file of 20543; at most 50
  times as many are read\
""")
    assert 2 * MIB < inflated_bytes(behind, limits) + MIB <= 3 * MIB


def test_a_million_members() -> None:
    """They are as many headers as are read, and not one more."""
    parts = [folder(b"frob-1.0/%06d/" % number) for number in range(2_000)]
    content = gzipped(tar(*parts))
    archive = Tar(io.BytesIO(content), Limits(entries=1_000))
    with pytest.raises(ArchiveError, match="1001 members, more than the 1000"):
        list(archive.entries())
    assert len(archive.members) == 1_000
    # By default, so many headers are a bomb before they are too many members.
    limits = Limits(spared_bytes=512 << 10)
    stopped = Tar(io.BytesIO(content), limits)
    with pytest.raises(ArchiveError, match="bytes"):
        list(stopped.entries())
    assert len(stopped.members) <= 1_024


def test_the_boundaries_of_the_ratio() -> None:
    parts = [Part(content=bytes(100_000)), Part(name=b"frob-1.0/b", content=bytes(range(256)))]
    content = sdist(*parts)
    size = len(sdist_tar(*parts))
    ratio = size // len(content)
    assert "oversized-archive" in told(content, limits=Limits(spared_bytes=0, ratio=ratio))
    assert told(content, limits=Limits(spared_bytes=0, ratio=ratio + 1)) == ""
    assert told(content, limits=Limits(ratio=1, spared_bytes=size)) == ""
    assert "oversized-archive" in told(content, limits=Limits(ratio=1, spared_bytes=size - 1))
    assert "oversized-archive" in told(content, limits=Limits(total_bytes=size - 1))
    assert told(content, limits=Limits(total_bytes=size)) == ""


def test_the_boundaries_of_a_member() -> None:
    assert told(sdist(Part(content=bytes(100))), limits=Limits(member_bytes=100)) == ""
    assert told(sdist(Part(content=bytes(101))), limits=Limits(member_bytes=100)) == snapshot("""\
oversized-archive at byte 1536 of 'frob-1.0/who.py': 101 bytes in one member, more than
  the 100 that are read of such a file\
""")


def test_names_are_kept_in_memory_and_therefore_counted() -> None:
    parts = [Part(name=b"frob-1.0/%02d" % number) for number in range(10)]
    names = len("frob-1.0/") + len("frob-1.0/PKG-INFO") + 10 * len("frob-1.0/00")
    assert told(sdist(*parts), limits=Limits(directory_bytes=names)) == ""
    assert told(sdist(*parts), limits=Limits(directory_bytes=names - 1)) == snapshot("""\
oversized-archive at byte 10752 of 'frob-1.0/09': 136 characters of names, more than the
  135 that are read of such a file\
""")


def test_an_extended_header_is_kept_in_memory_and_therefore_short() -> None:
    name = b"frob-1.0/" + b"d" * (8 << 10)
    assert told(sdist(pax(path=name), Part(name=name[:100]))) == snapshot(
        "oversized-archive at byte 1536: 8212 bytes of extended header, more than 8192"
    )
    name = name[:-100]
    assert "unsafe-path" in told(sdist(pax(path=name), Part(name=name[:100])))


def test_a_deflate_stream_that_gives_nothing_ends() -> None:
    """Empty blocks may go on for ever; they are read once."""
    stream = Counted(gzipped(b"", stream=b"\0\0\0\xff\xff" * 100_000))
    assert [d.kind for d in read(stream, FILENAME).defects] == [DefectKind.AMBIGUOUS_ARCHIVE]
    assert stream.taken < 2 * len(stream.getvalue())
