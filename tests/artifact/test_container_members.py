"""Members and their two headers: Z01 to Z05, Z22, Z23, Z25 and Z26, built from bytes."""

from __future__ import annotations

import struct

import pytest
from inline_snapshot import snapshot

from tests.artifact.zips import (
    DEFLATED,
    UTF8,
    Part,
    archive,
    deflated,
    extra,
    said,
    told,
    zip64,
)

WIDE = 0xFFFFFFFF
SIZE = len(Part().content)
TIMES = extra(0x5455, struct.pack("<BL", 1, 1_700_000_000))
ME = Part(name=b"me.py", content=b'WHO = "b"\n')


@pytest.mark.parametrize(
    "part",
    [
        Part(),
        Part(method=DEFLATED),
        Part(content=b""),
        Part(method=DEFLATED, content=b"", data=b"\3\0"),
        Part(method=DEFLATED, flags=0b110),
        Part(name="münchen.py".encode(), flags=UTF8),
        Part(extra=TIMES),
        Part(
            local={"extra": extra(0x5455, struct.pack("<B2L", 3, 1, 1))}, central={"extra": TIMES}
        ),
        Part(extra=extra(0xCAFE, b"")),
        Part(name=b"d/", content=b"", mode=0o40755),
        Part(name=b"d/", content=b"", mode=0),
        Part(name=b"d/", content=b"", central={"external": 0o40755 << 16 | 0x10}),
        Part(name=b"d/", content=b"", central={"external": 0x10}),
        Part(name=b"d/", content=b"", mode=0o40755, method=DEFLATED, data=b"\3\0"),
        # Tools that do not know the size in time leave room for 64 bits, used or not.
        Part(local={"compressed_size": WIDE, "size": WIDE, "extra": zip64(SIZE, SIZE)}),
        Part(local={"extra": zip64(SIZE, SIZE)}),
        Part(central={"compressed_size": WIDE, "size": WIDE, "extra": zip64(SIZE, SIZE)}),
        Part(central={"offset": WIDE, "extra": zip64(0), "needed": 45}),
        Part(local={"extra": zip64(SIZE, SIZE), "needed": 45}, central={"needed": 10}),
    ],
)
def test_what_build_tools_write_is_read(part: Part) -> None:
    assert told(archive(part)) == ""


def test_the_directory_may_have_another_order_than_the_file() -> None:
    first, second = Part(), ME
    swapped = first.in_file() + second.in_file()
    directory = second.in_directory(len(first.in_file())) + first.in_directory(0)
    end = archive(first, second)[-22:]
    assert told(swapped + directory + end) == ""


def test_z01_two_members_of_one_name() -> None:
    assert told(archive(Part(), Part(content=b"other"))) == snapshot("""\
ambiguous-archive at byte 139 of 'who.py': two members are named 'who.py', one at byte 0
  and one at byte 46: readers keep the first, the last, or refuse\
""")


def test_z02_one_member_listed_twice() -> None:
    one = Part()
    directory = one.in_directory(0) * 2
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2, 2, len(directory), len(one.in_file()), 0)
    assert told(one.in_file() + directory + end) == snapshot("""\
ambiguous-archive at byte 98 of 'who.py': two members are named 'who.py', one at byte 0
  and one at byte 0: readers keep the first, the last, or refuse\
""")


def test_z02_one_local_header_under_two_names() -> None:
    one = Part()
    directory = one.in_directory(0) + Part(name=b"me.py").in_directory(0)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2, 2, len(directory), len(one.in_file()), 0)
    assert told(one.in_file() + directory + end) == snapshot("""\
ambiguous-archive at byte 0 of 'me.py': member 'me.py' begins at byte 0, but the member
  before it ends at byte 46
ambiguous-archive at byte 30 of 'me.py': 'me.py' in the directory, 'who.py' in the local
  header\
""")


