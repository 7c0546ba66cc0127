"""The JSON API: what the pages can do, for programs. It takes tokens, and never a cookie.

Refusals are problems as RFC 9457 has them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from functools import partial
from typing import Any, Final, TypeAlias

import anyio.to_thread
import msgspec
from packaging.utils import InvalidName, canonicalize_name
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from guard.errors import EvidenceError, MirrorError, RefusedError
from guard.mirror.people.gate import CHALLENGE, address_of
from guard.mirror.people.person import Caller, Role
from guard.mirror.people.requests import State, release
from guard.mirror.people.voting import Ballot
from guard.mirror.records import Key
from guard.mirror.web import documents
from guard.mirror.web.browse import record_at
from guard.mirror.web.http import json_of
from guard.mirror.web.queue import examine_quietly, number_in, number_of
from guard.mirror.web.site import Site
from guard.model import RuleId

_MOST: Final = 200
_AT_ONCE: Final = 1000
Answer: TypeAlias = dict[str, Any] | Response
Asked: TypeAlias = Callable[[Site, Request, Caller | None, Any], Answer]
Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


class RequestBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a request says."""

    release: str
    """`litellm==1.83.1`."""

    reason: str
    expires: date | None = None


class VoteBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a vote says."""

    approves: bool
    reason: str
    seen: str = ""
    """The `digest` of the examination that was read."""

    accepts: tuple[str, ...] = ()
    expires: date | None = None


class ReasonBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A reason alone."""

    reason: str


class TokenBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An identity token."""

    token: str


class EmptyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing."""


def routes(site: Site) -> list[Route]:
    """Return the routes of the API."""
    one = "/api/v1/requests/{number:int}"
    reads: list[tuple[str, Asked, Role]] = [
        ("/api/v1/me", _me, Role.READER),
        ("/api/v1/requests", _requests, Role.READER),
        (one, _request, Role.READER),
        ("/api/v1/approvals", _approvals, Role.READER),
        ("/api/v1/projects", _projects, Role.READER),
        ("/api/v1/projects/{project}", _project, Role.READER),
        ("/api/v1/projects/{project}/{sha256}/{filename}", _file, Role.READER),
        ("/api/v1/audit", _audit, Role.APPROVER),
    ]
    writes: list[tuple[str, Asked, Role, Any]] = [
        ("/api/v1/requests", _ask, Role.REQUESTER, RequestBody),
        (f"{one}/votes", _vote, Role.APPROVER, VoteBody),
        (f"{one}/withdrawal", _withdraw, Role.REQUESTER, EmptyBody),
        (f"{one}/examination", _examine, Role.REQUESTER, EmptyBody),
        ("/api/v1/approvals/{number:int}/revocation", _revoke, Role.APPROVER, ReasonBody),
    ]
    return [
        *(
            Route(path, _endpoint(site, asked, role), methods=["GET"])
            for path, asked, role in reads
        ),
        Route("/api/v1/exchange", _exchanging(site), methods=["POST"]),
        *(
            Route(path, _endpoint(site, asked, role, body), methods=["POST"])
            for path, asked, role, body in writes
        ),
    ]


def _endpoint(site: Site, asked: Asked, role: Role, body: Any = None) -> Endpoint:  # noqa: ANN401 - a type
    async def endpoint(request: Request) -> Response:
        try:
            caller = await anyio.to_thread.run_sync(partial(_caller, site, request, role))
            given = await json_of(request, body) if body is not None else None
            said = await anyio.to_thread.run_sync(asked, site, request, caller, given)
        except (RefusedError, MirrorError, EvidenceError) as error:
            return failed(error)
        return said if isinstance(said, Response) else answer(said)

    return endpoint


def _exchanging(site: Site) -> Endpoint:
    """Return the endpoint that takes an identity token, and so no token of the mirror."""

    async def endpoint(request: Request) -> Response:
        try:
            body: TokenBody = await json_of(request, TokenBody)
            return answer(await anyio.to_thread.run_sync(_exchanged, site, request, body.token))
        except (RefusedError, MirrorError, EvidenceError) as error:
            return failed(error)

    return endpoint


def _exchanged(site: Site, request: Request, token: str) -> dict[str, Any]:
    if site.exchange is None:
        raise RefusedError("this mirror exchanges no tokens", status=404)
    now = site.mirror.clock()
    with site.authentication.attempt(address_of(request.scope)):
        found = site.exchange.exchange(token, now)
    site.tokens.forget(now)
    return {"token": found.made.secret, "expires": found.expires}


def answer(document: dict[str, Any], status: int = 200) -> Response:
    """Return a document as it is sent."""
    body = msgspec.json.encode(document, enc_hook=str)
    return Response(body, status_code=status, media_type="application/json")


def failed(error: RefusedError | MirrorError | EvidenceError) -> Response:
    """Return what went wrong as it is sent."""
    status = error.status if isinstance(error, RefusedError) else 503
    document: dict[str, Any] = {"type": "about:blank", "title": error.message, "status": status}
    more = {"detail": error.reason, "help": error.hint}
    document |= {name: words for name, words in more.items() if words is not None}
    response = Response(
        msgspec.json.encode(document), status_code=status, media_type="application/problem+json"
    )
    if status == 401:  # noqa: PLR2004 - HTTP's
        response.headers[CHALLENGE[0].decode()] = CHALLENGE[1].decode()
    retry = error.retry_after if isinstance(error, RefusedError) else 5
    if retry is not None:
        response.headers["Retry-After"] = str(retry)
    return response


