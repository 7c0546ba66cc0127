"""A01 to A20 (and A30): each case is refused, for the right rule, and its harmless twin is not."""

from __future__ import annotations

import io
import zipfile

import pytest
from inline_snapshot import snapshot

from guard.artifact.defect import DefectKind
from tests.artifact.tar_attacks import CASES, HIDDEN, LONG, ME, Case
from tests.artifact.tars import (
    GNU,
    Part,
    content_of,
    gzipped,
    long_name,
    pax,
    sdist,
    sdist_tar,
    told,
)

BY_NAME = {name: content for name, _, content, _ in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_the_case_has_a_defect_of_its_kind(case: Case) -> None:
    _, kind, content, filename = case
    found = content_of(content, filename)
    kinds = {defect.kind for defect in found.defects}
    # What lies outside of the one folder is misplaced, too.
    assert kind in kinds
    assert kinds <= {kind, DefectKind.METADATA_MISMATCH}
    if kind in {DefectKind.AMBIGUOUS_ARCHIVE, DefectKind.OVERSIZED_ARCHIVE}:
        assert (found.name, found.metadata_sha256, found.size) == (None, None, 0)
        assert all(defect.offset is not None for defect in found.defects)
    if kind is DefectKind.UNSAFE_PATH:
        assert all(d.member is not None and d.offset is not None for d in found.of(kind))
        assert found.name == "frob"


def test_every_number_has_a_case_and_every_case_a_name() -> None:
    assert len(BY_NAME) == len(CASES)
    numbers = {f"A{number:02}" for number in (*range(1, 21), 30)}
    assert {name.partition(" ")[0] for name in BY_NAME} == numbers


def test_what_they_are_made_of_is_harmless_otherwise() -> None:
    assert told(sdist(ME)) == ""
    assert told(sdist(Part(name=b"frob-1.0/hidden.py", content=HIDDEN))) == ""
    assert told(sdist(pax(size=b"10", path=ME.name, uid=b"0", gname=b"x"), ME)) == ""
    assert told(sdist(long_name(LONG), Part(name=LONG[:100], magic=GNU))) == ""
    assert told(sdist(Part(name=b"frob-1.0/%2e%2e%2fwho.py"))) == ""
    header = b"\x1f\x8b\x08\x08\0\0\0\0\2\xff"
    assert told(gzipped(sdist_tar(ME), header=header + b"a" * 255 + b"\0")) == ""
    assert told(gzipped(sdist_tar(ME) + bytes(20 << 10), level=0)) == ""


def test_the_second_archive_is_one() -> None:
    for name in ("A30 a ZIP archive behind", "A30 a ZIP archive within"):
        with zipfile.ZipFile(io.BytesIO(BY_NAME[name])) as stream:
            assert stream.namelist() == ["frob-1.0/PKG-INFO"]


def test_no_field_of_the_gzip_header_is_taken_for_content() -> None:
    """Readers that skip a field find this archive behind it, and others the end of it."""
    for name in ("an extra field", "a comment", "a CRC of the header", "reserved flag"):
        assert "flags" in told(BY_NAME[f"A17 {name}"])


def test_both_readings_are_told() -> None:
    assert shown(
        "A01 PAX size and none", "A02 PAX before a long name", "A16 a safe path by PAX"
    ) == snapshot("""\
ambiguous-archive at byte 2560 of 'frob-1.0/who.py': 1024 bytes by its PAX record, 0 by
  its header: readers look for the next header in different places
ambiguous-archive at byte 2560: an extended header of type b'x' before one of type b'L':
  readers differ in which of them counts, and for what
ambiguous-archive at byte 2560 of 'frob-1.0/who.py': 'frob-1.0/who.py' by the extended
  header, b'../../../frob-1.0/who.py' by the member's own: readers obey the one or the
  other\
""")
    assert shown(
        "A10 folder with a member in it", "A11 a block of zeros between", "A15 the same"
    ) == snapshot("""\
ambiguous-archive at byte 1536 of 'frob-1.0/': content where there is none: some readers
  take it for the headers that follow
ambiguous-archive at byte 3072: a block of zeros, and then more: some readers stop
  there, others go on
ambiguous-archive at byte 2560 of 'frob-1.0/who.py': two members are named
  'frob-1.0/who.py': readers keep the first or the last\
""")
    assert shown(
        "A17 two members", "A17 wrong size", "A30 a ZIP archive within", "A30 a ZIP archive"
    ) == snapshot("""\
ambiguous-archive at byte 148: something follows the end of the gzip file: some readers
  take it for another part of the content, others pass over it or refuse it
ambiguous-archive at byte 185: CRC 0x09fb44e1 and size 3583 at the end of the gzip file,
  CRC 0x09fb44e1 and size 3584 of what it holds: some readers do not compare them
ambiguous-archive at byte 4267: a gzip file and a ZIP archive at once: it has the end
  record of one, and some readers ask for that first
ambiguous-archive at byte 0: not a gzip file, which a source archive is, but a ZIP
  archive\
""")


def shown(*names: str) -> str:
    return "\n".join(told(BY_NAME[name]) for name in names)
