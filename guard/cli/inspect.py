"""`guard inspect`: what is inside a file, and everything that its attestations say.

It states facts. What a policy makes of them, `guard check` says.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from guard.artifact import sdist, wheel
from guard.artifact.content import Content
from guard.cli.exit import ExitCode
from guard.cli.session import asking_nothing, session
from guard.cli.verify import evidence_at_hand, root, verified
from guard.errors import SourceError, UsageError
from guard.model import Absent, Unknown
from guard.publisher import NOT_ATTESTED, Attestation, Provenance
from guard.report import contents
from guard.report.json import attestation as document_of
from guard.report.text import plain
from guard.request import direct_file


def run(arguments: argparse.Namespace) -> int:
    """Print what is inside a local file, and what the attestations of any file say."""
    provenance: Provenance | None
    if "://" in arguments.file:
        content = None
        file, provenance = _from_index(arguments)
    else:
        file = Path(arguments.file)
        content = _content(file)
        found = evidence_at_hand(arguments, file)
        provenance = verified(file, found, root(arguments)) if found else None
    if arguments.output_format == "json":
        sys.stdout.write(json.dumps(_document(file, provenance, content), indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(_lines(file, provenance, content)) + "\n")
    return ExitCode.OK


def _content(file: Path) -> Content | None:
    """Return what is inside; `None` for what nobody can open. Raises `UsageError`."""
    try:
        if file.name.endswith(".whl"):
            return wheel.inspect(file, file.name)
        if file.name.endswith(".tar.gz"):
            return sdist.inspect(file, file.name)
        with file.open("rb"):
            return None
    except OSError as error:
        raise UsageError(f"`{file}` could not be read", reason=error.strerror) from None


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


def _document(
    file: Path, provenance: Provenance | None, content: Content | None
) -> dict[str, object]:
    given = provenance or Provenance()
    return {
        "schema": 1,
        "filename": file.name,
        "attestations": [document_of(each) for each in given.attestations],
        "invalid": list(given.invalid),
        "unsupported": list(given.unsupported),
        "content": contents.document(content) if content else None,
    }


def _lines(file: Path, provenance: Provenance | None, content: Content | None) -> Iterator[str]:
    yield plain(file.name)
    if provenance is None:
        yield "  no attestations are at hand: `--provenance` names them"
    else:
        yield from _proved(provenance)
    if content:
        yield "  inside"
        yield from contents.lines(content)


def _proved(provenance: Provenance) -> Iterator[str]:
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
