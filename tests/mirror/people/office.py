"""People, what they ask for, and a clock that goes only when a test says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from packaging.version import Version

from guard.admission import Standing
from guard.approval import Accepted, ApprovedFile
from guard.mirror.database import Database
from guard.mirror.database.audit import Act, AuditLog, Entry
from guard.mirror.people.examination import Examination, Examined
from guard.mirror.people.person import Caller, Person, Role
from guard.mirror.people.requests import Requests, wanted
from guard.mirror.people.roster import Roster
from guard.mirror.people.tokens import Made, Tokens
from guard.mirror.people.voting import Ballot
from guard.model import Finding, Level, RuleId
from tests.builders import a_digest

START: Final = datetime(2026, 4, 1, 12, tzinfo=UTC)
FRESH: Final = RuleId("fresh-upload")
PUBLISHER: Final = (("kind", "GitHub"), ("repository", "acme/frob"), ("workflow", "release.yml"))


@dataclass
class Clock:
    """Says what time it is."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **length: float) -> None:
        self.now += timedelta(**length)


@dataclass
class Office:
    """A database with people in it."""

    database: Database
    clock: Any = field(default_factory=Clock)

    @property
    def roster(self) -> Roster:
        return Roster(self.database)

    @property
    def tokens(self) -> Tokens:
        return Tokens(self.database)

    @property
    def requests(self) -> Requests:
        return Requests(self.database)

    @property
    def act(self) -> Act:
        return Act("root", self.clock())

    def person(self, name: str, role: Role = Role.APPROVER) -> Person:
        return self.roster.add(name, role, self.act)

    def token(self, name: str, scope: Role | None = None, **more: Any) -> Made:
        terms: dict[str, Any] = {"label": "test", "expires": None} | more
        return self.tokens.create(name, self.act, scope=scope, **terms)

    def caller(self, name: str, role: Role = Role.APPROVER) -> Caller:
        """Somebody new, who has come with a token."""
        self.person(name, role)
        caller = self.tokens.caller(self.token(name).secret, self.clock())
        assert caller is not None
        return caller

    def request(
        self, caller: Caller, version: str = "1.0", examination: Examination | None = None
    ) -> int:
        """A request for `frob`, and what was found in it."""
        asked = wanted("frob", version, "the gateway needs it")
        number, _ = self.requests.make(caller, asked, self.clock())
        self.requests.examined(number, examination or an_examination())
        return number

    def log(self) -> list[Entry]:
        return list(AuditLog(self.database).entries())

    def actions(self) -> list[str]:
        return [entry.action for entry in self.log()]


def a_ballot(examination: Examination | None = None, **more: Any) -> Ballot:
    """A vote for all that was found."""
    examination = examination or an_examination()
    said: dict[str, Any] = {
        "approves": True,
        "reason": "read it",
        "seen": examination.digest,
        "accepts": frozenset(examination.accepted),
    }
    return Ballot(**said | more)


def an_examination(*files: Examined, **more: Any) -> Examination:
    """One wheel that was opened and one that was not."""
    said: dict[str, Any] = {
        "at": START,
        "files": files or (an_examined(),),
        "others": (ApprovedFile(filename="frob-1.0-win.whl", sha256=a_digest(b"win")),),
    }
    return Examination(**said | more)


def an_examined(name: str = "frob-1.0-py3-none-any.whl", **more: Any) -> Examined:
    """A wheel that nothing speaks against."""
    said: dict[str, Any] = {
        "filename": name,
        "sha256": a_digest(name.encode()),
        "standing": Standing.FIRST_SEEN,
        "identities": (PUBLISHER,),
    }
    return Examined(**said | more)


def fresh(words: str = "uploaded 2 hours ago, younger than 7 days") -> Accepted:
    return Accepted(rule=FRESH, finding=words)


def a_finding(rule: str = "known-malware", **more: Any) -> Finding:
    said: dict[str, Any] = {"level": Level.DENY, "message": "it steals"}
    return Finding(rule=RuleId(rule), **said | more)


VERSION: Final = Version("1.0")