@pytest.mark.parametrize("place", [0, 1, 2])
def test_z03_a_member_that_is_not_listed(place: int) -> None:
    parts = [Part(), ME]
    parts.insert(place, Part(name=b"hidden.py", is_listed=False))
    sizes = [len(part.in_file()) for part in parts]
    text = said(archive(*parts))
    assert f"ambiguous-archive at byte {sum(sizes[:place])}" in text
    assert f"{sizes[place]} bytes be" in text  # before, or between


def test_z03_how_it_is_told() -> None:
    hidden = Part(name=b"hidden.py", is_listed=False)
    assert told(archive(Part(), hidden, ME)) == snapshot("""\
ambiguous-archive at byte 46 of 'me.py': 49 bytes between byte 46 and member 'me.py'
  belong to no member of the directory: readers that go from header to header see them\
""")
    assert told(archive(Part(), hidden)) == snapshot("""\
ambiguous-archive at byte 46: 49 bytes between byte 46 and the central directory belong
  to no member of the directory: readers that go from header to header see them\
""")


def test_z04_a_member_that_is_not_there() -> None:
    gone = Part(name=b"gone.py", central={"offset": 9_999})
    assert told(archive(Part(), gone)) == snapshot("""\
ambiguous-archive at byte 46 of 'gone.py': 9953 bytes between byte 46 and member
  'gone.py' belong to no member of the directory: readers that go from header to header
  see them
ambiguous-archive at byte 9999 of 'gone.py': the directory says that the member is at
  byte 9999, where no local header is\
""")


def test_z04_a_member_inside_of_another() -> None:
    inner = Part(name=b"inner.py").in_file()
    outer = Part(content=inner)
    at = len(outer.in_file()) - len(inner)
    directory = outer.in_directory(0) + Part(name=b"inner.py").in_directory(at)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2, 2, len(directory), len(outer.in_file()), 0)
    assert told(outer.in_file() + directory + end) == snapshot("""\
ambiguous-archive at byte 36 of 'inner.py': member 'inner.py' begins at byte 36, but the
  member before it ends at byte 84\
""")


def test_z05_two_names_for_one_member() -> None:
    assert told(archive(Part(local={"name": b"you.py"}))) == snapshot("""\
ambiguous-archive at byte 30 of 'who.py': 'who.py' in the directory, 'you.py' in the
  local header\
""")


@pytest.mark.parametrize("where", ["local", "central"])
@pytest.mark.parametrize(
    "field", ["flags", "method", "time", "date", "crc", "compressed_size", "size", "needed"]
)
def test_whatever_is_said_twice_is_said_alike(where: str, field: str) -> None:
    lie = {"flags": 2, "method": 8, "needed": 10}.get(field, 7)
    part = Part(local={field: lie}) if where == "local" else Part(central={field: lie})
    assert told(archive(part)).startswith("ambiguous-archive at byte ")


def test_only_a_wide_field_raises_the_version_of_one_header() -> None:
    wide = {"extra": zip64(SIZE, SIZE)}
    assert "version needed" in said(archive(Part(local={**wide, "needed": 46})))
    assert "version needed" in said(archive(Part(local={**wide, "needed": 10})))
    assert "version needed" in said(archive(Part(local={"needed": 45})))


def test_how_a_contradiction_is_told() -> None:
    assert told(archive(Part(local={"crc": 7, "time": 0}))) == snapshot("""\
ambiguous-archive at byte 10 of 'who.py': modification time: 0 in the local header,
  24576 in the central directory\
""")
    assert told(archive(Part(local={"crc": 7}))) == snapshot("""\
ambiguous-archive at byte 14 of 'who.py': CRC: 7 in the local header, 2674192238 in the
  central directory\
""")
    assert "compressed size: 7 in the local header, 10 in" in said(
        archive(Part(local={"compressed_size": 7}))
    )
    assert told(archive(Part(method=DEFLATED, local={"size": 7}))) == snapshot("""\
ambiguous-archive at byte 22 of 'who.py': size: 7 in the local header, 10 in the central
  directory\
""")


