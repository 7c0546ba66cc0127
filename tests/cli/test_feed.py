"""`guard feed`: advisories are brought on request, and nothing else is ever taken for them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from guard.cli import main
from tests import faults
from tests.advisory.records import a_record, an_export
from tests.builders import a_digest
from tests.fakes import LoopbackIndex
from tests.wheels import Artifact

Captured = pytest.CaptureFixture[str]

OLD = datetime(2024, 5, 6, tzinfo=UTC)
NEW = datetime(2024, 6, 7, tzinfo=UTC)
EXPORT = an_export(a_record("PYSEC-2024-1", ("introduced", "0"), modified=OLD))
NEWER = an_export(
    a_record("PYSEC-2024-1", ("introduced", "0"), modified=NEW),
    a_record("PYSEC-2024-2", ("introduced", "0"), modified=OLD, project="dep"),
)


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUARD_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.chdir(tmp_path)


def a_file(content: bytes, name: str = "all.zip") -> str:
    Path(name).write_bytes(content)
    return name


def serve(index: LoopbackIndex, content: bytes) -> str:
    index.add(Artifact(name="all", version="0", filename="all.zip", content=content, metadata=b""))
    return index.file_url("all.zip")


def status(capsys: Captured) -> dict[str, object]:
    capsys.readouterr()
    main(["feed", "status", "--output-format", "json"])
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    assert found["schema"] == 1
    return found


def source(capsys: Captured) -> object:
    found = status(capsys)["snapshot"]
    assert isinstance(found, dict)
    return found["source"]


def test_where_there_are_none_it_says_so(capsys: Captured) -> None:
    assert main(["feed", "status"]) == 69
    assert capsys.readouterr().out == (
        "advisories: there are none here yet; "
        "`guard feed update` fetches them, `guard feed import FILE` takes a file\n"
    )
    assert main(["feed", "status", "--output-format", "json"]) == 69
    assert json.loads(capsys.readouterr().out) == {
        "schema": 1,
        "snapshot": None,
        "reason": "there are none here yet",
    }


def test_a_file_is_imported(capsys: Captured) -> None:
    assert main(["feed", "import", a_file(EXPORT)]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert lines[0] == "advisories  1 records about 1 projects, 0 withdrawn, 0 unreadable"
    assert lines[1].startswith("as of       2024-05-06 00:00 UTC, ")
    assert lines[3:] == ["source      all.zip", f"sha256      {a_digest(EXPORT)}"]
    assert main(["feed", "status"]) == 0
    assert capsys.readouterr().out.splitlines()[3:] == lines[3:]


def test_the_status_for_programs(capsys: Captured) -> None:
    main(["feed", "import", a_file(EXPORT)])
    found = status(capsys)
    assert found["reason"] is None
    assert isinstance(found["snapshot"], dict)
    told = found["snapshot"]
    assert told.pop("age_seconds") > 0
    assert datetime.fromisoformat(told.pop("fetched_at")) > NEW
    assert told == snapshot(
        {
            "source": "all.zip",
            "sha256": "633acaf8f34f27a0a88a8bbd9d3349a6e967a907450bb0d10456de751d0522ce",
            "as_of": "2024-05-06T00:00:00Z",
            "records": 1,
            "withdrawn": 0,
            "unreadable": 0,
            "faults": [],
            "projects": 1,
        }
    )


def test_an_export_is_fetched(index: LoopbackIndex, capsys: Captured) -> None:
    url = serve(index, EXPORT)
    assert main(["feed", "update", url]) == 0
    assert url in capsys.readouterr().err
    assert source(capsys) == url


def test_the_next_update_is_from_the_same_place(index: LoopbackIndex, capsys: Captured) -> None:
    url = serve(index, EXPORT)
    main(["feed", "update", url])
    index.forget_requests()
    serve(index, NEWER)
    assert main(["feed", "update"]) == 0
    assert [seen.location for seen in index.requests] == ["/files/all.zip"]
    assert "2 records" in capsys.readouterr().err


@pytest.mark.parametrize("given", ["{}", "sha256:{}"])
def test_a_digest_is_compared(given: str, capsys: Captured) -> None:
    expected = given.format(a_digest(EXPORT).upper())
    assert main(["feed", "import", a_file(EXPORT), "--sha256", expected]) == 0
    assert main(["feed", "import", a_file(NEWER), "--sha256", expected]) == 69
    assert f"its sha256 is {a_digest(NEWER)}" in capsys.readouterr().err
    assert main(["feed", "status"]) == 0
    assert a_digest(EXPORT) in capsys.readouterr().out


@pytest.mark.parametrize("given", ["", "abc", "0" * 63, "g" * 64, "md5:" + "0" * 32])
def test_what_is_no_digest_is_a_bad_command_line(given: str, capsys: Captured) -> None:
    assert main(["feed", "import", a_file(EXPORT), "--sha256", given]) == 2
    assert "is no sha256" in capsys.readouterr().err


def test_what_is_no_export_is_refused(capsys: Captured) -> None:
    main(["feed", "import", a_file(EXPORT)])
    capsys.readouterr()
    assert main(["feed", "import", a_file(b"no archive", "other.zip")]) == 69
    assert capsys.readouterr().err == snapshot("""\
