"""Whatever the bytes: a document with its defects, and what real readers would see is in it."""

from __future__ import annotations

import base64
import csv
import email.parser
import hashlib
import importlib.metadata
import io
from collections.abc import Iterator
from pathlib import Path

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from guard.artifact import entry_points, headers, metadata, record, startup
from guard.artifact.container import from_bytes
from guard.artifact.content import Content, HookKind
from guard.artifact.wheel import read
from tests.artifact.archives import FILENAME, INFO, MemoryArchive, members
from tests.artifact.fuzz_wheel import fuzz
from tests.wheels import a_wheel

WHEEL = a_wheel("frob", "1.0", files={"frob.py": "", "a.pth": "frob\n"}).content

NAMES = ["Name", "Version", "Requires-Dist", "Metadata-Version", "Tag", "Root-Is-Purelib", "name"]
VALUES = ["frob", "1.0", "2.1", "a>=1", "a @ b", "py3-none-any", "true", "=?utf-8?q?x?=", "", "\t"]
ENDS = ["\n", "\r\n", "\r", "\n ", "\n\t", "\n\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", ""]
header_like = st.lists(
    st.one_of(
        st.sampled_from(NAMES),
        st.sampled_from(VALUES),
        st.sampled_from(ENDS),
        st.sampled_from([": ", ":", " :", "=", " = ", "[", "]", "#", ";", "\ufeff", "\0", "-"]),
        st.text(max_size=3),
    ),
    max_size=30,
).map(lambda parts: "".join(parts).encode("utf-8", "surrogatepass"))
any_text = st.one_of(header_like, st.binary(max_size=200))


@given(st.binary(max_size=400))
@settings(max_examples=100)
def test_any_bytes_are_a_content(content: bytes) -> None:
    found = read(from_bytes(content), FILENAME)
    assert found.defects
    assert msgspec.json.decode(msgspec.json.encode(found), type=Content) == found


@given(st.data())
@settings(max_examples=150)
def test_a_damaged_wheel_is_a_content(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(WHEEL)))
    end = start + data.draw(st.integers(0, 40))
    content = WHEEL[:start] + data.draw(st.binary(max_size=40)) + WHEEL[end:]
    found = read(from_bytes(content), data.draw(st.sampled_from([FILENAME, "x", "a-1-b-c-d.whl"])))
    assert msgspec.json.decode(msgspec.json.encode(found), type=Content) == found


names = st.one_of(
    st.sampled_from(["a.pth", "b.start", f"{INFO}/METADATA", f"{INFO}/RECORD", f"{INFO}/WHEEL"]),
    st.sampled_from(["frob-1.0.data/data/x.pth", "frob-1.0.data/purelib/frob.py", "x.pyc", "frob"]),
    st.sampled_from([f"{INFO}/entry_points.txt", "a/../b", "/", "//", "x.data/y", ".dist-info/z"]),
    st.text(max_size=8).filter(bool),
)


@given(st.dictionaries(names, any_text, max_size=6), st.sampled_from([FILENAME, "", "x.whl"]))
@settings(max_examples=200)
def test_any_members_are_a_content(parts: dict[str, bytes], filename: str) -> None:
    found = read(MemoryArchive(members(parts)), filename)
    assert found.entries == len(members(parts))
    assert msgspec.json.decode(msgspec.json.encode(found), type=Content) == found


@given(st.integers(0, 1 << 32))
@settings(max_examples=20)
def test_any_change_to_a_good_wheel_is_read_in_time(seed: int) -> None:
    assert sum(fuzz(10, seed).values()) >= 10


@given(any_text)
@example(b"Name: frob\r\rRequires-Dist: evil")
@example(b"Name: frob\nnonsense\nRequires-Dist: evil")
@example(b" \nName: frob")
def test_headers_without_a_problem_are_those_that_python_reads(content: bytes) -> None:
    found = headers.parse(content)
    if found.problems:
        return
    message = email.parser.BytesParser().parsebytes(content)
    assert not message.defects
    theirs = [(name, str(value)) for name, value in message._headers]  # type: ignore[attr-defined]
    assert [name for name, _ in theirs] == [header.name for header in found.headers]
    for (_, value), header in zip(theirs, found.headers, strict=True):
        if header.plain and header.value.isascii():
            assert value.strip(" \t") == header.value


