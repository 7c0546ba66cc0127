"""`guard inspect`: everything that the attestations of a file say."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from guard.cli.exit import ExitCode
from guard.cli.verify import evidence, root, verified
from guard.publisher import NOT_ATTESTED, Attestation, Provenance
from guard.report.json import attestation as document_of
from guard.report.text import plain


def run(arguments: argparse.Namespace) -> int:
    """Print identities, claims, log entries and predicates of one file's attestations."""
    file = Path(arguments.file)
    provenance = verified(file, evidence(arguments, file), root(arguments))
    if arguments.output_format == "json":
        document = {
            "schema": 1,
            "filename": file.name,
            "attestations": [document_of(given) for given in provenance.attestations],
            "invalid": list(provenance.invalid),
            "unsupported": list(provenance.unsupported),
        }
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(_lines(file, provenance)) + "\n")
    return ExitCode.OK


def _lines(file: Path, provenance: Provenance) -> Iterator[str]:
    yield plain(file.name)
    for given in provenance.attestations:
        yield from _attestation(given)
    for reason in provenance.invalid:
        yield f"  invalid: {plain(reason)}"
    for reason in provenance.unsupported:
        yield f"  not understood: {plain(reason)}"
    if not (provenance.attestations or provenance.invalid or provenance.unsupported):
        yield "  not attested"


def _attestation(given: Attestation) -> Iterator[str]:
    yield f"  {given.predicate} attestation, verified"
    rows = {
        "kind": given.identity.kind,
        **asdict(given.identity),
        "log index": given.log_index,
        "logged at": given.integrated_at.isoformat(),
        "builder": given.builder,
        "source": given.source,
    }
    for name, value in rows.items():
        shown = NOT_ATTESTED if value is None else value
        yield f"    {name.replace('_', '-'):15} {plain(str(shown))}"