def _caller(site: Site, request: Request, role: Role) -> Caller | None:
    """Return whoever asks, if they may. Raises `RefusedError`."""
    header = request.headers.get("authorization")
    caller = site.authentication.of_header(header, address_of(request.scope))
    if caller is None:
        if role is Role.READER and site.mirror.settings.anonymous:
            return None
        raise RefusedError("this takes a token", status=401, hint="send it as a Bearer token")
    caller.demand(role)
    return caller


def _somebody(caller: Caller | None) -> Caller:
    assert caller is not None  # noqa: S101 - the route demands a role
    return caller


def _me(_: Site, __: Request, caller: Caller | None, ___: None) -> Answer:
    return {"name": caller.name if caller else None, "role": caller.role if caller else Role.READER}


def _requests(site: Site, request: Request, _: Caller | None, __: None) -> Answer:
    query = request.query_params
    named = query.get("state")
    if named is not None and named not in set(State):
        raise RefusedError(f"there is no state {named[:40]!r}", status=400)
    found = site.requests.some(
        state=State(named) if named else None,
        project=canonicalize_name(query["project"]) if "project" in query else None,
        before=number_in(query.get("before")),
        limit=_MOST,
    )
    return {"requests": [documents.request(each, site.approvers) for each in found]}


def _request(site: Site, request: Request, _: Caller | None, __: None) -> Answer:
    found = site.requests.one(number_of(request))
    return documents.request(found, site.approvers)


def _ask(site: Site, _: Request, caller: Caller | None, body: RequestBody) -> Answer:
    asked = release(body.release, body.reason, body.expires)
    number, new = site.requests.make(_somebody(caller), asked, site.mirror.clock())
    said = documents.request(site.requests.one(number), site.approvers)
    response = answer(said, status=201 if new else 200)
    response.headers["Location"] = f"/api/v1/requests/{number}"
    if new:
        response.background = BackgroundTask(examine_quietly, site, number)
    return response


def _vote(site: Site, request: Request, caller: Caller | None, body: VoteBody) -> Answer:
    number = number_of(request)
    ballot = Ballot(
        approves=body.approves,
        reason=body.reason,
        seen=body.seen,
        accepts=frozenset(map(RuleId, body.accepts)),
        expires=body.expires,
    )
    site.voting.vote(_somebody(caller), number, ballot, site.mirror.clock())
    return documents.request(site.requests.one(number), site.approvers)


def _withdraw(site: Site, request: Request, caller: Caller | None, _: EmptyBody) -> Answer:
    number = number_of(request)
    site.requests.withdraw(_somebody(caller), number, site.mirror.clock())
    return documents.request(site.requests.one(number), site.approvers)


def _examine(site: Site, request: Request, _: Caller | None, __: EmptyBody) -> Answer:
    number = number_of(request)
    site.examine(number)
    return documents.request(site.requests.one(number), site.approvers)


def _approvals(site: Site, request: Request, _: Caller | None, __: None) -> Answer:
    project = request.query_params.get("project")
    found = site.approved.all(canonicalize_name(project) if project else None)
    now = site.mirror.clock()
    return {"approvals": [documents.approval(kept, now) for kept in found]}


def _revoke(site: Site, request: Request, caller: Caller | None, body: ReasonBody) -> Answer:
    number, now = number_of(request), site.mirror.clock()
    site.approved.revoke(_somebody(caller), number, body.reason, now)
    return {"number": number, "status": "revoked"}


def _projects(site: Site, request: Request, _: Caller | None, __: None) -> Answer:
    search = request.query_params.get("search", "")[:100].lower()
    return {"projects": [msgspec.to_builtins(row) for row in site.facts.projects(search)]}


def _project(site: Site, request: Request, _: Caller | None, __: None) -> Answer:
    try:
        name = canonicalize_name(request.path_params["project"], validate=True)
    except InvalidName:
        raise RefusedError("that is no project", status=404) from None
    records = site.mirror.files.of_project(name).values()
    if not records:
        raise RefusedError(f"the mirror has met no project {name}", status=404)
    files = [documents.file(record) for record in records]
    return {"name": name, "owner": site.facts.owner(name), "files": files}


def _file(site: Site, request: Request, _: Caller | None, __: None) -> Answer:
    key = Key(request.path_params["sha256"], request.path_params["filename"])
    record = record_at(site, request.path_params["project"], key)
    decisions = [msgspec.to_builtins(each) for each in site.facts.decisions(key)]
    return documents.file(record) | {"decisions": decisions}


def _audit(site: Site, request: Request, _: Caller | None, __: None) -> Answer:
    after = number_in(request.query_params.get("after")) or 0
    lines = (entry.line() + "\n" for entry in site.log.entries(after, limit=_AT_ONCE))
    return Response("".join(lines), media_type="application/x-ndjson")
