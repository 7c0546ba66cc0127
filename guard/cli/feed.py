"""`guard feed`."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

import guard
from guard.advisory.store import Snapshot
from guard.cli.exit import ExitCode
from guard.cli.session import advisories_folder
from guard.duration import ago
from guard.errors import SourceError, UsageError
from guard.model import Unknown
from guard.report.text import plain
from guard.sources import feed
from guard.sources.advisories import snapshot_in
from guard.sources.http import Connection, FetchError, Http

_UPDATE = "`guard feed update` fetches them, `guard feed import FILE` takes a file"


def run(arguments: argparse.Namespace) -> int:
    """Fetch, import or show the advisories that releases are compared with."""
    now = datetime.now(UTC)
    before = snapshot_in(advisories_folder())
    match arguments.action:
        case "status":
            return _status(before, now, arguments.output_format)
        case "update":
            after = _updated(arguments, before, now)
        case _:
            after = feed.import_file(
                advisories_folder(), arguments.file, _expected(arguments), now=now
            )
    for line in (*_lines(after, now), *_compared(before, after)):
        sys.stderr.write(f"{plain(line)}\n")
    return ExitCode.OK


def _updated(arguments: argparse.Namespace, before: Snapshot | Unknown, now: datetime) -> Snapshot:
    url = arguments.url or _last(before) or feed.DEFAULT_URL
    if "://" not in url:
        raise UsageError(f"`{url}` is not a URL", hint=f"for a file: `guard feed import {url}`")
    try:
        http = Http(connection=Connection(user_agent=f"wheelguard/{guard.__version__}"))
    except FetchError as error:
        raise SourceError("no connection can be trusted", reason=str(error)) from None
    try:
        return feed.update(advisories_folder(), url, http, _expected(arguments), now=now)
    finally:
        http.close()


def _last(before: Snapshot | Unknown) -> str | None:
    """Return the address of the last update: who has chosen a feed stays with it."""
    known = isinstance(before, Snapshot) and "://" in before.source
    return before.source if isinstance(before, Snapshot) and known else None


def _expected(arguments: argparse.Namespace) -> feed.Expected:
    given: str | None = arguments.sha256
    if given is None:
        return feed.Expected()
    digest = given.removeprefix("sha256:").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digest, re.ASCII):
        raise UsageError(f"`{given}` is no sha256", hint="write its 64 hexadecimal digits")
    return feed.Expected(sha256=digest)


def _status(snapshot: Snapshot | Unknown, now: datetime, form: str) -> int:
    """Print what is here; without advisories the exit code says that nothing is known."""
    missing = isinstance(snapshot, Unknown)
    if form == "json":
        sys.stdout.write(json.dumps(_document(snapshot, now), indent=2) + "\n")
    elif isinstance(snapshot, Unknown):
        sys.stdout.write(f"advisories: {plain(snapshot.reason)}; {_UPDATE}\n")
    else:
        sys.stdout.writelines(f"{plain(line)}\n" for line in _lines(snapshot, now))
    return ExitCode.UNDECIDED if missing else ExitCode.OK


def _document(snapshot: Snapshot | Unknown, now: datetime) -> dict[str, object]:
    if isinstance(snapshot, Unknown):
        return {"schema": 1, "snapshot": None, "reason": snapshot.reason}
    told = msgspec.to_builtins(snapshot)
    age = int((now - snapshot.as_of).total_seconds())
    return {"schema": 1, "snapshot": {**told, "age_seconds": age}, "reason": None}


def _lines(snapshot: Snapshot, now: datetime) -> Iterator[str]:
    yield (
        f"advisories  {snapshot.records:,} records about {snapshot.projects:,} projects,"
        f" {snapshot.withdrawn:,} withdrawn, {snapshot.unreadable:,} unreadable"
    )
    yield f"as of       {_moment(snapshot.as_of, now)}"
    yield f"fetched     {_moment(snapshot.fetched_at, now)}"
    yield f"source      {snapshot.source}"
    yield f"sha256      {snapshot.sha256}"
    for fault in snapshot.faults:
        yield f"unreadable  {fault}"


def _moment(moment: datetime, now: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC, {ago(now - moment)} ago"


def _compared(before: Snapshot | Unknown, after: Snapshot) -> Iterator[str]:
    """Say what is odd about a snapshot that takes the place of another one."""
    if isinstance(before, Snapshot):
        if after.as_of < before.as_of:
            yield f"warning: the one before was newer, as of {before.as_of:%Y-%m-%d %H:%M} UTC"
        if after.records < before.records:
            yield f"warning: the one before had {before.records:,} records"
