"""The end of an archive: Z06 to Z10, Z26, Z29 and Z30, each built from bytes."""

from __future__ import annotations

import io
import struct
import tarfile

import pytest
from inline_snapshot import snapshot

from tests.artifact.zips import DEFLATED, Part, archive, said, streamed, told

ONE = archive(Part())
OTHER = archive(Part(name=b"me.py", content=b'WHO = "b"\n'))
END = 22


def test_an_archive_of_nothing_is_one() -> None:
    assert told(archive()) == ""


def test_text_is_no_archive() -> None:
    assert told(b"Hello, world!\n") == snapshot(
        "ambiguous-archive at byte 0: not a ZIP archive: it has no end record"
    )
    assert told(b"") == snapshot(
        "ambiguous-archive at byte 0: not a ZIP archive: it has no end record"
    )


def test_half_an_end_record_is_none() -> None:
    assert told(ONE[:-1]) == snapshot("ambiguous-archive at byte 98: the end record is cut off")


def test_what_is_shorter_than_an_end_record_is_none() -> None:
    for length in range(22):
        content = b"PK\5\6".rjust(length, b".")[:length] + b"!"
        assert said(content).startswith("ambiguous-archive at byte ")


def test_z06_a_second_archive_in_the_comment() -> None:
    assert told(archive(Part(), comment=OTHER)) == snapshot("""\
ambiguous-archive at byte 98: two end records: one at byte 98, whose comment ends with
  the file, and one at byte 216; a search from the front finds the first\
""")


def test_z06_a_second_archive_within_the_comment() -> None:
    assert told(archive(Part(), comment=OTHER + b"!")) == snapshot("""\
ambiguous-archive at byte 238: 1 bytes follow the end record, which announces 0 of
  comment: some readers skip them, others refuse the file or read them as an archive\
""")


def test_a_member_that_holds_an_end_record_whose_comment_ends_with_the_file() -> None:
    rival = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0, 0, 0, 0, 0)
    honest = archive(Part(content=rival))
    begins = honest.index(b"PK\5\6")
    assert told(honest) == ""
    comment = len(honest) - begins - END
    lying = archive(Part(content=rival[:-2] + struct.pack("<H", comment)))
    assert told(lying) == snapshot("""\
ambiguous-archive at byte 36: two end records: one at byte 36, whose comment ends with
  the file, and one at byte 110; a search from the front finds the first\
""")


def test_z07_a_program_in_front() -> None:
    # The offsets are true, so a reader that believes them finds everything.
    assert told(archive(Part(), before=b"#!/bin/sh\n")) == snapshot("""\
ambiguous-archive at byte 0 of 'who.py': 10 bytes before member 'who.py': a program, or
  a member that is not in the directory; some readers start there, others skip them\
""")


def test_z07_a_program_in_front_that_offsets_do_not_count() -> None:
    assert told(b"#!/bin/sh\n" + ONE) == snapshot("""\
ambiguous-archive at byte 108: the central directory is said to end at byte 98, but what
  follows it begins at byte 108\
""")


def test_z08_bytes_behind_the_end() -> None:
    assert told(archive(Part(), after=b"more")) == snapshot("""\
ambiguous-archive at byte 120: 4 bytes follow the end record, which announces 0 of
  comment: some readers skip them, others refuse the file or read them as an archive\
""")


def test_z08_zeros_behind_the_end() -> None:
    assert told(archive(Part(), after=b"\0" * 512)) == snapshot("""\
ambiguous-archive at byte 120: 512 bytes follow the end record, which announces 0 of
  comment: some readers skip them, others refuse the file or read them as an archive\
""")


def test_z09_two_end_records() -> None:
    assert told(ONE + ONE[-END:]) == snapshot("""\
ambiguous-archive at byte 120: the central directory is said to end at byte 98, but what
  follows it begins at byte 120\
""")


def test_z09_two_archives() -> None:
    assert told(ONE + OTHER) == snapshot("""\
ambiguous-archive at byte 216: the central directory is said to end at byte 96, but what
  follows it begins at byte 216\
""")


def test_z10_a_member_too_many() -> None:
    assert told(archive(Part(), end={"here": 2, "entries": 2})) == snapshot("""\
ambiguous-archive at byte 98: 2 members are announced, but 52 bytes of directory hold 1
  at most\
""")


def test_z10_a_member_too_few() -> None:
    assert told(archive(Part(), end={"here": 0, "entries": 0})) == snapshot("""\
ambiguous-archive at byte 46: 0 members are announced, but 52 bytes of the central
  directory follow the last: some readers count, others go on to its end\
""")


def test_z10_members_that_are_not_here() -> None:
    assert told(archive(Part(), end={"here": 0})) == snapshot("""\
ambiguous-archive at byte 102: the end record says disk 0, directory on disk 0, 0
  members on this disk and 1 in all: some readers obey, others take the file for the
  whole\
""")


