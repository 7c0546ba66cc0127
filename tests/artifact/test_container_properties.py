"""Whatever the bytes: a container, named errors, and one reading where there is no defect."""

from __future__ import annotations

import io
import random
import zipfile

from hypothesis import given, settings
from hypothesis import strategies as st

from guard.artifact.container import Limits, from_bytes
from guard.artifact.defect import DefectKind
from tests.artifact.fuzz_container import backwards, forwards, fuzz, judged, mutated, seeds
from tests.artifact.zips import Part, archive, said

KINDS = {
    DefectKind.AMBIGUOUS_ARCHIVE,
    DefectKind.OVERSIZED_ARCHIVE,
    DefectKind.UNSAFE_PATH,
}
contents = st.dictionaries(
    st.from_regex(r"[a-z]{1,8}(/[a-z0-9_]{1,8}){0,3}\.(py|txt)", fullmatch=True),
    st.binary(max_size=300),
    max_size=5,
)


@given(st.binary(max_size=300))
def test_any_bytes_make_a_container(content: bytes) -> None:
    container = from_bytes(content)
    assert container.defects
    assert {defect.kind for defect in container.defects} <= KINDS


@given(st.sampled_from(seeds()), st.integers(0), st.data())
def test_a_changed_archive_is_refused_or_has_one_reading(
    content: bytes, seed: int, data: st.DataObject
) -> None:
    changed = mutated(content, random.Random(seed))  # noqa: S311 - to be repeated
    cut = data.draw(st.integers(0, len(changed)) | st.just(len(changed)))
    assert judged(changed[:cut]) in {"ambiguous or oversized", "unsafe", "sound"}


def test_every_bit_of_an_archive_is_checked_or_says_nothing() -> None:
    part = Part(method=8)
    content = archive(part)
    directory = len(part.in_file())
    padding = directory - 1  # the bits behind the end of the deflate stream
    made_by, attributes = directory + 4, directory + 36  # internal, then external: the mode
    silent = {
        place
        for place in range(len(content))
        for bit in range(8)
        if judged(_with_flipped(content, place, bit)) != "ambiguous or oversized"
    }
    assert silent == {padding, made_by, made_by + 1, *range(attributes, attributes + 6)}


def _with_flipped(content: bytes, place: int, bit: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :]


def test_a_thousand_mutations() -> None:
    found = fuzz(1_000, seed=4)
    assert found["sound"] > 10
    assert found["ambiguous or oversized"] > 500


@given(
    contents,
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    st.booleans(),
    st.booleans(),
)
def test_what_the_standard_library_writes_is_read(
    files: dict[str, bytes], method: int, has_folders: bool, is_wide: bool
) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as stream:
        if has_folders:
            for folder in {name.rpartition("/")[0] for name in files if "/" in name}:
                stream.mkdir(folder)
        for name, body in files.items():
            with stream.open(name, "w", force_zip64=is_wide) as member:
                member.write(body)
    reading(buffer.getvalue(), files)


def reading(content: bytes, files: dict[str, bytes]) -> None:
    """Check that all three readers read `files`, unless their names clash."""
    complaints = said(content)
    if complaints:
        assert {line.split()[0] for line in complaints.splitlines()} == {"unsafe-path"}
    container = from_bytes(content)
    ours = {member.name: container.read(member, limit=300) for member in container.members}
    assert ours == backwards(content) == dict(forwards(content))
    assert {name: body for name, body in ours.items() if not name.endswith("/")} == files


class Unseekable(io.BytesIO):
    """A pipe, as far as a writer can tell."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: object) -> int:
        raise io.UnsupportedOperation

    def tell(self) -> int:
        raise io.UnsupportedOperation


@given(contents, st.booleans())
def test_what_the_standard_library_writes_into_a_pipe_is_read(
    files: dict[str, bytes], is_wide: bool
) -> None:
    pipe = Unseekable()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as stream:
        for name, body in files.items():
            with stream.open(name, "w", force_zip64=is_wide) as member:
                member.write(body)
    reading(pipe.getvalue(), files)


@given(st.binary(max_size=200), st.sampled_from([0, 8]))
@settings(max_examples=50)
def test_limits_are_kept_to_the_byte(body: bytes, method: int) -> None:
    content = archive(Part(content=body, method=method))
    assert said(content, Limits(member_bytes=len(body))) == ""
    assert "oversized-archive" in said(content, Limits(total_bytes=len(body) - 1))
