"""`guard log`: what was done here through the guard, and whether the record of it is whole."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from packaging.utils import canonicalize_name

from guard.cli.exit import ExitCode
from guard.cli.recording import journal, receipts
from guard.dsse import PublicKey, SealError, public_key
from guard.duration import cutoff
from guard.errors import UsageError
from guard.evidence import Entry, Event
from guard.evidence.reading import read, receipts_of, statements
from guard.evidence.verification import Problem, Proof, unfit, verified
from guard.report.text import plain


def run(arguments: argparse.Namespace) -> int:
    """List the runs, show one, or verify all of it."""
    match arguments.action:
        case "show":
            return _show(arguments)
        case "verify" if arguments.file:
            return _verify_file(arguments)
        case "verify":
            return _verify(arguments)
        case _:
            return _list(arguments)


def _list(arguments: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    since = _moment("--since", arguments.since, now)
    until = _moment("--until", arguments.until, now)
    for entry in _runs(journal().entries()):
        if (since and entry.time < since) or (until and entry.time >= until):
            continue
        if _wanted(entry, arguments):
            if arguments.output_format == "json":
                sys.stdout.write(json.dumps(msgspec.to_builtins(entry)) + "\n")
            else:
                sys.stdout.write(_line(entry) + "\n")
    return ExitCode.OK


def _runs(entries: Iterable[Entry]) -> Iterable[Entry]:
    """Return the last entry of each run, in the order in which the runs began."""
    last: dict[str, Entry] = {}
    for entry in entries:
        last[entry.run] = entry
    return last.values()


def _wanted(entry: Entry, arguments: argparse.Namespace) -> bool:
    if arguments.of and entry.command != arguments.of:
        return False
    if arguments.decision and str(entry.decision or "none") != arguments.decision:
        return False
    if arguments.project is None:
        return True
    # What did not fit into the entry may have been about anything.
    return entry.cut or canonicalize_name(arguments.project) in entry.projects


def _line(entry: Entry) -> str:
    words = [f"{entry.time:%Y-%m-%d %H:%M:%S}Z", entry.run, f"{entry.command:10}", _came_to(entry)]
    words += [_count(entry.files)] if entry.files else []
    words += [" ".join(entry.asked)] if entry.asked else []
    words += [f"({entry.reason})"] if entry.event is Event.PASSED else []
    if entry.against:
        kept_out = (f"{each.file}: {', '.join(each.rules)}" for each in entry.against[:3])
        more = f"; {len(entry.against) - 3} more" if len(entry.against) > 3 else ""  # noqa: PLR2004
        words.append(f"({'; '.join(kept_out)}{more})")
    return plain("  ".join(words))


def _came_to(entry: Entry) -> str:
    """Say what a run came to, as far as anybody knows."""
    if entry.event is Event.BEGUN:
        return f"{entry.decision or ''} unfinished".strip()
    if entry.event is Event.PASSED:
        return "not judged"
    failed = entry.exit_code and (entry.decision is None or entry.decision == "admitted")
    return f"failed ({entry.exit_code})" if failed else str(entry.decision or "done")


def _count(files: int) -> str:
    return "1 file" if files == 1 else f"{files} files"


def _show(arguments: argparse.Namespace) -> int:
    entry = _the_run(arguments.run)
    told: list[dict[str, Any]] = []
    if entry.receipts:
        content = receipts_of(receipts().path(entry.run), entry.receipts)
        told = [each for each in statements(content) if not isinstance(each, SealError)]
    if arguments.output_format == "json":
        for document in (msgspec.to_builtins(entry), *told):
            sys.stdout.write(json.dumps(document) + "\n")
        return ExitCode.OK
    for line in (*_described(entry), *(line for document in told for line in _receipt(document))):
        sys.stdout.write(plain(line) + "\n")
    return ExitCode.OK


def _the_run(named: str) -> Entry:
    """Return the last entry of the one run whose name begins so. Raises `UsageError`."""
    found = [entry for entry in _runs(journal().entries()) if entry.run.startswith(named)]
    if len(found) != 1:
        raise UsageError(
            f"{len(found)} runs have a name that begins with {named!r}",
            hint="`guard log` lists them",
        )
    return found[0]


def _described(entry: Entry) -> Iterator[str]:
    yield _line(entry)
    yield f"  by {entry.by}, guard {entry.guard}"
    if entry.target:
        yield f"  target {entry.target}"
    if entry.policy:
        yield f"  policy sha256 {entry.policy}"
    if entry.reason:
        yield f"  {entry.reason}"


def _receipt(document: dict[str, Any]) -> Iterator[str]:
    (subject,), told = document["subject"], document["predicate"]["wheelguard"]
    yield f"{subject['name']}  sha256 {subject['digest'].get('sha256')}"
    yield f"  {told['standing']}"
    for finding in told["findings"]:
        word = "waived" if finding.get("waiver") else finding.get("level")
        aside = f": {finding['waiver']}" if finding.get("waiver") else ""
        yield f"  {word}[{finding.get('rule')}]: {finding.get('message')}{aside}"


def _verify(arguments: argparse.Namespace) -> int:
    keys = _keys(arguments.key)
    since = _moment("--since", arguments.since, datetime.now(UTC))
    proof = verified(journal(), receipts(), keys=keys, since=since, head=arguments.head)
    if arguments.output_format == "json":
        document = {"schema": 1, "whole": not proof.problems, **msgspec.to_builtins(proof)}
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        _tell(proof.problems, proof.remarks)
        sys.stdout.write(_summary(proof, signed=bool(keys)) + "\n")
    return ExitCode.FAILED if proof.problems else ExitCode.OK


def _summary(proof: Proof, *, signed: bool) -> str:
    entries = "1 entry" if proof.entries == 1 else f"{proof.entries} entries"
    files = f"{_count(proof.receipts)} of receipts"
    if proof.problems:
        return f"{entries}, {files}: not as they were written"
    by = ", each signed by a key that was named" if signed and proof.receipts else ""
    return f"{entries}, {files}{by}: as they were written; head {proof.head}"


def _verify_file(arguments: argparse.Namespace) -> int:
    path: Path = arguments.file
    if arguments.head:
        raise UsageError("`--head` is about the journal, not about a file of receipts")
    keys = _keys(arguments.key)
    content = read(path)
    problems = tuple(unfit(content, path.name, keys))
    number = sum(1 for _ in statements(content))
    if arguments.output_format == "json":
        told = msgspec.to_builtins(problems)
        document = {"schema": 1, "whole": not problems, "receipts": number, "problems": told}
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        _tell(problems, ())
        words = "signed by a key that was named" if keys else "not verified: no `--key` was named"
        if not problems:
            sys.stdout.write(f"{number} receipt{'' if number == 1 else 's'}: {words}\n")
    return ExitCode.FAILED if problems else ExitCode.OK


def _tell(problems: Sequence[Problem], remarks: Sequence[str]) -> None:
    for problem in problems:
        sys.stdout.write(f"changed: {plain(problem.message)}\n  --> {plain(problem.where)}\n")
    for remark in remarks:
        sys.stderr.write(f"note: {plain(remark)}\n")


def _keys(paths: Sequence[Path]) -> list[PublicKey]:
    try:
        return [public_key(path) for path in paths]
    except SealError as error:
        raise UsageError(
            "nothing can be verified with that key",
            reason=str(error),
            hint="make one with `openssl pkey -in PRIVATE -pubout -out PUBLIC`",
        ) from None


def _moment(name: str, text: str | None, now: datetime) -> datetime | None:
    try:
        return cutoff(text, now=now) if text else None
    except (ValueError, OverflowError):
        raise UsageError(
            f"{name}: {text!r} is neither a moment nor an age",
            hint='write 2026-03-24, 2026-03-24T10:39:00Z, "7 days" or P7D',
        ) from None
