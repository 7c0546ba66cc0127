"""Archives as honest tools write them, and what is read of them in one pass."""

from __future__ import annotations

import io
import itertools
import tarfile
from collections.abc import Generator
from dataclasses import replace

import pytest

from guard.artifact.tar import Tar, TarMember
from guard.artifact.tar_blocks import Blocks
from guard.artifact.zip_fault import ArchiveError
from tests.artifact.tar_attacks import LONG
from tests.artifact.tars import GNU, POSIX, Part, folder, gzipped, long_name, pax, tar

TEXT = b"WHO = 'a'\n"


def read(content: bytes) -> dict[str, bytes]:
    """Every member with its content."""
    entries = Tar(io.BytesIO(gzipped(content))).entries()
    return {member.name: b"".join(chunks) for member, chunks in entries}


def the_member(*parts: Part) -> TarMember:
    archive = Tar(io.BytesIO(gzipped(tar(*parts))))
    [(member, _)] = archive.entries()
    assert archive.members == [member]
    return member


def written(format_: int, *infos: tuple[str, bytes | None]) -> bytes:
    """What the standard library writes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format_) as stream:
        for name, content in infos:
            info = tarfile.TarInfo(name)
            info.mtime = 1_700_000_000.25
            info.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
            info.size = len(content or b"")
            stream.addfile(info, io.BytesIO(content or b""))
    return buffer.getvalue()


NAMES = (
    *("a.py", "a/" + "b" * 97, "a/" + "b" * 98, "a/" + "b" * 99, "c" * 50 + "/" + "d" * 99),
    *("e/" + "f" * 150, "\xfc.py", "g/" + "\xfc" * 70, "h" * 99 + "\xfc", "i" * 98 + "\u20ac"),
    *("j" * 99 + "/k.py", "l" * 97 + "\U0001f600" + "m"),
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("format_", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_what_the_standard_library_writes_is_read(name: str, format_: int) -> None:
    content = written(format_, (name, TEXT), (name + ".d", None), ("z", b""))
    assert read(content) == {name: TEXT, name + ".d/": b"", "z": b""}


@pytest.mark.parametrize("name", ["a.py", "b" * 100 + "/" + "c" * 100])
def test_a_prefix_is_the_front_of_a_name(name: str) -> None:
    assert read(written(tarfile.USTAR_FORMAT, (name, TEXT))) == {name: TEXT}


@pytest.mark.parametrize(
    "part",
    [
        Part(type=b"\0"),
        Part(magic=GNU),
        Part(fields={"uid": bytes(8), "gid": bytes(8)}),
        Part(fields={"major": b"0000000\0", "minor": b"0000000\0"}),
        Part(fields={"size": b"12 \0"}),
        Part(fields={"mode": b"0100644\0"}),
        Part(fields={"user": b"r\xf6\xf6t", "group": b"w" * 32}),
    ],
    ids=lambda part: f"{part.type!r} {part.magic!r} {part.fields}",
)
def test_other_ways_to_write_the_same(part: Part) -> None:
    assert read(tar(part)) == {"frob-1.0/who.py": part.content}


def test_a_checksum_has_one_end_or_two() -> None:
    block = Part().header()
    for end in (b"\0 ", b"\0\0", b" \0"):
        changed = block[:154] + end + block[156:]
        assert read(changed + tar(Part())[512:]) == {"frob-1.0/who.py": Part().content}


def test_rust_leaves_no_character_in_half() -> None:
    name = b"d" * 98 + "\u20ac.py".encode()
    short = Part(name=name[:98], magic=GNU)
    assert list(read(tar(long_name(name), short))) == [name.decode()]
    with pytest.raises(ArchiveError, match="by the member's own"):
        read(tar(long_name(name), replace(short, name=name[:96])))


def test_an_extended_header_counts_once() -> None:
    other = Part(name=b"other.py")
    long = Part(name=LONG[:100], magic=GNU)
    content = tar(pax(path=LONG), replace(long, magic=POSIX), other, folder(b"d/"))
    assert list(read(content)) == [LONG.decode(), "other.py", "d/"]
    assert list(read(tar(long_name(LONG), long, other))) == [LONG.decode(), "other.py"]


def test_a_folder_has_a_slash_whether_or_not_it_is_written() -> None:
    for name in (b"d", b"d/"):
        member = the_member(folder(name))
        assert (member.name, member.is_directory, member.special) == ("d/", True, None)


def test_an_offset_is_that_of_the_first_header() -> None:
    content = tar(Part(), pax(mtime=b"1.5"), Part(name=b"b"), folder(b"c/"))
    members = [member for member, _ in Tar(io.BytesIO(gzipped(content))).entries()]
    assert [member.offset for member in members] == [0, 1024, 3072]
    assert [member.size for member in members] == [10, 10, 0]
    assert members[0].mode == 0o644


def test_a_link_has_a_target_and_no_content() -> None:
    link = Part(name=b"a", content=b"", type=b"2", fields={"link": b"b"})
    member = the_member(pax(linkpath=b"c" * 120), link)
    assert (member.size, member.is_directory) == (0, False)
    assert member.special == f"a symbolic link to '{'c' * 100}'…"


def test_what_is_not_read_is_passed_over() -> None:
    parts = [Part(name=b"%d" % number, content=bytes(3000)) for number in range(4)]
    entries = Tar(io.BytesIO(gzipped(tar(*parts)))).entries()
    _, first = next(entries)
    assert sum(map(len, first)) == 3000
    _, second = next(entries)
    begun = next(second)
    _, third = next(entries)
    assert list(second) == []  # what it had left is gone
    assert len(begun) == 3000
    assert isinstance(third, Generator)
    third.close()  # a consumer may give up
    member, fourth = next(entries)
    assert (member.name, b"".join(fourth)) == ("3", bytes(3000))
    assert next(entries, None) is None


def test_no_piece_is_larger_than_promised() -> None:
    content = tar(Part(content=bytes(range(256)) * (12 << 10)))
    [(member, chunks)] = ((m, list(c)) for m, c in Tar(io.BytesIO(gzipped(content))).entries())
    assert max(map(len, chunks)) <= 1 << 20
    assert b"".join(chunks) == bytes(range(256)) * (12 << 10)
    assert member.size == 3 << 20


@pytest.mark.parametrize("size", [1, 7, 511, 512, 513, 5000])
def test_the_pieces_that_it_comes_in_do_not_matter(size: int) -> None:
    content = bytes(range(256)) * 40
    pieces = (content[at : at + size] for at in range(0, len(content), size))
    blocks = Blocks(pieces)
    ends = itertools.accumulate((3, 509, 512, 0, 1, 5000))
    found = b"".join(b"".join(blocks.until(end)) for end in ends)
    assert found == content[: 3 + 509 + 512 + 1 + 5000]
    assert found + b"".join(blocks.rest()) == content
    assert blocks.at == len(content)


def test_more_zeros_may_follow() -> None:
    for more in (0, 512, 10240, 3 << 20):
        assert read(tar(Part()) + bytes(more)) == {"frob-1.0/who.py": Part().content}