def test_z10_a_directory_of_another_size() -> None:
    length = len(Part().in_directory(0))
    assert told(archive(Part(), end={"size": length + 1})) == snapshot("""\
ambiguous-archive at byte 98: the central directory is said to end at byte 99, but what
  follows it begins at byte 98\
""")
    assert told(archive(Part(), end={"size": length - 1})) == snapshot("""\
ambiguous-archive at byte 98: the central directory is said to end at byte 97, but what
  follows it begins at byte 98\
""")
    assert told(archive(Part(), end={"size": 0})) == snapshot("""\
ambiguous-archive at byte 98: 1 members are announced, but 0 bytes of directory hold 0
  at most\
""")


def test_z10_a_directory_elsewhere() -> None:
    length = len(Part().in_file())
    assert told(archive(Part(), end={"offset": length + 1})) == snapshot("""\
ambiguous-archive at byte 98: the central directory is said to end at byte 99, but what
  follows it begins at byte 98\
""")
    assert told(archive(Part(), end={"offset": length - 1})) == snapshot("""\
ambiguous-archive at byte 98: the central directory is said to end at byte 97, but what
  follows it begins at byte 98\
""")
    assert told(archive(Part(), end={"offset": 0})) == snapshot("""\
ambiguous-archive at byte 98: the central directory is said to end at byte 52, but what
  follows it begins at byte 98\
""")


def test_z10_a_directory_that_ends_where_it_should_but_begins_earlier() -> None:
    length = len(Part().in_file())
    size = len(Part().in_directory(0))
    assert told(archive(Part(), end={"offset": length - 1, "size": size + 1})) == snapshot("""\
ambiguous-archive at byte 45: 1 members are announced, but record 1 of the central
  directory is none\
""")


def test_z10_a_record_that_runs_past_the_end_of_the_directory() -> None:
    at = len(Part().in_file()) + 28  # the length of its name
    assert told(ONE[:at] + b"\xff" + ONE[at + 1 :]) == snapshot(
        "ambiguous-archive at byte 46: record 1 of the central directory runs past its end"
    )


def test_z26_a_comment() -> None:
    assert told(archive(Part(), comment=b"hello")) == snapshot("""\
ambiguous-archive at byte 120: 5 bytes of archive comment follow the end record: some
  readers look for another end record in them, others skip them\
""")


def test_z29_several_disks() -> None:
    assert told(archive(Part(), end={"disk": 1})) == snapshot("""\
ambiguous-archive at byte 102: the end record says disk 1, directory on disk 0, 1
  members on this disk and 1 in all: some readers obey, others take the file for the
  whole\
""")
    assert told(archive(Part(), end={"start": 1})) == snapshot("""\
ambiguous-archive at byte 102: the end record says disk 0, directory on disk 1, 1
  members on this disk and 1 in all: some readers obey, others take the file for the
  whole\
""")
    assert told(archive(Part(), end64={"disk": 1})) == snapshot("""\
ambiguous-archive at byte 114: the ZIP64 end record says disk 1, directory on disk 0, 1
  members on this disk and 1 in all\
""")
    assert told(archive(Part(central={"disk": 1}))) == snapshot(
        "ambiguous-archive at byte 80 of 'who.py': the member is on disk 1"
    )


def both_a_zip_and_a_tar(magic: bytes) -> bytes:
    """A member whose local header begins the name of a tar member, and whose content the rest."""
    body = b"\0" * (148 - 41) + b" " * 8 + b"0" * 101 + magic + b"\0" * (512 - 257 - len(magic))
    # One stored block of a deflate stream: 36 bytes of header, 5 of block, then the content.
    block = struct.pack("<B2H", 1, len(body), 0xFFFF - len(body))
    part = streamed(Part(method=DEFLATED, content=body, data=block + body))
    checksum = b"%06o\0 " % sum(part.in_file()[:512])
    body = body[: 148 - 41] + checksum + body[148 - 41 + 8 :]
    return archive(streamed(Part(method=DEFLATED, content=body, data=block + body)))


@pytest.mark.parametrize("magic", [b"ustar\00000", b""])
def test_z30_a_tar_archive_whose_first_name_is_an_archive(magic: bytes) -> None:
    content = both_a_zip_and_a_tar(magic)
    with tarfile.open(fileobj=io.BytesIO(content), ignore_zeros=True) as tar:
        assert tar.getnames()[0].startswith("PK")
    assert told(content) == snapshot(
        "ambiguous-archive at byte 0: a ZIP archive and a tar archive at once"
    )


def test_z30_what_is_too_short_or_sums_up_otherwise_is_no_tar_archive() -> None:
    magic = b"." * (257 - 36) + b"ustar"
    assert told(archive(Part(content=magic))) == ""
    assert "a tar archive at once" in said(archive(Part(content=magic.ljust(500))))
    digits = b"." * (148 - 36) + b"012345\0 "
    assert told(archive(Part(content=digits.ljust(500)))) == ""


def test_z30_a_tar_archive() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("a"))
    assert told(buffer.getvalue()) == snapshot(
        "ambiguous-archive at byte 0: not a ZIP archive: it has no end record"
    )
