"""`guard inspect`: everything that the attestations of a file say."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from guard.cli.exit import ExitCode
from guard.cli.session import asking_nothing, session
from guard.cli.verify import evidence, root, verified
from guard.errors import SourceError
from guard.model import Absent, Unknown
from guard.publisher import NOT_ATTESTED, Attestation, Provenance
from guard.report.json import attestation as document_of
from guard.report.text import plain
from guard.request import direct_file


def run(arguments: argparse.Namespace) -> int:
    """Print identities, claims, log entries and predicates of one file's attestations."""
    if "://" in arguments.file:
        file, provenance = _from_index(arguments)
    else:
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


def _from_index(arguments: argparse.Namespace) -> tuple[Path, Provenance]:
    """Return what the index that lists the file at a URL proves of it. Raises `GuardError`.

    The file itself is not fetched: its digest is the one on the page, which is what is attested.
    """
    file = direct_file(PurePosixPath(urlsplit(arguments.file).path).name, arguments.file)
    with session(asking_nothing(arguments), alone=True) as run:
        place = run.admission.index.locate(file)
        published = run.admission.publications.verified(file, place)
    match published.provenance:
        case Absent(reason):
            sys.stderr.write(f"{file.filename} is not attested: {plain(reason)}\n")
            return Path(file.filename), Provenance()
        case Unknown(reason):
            raise SourceError(
                f"the attestations of `{file.filename}` could not be had",
                reason=reason,
                hint="name the index that lists it with `--index-url`",
            )
        case provenance:
            return Path(file.filename), provenance


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
