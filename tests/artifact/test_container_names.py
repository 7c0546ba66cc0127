"""Names and extra fields: Z12, Z18 to Z21 and Z27, each built from bytes."""

from __future__ import annotations

import struct

import pytest
from inline_snapshot import snapshot

from tests.artifact.zips import UTF8, Part, archive, extra, said, told, unicode_path, zip64

WIDE = 0xFFFFFFFF
SIZE = len(Part().content)
TIMES = extra(0x5455, struct.pack("<BL", 1, 1_700_000_000))


def test_z12_a_size_that_is_nowhere() -> None:
    assert told(archive(Part(central={"size": WIDE}, local={"size": WIDE}))) == snapshot("""\
ambiguous-archive at byte 98 of 'who.py': 1 numbers are left to the ZIP64 field, which
  is not there: some readers take 0xffffffff for a number, others take other bytes for
  it\
""")
    assert told(archive(Part(local={"size": WIDE}))) == snapshot("""\
ambiguous-archive at byte 18 of 'who.py': the local header leaves a size to a ZIP64
  field that it does not have: readers take 0xffffffff for the size, or refuse\
""")


@pytest.mark.parametrize(
    ("sizes", "field"),
    [
        ({"size": WIDE}, zip64()),
        ({"size": WIDE}, zip64(SIZE, SIZE)),
        ({"size": WIDE}, extra(1, b"\0" * 7)),
        ({"size": WIDE, "compressed_size": WIDE}, zip64(SIZE)),
        ({"size": WIDE, "compressed_size": WIDE}, zip64(SIZE, SIZE, 0)),
        ({}, zip64(SIZE, SIZE)),
        ({}, zip64()),
    ],
)
def test_z12_a_wide_field_of_another_length(sizes: dict[str, int], field: bytes) -> None:
    assert "left to the ZIP64 field" in said(archive(Part(central={**sizes, "extra": field})))


def test_z12_how_it_is_told() -> None:
    wide = {"size": WIDE, "extra": zip64(SIZE, SIZE)}
    assert told(archive(Part(central=wide))) == snapshot("""\
ambiguous-archive at byte 98 of 'who.py': 1 numbers are left to the ZIP64 field, which
  has 16 bytes: some readers take 0xffffffff for a number, others take other bytes for
  it\
""")


def test_z12_wide_fields_in_the_local_header() -> None:
    both = {"size": WIDE, "compressed_size": WIDE}
    assert told(archive(Part(local={**both, "extra": zip64(SIZE)}))) == snapshot("""\
ambiguous-archive at byte 36 of 'who.py': the ZIP64 field of the local header has 8
  bytes instead of 16: readers take different bytes for the sizes\
""")
    assert told(archive(Part(local={**both, "extra": zip64(SIZE, 9)}))) == snapshot("""\
ambiguous-archive at byte 18 of 'who.py': compressed size: 9 in the local header, 10 in
  the central directory\
""")
    assert told(archive(Part(local={"size": WIDE, "extra": zip64(9, 9)}))) == snapshot("""\
ambiguous-archive at byte 18 of 'who.py': compressed size: 10 in the local header, 9 in
  its ZIP64 field\
""")
    assert told(archive(Part(local={"extra": zip64(SIZE, SIZE) * 2}))) == snapshot("""\
ambiguous-archive at byte 56 of 'who.py': two extra fields 0x0001: some readers take the
  first, others the last\
""")


def test_z18_a_second_name_in_unicode() -> None:
    part = Part(name=b"orig.py", extra=unicode_path(b"alt.py", of=b"orig.py"))
    assert told(archive(part)) == snapshot("""\
ambiguous-archive at byte 115 of 'orig.py': extra field 0x7075 (Info-ZIP Unicode path):
  some readers obey it, others skip it, so this is 'alt.py' or 'orig.py'\
""")


@pytest.mark.parametrize("where", ["local", "central"])
@pytest.mark.parametrize(
    "names", [(b"a.py", b"b.py"), (b"who.py", b"\xff.py", b"who.py"), (b"who.py",)]
)
def test_z19_more_names_in_unicode(where: str, names: tuple[bytes, ...]) -> None:
    block = {"extra": b"".join(unicode_path(name, of=b"who.py") for name in names)}
    part = Part(local=block) if where == "local" else Part(central=block)
    assert "extra field 0x7075 (Info-ZIP Unicode path)" in said(archive(part))


def test_an_extra_field_that_only_some_readers_know() -> None:
    assert told(archive(Part(extra=extra(0x756E, b"link")))) == snapshot("""\
ambiguous-archive at byte 106 of 'who.py': extra field 0x756e (ASi Unix, which can hold
  a link target): some readers obey it, others skip it\
""")
    assert told(archive(Part(extra=extra(0x4242, b"")))) == snapshot("""\
ambiguous-archive at byte 102 of 'who.py': extra field 0x4242 (of no known meaning):
  some readers obey it, others skip it\
""")
    assert told(archive(Part(extra=TIMES + TIMES))) == snapshot("""\
ambiguous-archive at byte 125 of 'who.py': two extra fields 0x5455: some readers take
  the first, others the last\
""")


def test_z27_extra_fields_that_are_not_whole() -> None:
    assert told(archive(Part(extra=b"\0\0\0"))) == snapshot("""\
ambiguous-archive at byte 101 of 'who.py': the extra fields end in 3 bytes that are no
  whole record\
""")
    assert told(archive(Part(extra=TIMES[:-1]))) == snapshot("""\
ambiguous-archive at byte 106 of 'who.py': extra field 0x5455 is said to have 5 bytes, 1
  more than there are\
""")


def test_z20_nul_in_a_name() -> None:
    assert told(archive(Part(name=b"a\0b.py"))) == snapshot("""\
ambiguous-archive at byte 93 of 'a\\x00b.py': a NUL in the name: 'a\\x00b.py' to some
  readers, 'a' to others\
""")


def test_z21_names_that_are_no_text() -> None:
    assert told(archive(Part(name=b""))) == snapshot(
        "ambiguous-archive at byte 86: a member has no name"
    )
    assert told(archive(Part(name=b"caf\xe9.py", flags=UTF8))) == snapshot("""\
ambiguous-archive at byte 93: the name is not the UTF-8 that it says it is: 'caf�.py',
  or 'cafΘ.py'\
""")
    assert told(archive(Part(name=b"..\xc0\xafx.py", flags=UTF8))) == snapshot("""\
ambiguous-archive at byte 94: the name is not the UTF-8 that it says it is: '..��x.py',
  or '..└»x.py'\
""")
    assert told(archive(Part(name="café.py".encode()))) == snapshot("""\
ambiguous-archive at byte 94: the name is not ASCII and does not say that it is UTF-8:
  'café.py', or 'caf├⌐.py'\
""")


@pytest.mark.parametrize("name", [b"a\x01.py", b"a\x7f.py", b"a\r\nb.py", b"a.", b"a ", b"../a"])
def test_z21_names_that_no_file_should_have(name: bytes) -> None:
    assert told(archive(Part(name=name))).startswith("unsafe-path at byte 0")
