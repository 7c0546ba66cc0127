"""Attestations that come with an upload: verified, and made a provenance object of."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from guard import attestation_identities
from guard.admission.gather import Admission
from guard.mirror.records import PRIVATE
from guard.mirror.uploads.form import bad
from guard.model import Absent, File
from guard.publisher import Provenance
from guard.sources.index import Located
from guard.sources.publication import Publication, Publications

_BEFORE = Absent("what was uploaded before is not compared with")


@dataclass(frozen=True, slots=True)
class Enclosed(Publications):
    """What is known of the publisher of one file: what its own attestations prove."""

    proved: Provenance
    sha256: str

    def listed(self, file: File, place: Located) -> Publication:
        """Return the same: there is no page."""
        return self.verified(file, place)

    def verified(self, file: File, place: Located) -> Publication:  # noqa: ARG002 - as asked
        """Return what the attestations prove."""
        return Publication(
            provenance=self.proved,
            prior=_BEFORE,
            remembered=self.known.of(file.project, PRIVATE),
            sha256=self.sha256,
        )


def with_provenance(
    admission: Admission, document: bytes, *, filename: str, sha256: str
) -> Admission:
    """Return what judges a file that was uploaded here by the provenance that is kept of it."""
    publications = admission.publications
    proved = publications.provenance.enclosed(
        document, index=PRIVATE, filename=filename, sha256=sha256
    )
    enclosed = Enclosed(
        index=publications.index,
        provenance=publications.provenance,
        known=publications.known,
        proved=proved,
        sha256=sha256,
    )
    return replace(admission, publications=enclosed)


def provenance_of(admission: Admission, sent: str, *, filename: str, sha256: str) -> bytes:
    """Return the provenance object for the attestations that were sent. Raises `RefusedError`.

    PEP-740: a publisher is what the index says; here, what the certificate itself does.
    """
    bundles = []
    for attestation in _attestations(sent):
        raw = msgspec.json.encode(attestation)
        proved = admission.publications.provenance.attestation(
            raw, index=PRIVATE, filename=filename, sha256=sha256
        )
        publishers = attestation_identities.tables(proved.identities)
        if proved.invalid or proved.unsupported or not publishers:
            said = "; ".join((*proved.invalid, *proved.unsupported)) or "it names nobody"
            raise bad(f"an attestation does not verify: {said}")
        publisher = {key: value for key, value in publishers[0].items() if key in _PUBLISHER}
        bundles.append({"publisher": publisher, "attestations": [attestation]})
    if not bundles:
        raise bad("`attestations` has none")
    return json.dumps({"version": 1, "attestation_bundles": bundles}).encode()


_PUBLISHER = frozenset(
    {
        "kind",
        "repository",
        "workflow",
        "workflow_filepath",
        "environment",
        "email",
        "project_id",
        "pipeline_definition_id",
    }
)


def _attestations(sent: str) -> list[dict[str, Any]]:
    try:
        return msgspec.json.decode(sent, type=list[dict[str, Any]])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise bad("`attestations` is no list of attestations") from None
