"""`guard mirror request`: ask for a release straight in a mirror's database."""

from __future__ import annotations

import argparse
import sys

from guard.cli.exit import ExitCode
from guard.cli.expiry import last_day
from guard.cli.mirror_parts import mirror_of, settings_of
from guard.cli.recording import account
from guard.errors import UsageError
from guard.mirror.people.person import Caller
from guard.mirror.people.requests import Requests, release
from guard.mirror.people.roster import Roster


def run(arguments: argparse.Namespace) -> int:
    """Ask for it, for somebody whom the mirror knows."""
    mirror = mirror_of(settings_of(arguments))
    try:
        people = {person.name: person for person in Roster(mirror.database).all()}
        person = people.get(arguments.person)
        if person is None or person.disabled:
            raise UsageError(f"there is nobody called `{arguments.person}`")
        now = mirror.clock()
        asked = release(arguments.release, arguments.reason, last_day(arguments.expires, now))
        caller = Caller(person=person, role=person.role, token=0)
        actor = f"{account()} (command line)"
        number, new = Requests(mirror.database).make(caller, asked, now, actor=actor)
    finally:
        mirror.close()
    sys.stderr.write(f"request {number}{'' if new else ' was there already'}\n")
    return ExitCode.OK
