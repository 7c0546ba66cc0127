"""Opening and reading: what a container gives, and what it costs."""

from __future__ import annotations

import io
import threading
import zipfile
from pathlib import Path

import pytest

from guard.artifact.container import ArchiveError, Container, Member, from_bytes, open_container
from guard.artifact.defect import DefectKind
from tests.artifact.zips import DEFLATED, Part, archive, deflated

MIB = 1 << 20
TEXT = b"all work and no play makes Jack a dull boy\n" * 60_000


def the_only_member(container: Container) -> Member:
    [member] = container.members
    return member


def test_a_member_is_what_both_headers_say() -> None:
    container = from_bytes(archive(Part(name=b"a"), Part(name=b"b/c.py", method=DEFLATED)))
    assert container.defects == ()
    assert container.members[1] == Member(
        name="b/c.py",
        offset=41,
        size=10,
        compressed_size=12,
        crc=0x9F64EF6E,
        method=8,
        mode=0o100644,
        is_directory=False,
    )


def test_a_folder_is_a_member_without_content() -> None:
    container = from_bytes(archive(Part(name=b"d/", content=b"", mode=0o40755)))
    member = the_only_member(container)
    assert (member.is_directory, member.mode) == (True, 0o40755)
    assert container.read(member, limit=0) == b""


def test_members_come_in_the_order_of_the_directory() -> None:
    container = from_bytes(archive(*(Part(name=name) for name in (b"b", b"a", b"c"))))
    assert [member.name for member in container.members] == ["b", "a", "c"]


def test_a_file_is_opened_and_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.whl"
    path.write_bytes(archive(Part()))
    with open_container(path) as container:
        assert container.read(the_only_member(container), limit=MIB) == Part().content
    with pytest.raises(ValueError, match="closed"):
        container.read(the_only_member(container), limit=MIB)


def test_a_file_larger_than_what_is_kept_in_memory_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.whl"
    large = bytes(65 * MIB)
    content = archive(Part(content=large), Part(name=b"b", content=b"b" * MIB))
    path.write_bytes(content)
    for opened in (open_container(path), from_bytes(content)):
        with opened as container:
            first, second = container.members
            assert sum(map(len, container.chunks(first))) == len(large)
            assert container.read(second, limit=MIB) == b"b" * MIB


def test_an_empty_file_has_a_defect(tmp_path: Path) -> None:
    path = tmp_path / "a.whl"
    path.write_bytes(b"")
    with open_container(path) as container:
        assert [defect.kind for defect in container.defects] == [DefectKind.AMBIGUOUS_ARCHIVE]
        assert container.members == ()


def test_a_file_that_cannot_be_read_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_container(tmp_path / "a.whl")
    with pytest.raises(OSError, match=r"directory|denied"):
        open_container(tmp_path)


@pytest.mark.parametrize("method", [0, DEFLATED])
def test_large_content_comes_in_pieces(method: int) -> None:
    container = from_bytes(archive(Part(content=TEXT, method=method)))
    pieces = list(container.chunks(the_only_member(container)))
    assert b"".join(pieces) == TEXT
    assert 2 < len(pieces) < 100
    assert max(map(len, pieces)) <= MIB


def test_content_that_compresses_to_nothing_comes_in_pieces_too() -> None:
    content = bytes(8 * MIB)
    container = from_bytes(archive(Part(content=content, method=DEFLATED)))
    pieces = list(container.chunks(the_only_member(container)))
    assert (sum(map(len, pieces)), max(map(len, pieces))) == (len(content), MIB)


def test_reading_stops_before_it_starts_beyond_the_limit() -> None:
    container = from_bytes(archive(Part(content=TEXT)))
    member = the_only_member(container)
    assert container.read(member, limit=member.size) == TEXT
    with pytest.raises(ArchiveError, match="more than the") as caught:
        container.read(member, limit=member.size - 1)
    assert caught.value.defect.kind is DefectKind.OVERSIZED_ARCHIVE


def test_pieces_of_a_lie_come_before_the_error() -> None:
    part = Part(content=TEXT, method=DEFLATED, data=deflated(TEXT + b"rest"))
    container = from_bytes(archive(part))
    pieces = container.chunks(the_only_member(container))
    assert next(pieces) == TEXT[:MIB]
    with pytest.raises(ArchiveError, match="the deflate stream has more"):
        list(pieces)


def test_every_member_is_read_for_damages() -> None:
    good, bad = Part(name=b"a"), {"crc": 1}
    parts = [Part(name=name, local=bad, central=bad) for name in (b"b", b"c")]
    damages = list(from_bytes(archive(good, *parts)).damages())
    assert [damage.member for damage in damages] == ["b", "c"]


def test_a_member_of_another_archive_is_no_reason_to_fall_over() -> None:
    [_, member] = from_bytes(archive(Part(), Part(name=b"x" * 90))).members
    for other in (archive(), archive(Part(name=b"y" * 200)), b""):
        with pytest.raises(ArchiveError, match="cannot be read at all"):
            from_bytes(other).read(member, limit=MIB)


def test_a_member_that_was_made_up_is_no_reason_to_fall_over() -> None:
    container = from_bytes(archive(Part(), Part(name=b"b")))
    member = container.members[1]
    for made_up in (
        member._replace(offset=1),
        member._replace(offset=1 << 40),
        member._replace(compressed_size=200),
        member._replace(method=12),
    ):
        with pytest.raises(ArchiveError, match="cannot be read at all"):
            container.read(made_up, limit=MIB)


@pytest.mark.parametrize("data", [None, b"\3\0"])
def test_no_content_comes_in_no_pieces(data: bytes | None) -> None:
    part = Part(content=b"", method=0 if data is None else DEFLATED, data=data)
    container = from_bytes(archive(part))
    assert list(container.chunks(the_only_member(container))) == []


def test_what_cannot_be_made_out_is_not_a_member() -> None:
    container = from_bytes(archive(Part(name=b"a"), Part(name=b"b", method=12)))
    assert [member.name for member in container.members] == ["a"]
    assert [defect.member for defect in container.defects] == ["b"]


def test_an_unsafe_path_is_found_at_its_member() -> None:
    container = from_bytes(archive(Part(name=b"a"), Part(name=b"../b")))
    [defect] = container.defects
    assert (defect.kind, defect.member, defect.offset) == (DefectKind.UNSAFE_PATH, "../b", 41)


def test_threads_read_at_once() -> None:
    names = [f"{number}.txt" for number in range(8)]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as stream:
        for name in names:
            stream.writestr(name, name.encode() * 100_000)
    container = from_bytes(buffer.getvalue())
    read: dict[str, bytes] = {}

    def reading(member: Member) -> None:
        read[member.name] = container.read(member, limit=MIB)

    threads = [threading.Thread(target=reading, args=(member,)) for member in container.members]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == {name: name.encode() * 100_000 for name in names}
