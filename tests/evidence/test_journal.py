"""The journal: each entry bound to the last, whoever writes, and whatever stops them."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from guard.errors import EvidenceError
from guard.evidence import Against, Event, Journal
from guard.evidence.journal import GENESIS, LINE_LIMIT, digest, lines, parsed
from guard.evidence.receipt import Receipts
from guard.evidence.verification import verified
from guard.model import Decision
from tests.builders import NOW
from tests.e2e.guarded import TIMEOUT
from tests.evidence.leaving import an_entry

_WRITER = """
import sys
from pathlib import Path
from guard.evidence import Journal
from tests.evidence.leaving import an_entry
journal = Journal(Path(sys.argv[1]))
for n in range(int(sys.argv[3])):
    journal.append(an_entry(asked=(sys.argv[2], str(n))))
"""


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "state")


def assert_whole(journal: Journal, entries: int) -> None:
    proof = verified(journal, Receipts(journal.path.parent / "receipts"))
    assert (proof.problems, proof.remarks, proof.entries) == ((), (), entries)


def test_each_entry_names_the_one_before(journal: Journal) -> None:
    for n in range(3):
        journal.append(an_entry(asked=(str(n),), time=NOW + timedelta(seconds=n)))
    written = lines(journal.content())
    before = [GENESIS, *map(digest, written)]
    assert [parsed(line).previous for line in written] == before[:3]
    assert [entry.asked for entry in journal.entries()] == [("0",), ("1",), ("2",)]
    assert_whole(journal, 3)


def test_all_of_it_is_private(journal: Journal) -> None:
    old = os.umask(0)
    try:
        journal.append(an_entry())
    finally:
        os.umask(old)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in journal.path.parent.iterdir()}
    assert modes == dict.fromkeys(("journal.jsonl", "journal.head", "journal.lock"), 0o600)


def test_an_entry_comes_out_as_it_went_in(journal: Journal) -> None:
    entry = an_entry(
        event=Event.DONE,
        asked=("litellm", "é\udc80\n"),
        decision=Decision.DENIED,
        against=(Against(file="a.whl", rules=("fresh-upload",)),),
        exit_code=77,
        reason="no",
    )
    journal.append(entry)
    assert list(journal.entries()) == [entry]
    assert journal.content().isascii()


def test_an_entry_is_bounded_and_says_so(journal: Journal) -> None:
    journal.append(
        an_entry(
            asked=("x" * 10_000,) * 10_000,
            projects=("p" * 10_000,) * 10_000,
            against=(Against(file="f" * 10_000, rules=("r",) * 10_000),) * 10_000,
            target="t" * 10_000,
            reason="y" * 10_000,
        )
    )
    (entry,) = journal.entries()
    assert entry.cut
    assert len(journal.content()) < LINE_LIMIT
    assert not an_entry().cut


def test_nothing_was_written_where_nobody_wrote(journal: Journal) -> None:
    assert (journal.head(), list(journal.entries())) == (None, [])
    assert_whole(journal, 0)
    assert not journal.path.parent.exists()


def test_many_at_once_do_not_break_the_chain(journal: Journal) -> None:
    folder = str(journal.path.parent)
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, folder, str(n), "25"]) for n in range(4)
    ]
    assert [writer.wait(TIMEOUT) for writer in writers] == [0] * 4
    assert_whole(journal, 100)
    by = Counter(entry.asked[0] for entry in journal.entries())
    assert by == {"0": 25, "1": 25, "2": 25, "3": 25}


@pytest.mark.skipif(os.name != "posix", reason="there is no such signal here")
def test_a_writer_that_is_killed_at_any_moment_leaves_a_journal_that_goes_on(
    journal: Journal,
) -> None:
    folder = str(journal.path.parent)
    for n in range(4):
        writer = subprocess.Popen([sys.executable, "-c", _WRITER, folder, str(n), "100000"])
        before = journal.path.stat().st_size if journal.path.exists() else 0
        while not journal.path.exists() or journal.path.stat().st_size < before + 2_000:
            assert writer.poll() is None
        writer.send_signal(signal.SIGKILL)
        writer.wait(TIMEOUT)
        journal.append(an_entry(asked=("after",)))
        entries = list(journal.entries())
        assert entries[-1].asked == ("after",)
        assert_whole(journal, len(entries))


def test_a_line_that_no_head_knows_of_is_taken_in(journal: Journal) -> None:
    """Its writer was killed after the line, and before the head."""
    journal.append(an_entry(asked=("one",)))
    head = journal.head_path.read_bytes()
    journal.append(an_entry(asked=("two",)))
    journal.head_path.write_bytes(head)
    proof = verified(journal, Receipts(journal.path.parent))
    assert proof.problems == ()
    assert "1 more of the lines than the head knows" in proof.remarks[0]
    journal.append(an_entry(asked=("three",)))
    assert [entry.asked for entry in journal.entries()] == [("one",), ("two",), ("three",)]
    assert_whole(journal, 3)


def test_half_a_line_was_never_written(journal: Journal) -> None:
    journal.append(an_entry(asked=("one",)))
    with journal.path.open("ab") as stream:
        stream.write(b'{"schema":1,"previous":"')
    assert [entry.asked for entry in journal.entries()] == [("one",)]
    journal.append(an_entry(asked=("two",)))
    assert_whole(journal, 2)


def test_a_forged_line_at_the_end_is_not_taken_in(journal: Journal) -> None:
    journal.append(an_entry())
    with journal.path.open("ab") as stream:
        stream.write(lines(journal.content())[0])
    before = journal.content()
    with pytest.raises(EvidenceError, match="was changed by something else") as error:
        journal.append(an_entry())
    assert "does not follow" in (error.value.reason or "")
    assert journal.content() == before, "what is there is evidence"


def test_a_journal_that_lost_its_end_is_not_written_to(journal: Journal) -> None:
    for _ in range(3):
        journal.append(an_entry())
    whole = lines(journal.content())
    journal.path.write_bytes(b"".join(whole[:2]))
    with pytest.raises(EvidenceError, match="was changed by something else"):
        journal.append(an_entry())
    journal.path.unlink()
    with pytest.raises(EvidenceError, match="was changed by something else"):
        journal.append(an_entry())


def test_a_journal_without_its_head_is_not_written_to(journal: Journal) -> None:
    journal.append(an_entry())
    journal.head_path.unlink()
    with pytest.raises(EvidenceError, match="was changed") as error:
        journal.append(an_entry())
    assert error.value.reason == "its head is gone"
    assert "move `journal.jsonl` and `journal.head` elsewhere" in (error.value.hint or "")


def test_a_first_writer_that_was_stopped_is_no_obstacle(journal: Journal) -> None:
    journal.append(an_entry())
    journal.path.unlink()
    journal.head_path.write_text('{"entries":0,"size":0,"last":0,"sha256":"' + GENESIS + '"}')
    journal.append(an_entry())
    assert_whole(journal, 1)


def test_after_both_were_moved_away_a_new_one_begins(journal: Journal, tmp_path: Path) -> None:
    journal.append(an_entry())
    journal.path.rename(tmp_path / "old.jsonl")
    journal.head_path.rename(tmp_path / "old.head")
    journal.append(an_entry())
    assert_whole(journal, 1)


@pytest.mark.skipif(os.name != "posix", reason="files have no limits here")
@pytest.mark.parametrize("room", [0, 100, 400])
def test_what_does_not_fit_on_the_disk_is_not_written_at_all(room: int, journal: Journal) -> None:
    """A limit on the size of files stands for the end of the disk."""
    for _ in range(3):
        journal.append(an_entry())
    before = journal.content()
    limited = (
        "import resource, sys\n"
        f"size = {len(before) + room}\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))\n"
    )
    command = [sys.executable, "-c", limited + _WRITER, str(journal.path.parent), "x" * 400, "1"]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=TIMEOUT)
    assert "guard.errors.EvidenceError" in ran.stderr
    assert journal.content() == before
    journal.append(an_entry())
    assert_whole(journal, 4)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EvidenceError) as error:
        Journal(tmp_path / "file" / "state").append(an_entry())
    assert str(tmp_path / "file" / "state" / "journal.jsonl") in error.value.message
    assert "GUARD_STATE_DIR" in (error.value.hint or "")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"a":1,"a":1}',
        b"[" * 100_000,
        b"1" * 5000,
        b" " * (LINE_LIMIT + 1),
    ],
)
def test_what_is_no_entry_is_an_error_that_has_a_name(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - that it is this one, and no other, is the point
        parsed(line + b"\n")


@pytest.mark.parametrize(
    "change",
    [
        {"run": "../../etc/passwd"},
        {"run": "a\n"},
        {"event": "other"},
        {"time": "yesterday"},
        {"time": "2026-03-24T12:00:00"},
        {"files": "7"},
        {"decision": "maybe"},
        {"previous": None},
    ],
)
def test_an_entry_that_says_what_none_can_is_refused(
    change: dict[str, object], journal: Journal
) -> None:
    journal.append(an_entry())
    document = json.loads(journal.content())
    with pytest.raises(ValueError, match="not an entry"):
        parsed(json.dumps(document | change).encode())


def test_an_entry_of_a_later_version_is_read(journal: Journal) -> None:
    journal.append(an_entry())
    document = json.loads(journal.content()) | {"more": ["of", "it"]}
    assert parsed(json.dumps(document).encode()) == an_entry()
