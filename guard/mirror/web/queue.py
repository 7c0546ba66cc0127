"""The pages of requests: the queue, one request with its votes, and the forms on both."""

from __future__ import annotations

from datetime import date
from typing import Final

from packaging.utils import InvalidName, canonicalize_name
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from guard.errors import GuardError, RefusedError
from guard.mirror.people.person import Caller
from guard.mirror.people.requests import State, release
from guard.mirror.people.voting import Ballot
from guard.mirror.web.http import only
from guard.mirror.web.page import Fields, answer, see
from guard.mirror.web.publishers import history
from guard.mirror.web.sessions import Visit
from guard.mirror.web.site import Site
from guard.model import RuleId

_SHOWN: Final = 50
_BEFORE: Final = 5
"""Releases whose publishers are shown beside a request's own."""


def queue(site: Site, request: Request, visit: Visit) -> Response:
    """Show what is asked for, and the form to ask for more."""
    state = _state(request.query_params.get("state", State.OPEN))
    before = number_in(request.query_params.get("before"))
    found = site.requests.some(state=state, before=before, limit=_SHOWN)
    values = {
        "requests": found,
        "state": state,
        "states": list(State),
        "approvers": site.approvers,
        "next": found[-1].number if len(found) == _SHOWN else None,
        "release": request.query_params.get("release", "")[:300],
    }
    return answer(site, request, visit, "requests.html", values)


def ask(site: Site, _: Request, visit: Visit, fields: Fields) -> Response:
    """Take a request, and have its files looked into after the answer is sent."""
    asked = release(only(fields, "release"), only(fields, "reason"), day(only(fields, "expires")))
    number, _new = site.requests.make(_caller(visit), asked, site.mirror.clock())
    response = see(f"/requests/{number}")
    if _new:
        response.background = BackgroundTask(examine_quietly, site, number)
    return response


def one(site: Site, request: Request, visit: Visit) -> Response:
    """Show a request: what was found, who published it, who voted how."""
    found = site.requests.one(number_of(request))
    caller = visit.caller
    records = site.mirror.files.of_project(found.project).values()
    values = {
        "request": found,
        "history": history(site.mirror, records)[:_BEFORE],
        "needed": found.needed(site.approvers),
        "own": caller is not None and caller.name == found.requested_by,
        "approvals": [
            kept
            for kept in site.approved.all(found.project)
            if str(kept.approval.version) == found.version
        ],
    }
    return answer(site, request, visit, "request.html", values)


def vote(site: Site, request: Request, visit: Visit, fields: Fields) -> Response:
    """Take a vote."""
    number = number_of(request)
    choice = only(fields, "vote")
    if choice not in {"approve", "reject"}:
        raise RefusedError("a vote approves or rejects", status=400)
    ballot = Ballot(
        approves=choice == "approve",
        reason=only(fields, "reason"),
        seen=only(fields, "seen"),
        accepts=frozenset(map(RuleId, fields.get("accept", []))),
        expires=day(only(fields, "expires")),
    )
    site.voting.vote(_caller(visit), number, ballot, site.mirror.clock())
    return see(f"/requests/{number}")


def withdraw(site: Site, request: Request, visit: Visit, _: Fields) -> Response:
    """Take one's own request back."""
    number = number_of(request)
    site.requests.withdraw(_caller(visit), number, site.mirror.clock())
    return see(f"/requests/{number}")


def examine(site: Site, request: Request, _: Visit, __: Fields) -> Response:
    """Look into the files of a request, now."""
    number = number_of(request)
    site.examine(number)
    return see(f"/requests/{number}")


def revoke(site: Site, request: Request, visit: Visit, fields: Fields) -> Response:
    """End an approval."""
    number = number_of(request)
    site.approved.revoke(_caller(visit), number, only(fields, "reason"), site.mirror.clock())
    return see(f"/projects/{_project(only(fields, 'project'))}")


def examine_quietly(site: Site, number: int) -> None:
    """Look into a request while nobody waits for it: whoever opens it can have that done again."""
    try:
        site.examine(number)
    except GuardError:
        return


def day(text: str) -> date | None:
    """Return the day that a form names, if it names one. Raises `RefusedError` (400)."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise RefusedError(
            f"{text[:40]!r} is no day", status=400, hint="write 2027-03-01"
        ) from None


def number_of(request: Request) -> int:
    """Return the number in a path. Raises `RefusedError` (404)."""
    number: int = request.path_params["number"]
    if number >= 10**_DIGITS:
        raise RefusedError("there is nothing of that number", status=404)
    return number


def number_in(text: str | None) -> int | None:
    """Return the number in a query; whatever else stands there does not count."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < _DIGITS else None


def _state(text: str) -> State | None:
    return State(text) if text in set(State) else None


def _project(text: str) -> str:
    try:
        return canonicalize_name(text, validate=True)
    except InvalidName:
        raise RefusedError("that is no project", status=400) from None


def _caller(visit: Visit) -> Caller:
    assert visit.caller is not None  # noqa: S101 - the page demands a role
    return visit.caller


_DIGITS: Final = 16
