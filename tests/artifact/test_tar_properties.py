"""Whatever the bytes: a content, named errors, and one reading where there is no defect."""

from __future__ import annotations

import gzip
import io
import random
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.artifact.defect import DefectKind
from tests.artifact.fuzz_tar import by_the_standard_library, fuzz, judged, mutated, plainly, seeds
from tests.artifact.tar_attacks import CASES, Case
from tests.artifact.tars import (
    PKG_INFO,
    Part,
    content_of,
    folder,
    gzipped,
    pax,
    record,
    sdist,
    sdist_tar,
)

KINDS = {
    DefectKind.AMBIGUOUS_ARCHIVE,
    DefectKind.OVERSIZED_ARCHIVE,
    DefectKind.UNSAFE_PATH,
    DefectKind.METADATA_MISMATCH,
}
names = st.from_regex(r"[a-zé]{1,60}(/[a-z0-9_é]{1,60}){0,3}\.(py|txt)", fullmatch=True)
contents = st.dictionaries(names, st.binary(max_size=1100), max_size=5)


@given(st.binary(max_size=300), st.booleans(), st.booleans())
def test_any_bytes_make_a_content(content: bytes, is_gzip: bool, is_padded: bool) -> None:
    if is_padded:
        content = content.ljust(1024, b"\0")
    found = content_of(gzipped(content) if is_gzip else content)
    assert found.defects
    assert {defect.kind for defect in found.defects} <= KINDS


@given(st.binary(max_size=300))
def test_any_pax_header_is_refused_or_has_one_reading(payload: bytes) -> None:
    assert judged(sdist(pax(payload), Part())) in {"ambiguous or oversized", "sound"}


@given(st.sampled_from(["path", "size", "uid", "mtime", "uname"]), st.binary(max_size=40))
def test_any_value_of_a_record_is_refused_or_has_one_reading(key: str, value: bytes) -> None:
    part = Part(name=value[:100] or b"a", content=b"" if key == "size" else b"a")
    content = sdist(pax(record(key.encode(), value)), part)
    assert judged(content) in {"ambiguous or oversized", "unsafe", "sound"}


@given(st.sampled_from(seeds()), st.integers(0), st.data())
def test_a_changed_archive_is_refused_or_has_one_reading(
    content: bytes, seed: int, data: st.DataObject
) -> None:
    changed = mutated(content, random.Random(seed))  # noqa: S311 - to be repeated
    cut = data.draw(st.integers(0, len(changed)) | st.just(len(changed)))
    assert judged(changed[:cut]) in {"ambiguous or oversized", "unsafe", "sound"}


def test_whichever_bit_of_the_gzip_file_changes_the_archive_does_not() -> None:
    plain = sdist_tar(Part())
    content = gzipped(plain)
    times_and_systems = set(range(4, 10))
    for place in range(len(content)):
        for bit in range(8):
            changed = _with_flipped(content, place, bit)
            found = judged(changed)
            assert found == "sound" or place not in times_and_systems
            # There is more than one way to compress the same.
            assert found == "ambiguous or oversized" or gzip.decompress(changed) == plain


def test_every_bit_of_a_header_is_checked() -> None:
    plain = sdist_tar(Part())
    silent = {
        (place - 1536, bit)
        for place in range(1536, 2048)
        for bit in range(8)
        if judged(gzipped(_with_flipped(plain, place, bit), level=0)) != "ambiguous or oversized"
    }
    assert silent == {(154, 5), (155, 5)}  # a NUL or a space, at the end of the checksum


def _with_flipped(content: bytes, place: int, bit: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :]


def test_a_thousand_mutations() -> None:
    found = fuzz(1_000, seed=4)
    assert found["sound"] > 10
    assert found["ambiguous or oversized"] > 500


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_what_is_merely_unsafe_or_misplaced_has_one_reading_too(
    case: Case,
) -> None:
    _, kind, content, _ = case
    found = judged(content)
    is_broken = kind in {DefectKind.AMBIGUOUS_ARCHIVE, DefectKind.OVERSIZED_ARCHIVE}
    assert (found == "ambiguous or oversized") is is_broken


@given(contents, st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]), st.booleans())
@settings(deadline=None)
def test_what_the_standard_library_writes_is_read(
    files: dict[str, bytes], format_: int, has_folders: bool
) -> None:
    buffer = io.BytesIO()
    files = {f"frob-1.0/{name}": body for name, body in files.items()}
    files["frob-1.0/PKG-INFO"] = PKG_INFO
    folders = {name.rpartition("/")[0] for name in files} if has_folders else set()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=format_) as stream:
        for name in sorted(folders):
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE
            stream.addfile(info)
        for name, body in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            stream.addfile(info, io.BytesIO(body))
    content = buffer.getvalue()
    found = content_of(content)
    assert {defect.kind for defect in found.defects} <= {DefectKind.UNSAFE_PATH}  # clashes
    expected = files | {name + "/": None for name in folders}
    assert by_the_standard_library(content) == expected
    assert dict(plainly(gzip.decompress(content))) == expected
    assert judged(content) == ("unsafe" if found.defects else "sound")
    assert (found.entries, found.size) == (len(expected), sum(map(len, files.values())))


@given(st.lists(st.sampled_from([Part(), folder(), pax(), Part(type=b"2")]), max_size=6))
def test_members_in_any_order(parts: list[Part]) -> None:
    assert judged(gzipped(b"".join(p.in_file() for p in parts))) == "ambiguous or oversized"
