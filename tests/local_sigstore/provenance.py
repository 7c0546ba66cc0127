"""The PEP 740 provenance object: what an index serves beside a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping

from .attestation import MintedAttestation
from .encoding import JsonObject
from .fault import Fault
from .identity import Publisher
from .tampering import Tampering, changed, replaced

_BUNDLES = ("attestation_bundles",)
_PUBLISHER = (*_BUNDLES, 0, "publisher")


def provenance(attestations: Iterable[MintedAttestation], fault: Fault | None = None) -> bytes:
    """Write a provenance object with one bundle for each publisher of `attestations`.

    PEP-740: attestation_bundles is a required JSON array, containing one or more "bundles" of
             attestations
    """
    document = {"version": 1, "attestation_bundles": _bundles(attestations)}
    if fault in _TAMPERINGS:
        _TAMPERINGS[fault](document)
    raw = json.dumps(document).encode()
    return raw[:-1] if fault is Fault.TRUNCATED_PROVENANCE else raw


def _bundles(attestations: Iterable[MintedAttestation]) -> list[JsonObject]:
    bundles: dict[str, JsonObject] = {}
    for attestation in attestations:
        publisher = dict(attestation.publisher)
        bundle = bundles.setdefault(
            json.dumps(publisher, sort_keys=True), {"publisher": publisher, "attestations": []}
        )
        bundle["attestations"].append(attestation.document)
    return list(bundles.values())


def _misnamed(others: Publisher) -> Callable[[Publisher], Publisher]:
    """Put those of `others` into a publisher that its kind has."""

    def misname(publisher: Publisher) -> Publisher:
        wrong = {key: value for key, value in others.items() if key in publisher}
        if not wrong:
            raise ValueError(f"a {publisher['kind']} publisher has none of: {', '.join(others)}")
        return {**publisher, **wrong}

    return misname


def _of_other_kind(publisher: Publisher) -> Publisher:
    if publisher["kind"] == "Google":
        return {"kind": "GitHub", "repository": "acme/widget", "workflow": "release.yml"}
    return {"kind": "Google", "email": "publisher@example.com"}


_OTHER_PUBLISHER = {
    "repository": "elsewhere/widget",
    "email": "elsewhere@example.com",
    "project_id": "ffffffff-0000-4000-8000-000000000001",
}
_OTHER_WORKFLOW = {
    "workflow": "elsewhere.yml",
    "workflow_filepath": "elsewhere.yml",
    "pipeline_definition_id": "ffffffff-0000-4000-8000-000000000002",
}

_TAMPERINGS: Mapping[Fault | None, Tampering] = {
    Fault.UNKNOWN_PROVENANCE_VERSION: replaced(("version",), 2),
    Fault.NO_BUNDLES: replaced(_BUNDLES, []),
    Fault.NO_ATTESTATIONS: replaced((*_BUNDLES, 0, "attestations"), []),
    Fault.UNKNOWN_PUBLISHER_KIND: replaced((*_PUBLISHER, "kind"), "Unheard-of"),
    Fault.OTHER_PUBLISHER_KIND: changed(_PUBLISHER, _of_other_kind),
    Fault.OTHER_PUBLISHER: changed(_PUBLISHER, _misnamed(_OTHER_PUBLISHER)),
    Fault.OTHER_WORKFLOW: changed(_PUBLISHER, _misnamed(_OTHER_WORKFLOW)),
    Fault.OTHER_ENVIRONMENT: changed(_PUBLISHER, _misnamed({"environment": "elsewhere"})),
}

PROVENANCE_FAULTS = frozenset(_TAMPERINGS) | {Fault.TRUNCATED_PROVENANCE}
"""The faults of a provenance object, as opposed to those of an attestation in it."""
