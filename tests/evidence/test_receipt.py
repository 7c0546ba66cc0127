"""Receipts: what they say of an artifact, and what they never claim."""

from __future__ import annotations

import json
import stat
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from guard.approval import Approval, Approvals, ApprovedFile
from guard.dsse import SealError
from guard.errors import EvidenceError
from guard.evidence import Receipts
from guard.evidence.digests import facts, policy_digest
from guard.evidence.reading import receipts_of, statements
from guard.evidence.receipt import statement
from guard.model import Absent, Advisories, Advisory, Candidate, Origin, Overlap, Unknown
from guard.policy import load
from guard.policy.policy import Floor
from guard.publisher import Attestation, Identity, PredicateKind, Provenance
from tests.builders import NOW, a_candidate, a_file, a_listing, a_policy, ago
from tests.evidence.leaving import a_key, a_run, an_admitted

IDENTITY = Identity(
    issuer="https://token.actions.githubusercontent.com",
    identity="https://github.com/acme/widget/.github/workflows/release.yml@refs/tags/v1",
    repository="acme/widget",
)
PROVED = Provenance(
    attestations=(
        Attestation(
            identity=IDENTITY, predicate=PredicateKind.PUBLISH, log_index=1, integrated_at=NOW
        ),
    ),
    document="d" * 64,
)
ATTESTED = a_candidate(
    provenance=PROVED,
    listing=a_listing(provenance_url="https://packages.example.com/integrity/widget"),
)


def predicate(candidate: Candidate | None = None, toml: str = "") -> dict[str, Any]:
    said: dict[str, Any] = statement(an_admitted(candidate, toml), a_run(toml))["predicate"]
    return said


def test_a_receipt_is_an_in_toto_statement_about_one_file() -> None:
    admitted = an_admitted()
    said = statement(admitted, a_run())
    assert said.keys() == {"_type", "subject", "predicateType", "predicate"}
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert said["predicateType"] == "https://slsa.dev/verification_summary/v1"
    assert said["subject"] == [
        {"name": "litellm-1.82.6-py3-none-any.whl", "digest": {"sha256": admitted.sha256}}
    ]


def test_it_has_every_field_that_slsa_requires() -> None:
    said, run = predicate(), a_run()
    assert said["verifier"] == {"id": "pkg:pypi/wheelguard", "version": {"wheelguard": "1.2.3"}}
    assert said["timeVerified"] == "2026-04-01T12:00:00Z"
    assert said["policy"] == {"uri": run.policy_uri, "digest": {"sha256": run.policy_digest}}
    assert said["verificationResult"] == "PASSED"
    assert said["inputAttestations"] == []


def test_no_level_is_claimed_that_nobody_looked_for() -> None:
    assert predicate(ATTESTED)["verifiedLevels"] == ["SLSA_BUILD_LEVEL_UNEVALUATED"]


def test_the_resource_is_a_package_url_with_its_index() -> None:
    local = a_candidate(
        file=a_file(version="1.0+cu118", url="https://example.com/a b?x=1&y=2#z"),
        origin=Absent("asked for by URL"),
    )
    assert predicate()["resourceUri"] == (
        "pkg:pypi/litellm@1.82.6?file_name=litellm-1.82.6-py3-none-any.whl"
        "&repository_url=https://packages.example.com/simple"
    )
    assert predicate(local)["resourceUri"] == (
        "pkg:pypi/litellm@1.0%2Bcu118?download_url=https://example.com/a%20b%3Fx%3D1%26y%3D2%23z"
        "&file_name=litellm-1.0%2Bcu118-py3-none-any.whl"
    )


def test_the_attestations_that_were_verified_are_named_by_their_digest() -> None:
    assert predicate(ATTESTED)["inputAttestations"] == [
        {
            "uri": "https://packages.example.com/integrity/widget",
            "digest": {"sha256": "d" * 64},
        }
    ]
    told = predicate(ATTESTED)["wheelguard"]
    assert told["standing"] == "first seen"
    (publisher,) = told["publishers"]
    assert publisher["repository"] == "acme/widget"
    assert None not in publisher.values()