@given(any_text, any_text)
def test_any_bytes_are_metadata_or_not(one: bytes, other: bytes) -> None:
    filename = metadata.read_filename(FILENAME)
    assert isinstance(filename, metadata.Filename)
    found, problems = metadata.read_metadata(one, filename)
    if not problems:
        assert (found.name, found.version) == ("frob", "1.0")
    pure, problems = metadata.read_wheel(other, filename)
    assert problems or pure in {True, False}


@given(st.text(max_size=60))
@example("a-1-2-py3-none-any.whl")
def test_any_text_is_a_filename_or_not(text: str) -> None:
    for name in (text, f"{text}.whl", f"frob-{text}-py3-none-any.whl"):
        assert isinstance(metadata.read_filename(name), metadata.Filename | str)


paths = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="\\:"), min_size=1)
segments = st.lists(
    paths.filter(lambda part: "/" not in part and part not in {".", ".."}), min_size=1
)


@given(st.dictionaries(segments.map("/".join), st.binary(max_size=20)))
def test_a_record_that_the_standard_library_wrote_is_read(files: dict[str, bytes]) -> None:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    for path, body in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode().rstrip("=")
        writer.writerow([path, f"sha256={digest}", len(body)])
    writer.writerow([f"{INFO}/RECORD", "", ""])
    found = record.parse(stream.getvalue().encode())
    assert found.problems == ()
    for path, body in files.items():
        assert found.rows[path] == record.Row("sha256", hashlib.sha256(body).digest(), len(body))


@given(any_text)
@example(b"a,sha256=b,1\n\xff")
@example(b'"a\nb",,\n')
@example(b"a" * 200_000 + b'",,')
def test_any_bytes_are_a_record_or_not(content: bytes) -> None:
    found = record.parse(content)
    if not found.problems:
        rows = list(csv.reader(content.decode().splitlines()))
        assert [row[0] for row in rows] == list(found.rows)


def executed(content: bytes) -> Iterator[str]:
    """The lines that some Python would execute, as `site.addpackage` finds them."""
    for encoding in ("utf-8", "latin-1", "cp1252"):  # until 3.11: the locale's
        text = content.decode(encoding, "surrogateescape")
        yield from io.StringIO(text, newline=None)
    try:
        yield from content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        yield from content.decode("latin-1").splitlines()


pth = st.lists(
    st.one_of(
        st.sampled_from(["import os", "import\tos", "import", " ", "#", "frob", "..", "\ufeff"]),
        st.sampled_from(ENDS),
    ),
    max_size=12,
).map(lambda parts: "".join(parts).encode())


@given(st.one_of(pth, st.binary(max_size=60)))
@example(b"\xef\xbb\xbfimport os")
@example(b"\xff\x0bimport os")
@example(b"#\x85import os")
def test_what_any_python_executes_is_found(content: bytes) -> None:
    found = [line.kind for line in startup.lines("a.pth", content, {})]
    if any(line.startswith(("import ", "import\t")) for line in executed(content)):
        assert HookKind.LINE in found


class Installed(importlib.metadata.Distribution):
    """A distribution of which nothing but entry_points.txt is known."""

    def __init__(self, text: str) -> None:
        self.text = text

    def read_text(self, filename: str) -> str | None:
        return self.text if filename == "entry_points.txt" else None

    def locate_file(self, path: object) -> Path:
        raise FileNotFoundError(path)


WORDS = ["[console_scripts]", "[gui_scripts]", "[x]", "[", "]", "pip", "=", "a:b", " ", "#", ";"]
BREAKS = ["\n", "\n", "\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\u2028", ":", "/"]
points = st.lists(st.sampled_from([*WORDS, *BREAKS]), max_size=25).map("".join)


@given(points)
@example("[x]\n[console_scripts] \npip=a:b")
@example("[[console_scripts]]\npip=a:b")
@example("[x]\x0c[console_scripts]\x0cpip=a:b")
def test_every_command_that_pip_would_write_is_found(text: str) -> None:
    found = entry_points.parse(text.encode())
    if found.problems:
        return
    theirs = Installed(text).entry_points
    for group in ("console_scripts", "gui_scripts"):
        names = {entry.name for entry in theirs.select(group=group)}
        assert names == {name for source, name in found.commands if source.value == group}
