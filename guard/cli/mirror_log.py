"""`guard mirror log`: the audit log of a mirror, exported and verified."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from guard.cli.exit import ExitCode
from guard.cli.mirror_parts import mirror_of, settings_of
from guard.errors import EvidenceError, UsageError
from guard.mirror.database.audit import AuditLog, Entry, verify
from guard.report.text import plain

_LINE: Final = 1 << 20


def run(arguments: argparse.Namespace) -> int:
    """Print the log, or say whether it is whole."""
    if (arguments.file or arguments.head) and not arguments.verify:
        raise UsageError("`--file` and `--head` go with `--verify`")
    if arguments.file:
        return _told(verify(_exported(arguments.file), head=arguments.head))
    mirror = mirror_of(settings_of(arguments))
    try:
        log = AuditLog(mirror.database)
        if arguments.verify:
            return _told(verify(log.entries(), head=arguments.head))
        for entry in log.entries(arguments.after):
            line = entry.line() if arguments.output_format == "jsonl" else _words(entry)
            sys.stdout.write(f"{line}\n")
    finally:
        mirror.close()
    return ExitCode.OK


def _told(last: Entry | None) -> int:
    entries = "1 entry" if last and last.number == 1 else f"{last.number if last else 0} entries"
    head = f"; head {last.digest}" if last else ""
    sys.stdout.write(f"{entries}: as they were written{head}\n")
    return ExitCode.OK


def _words(entry: Entry) -> str:
    said = (f"{key}={value}" for key, value in entry.detail.items() if value not in (None, "", []))
    words = (f"{entry.at:%Y-%m-%d %H:%M:%S}Z", entry.actor, entry.action, entry.subject, *said)
    return plain("  ".join((str(entry.number), *words)))


def _exported(path: Path) -> Iterator[Entry]:
    """Yield the entries of an export. Raises `EvidenceError`."""
    decoder = msgspec.json.Decoder(Entry)
    try:
        with path.open("rb") as stream:
            while line := stream.readline(_LINE):
                yield decoder.decode(line)
    except OSError as error:
        raise EvidenceError(f"`{path}` could not be read", reason=error.strerror) from None
    except msgspec.DecodeError as error:
        raise EvidenceError(f"`{path}` is no export of an audit log", reason=str(error)) from None