def test_findings_and_waivers_are_in_it() -> None:
    fresh = a_candidate(listing=a_listing(upload_time=ago(hours=2)))
    toml = """
        extends = "default"
        [[exempt]]
        name = "litellm"
        rule = "fresh-upload"
        reason = "read"
        approved-by = "sec@example.com"
        """
    told = {f["rule"]: f for f in predicate(fresh, toml)["wheelguard"]["findings"]}
    assert told["fresh-upload"] == {
        "rule": "fresh-upload",
        "level": "deny",
        "message": "uploaded 2 hours ago, younger than 7 days",
        "unknown": False,
        "waiver": "read (sec@example.com)",
    }


def test_a_fact_that_nobody_had_is_not_one_that_there_is_not() -> None:
    told = facts(a_candidate(status=Unknown("no answer"), prior=Absent("never attested")))
    assert told["status"] == {"unknown": "no answer"}
    assert told["prior"] == {"absent": "never attested"}
    assert told["origin"].keys() == {"sha256"}


@pytest.mark.parametrize(
    "change",
    [
        {"origin": Origin(url="https://other.example.com/simple")},
        {"listing": a_listing(yanked="")},
        {"digests": {"sha256": "0" * 64}},
        {"provenance": PROVED},
        {"remembered": (IDENTITY,)},
        {"overlaps": (Overlap(path="bin/python", owner="the environment"),)},
        {
            "advisories": Advisories(
                records=(Advisory(id="GHSA-1", fixed=(Version("2"),)),), as_of=NOW, source="x"
            )
        },
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_fact_has_another_digest(change: dict[str, Any]) -> None:
    (name,) = change
    before, after = facts(a_candidate()), facts(a_candidate(**change))
    assert {key for key in before if before[key] != after[key]} == {name}


def test_every_fact_is_in_it() -> None:
    names = {field.name for field in fields(Candidate)}
    assert facts(a_candidate()).keys() == names - {"file", "requested", "judged_at", "built"}


APPROVAL = Approval(
    name=canonicalize_name("litellm"),
    version=Version("1.0"),
    files=(ApprovedFile(filename="a.whl", sha256="0" * 64, judged=True),),
    reason="read",
    approved_by="sec@example.com",
    approved_at=datetime(2026, 1, 1, tzinfo=UTC),
    source="/somewhere/approvals.toml",
)


def test_a_policy_has_the_digest_of_what_it_says_and_not_of_where_it_lies() -> None:
    text = '[rules.fresh-upload]\nage = "9 days"\n'
    here, there = a_policy(text, source="/a.toml"), a_policy(text, source="/b.toml")
    assert policy_digest(here) == policy_digest(there)
    with_approval = replace(here, approvals=Approvals((APPROVAL,)))
    elsewhere = replace(here, approvals=Approvals((replace(APPROVAL, source="/else"),)))
    assert policy_digest(with_approval) == policy_digest(elsewhere) != policy_digest(here)


@pytest.mark.parametrize(
    "text",
    [
        '[rules.fresh-upload]\nage = "8 days"\n',
        '[rules.fresh-upload]\nlevel = "warn"\n',
        'approval = "required"\n',
        '[[deny]]\nname = "evil"\nreason = "no"\nversions = "==1"\n',
        '[[exempt]]\nname = "a"\nrule = "fresh-upload"\nreason = "r"\nexpires = 2027-01-01\n',
        '[[index]]\nname = "i"\nurl = "https://i.example.com/simple"\nowns = ["a-*"]\n',
        '[[publisher]]\nname = "a"\nidentities = [{ kind = "GitHub", repository = "a/a" }]\n',
        '[[group]]\nname = "g"\nmembers = ["a"]\nrules.fresh-upload.age = "9 days"\n',
    ],
)
def test_whatever_a_policy_says_is_in_its_digest(text: str) -> None:
    assert policy_digest(a_policy(text)) != policy_digest(a_policy())


def test_an_approval_s_end_and_a_floor_are_in_its_digest() -> None:
    policy = load("default")
    approved = replace(policy, approvals=Approvals((APPROVAL,)))
    ending = replace(APPROVAL, expires=date(2027, 1, 1))
    floored = replace(policy, floor=Floor(load("strict"), "locked down"))
    several = [policy, approved, replace(policy, approvals=Approvals((ending,))), floored]
    assert len({policy_digest(each) for each in several}) == len(several)


def test_receipts_are_written_privately_and_whole(tmp_path: Path) -> None:
    receipts = Receipts(tmp_path / "receipts")
    written = receipts.write(a_run(), [an_admitted(), an_admitted(ATTESTED)], None)
    (path,) = receipts.folder.iterdir()
    assert path == receipts.path(a_run().id)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(receipts.folder.stat().st_mode) == 0o700
    told = list(statements(receipts_of(path, written)))
    assert told == [statement(a, a_run()) for a in (an_admitted(), an_admitted(ATTESTED))]


def test_a_receipt_that_was_changed_is_not_shown(tmp_path: Path) -> None:
    receipts = Receipts(tmp_path)
    written = receipts.write(a_run(), [an_admitted()], None)
    path = receipts.path(a_run().id)
    path.write_bytes(path.read_bytes().replace(b"PASSED", b"FAILED"))
    with pytest.raises(EvidenceError, match="not what was written there"):
        receipts_of(path, written)


def test_receipts_are_signed_where_there_is_a_key(tmp_path: Path) -> None:
    key, other = a_key(tmp_path), a_key(tmp_path, 2)
    receipts = Receipts(tmp_path / "receipts")
    receipts.write(a_run(), [an_admitted()], key)
    content = receipts.path(a_run().id).read_bytes()
    envelope = json.loads(content)
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    assert list(statements(content, [key.public])) == [statement(an_admitted(), a_run())]
    (refused,) = statements(content, [other.public])
    assert isinstance(refused, SealError)


def test_where_a_signature_is_asked_for_an_unsigned_receipt_is_none(tmp_path: Path) -> None:
    """Else whoever wants to forge one leaves the signature out."""
    receipts = Receipts(tmp_path)
    receipts.write(a_run(), [an_admitted()], None)
    (refused,) = statements(receipts.path(a_run().id).read_bytes(), [a_key(tmp_path).public])
    assert str(refused) == "it is not signed"


@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b"",
        b"[]",
        b'{"_type": "https://in-toto.io/Statement/v1", "predicateType": "x"}',
        b'{"_type": "x", "predicateType": "https://slsa.dev/verification_summary/v1"}',
        json.dumps(statement(an_admitted(), a_run()) | {"subject": []}).encode(),
        b'{"payloadType": "application/vnd.in-toto+json"}',
        b"\xff",
    ],
)
def test_what_is_no_receipt_is_said_to_be_none(line: bytes) -> None:
    (refused,) = statements(line + b"\n")
    assert isinstance(refused, SealError)


def test_names_that_nothing_can_write_do_not_stop_an_install(tmp_path: Path) -> None:
    strange = a_candidate(origin=Origin(url="https://example.com/\udc80"), status=Unknown("\udfff"))
    receipts = Receipts(tmp_path)
    receipts.write(
        a_run(), [an_admitted(strange, '[rules.quarantined-project]\nlevel = "off"')], None
    )
    (told,) = statements(receipts.path(a_run().id).read_bytes())
    assert not isinstance(told, SealError)


def test_receipts_that_cannot_be_written_are_an_error_and_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EvidenceError, match="nothing was begun"):
        Receipts(tmp_path / "file" / "receipts").write(a_run(), [an_admitted()], None)