@pytest.mark.parametrize("bit", [0, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15])
def test_z22_flags_that_only_some_readers_obey(bit: int) -> None:
    flag = {"flags": 1 << bit}
    both = said(archive(Part(flags=1 << bit)))
    assert both == said(archive(Part(central=flag)))
    assert f"flag bit {bit} is set" in both
    assert "flags: " in said(archive(Part(local=flag)))


def test_z22_a_version_that_only_some_readers_know() -> None:
    assert told(archive(Part(local={"needed": 64}, central={"needed": 64}))) == snapshot("""\
ambiguous-archive at byte 52 of 'who.py': version 6.4 of the format is needed: some
  readers refuse it\
""")


@pytest.mark.parametrize("method", [1, 6, 9, 12, 14, 93, 95, 99])
def test_z23_methods_that_only_some_readers_know(method: int) -> None:
    text = said(archive(Part(method=method)))
    assert f"compressed by method {method}" in text


def test_z25_folders_with_content() -> None:
    folder = Part(name=b"d/", mode=0o40755)
    assert told(archive(folder)) == snapshot("""\
ambiguous-archive at byte 58 of 'd/': a folder by its name, but with 10 bytes of content
  and CRC 0x9f64ef6e: some readers write a file, others drop it\
""")
    hiding = deflated(b"hidden")
    empty = Part(name=b"d/", content=b"", mode=0o40755, method=DEFLATED, data=hiding)
    assert told(archive(empty)) == snapshot("""\
ambiguous-archive at byte 32 of 'd/': a folder with 8 bytes of deflated data that are
  not the empty stream: some readers write a file, others drop them, others look for
  more\
""")
    # A reader that goes through the file would take what follows for a deflate stream.
    nothing = Part(name=b"d/", content=b"", mode=0o40755, method=DEFLATED, data=b"")
    assert "with 0 bytes of deflated data" in said(archive(nothing, ME))
    with_crc = Part(name=b"d/", content=b"", mode=0o40755, local={"crc": 1}, central={"crc": 1})
    assert "with 0 bytes of content and CRC 0x00000001" in said(archive(with_crc))
    sized = {"size": 1, "compressed_size": 1, "crc": 0}
    with_size = Part(name=b"d/", content=b"\0", mode=0o40755, local=sized, central=sized)
    assert "with 1 bytes of content and CRC 0x00000000" in said(archive(with_size))


@pytest.mark.parametrize(
    ("name", "external", "contradiction"),
    [
        (b"d/", 0o100644 << 16, "a folder by its name, but a file by its mode"),
        (b"d", 0o40755 << 16, "a file by its name, but a folder by its mode"),
        (b"d", 0x10, "a file by its name, but a folder by its MS-DOS attributes"),
        (b"d", 0x08, "a file by its name, but a volume label by its MS-DOS attributes"),
        (b"d", 0x40, "a file by its name, but a device by its MS-DOS attributes"),
        (b"d/", 0x400, "a folder by its name, but a reparse point by its MS-DOS attributes"),
    ],
)
def test_z25_files_that_are_folders(name: bytes, external: int, contradiction: str) -> None:
    part = Part(name=name, content=b"", central={"external": external})
    assert contradiction in said(archive(part))


def test_z26_a_comment_of_a_member() -> None:
    assert told(archive(Part(comment=b"!"))) == snapshot("""\
ambiguous-archive at byte 98 of 'who.py': 1 bytes of comment in the central directory,
  which a reader that does not skip them takes for the next record\
""")


def test_a_later_member_is_not_hidden_by_an_honest_one() -> None:
    assert "two members" in said(archive(ME, Part(), Part(content=b"other")))
    lies = Part(local={"crc": 1}), Part(name=b"x", local={"crc": 2})
    assert told(archive(ME, *lies)) == snapshot("""\
ambiguous-archive at byte 59 of 'who.py': CRC: 1 in the local header, 2674192238 in the
  central directory
ambiguous-archive at byte 105 of 'x': CRC: 2 in the local header, 2674192238 in the
  central directory\
""")
