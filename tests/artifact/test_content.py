"""Facts are kept as JSON, by the sha256 of the file: nothing of them may be lost."""

from __future__ import annotations

import os
import pickle

import msgspec
import pytest

from guard.artifact.content import Content, kept, where
from guard.artifact.defect import Defect, DefectKind
from guard.artifact.source import Scanner
from tests.artifact.archives import DATA, INFO, METADATA, content_of

RECORD, PATH = DefectKind.RECORD_MISMATCH, DefectKind.UNSAFE_PATH


def defects(kind: DefectKind, count: int) -> list[Defect]:
    return [Defect(kind=kind, message=str(number)) for number in range(count)]


def test_all_facts_survive_being_written_and_read() -> None:
    content = content_of(
        {
            f"{INFO}/METADATA": f"{METADATA}Requires-Dist: a @ https://example.com/a.zip\n",
            f"{INFO}/entry_points.txt": "[console_scripts]\nfrob = frob:x\n",
            f"{DATA}/scripts/pip": b"\x7fELF",
            "evil.pth": "import evil\n",
            "frob/a.pyc": b"",
            f"{DATA}/unknown/x": "",
            "frob/a.pkl": pickle.dumps(os.getpid),
            "frob/b.py": "import base64\nexec(base64.b64decode('cGFzcw=='))\n",
        },
        scanner=Scanner(),
    )
    assert None not in {content.name, content.version, content.metadata_sha256}
    assert "" not in {str(getattr(content, name) or "") for name in content.__slots__}
    written = msgspec.json.encode(content)
    assert msgspec.json.decode(written, type=Content) == content


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (1, 1), (20, 20), (21, 21), (100_000, 21)])
def test_no_more_defects_are_kept_than_anybody_reads(count: int, shown: int) -> None:
    found = kept(defects(RECORD, count))
    assert len(found) == shown
    assert [d.message for d in found if d.message.startswith("and")] == (
        [f"and {count - 20} more"] if count > 20 else []
    )


def test_defects_of_one_kind_hide_none_of_another() -> None:
    found = kept([*defects(RECORD, 50), *defects(PATH, 2), *defects(RECORD, 50)])
    content = Content(filename="x", defects=found)
    assert len(content.of(RECORD)) == 21
    assert [d.message for d in content.of(PATH)] == ["0", "1"]
    assert content.of(RECORD)[-1].message == "and 80 more"
    assert content.of(DefectKind.STARTUP_HOOK) == ()


@pytest.mark.parametrize(
    ("member", "offset", "line"),
    [
        ("a/b", 7, ("where: 'a/b' at byte 7",)),
        ("a/b", 0, ("where: 'a/b' at byte 0",)),
        ("a/b", None, ("where: 'a/b'",)),
        (None, 7, ("where: the archive at byte 7",)),
        (None, None, ()),
        ("a\nb\u202e", None, ("where: 'a\\nb\\u202e'",)),
    ],
)
def test_a_place_is_said_in_words(
    member: str | None, offset: int | None, line: tuple[str, ...]
) -> None:
    assert where(member, offset) == line
