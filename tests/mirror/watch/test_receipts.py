"""The receipts of a mirror: for what is served now, as of its last judgement, signed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from guard.dsse import PublicKey, SealError, opened
from guard.mirror.server.app import Application
from guard.mirror.watch.denials import Denials
from tests.builders import ago
from tests.evidence.leaving import a_key
from tests.mirror.watch.conftest import FROB
from tests.mirror.watch.sites import MALWARE, Replica, Reply, ask, name

WHERE = f"/receipts/{FROB.sha256}/{FROB.filename}.json"


@pytest.fixture
def signing(replica: Replica, tmp_path: Path) -> Replica:
    replica.app = Application(replica.own, key=a_key(tmp_path))
    return replica


def statement(reply: Reply, key: PublicKey) -> dict[str, Any]:
    payload, _ = opened(reply.body, [key])
    return dict(json.loads(payload))


def test_what_is_served_has_a_signed_receipt(signing: Replica, tmp_path: Path) -> None:
    public = a_key(tmp_path).public
    assert signing.get(WHERE).status == 404
    assert signing.file(FROB).status == 200
    said = statement(signing.get(WHERE), public)
    assert said["subject"] == [{"name": FROB.filename, "digest": {"sha256": FROB.sha256}}]
    assert said["predicate"]["verificationResult"] == "PASSED"
    assert said["predicate"]["timeVerified"] == "2026-04-01T12:00:00Z"
    with pytest.raises(SealError):
        statement(signing.get(WHERE), a_key(tmp_path, 2).public)


def test_a_receipt_is_as_old_as_the_last_judgement(signing: Replica, tmp_path: Path) -> None:
    public = a_key(tmp_path).public
    signing.file(FROB)
    first = statement(signing.get(WHERE), public)["predicate"]
    signing.site.clock.passes(hours=3)
    signing.site.policy = MALWARE + '[rules.yanked-file]\nlevel = "warn"\n'
    signing.second()
    assert signing.get(WHERE).status == 404  # not judged by this policy
    signing.tick()
    later = statement(signing.get(WHERE), public)["predicate"]
    assert later["timeVerified"] == "2026-04-01T15:00:00Z"
    assert later["policy"]["digest"] != first["policy"]["digest"]
    assert "facts" in first["wheelguard"]
    assert "facts" not in later["wheelguard"]


def test_what_is_revoked_has_none(signing: Replica) -> None:
    signing.file(FROB)
    Denials(signing.mirror.database).deny(name("frob"), None, "an incident", "me", ago())
    refused = signing.get(WHERE)
    assert refused.status == 403
    assert "an incident" in refused.json["detail"]


def test_without_a_key_a_receipt_is_the_statement_itself(replica: Replica) -> None:
    replica.file(FROB)
    assert replica.get(WHERE).json["predicateType"].endswith("verification_summary/v1")


@pytest.mark.parametrize(
    "path",
    [
        "/receipts/",
        f"/receipts/{FROB.sha256}/",
        f"/receipts/{FROB.sha256}/../{FROB.filename}.json",
        f"/receipts/{FROB.sha256.upper()}/{FROB.filename}.json",
        f"/receipts/{FROB.sha256}/frob-1.1-py3-none-any.whl.json",
    ],
)
def test_what_is_no_place_of_a_receipt_is_not_found(replica: Replica, path: str) -> None:
    replica.file(FROB)
    assert ask(replica.app, path).status == 404
