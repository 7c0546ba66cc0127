"""The report for programs: a document of a fixed shape, whatever came of the run."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from inline_snapshot import snapshot

from guard.errors import PolicyError, SourceError, UsageError
from guard.model import Absent, Unknown
from guard.report import Result
from guard.report.json import render, render_error
from tests.builders import a_candidate, a_file, a_listing, a_verdict
from tests.report.results import ADMITTED, ATTACKED, DENIED, EVERY, HOSTILE, INFORMED, SHA256


class Finding(msgspec.Struct, forbid_unknown_fields=True):
    rule: str
    level: str
    message: str
    detail: list[str]
    unknown: bool
    waiver: str | None


class PassedOver(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    version: str
    findings: list[Finding]


class Publisher(msgspec.Struct, forbid_unknown_fields=True):
    standing: str | None
    attestations: list[dict[str, Any]]
    invalid: list[str]
    unsupported: list[str]


class Advisory(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    aliases: list[str]
    malware: bool
    name_wide: bool
    severity: str | None
    summary: str
    fixed: list[str]


class Advisories(msgspec.Struct, forbid_unknown_fields=True):
    as_of: str
    source: str
    records: list[Advisory]


class Candidate(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    version: str | None
    filename: str
    url: str
    sha256: str | None
    decision: str
    named: bool
    pinned: bool
    index: str | None
    upload_time: str | None
    publisher: Publisher | None
    advisories: Advisories | None
    findings: list[Finding]


class Report(msgspec.Struct, forbid_unknown_fields=True):
    """Schema 1: keys may be added, none may go or change its meaning."""

    schema: int
    decision: str
    done: str | None
    candidates: list[Candidate]
    passed_over: list[PassedOver]
    suggestions: dict[str, str]
    note: str | None


def read(text: str) -> Report:
    return msgspec.json.decode(text, type=Report)


@pytest.mark.parametrize("result", EVERY.values(), ids=EVERY)
def test_every_report_has_the_documented_shape(result: Result) -> None:
    report = read(render(result))
    assert report.schema == 1
    assert report.decision == result.decision
    assert [c.decision for c in report.candidates] == [v.decision for v in result.verdicts]


def test_a_denied_candidate() -> None:
    candidates = json.loads(render(DENIED))["candidates"]
    assert candidates[1] == snapshot(
        {
            "name": "litellm",
            "version": "1.82.6",
            "filename": "litellm-1.82.6-py3-none-any.whl",
            "url": "https://files.example.com/litellm-1.82.6-py3-none-any.whl",
            "sha256": "ed589341c9fd5da96aaff4c5efa008226282a716186608d5a032ac75895a9c2f",
            "decision": "denied",
            "named": True,
            "pinned": False,
            "index": "https://packages.example.com/simple",
            "upload_time": "2026-04-01T10:00:00+00:00",
            "publisher": None,
            "advisories": None,
            "findings": [
                {
                    "rule": "fresh-upload",
                    "level": "deny",
                    "message": "uploaded 2 hours ago, younger than 7 days",
                    "detail": ['policy: rules.fresh-upload.age = "7 days"'],
                    "unknown": False,
                    "waiver": None,
                },
                {
                    "rule": "hash-mismatch",
                    "level": "deny",
                    "message": "could not be downloaded: not downloaded",
                    "detail": [],
                    "unknown": True,
                    "waiver": None,
                },
            ],
        }
    )


def test_who_published_it() -> None:
    assert json.loads(render(ADMITTED))["candidates"][1]["publisher"] == snapshot(
        {
            "standing": "first seen",
            "attestations": [
                {
                    "predicate": "publish",
                    "log_index": 7,
                    "integrated_at": "2026-01-02T03:04:05+00:00",
                    "builder": None,
                    "source": None,
                    "kind": "GitHub",
                    "identity": {
                        "issuer": "https://token.actions.githubusercontent.com",
                        "identity": "https://github.example.com/acme/frob/.github/workflows/release.yml",
                        "repository": "acme/frob",
                        "repository_id": None,
                        "owner": None,
                        "owner_id": None,
                        "workflow": "release.yml",
                        "ref": "refs/tags/v1.0",
                        "digest": None,
                        "environment": None,
                        "trigger": None,
                        "runner": None,
                        "build_signer": None,
                        "run": None,
                        "subject": None,
                    },
                }
            ],
            "invalid": [],
            "unsupported": [],
        }
    )


def test_what_is_not_known_is_null() -> None:
    lost = Unknown("no answer in time")
    candidate = a_candidate(
        file=a_file(version=None, hashes={}),
        origin=lost,
        listing=lost,
        status=lost,
        digests=Absent("not a single file"),
        provenance=lost,
    )
    verdict = a_verdict(candidate)
    (said,) = read(render(Result(decision=verdict.decision, verdicts=(verdict,)))).candidates
    assert (said.version, said.sha256, said.index, said.upload_time) == (None, None, None, None)
    assert said.publisher is None


def test_the_digest_is_that_of_the_bytes_and_only_without_them_the_promised_one() -> None:
    file = a_file(hashes={"sha256": "b" * 64})
    for digests, sha256 in (({"sha256": SHA256}, SHA256), (Unknown("lost"), "b" * 64)):
        verdict = a_verdict(a_candidate(file=file, digests=digests))
        (said,) = read(render(Result(decision=verdict.decision, verdicts=(verdict,)))).candidates
        assert said.sha256 == sha256


def test_an_upload_time_that_the_index_does_not_give_is_null() -> None:
    verdict = a_verdict(a_candidate(listing=a_listing(upload_time=Unknown("not given"))))
    (said,) = read(render(Result(decision=verdict.decision, verdicts=(verdict,)))).candidates
    assert said.upload_time is None


def test_what_an_index_says_is_data() -> None:
    text = render(ATTACKED)
    assert text.isascii()
    assert "\x1b" not in text
    report = read(text)
    assert report.note == HOSTILE
    assert HOSTILE in report.candidates[0].filename


@pytest.mark.parametrize(
    ("error", "decision", "kind"),
    [
        (
            SourceError("the index is down", reason="no answer", hint="try"),
            "undecided",
            "undecided",
        ),
        (UsageError("what \ud800 is this"), None, "usage"),
        (PolicyError("no", source="guard.toml", at="rules"), None, "policy"),
    ],
)
def test_a_run_without_a_judgement_is_a_report_too(
    error: SourceError | UsageError | PolicyError, decision: str | None, kind: str
) -> None:
    document = json.loads(render_error(error))
    assert (document["schema"], document["decision"], document["candidates"]) == (1, decision, [])
    assert document["error"]["kind"] == kind
    assert document["error"]["message"] == error.message
    assert render_error(error).isascii()


def test_what_is_known_against_a_release() -> None:
    (candidate,) = json.loads(render(INFORMED))["candidates"]
    assert candidate["advisories"] == snapshot(
        {
            "as_of": "2026-04-01T09:00:00+00:00",
            "source": "https://feeds.example.com/all.zip",
            "records": [
                {
                    "id": "PYSEC-2026-1",
                    "aliases": ["CVE-2026-0001"],
                    "malware": False,
                    "name_wide": False,
                    "severity": "high",
                    "summary": "reads any file",
                    "fixed": ["1.83"],
                }
            ],
        }
    )


def test_a_url_is_told_without_its_secrets() -> None:
    url = "https://me:pass@files.example.com/f/frob-1.0-py3-none-any.whl?token=s3cret#x"
    verdict = a_verdict(a_candidate(file=a_file(url=url)))
    document = json.loads(render(Result(decision=verdict.decision, verdicts=(verdict,))))
    (candidate,) = document["candidates"]
    assert candidate["url"] == "https://files.example.com/f/frob-1.0-py3-none-any.whl"
