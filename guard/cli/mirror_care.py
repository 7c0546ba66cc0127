"""`guard mirror status`, `rejudge`, `deny`, `lift` and `notify`: for whoever looks after one."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from packaging.utils import InvalidName, canonicalize_name

from guard.cli.exit import ExitCode
from guard.cli.mirror_parts import mirror_of, opened, settings_of
from guard.cli.mirror_watch import receivers_of
from guard.cli.recording import account
from guard.duration import ago
from guard.errors import UsageError
from guard.mirror.database.notices import TEST, Notice
from guard.mirror.watch.denials import Denials, release_of
from guard.mirror.watch.health import Health, describe
from guard.mirror.watch.holdings import Holdings, batches
from guard.mirror.watch.notify.receiver import DeliveryError
from guard.mirror.watch.rejudging import Outcome, Rejudging
from guard.mirror.watch.rounds import Due, Kind, Rounds
from guard.report.text import plain

_BATCH = 20


def run(arguments: argparse.Namespace) -> int:
    """Do what the action says."""
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR, format="%(message)s")
    match arguments.action:
        case "status":
            return _status(arguments)
        case "rejudge":
            return _rejudge(arguments)
        case "deny":
            return _listed(arguments) if arguments.list else _deny(arguments)
        case "lift":
            return _lift(arguments)
        case _:
            return _notify(arguments)


def _status(arguments: argparse.Namespace) -> int:
    with opened(settings_of(arguments)) as own:
        now = own.mirror.clock()
        told = describe(Health(own.mirror, own.judge), own.judge, now)
    if arguments.output_format == "json":
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{plain(line)}\n" for line in _lines(told, now))
    return ExitCode.OK if told["ready"] else ExitCode.FAILED


def _lines(told: dict[str, Any], now: datetime) -> Iterator[str]:
    for name, check in told["checks"].items():
        reason = f": {check['reason']}" if "reason" in check else ""
        yield f"{name:<12}{check['status']}{reason}"
    yield f"{'epoch':<12}{told['epoch'][:16]}"
    files = told["files"]
    yield f"{'files':<12}" + ", ".join(f"{count:,} {state}" for state, count in files.items())
    yield f"{'to judge':<12}{told['pending']:,} held files, {told['jobs']:,} jobs"
    seen = told["upstreams"]
    oldest = "" if seen["oldest"] is None else f", all within {_since(seen['oldest'], now)}"
    yield f"{'upstreams':<12}{seen['projects']:,} projects looked at{oldest}"
    if seen["unreached"]:
        yield f"{'':<12}{seen['unreached']:,} could not be reached: {seen['trouble']}"
    yield f"{'to tell':<12}{told['notices']:,} events"
    for item in told["rounds"][:5]:
        yield f"{'round':<12}{_round(item, now)}"


def _round(item: dict[str, Any], now: datetime) -> str:
    what = item["kind"] + (f" {item['project']}" if item["project"] else "")
    state = "" if item["ended_at"] else ", under way"
    counts = ", ".join(
        f"{item[name]:,} {name}" for name in ("judged", "revoked", "restored", "undecided")
    )
    return f"{item['number']} {what}, {_since(item['began_at'], now)} ago{state}: {counts}"


def _since(moment: str, now: datetime) -> str:
    return ago(now - datetime.fromisoformat(moment))


def _rejudge(arguments: argparse.Namespace) -> int:
    project = None
    if arguments.project is not None:
        try:
            project = canonicalize_name(arguments.project, validate=True)
        except InvalidName:
            raise UsageError(f"{arguments.project!r} is no name of a project") from None
    with opened(settings_of(arguments), refresh=True) as own:
        mirror, now = own.mirror, own.mirror.clock()
        rounds = Rounds(mirror.database)
        last = rounds.last(Kind.STANDPOINT)
        if last is not None and last.epoch != own.judge.epoch:
            sys.stderr.write(
                "warning: the mirror has judged by another policy, or by other advisories;"
                " `--policy` names the one that it serves with\n"
            )
        due = Due(kind=Kind.ASKED, epoch=own.judge.epoch, since=now, project=project)
        projects = [project] if project else Holdings(mirror.database).projects()
        rejudging = Rejudging(mirror, own.judge, own.owners)
        outcome = Outcome()
        for batch in batches(projects, _BATCH):
            outcome += rejudging.batch(batch, since=now)
        rounds.begin(f"asked {now.timestamp()} {mirror.holder}", due, moment=now)
        if (written := rounds.last(Kind.ASKED)) is not None:
            rounds.add(written.number, outcome)
            rounds.end(written.number, moment=mirror.clock())
    if not arguments.quiet:
        files = "1 file" if outcome.judged == 1 else f"{outcome.judged:,} files"
        sys.stderr.write(
            f"{files} judged: {outcome.revoked:,} revoked,"
            f" {outcome.restored:,} admitted again, {outcome.undecided:,} undecided\n"
        )
    return ExitCode.UNDECIDED if outcome.undecided else ExitCode.OK


def _deny(arguments: argparse.Namespace) -> int:
    if arguments.release is None:
        raise UsageError("nothing is named", hint="`guard mirror deny frob==1.0 --reason WHY`")
    project, version = release_of(arguments.release)
    mirror = mirror_of(settings_of(arguments))
    try:
        reason = arguments.reason or ""
        now = mirror.clock()
        hit = Denials(mirror.database).deny(project, version, reason, account(), now)
    finally:
        mirror.close()
    named = f"{project} {version}" if version else f"{project}, every version"
    files = "1 file was" if hit == 1 else f"{hit:,} files were"
    sys.stderr.write(f"denied: {plain(named)}; {files} served until now\n")
    return ExitCode.OK


def _listed(arguments: argparse.Namespace) -> int:
    mirror = mirror_of(settings_of(arguments))
    try:
        for denial in Denials(mirror.database).in_force():
            named = denial.project + (f"=={denial.version}" if denial.version else "")
            when = f"{denial.denied_at.astimezone(UTC):%Y-%m-%d %H:%M}"
            line = f"{named}  {when}  {denial.denied_by}  {denial.reason}"
            sys.stdout.write(f"{plain(line)}\n")
    finally:
        mirror.close()
    return ExitCode.OK


def _lift(arguments: argparse.Namespace) -> int:
    project, version = release_of(arguments.release)
    mirror = mirror_of(settings_of(arguments))
    try:
        lifted = Denials(mirror.database).lift(project, version, account(), mirror.clock())
    finally:
        mirror.close()
    named = f"{project}=={version}" if version else project
    if not lifted:
        raise UsageError(
            f"`{named}` is not denied", hint="`guard mirror deny --list` shows what is"
        )
    sys.stderr.write(f"denied no more: {plain(named)}; it is judged like any other\n")
    return ExitCode.OK


def _notify(arguments: argparse.Namespace) -> int:
    if not arguments.test:
        raise UsageError("there is nothing to do", hint="`--test` sends a test to everybody")
    receivers = receivers_of(arguments)
    if not receivers:
        raise UsageError("nobody is named", hint="`--webhook URL`, or `--smtp` and `--mail-to`")
    now = datetime.now(UTC)
    notice = Notice(number=0, event=TEST, at=now, data={"reason": "this is only a test"})
    failed = False
    for receiver in receivers:
        try:
            receiver.tell([notice], mirror="guard mirror notify", moment=now)
        except DeliveryError as error:
            failed = True
            sys.stderr.write(f"failed: {plain(error.message)}: {plain(error.reason or '')}\n")
        else:
            sys.stderr.write(f"told: {plain(receiver.shown)}\n")
    return ExitCode.UNDECIDED if failed else ExitCode.OK
