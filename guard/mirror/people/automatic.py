"""Requests that make themselves: somebody was denied what an approval could let in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from guard.approval import NEVER
from guard.errors import RefusedError
from guard.mirror.people.gate import caller_of
from guard.mirror.people.requests import Requests, wanted
from guard.mirror.records import FileRecord, State
from guard.mirror.server.asgi import Scope
from guard.model import RuleId

_HOPELESS: Final = NEVER - {RuleId("unapproved-file")}


class Automatic:
    """Asks for each release that is denied, once."""

    def __init__(self, requests: Requests, clock: Callable[[], datetime]) -> None:
        self._requests = requests
        self._clock = clock

    def __call__(self, scope: Scope, record: FileRecord) -> None:
        """Ask for the release of a file that was just denied. Raises `MirrorError`."""
        decided = record.decided
        findings = decided.findings if decided else ()
        against = {finding.rule for finding in findings if finding.holds and not finding.unknown}
        if record.state is not State.DENIED or against & _HOPELESS:
            return
        listed = record.listed
        try:
            asked = wanted(listed.project, listed.version, f"{listed.key.filename} was denied")
        except RefusedError:
            return
        self._requests.make_automatically(caller_of(scope), asked, self._clock())
