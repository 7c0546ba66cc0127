"""RECORD as a table: good lines are found among bad ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.artifact.listed import Listed, hashes
from tests.wheels import a_wheel


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", {}),
        (b"a.py,sha256=x,1\nb.py,,\n", {"a.py": "sha256=x", "b.py": ""}),
        (b'"a,b.py",sha256=x,1\r\n', {"a,b.py": "sha256=x"}),
        (b"a.py\n", {"a.py": ""}),
        (b"\xff\n\n,,\na.py,sha256=x,1", {"\ufffd": "", "a.py": "sha256=x"}),
        (b'"' + b"a" * 200_000 + b'",,\na.py,,', {"a.py": ""}),
    ],
)
def test_whatever_the_bytes_what_is_listed_is_found(content: bytes, found: dict[str, str]) -> None:
    assert hashes(content) == found


def test_a_file_of_a_wheel_is_found_by_its_spot(tmp_path: Path) -> None:
    wheel = a_wheel(
        "frob", "1.0", files={"Frob.py": "x = 1\n"}, data={"data/bin/run": "y", "headers/a.h": ""}
    )
    listed = Listed(wheel.write_to(tmp_path))
    assert listed.text("site-packages/frob.py", 100) == b"x = 1\n"
    assert listed.text("site-packages/frob.py", 5) is None
    assert (listed.hash("site-packages/frob.py") or "").startswith("sha256=")
    assert listed.text("bin/run", 100) == b"y"
    for absent in ("site-packages/other.py", "a.h"):
        assert listed.text(absent, 100) is None
        assert listed.hash(absent) is None
    assert listed.hash("site-packages/frob-1.0.dist-info/record") is None


def test_a_wheel_without_record_lists_nothing(tmp_path: Path) -> None:
    listed = Listed(a_wheel("frob", "1.0", record=False).write_to(tmp_path))
    assert listed.hash("site-packages/frob.py") is None


def test_what_is_no_archive_lists_nothing(tmp_path: Path) -> None:
    path = tmp_path / "frob-1.0-py3-none-any.whl"
    path.write_bytes(b"")
    assert Listed(path).hash("site-packages/frob.py") is None
