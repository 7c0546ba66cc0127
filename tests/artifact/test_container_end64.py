"""The end of an archive in 64 bits: Z11, each variant built from bytes."""

from __future__ import annotations

from inline_snapshot import snapshot

from tests.artifact.zips import WIDE_END, Part, archive, told

END = 22


def test_the_end_may_be_said_in_64_bits_too() -> None:
    assert told(archive(Part(), end64={})) == ""
    assert told(archive(Part(), end64={}, end=WIDE_END)) == ""


def test_z11_a_wide_end_without_a_locator() -> None:
    content = archive(Part(), end64={})
    without = content[: -END - 20] + content[-END:]
    assert told(without) == snapshot("""\
ambiguous-archive at byte 154: the central directory is said to end at byte 98, but what
  follows it begins at byte 154\
""")


def test_z11_a_locator_without_a_wide_end() -> None:
    content = archive(Part(), end64={})
    at = content.index(b"PK\6\6")
    assert told(content[:at] + content[at + 56 :]) == snapshot("""\
ambiguous-archive at byte 98: the ZIP64 locator points to byte 98 of disk 0 of 1; the
  record that belongs to it would be at byte 42\
""")
    assert told(content.replace(b"PK\6\6", b"PK\0\0")) == snapshot("""\
ambiguous-archive at byte 98: the ZIP64 locator points to something that is no ZIP64 end
  record: some readers go on without it, others refuse\
""")


def test_z11_a_locator_that_points_elsewhere() -> None:
    assert told(archive(Part(), end64={"locator": 0})) == snapshot("""\
ambiguous-archive at byte 154: the ZIP64 locator points to byte 0 of disk 0 of 1; the
  record that belongs to it would be at byte 98\
""")
    assert told(archive(Part(), end64={"disks": 2})) == snapshot("""\
ambiguous-archive at byte 154: the ZIP64 locator points to byte 98 of disk 0 of 2; the
  record that belongs to it would be at byte 98\
""")


def test_z11_an_end_on_another_disk() -> None:
    content = bytearray(archive(Part(), end64={}))
    content[-END - 20 + 4] = 1
    assert told(bytes(content)) == snapshot("""\
ambiguous-archive at byte 154: the ZIP64 locator points to byte 98 of disk 1 of 1; the
  record that belongs to it would be at byte 98\
""")
    assert told(archive(Part(), end64={"start": 1})) == snapshot("""\
ambiguous-archive at byte 114: the ZIP64 end record says disk 0, directory on disk 1, 1
  members on this disk and 1 in all\
""")


def test_a_locator_that_would_begin_before_the_file() -> None:
    size = int.from_bytes(b"PK\6\7", "little")
    assert told(archive(before=b"." * 10, end={"size": size})) == snapshot(
        "oversized-archive at byte 10: 117853008 bytes of directory, more than 67108864"
    )


def test_z11_two_wide_ends() -> None:
    content = archive(Part(), end64={})
    at = content.index(b"PK\6\6")
    assert told(content[:at] + content[at : at + 56] + content[at:]) == snapshot("""\
ambiguous-archive at byte 210: the ZIP64 locator points to byte 98 of disk 0 of 1; the
  record that belongs to it would be at byte 154\
""")


def test_z11_the_two_ends_contradict_each_other() -> None:
    assert told(archive(Part(), end64={"offset": 9})) == snapshot("""\
ambiguous-archive at byte 98: directory offset: 46 in the end record, 9 in the ZIP64 end
  record\
""")
    assert told(archive(Part(), end64={"size": 9})) == snapshot("""\
ambiguous-archive at byte 98: directory size: 52 in the end record, 9 in the ZIP64 end
  record\
""")
    assert told(archive(Part(), end64={"here": 2, "entries": 2})) == snapshot("""\
ambiguous-archive at byte 98: number of members: 1 in the end record, 2 in the ZIP64 end
  record\
""")
    assert told(archive(Part(), end64={"here": 2}, end=WIDE_END)) == snapshot("""\
ambiguous-archive at byte 114: the ZIP64 end record says disk 0, directory on disk 0, 2
  members on this disk and 1 in all\
""")


def test_z11_extensible_data() -> None:
    extended = {"remaining": 64, "extensible": b"z" * 20}
    assert told(archive(Part(), end64=extended)) == snapshot("""\
ambiguous-archive at byte 174: the ZIP64 locator points to byte 98 of disk 0 of 1; the
  record that belongs to it would be at byte 118\
""")
    assert told(archive(Part(), end64={"remaining": 64})) == snapshot("""\
ambiguous-archive at byte 102: the ZIP64 end record says that 64 bytes of it remain, but
  it has 44: the rest would be read by some readers only\
""")


def test_numbers_that_only_a_wide_end_could_mean() -> None:
    assert told(archive(Part(), end={"here": 0xFFFF, "entries": 0xFFFF})) == snapshot("""\
ambiguous-archive at byte 98: 65535 members are announced, but 52 bytes of directory
  hold 1 at most\
""")
    assert told(archive(Part(), end={"offset": 0xFFFFFFFF})) == snapshot("""\
ambiguous-archive at byte 98: the central directory is said to end at byte 4294967347,
  but what follows it begins at byte 98\
""")
