"""The receipts of a mirror: for what is served now, as of its last judgement, signed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from guard.dsse import PublicKey, SealError, opened
from guard.evidence.digests import policy_digest
from guard.mirror.server.app import Application
from guard.mirror.watch.denials import Denials
from tests.builders import ago
from tests.evidence.leaving import a_key
from tests.faults import status
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
    assert signing.file(FROB).status == 200
    said = statement(signing.get(WHERE), public)
    assert said["subject"] == [{"name": FROB.filename, "digest": {"sha256": FROB.sha256}}]
    assert said["predicate"]["verificationResult"] == "PASSED"
    assert said["predicate"]["timeVerified"] == "2026-04-01T12:00:00Z"
    with pytest.raises(SealError):
        statement(signing.get(WHERE), a_key(tmp_path, 2).public)


def test_whoever_has_the_bytes_already_is_given_the_receipt_alone(
    signing: Replica, tmp_path: Path
) -> None:
    """A guard's quarantine may hold a file that nobody has asked this mirror for."""
    said = statement(signing.get(WHERE), a_key(tmp_path).public)
    assert said["predicate"]["verificationResult"] == "PASSED"


def test_a_file_that_cannot_be_judged_has_no_receipt_for_now(signing: Replica) -> None:
    signing.site.index.fault("/simple/*", status(503))
    undecided = signing.get(WHERE)
    assert undecided.status == 503
    assert undecided.headers["retry-after"]


def test_a_receipt_is_as_old_as_the_last_judgement(signing: Replica, tmp_path: Path) -> None:
    public = a_key(tmp_path).public
    signing.file(FROB)
    first = statement(signing.get(WHERE), public)["predicate"]
    signing.site.clock.passes(hours=3)
    signing.site.policy = MALWARE + '[rules.yanked-file]\nlevel = "warn"\n'
    signing.second()
    signing.tick()
    later = statement(signing.get(WHERE), public)["predicate"]
    assert later["timeVerified"] == "2026-04-01T15:00:00Z"
    assert later["policy"]["digest"] != first["policy"]["digest"]
    assert "facts" in first["wheelguard"]
    assert "facts" not in later["wheelguard"]


def test_what_another_policy_has_admitted_is_judged_for_its_receipt(
    signing: Replica, tmp_path: Path
) -> None:
    signing.file(FROB)
    signing.site.policy = MALWARE + '[rules.yanked-file]\nlevel = "warn"\n'
    signing.second()
    said = statement(signing.get(WHERE), a_key(tmp_path).public)
    assert said["predicate"]["policy"]["digest"]["sha256"] == policy_digest(
        signing.own.judge.policy
    )


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
