"""`guard mirror person` and `guard mirror token`: who uses a mirror, straight in its database."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time
from typing import Any, Final, TypeAlias

from guard.cli.exit import ExitCode
from guard.cli.expiry import last_day
from guard.cli.mirror_parts import mirror_of, settings_of
from guard.cli.recording import account
from guard.mirror.database.audit import Act
from guard.mirror.mirror import Mirror
from guard.mirror.people.person import Person, Role
from guard.mirror.people.roster import Roster
from guard.mirror.people.tokens import Token, Tokens
from guard.report.text import plain

Action: TypeAlias = Callable[[argparse.Namespace, Mirror, Act], None]


def run(arguments: argparse.Namespace) -> int:
    """Do it; what was done is in the audit log, by the account of whoever did it."""
    mirror = mirror_of(settings_of(arguments))
    try:
        act = Act(f"{account()} (command line)", mirror.clock())
        _ACTIONS[arguments.action, arguments.verb](arguments, mirror, act)
    finally:
        mirror.close()
    return ExitCode.OK


def _add(arguments: argparse.Namespace, mirror: Mirror, act: Act) -> None:
    role, subject = Role(arguments.role), arguments.subject
    _tell(Roster(mirror.database).add(arguments.name, role, act, subject=subject))


def _role(arguments: argparse.Namespace, mirror: Mirror, act: Act) -> None:
    _tell(Roster(mirror.database).role(arguments.name, Role(arguments.role), act))


def _disable(arguments: argparse.Namespace, mirror: Mirror, act: Act) -> None:
    disabled = arguments.verb == "disable"
    _tell(Roster(mirror.database).disable(arguments.name, act, disabled=disabled))


def _people(arguments: argparse.Namespace, mirror: Mirror, _: Act) -> None:
    people = Roster(mirror.database).all()
    if arguments.output_format == "json":
        _dump({"schema": 1, "people": [_person(each) for each in people]})
        return
    for each in people:
        sys.stdout.write(f"{plain(_words(each))}\n")
    if not people:
        sys.stderr.write("nobody; `guard mirror person add` adds somebody\n")


def _create(arguments: argparse.Namespace, mirror: Mirror, act: Act) -> None:
    made = Tokens(mirror.database).create(
        arguments.person,
        act,
        label=arguments.label,
        scope=Role(arguments.scope) if arguments.scope else None,
        expires=_moment(arguments.expires, act.moment),
    )
    sys.stderr.write(f"token {made.number} for {plain(arguments.person)}, shown this once:\n")
    sys.stdout.write(f"{made.secret}\n")


def _tokens(arguments: argparse.Namespace, mirror: Mirror, act: Act) -> None:
    tokens = Tokens(mirror.database).all()
    if arguments.output_format == "json":
        _dump({"schema": 1, "tokens": [_token(each, act.moment) for each in tokens]})
        return
    for each in tokens:
        until = f", until {each.expires:%Y-%m-%d %H:%M} UTC" if each.expires else ""
        label = f" ({each.label})" if each.label else ""
        words = f"{each.number}  {each.person}  {each.scope}  {each.status(act.moment)}"
        sys.stdout.write(f"{plain(words + label + until)}\n")


def _revoke(arguments: argparse.Namespace, mirror: Mirror, act: Act) -> None:
    Tokens(mirror.database).revoke(arguments.number, act)
    sys.stderr.write(f"token {arguments.number} is revoked\n")


def _moment(given: str | None, now: datetime) -> datetime | None:
    day = last_day(given, now)
    return datetime.combine(day, time(), UTC) if day else None


def _tell(person: Person) -> None:
    sys.stderr.write(f"{plain(_words(person))}\n")


def _words(person: Person) -> str:
    return f"{person.name}  {person.role}{'  disabled' if person.disabled else ''}"


def _person(person: Person) -> Mapping[str, Any]:
    return {
        "name": person.name,
        "role": person.role,
        "subject": person.subject,
        "disabled": person.disabled,
    }


def _token(token: Token, now: datetime) -> Mapping[str, Any]:
    return {
        "number": token.number,
        "person": token.person,
        "label": token.label,
        "scope": token.scope,
        "status": token.status(now),
        "created_at": token.created_at.isoformat(),
        "expires": token.expires.isoformat() if token.expires else None,
        "parent": token.parent,
    }


def _dump(document: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


_ACTIONS: Final[Mapping[tuple[str, str], Action]] = {
    ("person", "add"): _add,
    ("person", "role"): _role,
    ("person", "disable"): _disable,
    ("person", "enable"): _disable,
    ("person", "list"): _people,
    ("token", "create"): _create,
    ("token", "list"): _tokens,
    ("token", "revoke"): _revoke,
}
