"""A judgement as a document for programs: schema 1, stable within a major version."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import zip_longest
from typing import Any, Final

from guard.admission import Standing
from guard.errors import GuardError, SourceError
from guard.model import Absent, Advisory, Decision, Finding, PassedOver, Unknown, Verdict
from guard.publisher import Attestation
from guard.redacted import without_secrets
from guard.report.result import Location, Result

SCHEMA: Final = 1


def render(result: Result) -> str:
    """Return the report as JSON."""
    return _dumped(document(result))


def document(result: Result) -> dict[str, Any]:
    """Return the report as it is serialized."""
    candidates = zip_longest(result.verdicts, result.standings, result.locations)
    more = {"left_out": list(result.left_out)} if result.each else {}
    return {
        "schema": SCHEMA,
        "decision": str(result.decision),
        "done": result.done,
        "candidates": [_candidate(*each) for each in candidates],
        "passed_over": [_passed_over(item) for item in result.passed_over],
        "suggestions": dict(result.suggestions),
        "note": result.note,
        **({"changes": list(result.changes)} if result.changes else {}),
        **more,
    }


def render_error(error: GuardError) -> str:
    """Return the report of a run that came to no judgement: a decision all the same, never none."""
    undecided = isinstance(error, SourceError)
    return _dumped(
        {
            "schema": SCHEMA,
            "decision": str(Decision.UNDECIDED) if undecided else None,
            "done": None,
            "candidates": [],
            "passed_over": [],
            "error": {
                "kind": error.kind,
                "message": error.message,
                "reason": error.reason,
                "hint": error.hint,
            },
        }
    )


def _candidate(
    verdict: Verdict, standing: Standing | None, location: Location | None
) -> dict[str, Any]:
    candidate = verdict.candidate
    file = candidate.file
    return {
        "name": str(file.project),
        "version": str(file.version) if file.version else None,
        "filename": file.filename,
        "url": without_secrets(file.url),
        "sha256": _sha256(verdict),
        "decision": str(verdict.decision),
        "named": candidate.requested.named,
        "pinned": candidate.requested.pinned,
        "index": (index := _fact(candidate.origin, "url")) and without_secrets(index),
        "upload_time": _upload_time(verdict),
        "publisher": _publisher(verdict, standing),
        "advisories": _advisories(verdict),
        "findings": [finding(each) for each in verdict.findings],
        **_listed(location),
        **_installed(verdict),
        **_built(verdict),
    }


def _built(verdict: Verdict) -> dict[str, Any]:
    """Return what it was built of; nothing where an index has it."""
    match verdict.candidate.built:
        case Absent() | Unknown():
            return {}
        case built:
            source = built.source.file
            used = [{"filename": name, "sha256": sha256} for name, sha256 in built.requirements]
            said = {"filename": source.filename, "sha256": built.sha256}
            said["url"] = without_secrets(source.url)
            return {"built_from": said | {"isolation": built.isolation, "requirements": used}}


def _listed(location: Location | None) -> dict[str, Any]:
    if location is None:
        return {}
    return {"location": {"path": location.path, "line": location.line}}


def _installed(verdict: Verdict) -> dict[str, Any]:
    """Return what an environment has of it; nothing where it is not installed."""
    match verdict.candidate.installation:
        case Absent():
            return {}
        case Unknown():
            return {"installation": None}
        case found:
            url = verdict.candidate.requested.direct_url
            altered = [] if isinstance(found.altered, Absent | Unknown) else found.altered
            said = {
                "installer": found.installer,
                "files": found.files,
                "altered": [{"path": each.path, "what": each.what} for each in altered],
                "wheel": None if isinstance(found.wheel, Absent | Unknown) else found.wheel,
                "admitted": None
                if isinstance(found.admitted, Absent | Unknown)
                else found.admitted,
                "direct_url": url and without_secrets(url),
            }
            return {"installation": said}


def _publisher(verdict: Verdict, standing: Standing | None) -> dict[str, Any] | None:
    """Return what the attestations prove, `null` where there are none or nobody knows."""
    match verdict.candidate.provenance:
        case Absent() | Unknown():
            return None
        case provenance:
            return {
                "standing": str(standing) if standing else None,
                "attestations": [attestation(given) for given in provenance.attestations],
                "invalid": list(provenance.invalid),
                "unsupported": list(provenance.unsupported),
            }


def _advisories(verdict: Verdict) -> dict[str, Any] | None:
    """Return what is known against the release, and as of when; `null` where nobody knows."""
    match verdict.candidate.advisories:
        case Absent() | Unknown():
            return None
        case advisories:
            return {
                "as_of": advisories.as_of.isoformat(),
                "source": advisories.source,
                "records": [_advisory(record) for record in advisories.records],
            }


def _advisory(record: Advisory) -> dict[str, Any]:
    return {
        "id": record.id,
        "aliases": list(record.aliases),
        "malware": record.malware,
        "name_wide": record.name_wide,
        "severity": str(record.severity) if record.severity else None,
        "summary": record.summary,
        "fixed": [str(version) for version in record.fixed],
    }


def attestation(given: Attestation) -> dict[str, Any]:
    """Return a verified attestation with every claim of its certificate."""
    return {
        "predicate": str(given.predicate),
        "log_index": given.log_index,
        "integrated_at": given.integrated_at.isoformat(),
        "builder": given.builder,
        "source": given.source,
        "kind": str(given.identity.kind) if given.identity.kind else None,
        "identity": asdict(given.identity),
    }


def _sha256(verdict: Verdict) -> str | None:
    match verdict.candidate.digests:
        case Absent() | Unknown():
            return verdict.candidate.file.hashes.get("sha256")
        case digests:
            return digests["sha256"]


def _upload_time(verdict: Verdict) -> str | None:
    match verdict.candidate.listing:
        case Absent() | Unknown():
            return None
        case listing:
            moment = listing.upload_time
            return None if isinstance(moment, Absent | Unknown) else moment.isoformat()


def _fact(fact: object, attribute: str) -> Any:  # noqa: ANN401 - JSON has no narrower type
    return None if isinstance(fact, Absent | Unknown) else getattr(fact, attribute)


def finding(given: Finding) -> dict[str, Any]:
    """Return one finding as every report has it."""
    return {
        "rule": str(given.rule),
        "level": str(given.level),
        "message": given.message,
        "detail": list(given.detail),
        "unknown": given.unknown,
        "waiver": given.waiver,
    }


def _passed_over(item: PassedOver) -> dict[str, Any]:
    return {
        "name": str(item.project),
        "version": str(item.version),
        "findings": [finding(each) for each in item.findings],
    }


def _dumped(document: dict[str, Any]) -> str:
    """Return the document in ASCII: an index chooses some of it, and a terminal may show it."""
    return json.dumps(document, indent=2) + "\n"