error: no advisories were taken from other.zip
   = reason: not a sound ZIP archive: not a ZIP archive: it has no end record
   = help: what was here before is still in use; `guard feed status` shows it
""")
    assert source(capsys) == "all.zip"


def test_a_server_that_fails_leaves_what_was_here(index: LoopbackIndex, capsys: Captured) -> None:
    main(["feed", "import", a_file(EXPORT)])
    url = serve(index, NEWER)
    index.fault("*", faults.status(404))
    assert main(["feed", "update", url]) == 69
    assert "it could not be fetched: HTTP 404" in capsys.readouterr().err
    assert source(capsys) == "all.zip"


def test_a_file_that_is_not_there(capsys: Captured) -> None:
    assert main(["feed", "import", "none.zip"]) == 69
    assert "No such file" in capsys.readouterr().err


def test_a_file_is_no_address(capsys: Captured) -> None:
    assert main(["feed", "update", a_file(EXPORT)]) == 2
    assert "guard feed import all.zip" in capsys.readouterr().err


def test_what_is_older_or_less_than_before_is_said(capsys: Captured) -> None:
    main(["feed", "import", a_file(NEWER)])
    assert "warning" not in capsys.readouterr().err
    assert main(["feed", "import", a_file(EXPORT)]) == 0
    warnings = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert warnings == [
        "warning: the one before was newer, as of 2024-06-07 00:00 UTC",
        "warning: the one before had 2 records",
    ]


def test_records_that_cannot_be_read_are_named_and_obeyed_in_nothing(capsys: Captured) -> None:
    records = [a_record(f"X-{i}", ("introduced", "0"), modified=OLD) for i in range(20)]
    bad = b'{"id": "\x1b[2J"}'
    assert main(["feed", "import", a_file(an_export(*records, bad))]) == 0
    said = capsys.readouterr().err
    assert "20 records about 1 projects, 0 withdrawn, 1 unreadable" in said
    assert "BAD-20.json" in said
    assert "\x1b" not in said


def test_a_damaged_snapshot_is_not_known_and_can_be_replaced(
    tmp_path: Path, capsys: Captured
) -> None:
    main(["feed", "import", a_file(EXPORT)])
    (tmp_path / "state" / "advisories" / "osv.sqlite").write_bytes(b"damaged")
    assert main(["feed", "status"]) == 69
    assert "the snapshot cannot be read" in capsys.readouterr().out
    assert main(["feed", "import", a_file(EXPORT)]) == 0
    assert main(["feed", "status"]) == 0
