"""A wheel as a document, from the bytes of a real one."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Any

import pytest

from guard.artifact.container import from_bytes
from guard.artifact.content import CommandSource, Content
from guard.artifact.defect import Defect, DefectKind
from guard.artifact.wheel import inspect, read
from tests.artifact.archives import FILENAME, INFO, MemoryArchive, complaints, members
from tests.wheels import a_wheel

SHARED = Path(__file__).parents[3] / "shared/data"


def inspected(folder: Path, *arguments: Any, **options: Any) -> Content:
    wheel = a_wheel(*arguments, **options)
    return inspect(wheel.write_to(folder), wheel.filename)


def test_a_wheel_with_every_part(tmp_path: Path) -> None:
    wheel = a_wheel(
        "Frob.Nicate",
        "1.0",
        requires=["dep>=1", "direct @ https://example.com/x.zip"],
        files={"frob/__init__.py": "", "more.py": ""},
        entry_points={"console_scripts": {"frob": "frob:main"}},
        data={"scripts/frob-too": "", "data/share/frob.txt": ""},
        build="3",
        tag="py2.py3-none-any",
    )
    content = inspect(wheel.write_to(tmp_path), wheel.filename)
    assert (content.defects, content.hooks, content.binaries) == ((), (), ())
    assert content.filename == wheel.filename
    assert (content.name, content.version) == ("Frob.Nicate", "1.0")
    assert content.tags == ("py2-none-any", "py3-none-any")
    assert content.metadata_sha256 == hashlib.sha256(wheel.metadata).hexdigest()
    assert content.requires_dist == ("dep>=1", "direct @ https://example.com/x.zip")
    assert content.url_requirements == ("direct @ https://example.com/x.zip",)
    assert content.top_levels == ("frob", "more")
    assert [(c.name, c.source) for c in content.commands] == [
        ("frob", CommandSource.CONSOLE_SCRIPT),
        ("frob-too", CommandSource.SCRIPT),
    ]
    assert content.entries == 8
    assert content.size == sum(member.size for member in from_bytes(wheel.content).members)
    for hook in content.commands:
        assert wheel.content[hook.offset : hook.offset + 4] == b"PK\x03\x04"


def test_one_wheel_under_another_name_is_another_content(tmp_path: Path) -> None:
    wheel = a_wheel("frob", "1.0")
    path = wheel.write_to(tmp_path)
    assert inspect(path, wheel.filename).defects == ()
    assert [rule for rule, _, _ in complaints(inspect(path, "frob-2.0-py3-none-any.whl"))] == [
        "metadata-mismatch",
        "metadata-mismatch",
    ]


def test_an_archive_without_one_reading_has_no_content() -> None:
    defect = Defect(kind=DefectKind.AMBIGUOUS_ARCHIVE, message="two readings")
    archive = MemoryArchive(members({"evil.pth": "import evil\n"}), defects=(defect,))
    assert read(archive, FILENAME) == Content(filename=FILENAME, entries=5, defects=(defect,))


def test_a_bomb_is_not_touched(tmp_path: Path) -> None:
    content = inspected(tmp_path, "frob", "1.0", files={"a": bytes(70 << 20)}, compression=8)
    assert {rule for rule, *_ in complaints(content)} == {"oversized-archive"}
    assert content.size == 0


def test_an_unsafe_path_hides_nothing_else() -> None:
    defect = Defect(kind=DefectKind.UNSAFE_PATH, message="unsafe", member="../x")
    archive = MemoryArchive(members({"evil.pth": "import evil\n"}), defects=(defect,))
    content = read(archive, FILENAME)
    assert content.defects == (defect,)
    assert len(content.hooks) == 1


@pytest.mark.parametrize("name", ["frob.py", f"{INFO}/METADATA", f"{INFO}/RECORD", "evil.pth"])
def test_a_member_that_breaks_off_is_a_defect_and_the_rest_is_read(name: str) -> None:
    parts = members({"evil.pth": "import evil\n", "also.pth": "import evil\n"})
    content = read(MemoryArchive(parts, broken=frozenset({name})), FILENAME)
    assert complaints(content) == [("ambiguous-archive", name, "broken")]
    assert len(content.hooks) == (1 if name == "evil.pth" else 2)


@pytest.mark.parametrize(
    ("file", "limit", "rule"),
    [
        ("RECORD", 64 << 20, "record-mismatch"),
        ("METADATA", 8 << 20, "metadata-mismatch"),
        ("WHEEL", 64 << 10, "metadata-mismatch"),
        ("entry_points.txt", 1 << 20, "metadata-mismatch"),
    ],
)
def test_a_text_beyond_all_measure_is_not_read(file: str, limit: int, rule: str) -> None:
    name = f"{INFO}/{file}"
    parts = members({f"{INFO}/entry_points.txt": "[console_scripts]\nfrob = frob:main\n"})
    at_limit = read(MemoryArchive(parts, claimed={name: limit}), FILENAME)
    assert at_limit.defects == ()
    beyond = read(MemoryArchive(parts, claimed={name: limit + 1}), FILENAME)
    assert complaints(beyond) == [
        (rule, name, f"{limit + 1} bytes are more than the {limit} that such a file may have")
    ]


def test_bytes_that_are_no_wheel_are_a_content_with_a_defect(tmp_path: Path) -> None:
    for number, body in enumerate([b"", b"PK", b"nonsense" * 1000]):
        path = tmp_path / str(number)
        path.write_bytes(body)
        content = inspect(path, FILENAME)
        assert [rule for rule, *_ in complaints(content)] == ["ambiguous-archive"]
        assert (content.entries, content.size, content.name) == (0, 0, None)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        inspect(tmp_path / "absent", FILENAME)


def test_whichever_byte_changes_it_is_noticed() -> None:
    wheel = a_wheel("frob", "1.0", files={"frob.py": "x = 1\n" * 40}, compression=8)
    assert read(from_bytes(wheel.content), wheel.filename).defects == ()
    # Nothing vouches for the four times and dates, the systems and the attributes.
    chosen = random.Random(0).sample(range(len(wheel.content)), 400)  # noqa: S311 - for one order
    unnoticed = [
        position
        for position in chosen
        if not read(from_bytes(_flipped(wheel.content, position)), wheel.filename).defects
    ]
    assert len(unnoticed) < len(chosen) / 10
    assert not [p for p in unnoticed if b"x = 1" in wheel.content[p - 5 : p + 5]]


def _flipped(content: bytes, position: int) -> bytes:
    return content[:position] + bytes([content[position] ^ 0x15]) + content[position + 1 :]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data are not here")
def test_published_wheels_have_no_defects() -> None:
    paths = sorted((SHARED / "attestations").glob("*.whl"))
    assert len(paths) >= 4
    for path in paths:
        content = inspect(path, path.name)
        assert (content.filename, content.defects) == (path.name, ())
        assert (content.hooks, content.binaries) == ((), ())
