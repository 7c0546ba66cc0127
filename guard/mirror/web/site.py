"""What every page and every answer of the API is made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from packaging.version import Version

from guard.mirror.database.audit import AuditLog
from guard.mirror.mirror import Mirror
from guard.mirror.people.approvals import Approved
from guard.mirror.people.authentication import Authentication
from guard.mirror.people.examination import Examiner
from guard.mirror.people.requests import Requests
from guard.mirror.people.requests import State as Asked
from guard.mirror.people.roster import Roster
from guard.mirror.people.tokens import Tokens
from guard.mirror.people.voting import Voting
from guard.mirror.records import State
from guard.mirror.web.facts import Facts

if TYPE_CHECKING:
    from guard.mirror.people.exchange import Exchange
    from guard.mirror.people.provider import Provider

_AGAIN: Final = timedelta(seconds=5)


@dataclass(frozen=True)
class Site:
    """A mirror, who comes to it, and what examines releases for them."""

    mirror: Mirror
    authentication: Authentication
    examiner: Examiner
    provider: Provider | None = None
    """Who is asked about people, besides their tokens."""

    exchange: Exchange | None = None
    """What identity tokens of CI are exchanged by."""

    @cached_property
    def requests(self) -> Requests:
        """What people ask for."""
        return Requests(self.mirror.database)

    @cached_property
    def voting(self) -> Voting:
        """Where they vote on it."""
        return Voting(self.mirror.database, self.approvers)

    @cached_property
    def approved(self) -> Approved:
        """What came of it."""
        return Approved(self.mirror.database)

    @cached_property
    def tokens(self) -> Tokens:
        """Tokens and sessions."""
        return Tokens(self.mirror.database)

    @cached_property
    def roster(self) -> Roster:
        """Everybody."""
        return Roster(self.mirror.database)

    @cached_property
    def log(self) -> AuditLog:
        """Who did what."""
        return AuditLog(self.mirror.database)

    @cached_property
    def facts(self) -> Facts:
        """What the mirror knows of projects and files."""
        return Facts(self.mirror)

    @property
    def approvers(self) -> int:
        """How many have to approve."""
        return max(1, self.mirror.settings.approvers)

    @cached_property
    def origins(self) -> frozenset[str]:
        """Where its own pages come from, as a browser says it: nobody else's posts count."""
        settings = self.mirror.settings
        if settings.public_url is not None:
            parts = urlsplit(settings.public_url)
            return frozenset({f"{parts.scheme}://{parts.netloc}".lower()})
        hosts = {settings.host, "127.0.0.1", "localhost"}
        named = {f"[{host}]" if ":" in host else host for host in hosts}
        return frozenset(f"http://{host}:{settings.port}" for host in named)

    @property
    def secure(self) -> bool:
        """Whether browsers reach it by HTTPS."""
        return (self.mirror.settings.public_url or "").startswith("https://")

    def examine(self, number: int) -> None:
        """Look into a request, and keep what was found. Raises `MirrorError`.

        What was found a moment ago stands: it costs an upstream something each time.
        """
        request = self.requests.one(number)
        known, now = request.examination, self.mirror.clock()
        if request.state is not Asked.OPEN or (known is not None and now - known.at < _AGAIN):
            return
        files = self.mirror.files.of_project(request.project).values()
        wanted = [
            record.listed.key.filename
            for record in files
            if record.listed.version == request.version and record.state is not State.UNJUDGED
        ]
        found = self.examiner.examine(request.project, Version(request.version), wanted)
        self.requests.examined(number, found)
