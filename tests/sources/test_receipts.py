"""The receipt of a mirror: verified, about this very file, or it proves nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from guard.dsse import STATEMENT
from guard.model import Absent, Fact, Unknown, Vouched
from guard.sources.receipts import receipt_of
from tests.builders import a_digest
from tests.evidence.leaving import a_key, a_key_file
from tests.faults import Answer, Seen
from tests.loopback import LoopbackServer
from tests.sources.clients import a_client

NAME = "frob-1.0-py3-none-any.whl"


@dataclass
class AMirror:
    answer: Answer = field(default_factory=Answer)
    seen: list[str] = field(default_factory=list)
    url: str = ""

    def says(self, folder: Path, document: Mapping[str, Any] | bytes, number: int = 1) -> None:
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.answer = Answer(body=a_key(folder, number).seal(content).encode())

    def asked(self, folder: Path) -> Fact[Vouched]:
        return receipt_of(a_client(), self.url, a_digest(), NAME, [key(folder)])


def key(folder: Path) -> str:
    pem = a_key_file(folder).with_suffix(".pub").read_text(encoding="ascii")
    return pem.splitlines()[1]


@pytest.fixture
def mirror() -> Iterator[AMirror]:
    found = AMirror()

    def respond(seen: Seen) -> Answer:
        found.seen.append(seen.location)
        return found.answer

    server = LoopbackServer(respond)
    server.start()
    found.url = f"http://127.0.0.1:{server.port}/simple"
    yield found
    server.stop()


def a_statement(**changes: Any) -> dict[str, Any]:
    predicate = {
        "timeVerified": "2026-04-01T12:00:00Z",
        "verificationResult": "PASSED",
        "policy": {"digest": {"sha256": "0" * 64}},
    }
    said: dict[str, Any] = {
        "_type": STATEMENT,
        "predicateType": "https://slsa.dev/verification_summary/v1",
        "subject": [{"name": NAME, "digest": {"sha256": a_digest()}}],
        "predicate": predicate | changes.pop("predicate", {}),
    }
    return said | changes


def test_what_the_mirror_has_signed_is_known(mirror: AMirror, tmp_path: Path) -> None:
    mirror.says(tmp_path, a_statement())
    assert mirror.asked(tmp_path) == Vouched(
        key=key(tmp_path), judged_at=datetime(2026, 4, 1, 12, tzinfo=UTC), policy="0" * 64
    )
    assert mirror.seen == [f"/receipts/{a_digest()}/{NAME}.json"]


@pytest.mark.parametrize(
    "statement",
    [
        a_statement(subject=[{"name": NAME, "digest": {"sha256": "1" * 64}}]),
        a_statement(subject=[{"name": "other.whl", "digest": {"sha256": a_digest()}}]),
        a_statement(subject=[]),
        a_statement(predicateType="https://example.com/other"),
        a_statement(predicate={"verificationResult": "FAILED"}),
        a_statement(predicate={"timeVerified": "yesterday"}),
        a_statement(predicate={"timeVerified": None}),
        a_statement(predicate={"policy": []}),
        {"_type": STATEMENT},
        b"[]",
        b'{"a": 1, "a": 2}',
        b"\xff",
    ],
)
def test_a_statement_about_something_else_proves_nothing(
    mirror: AMirror, tmp_path: Path, statement: dict[str, Any] | bytes
) -> None:
    mirror.says(tmp_path, statement)
    found = mirror.asked(tmp_path)
    assert isinstance(found, Absent)
    assert "proves nothing" in found.reason


def test_a_receipt_of_another_key_proves_nothing(mirror: AMirror, tmp_path: Path) -> None:
    mirror.says(tmp_path, a_statement(), number=2)
    assert mirror.asked(tmp_path) == Absent(
        "its receipt proves nothing: it is signed by another key"
    )


@pytest.mark.parametrize("body", [b"", b"{}", json.dumps(a_statement()).encode(), b"\x00" * 100])
def test_what_nobody_has_signed_proves_nothing(
    mirror: AMirror, tmp_path: Path, body: bytes
) -> None:
    mirror.answer = Answer(body=body)
    assert isinstance(mirror.asked(tmp_path), Absent)


@pytest.mark.parametrize(("status", "kind"), [(404, Absent), (403, Unknown), (503, Unknown)])
def test_no_receipt_and_no_answer_are_two_things(
    mirror: AMirror, tmp_path: Path, status: int, kind: type
) -> None:
    mirror.answer = Answer(status=status)
    assert isinstance(mirror.asked(tmp_path), kind)


def test_an_index_that_is_no_mirror_is_not_asked(mirror: AMirror, tmp_path: Path) -> None:
    mirror.url = mirror.url.removesuffix("/simple")
    assert isinstance(mirror.asked(tmp_path), Absent)
    assert mirror.seen == []


def test_the_key_in_a_policy_is_the_line_of_the_pem(tmp_path: Path) -> None:
    assert len(base64.b64decode(key(tmp_path))) == 44
