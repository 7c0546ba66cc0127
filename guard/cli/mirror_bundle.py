"""`guard mirror export` and `guard mirror import`."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from guard.cli.exit import ExitCode
from guard.cli.mirror_build import refused, selected
from guard.cli.mirror_parts import opened, pages_folder, quarantine, settings_of
from guard.cli.recording import signing_key
from guard.dsse import PublicKey, SealError, public_key
from guard.errors import UsageError
from guard.mirror.intake import Missing
from guard.mirror.kept import KeptPages
from guard.mirror.records import FileRecord, Key, State
from guard.mirror.server.app import Parts
from guard.mirror.static import bundle
from guard.mirror.static.arrival import Unpacked, unpack
from guard.mirror.static.recorder import Recorder
from guard.mirror.static.selection import Refused, Selection
from guard.model import Unknown
from guard.report.text import plain


def run(arguments: argparse.Namespace) -> int:
    """Write a bundle, or read one."""
    return _export(arguments) if arguments.action == "export" else _import(arguments)


def _export(arguments: argparse.Namespace) -> int:
    key = signing_key(arguments.key)
    settings = settings_of(arguments)
    recorder = Recorder(pages_folder(settings))
    with opened(settings, cache=recorder) as own:
        selection = selected(own, arguments)
        if selection.refused and (arguments.lock or arguments.approved):
            return refused(selection)
        # Each is judged once more, to know which documents it takes to do that.
        taken = judged(own, [record.listed.key for record in selection.records])
        if taken.refused:
            return refused(taken)
        contents = bundle.Contents(
            records=taken.records, documents=recorder.documents, store=own.mirror.store
        )
        bundle.write(arguments.bundle, contents, key=key, moment=own.mirror.clock())
    if not arguments.quiet:
        sys.stderr.write(
            f"{len(taken.records)} files in `{plain(str(arguments.bundle))}`, signed by "
            f"{key.public.id[:16]}\n"
        )
    return ExitCode.OK


def _import(arguments: argparse.Namespace) -> int:
    keys = [_trusted(path) for path in arguments.trusted_key]
    settings = replace(settings_of(arguments), offline=True)
    cache = KeptPages(pages_folder(settings))
    unpacked = unpack(arguments.bundle, keys, quarantine=quarantine(), cache=cache)
    with opened(settings, cache=cache, origins=unpacked.origins) as own:
        taken = judged(own, _keys(unpacked))
    for item in taken.refused:
        what = "undecided" if item.undecided else "denied"
        sys.stderr.write(f"{what}: {plain(item.filename)}: {plain(item.reason)}\n")
    if not arguments.quiet:
        sys.stderr.write(
            f"{len(taken.records)} files admitted, {len(taken.refused)} not; "
            f"signed by {unpacked.signer[:16]} on {unpacked.predicate.created_at:%Y-%m-%d}\n"
        )
    if not taken.refused:
        return ExitCode.OK
    undecided = all(item.undecided for item in taken.refused)
    return ExitCode.UNDECIDED if undecided else ExitCode.DENIED


def judged(own: Parts, keys: list[Key]) -> Selection:
    """Judge these files now, whatever was known of them."""
    records: list[FileRecord] = []
    against: list[Refused] = []
    for key in keys:
        taken = own.intake.take(key)
        if isinstance(taken, FileRecord) and taken.state is State.ADMITTED:
            records.append(taken)
        elif isinstance(taken, Missing | Unknown):
            against.append(Refused(key.filename, taken.reason, isinstance(taken, Unknown)))
        else:
            findings = taken.decided.findings if taken.decided else ()
            said = "; ".join(f"{each.rule}: {each.message}" for each in findings if each.holds)
            against.append(Refused(key.filename, said, taken.state is State.UNDECIDED))
    return Selection(tuple(records), tuple(against))


def _keys(unpacked: Unpacked) -> list[Key]:
    return [Key(file.sha256, file.filename) for file in unpacked.predicate.files]


def _trusted(path: Path) -> PublicKey:
    try:
        return public_key(path)
    except SealError as error:
        raise UsageError(f"`{path}` cannot be trusted", reason=str(error)) from None
