"""Whatever is changed in the journal or in a receipt is found, and it is said where."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.dsse import PublicKey
from guard.evidence import Entry, Journal, Receipts
from guard.evidence.journal import Head, digest, lines
from guard.evidence.verification import Proof, verified
from tests.builders import NOW
from tests.evidence.leaving import a_history, a_key, an_entry


@dataclass(frozen=True)
class State:
    """What some runs have left, in a folder of its own."""

    folder: Path

    @property
    def journal(self) -> Journal:
        return Journal(self.folder)

    @property
    def receipts(self) -> Receipts:
        return Receipts(self.folder / "receipts")

    def proof(self, **asked: Any) -> Proof:
        return verified(self.journal, self.receipts, **asked)

    def places(self, **asked: Any) -> list[str]:
        return [problem.where for problem in self.proof(**asked).problems]

    def rewrite(self, change: Callable[[list[bytes]], list[bytes]]) -> None:
        path = self.journal.path
        path.write_bytes(b"".join(change(lines(path.read_bytes()))))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> State:
    folder = tmp_path_factory.mktemp("state")
    a_history(folder, key=a_key(folder.parent))
    return State(folder)


@pytest.fixture
def state(whole: State, tmp_path: Path) -> State:
    return State(shutil.copytree(whole.folder, tmp_path / "state"))


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> PublicKey:
    return a_key(tmp_path_factory.mktemp("keys")).public


def test_what_was_written_is_whole(whole: State, key: PublicKey) -> None:
    proof = whole.proof(keys=[key])
    assert (proof.problems, proof.remarks) == ((), ())
    assert (proof.entries, proof.receipts) == (6, 3)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_one_changed_byte_anywhere_is_found_and_located(data: st.DataObject, whole: State) -> None:
    state = whole
    paths = [p for p in sorted(state.folder.rglob("*.*")) if p.suffix in {".jsonl", ".head"}]
    path = data.draw(st.sampled_from(paths))
    before = path.read_bytes()
    place = data.draw(st.integers(0, len(before) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda value: value != before[place]))
    after = before[:place] + bytes([value]) + before[place + 1 :]
    path.write_bytes(after)
    try:
        found = state.places()
    finally:
        path.write_bytes(before)
    line = before[:place].count(b"\n") + 1
    if path == state.journal.path:
        assert f"journal.jsonl, line {line}" in found
    elif path == state.journal.head_path:
        same = Head(**json.loads(before)) == _head(after)  # another space, say
        assert same or "journal.head" in found
    else:
        assert path.name in found


def _head(content: bytes) -> Head | None:
    try:
        return Head(**json.loads(content))
    except (ValueError, TypeError):
        return None


@pytest.mark.parametrize("field", [name for name in Entry.__struct_fields__ if name != "schema"])
@pytest.mark.parametrize("line", [1, 3, 6])
def test_no_field_of_an_entry_can_be_changed(field: str, line: int, state: State) -> None:
    others: dict[str, object] = {
        "previous": "1" * 64,
        "time": "2026-04-01T12:00:01Z",
        "event": "begun" if line % 2 == 0 else "done",
        "asked": ["other"],
        "decision": "denied",
        "files": 9,
        "projects": ["other"],
        "against": [{"file": "a", "rules": []}],
        "exit_code": 1,
        "cut": True,
    }

    def change(written: list[bytes]) -> list[bytes]:
        document = json.loads(written[line - 1])
        changed = document | {field: others.get(field, "0" * 64)}
        assert changed != document
        written[line - 1] = json.dumps(changed, separators=(",", ":")).encode() + b"\n"
        return written

    state.rewrite(change)
    assert f"journal.jsonl, line {line}" in state.places()


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda a: a[:-1], "journal.head"),
        (lambda a: [], "journal.head"),
        (lambda a: a[1:], "journal.jsonl, line 1"),
        (lambda a: [*a[:2], *a[3:]], "journal.jsonl, line 2"),
        (lambda a: [*a[:2], a[3], a[2], *a[4:]], "journal.jsonl, line 4"),
        (lambda a: [*a[:3], a[2], *a[3:]], "journal.jsonl, line 3"),
        (lambda a: [*a, a[-1]], "journal.jsonl, line 6"),
        (lambda a: [*a[:2], b"\n", *a[2:]], "journal.jsonl, line 3"),
    ],
    ids=["last", "all", "first", "one", "swapped", "twice", "again", "empty"],
)
def test_lines_that_are_missing_or_moved_are_found(
    change: Callable[[list[bytes]], list[bytes]], where: str, state: State
) -> None:
    state.rewrite(change)
    assert where in state.places()


def test_a_chain_that_was_written_anew_is_found_by_its_head(state: State) -> None:
    """Every line but the head is as if it had been so: only somebody who knows both can tell."""
    head = state.journal.head_path.read_bytes()
    state.journal.path.unlink()
    state.journal.head_path.unlink()
    for _ in range(6):
        state.journal.append(an_entry(asked=("harmless",)))
    noted = state.proof().head
    assert state.places() == [], "who owns the folder can forge all of it"
    assert state.places(head=json.loads(head)["sha256"]) == ["journal.jsonl"]
    state.journal.head_path.write_bytes(head)
    assert "journal.jsonl, line 6" in state.places()
    assert noted != json.loads(head)["sha256"]


def test_a_head_that_was_noted_is_found_again_later(state: State) -> None:
    noted = state.proof().head
    state.journal.append(an_entry())
    assert state.places(head=noted) == []
    assert state.places(head="0" * 64) == ["journal.jsonl"]


def test_a_head_that_is_gone_or_unreadable_is_found(state: State) -> None:
    state.journal.head_path.write_bytes(b"{}}")
    assert state.places() == ["journal.head"]
    state.journal.head_path.unlink()
    assert state.places() == ["journal.head"]


def test_receipts_that_are_gone_exchanged_or_forged_are_found(state: State) -> None:
    first, second, third = sorted(state.receipts.folder.iterdir())
    first.unlink()
    second.write_bytes(third.read_bytes())
    assert state.places() == [first.name, second.name]
    (state.receipts.folder / "20270101T000000Z-00000000.jsonl").write_bytes(third.read_bytes())
    assert "proves nothing" in state.proof().remarks[0]


def test_with_a_key_each_receipt_must_be_signed_by_it(
    state: State, key: PublicKey, tmp_path: Path
) -> None:
    other = a_key(tmp_path, 2)
    assert state.places(keys=[key, other.public]) == []
    names = [path.name for path in sorted(state.receipts.folder.iterdir())]
    assert state.places(keys=[other.public]) == [f"{name}, lines 1 to 2" for name in names]
    (problem, *_) = state.proof(keys=[other.public]).problems
    assert problem.message == "it is signed by another key"
    assert state.places(keys=[other.public], since=NOW.replace(year=2027)) == []


def test_whoever_forges_the_whole_folder_still_needs_the_key(
    key: PublicKey, tmp_path: Path
) -> None:
    a_history(tmp_path / "forged", runs=1)
    forged = State(tmp_path / "forged")
    assert forged.places() == []
    (problem,) = forged.proof(keys=[key]).problems
    assert problem.message == "it is not signed"


def test_the_sha256_of_the_last_line_is_the_head(state: State) -> None:
    assert state.proof().head == digest(lines(state.journal.content())[-1])
