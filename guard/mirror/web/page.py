"""What every page of the site goes through: who it is, whether they may, and what went wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from guard.errors import EvidenceError, MirrorError, RefusedError, UsageError
from guard.mirror.people.person import Role
from guard.mirror.web import sessions
from guard.mirror.web.http import form_of
from guard.mirror.web.sessions import Visit
from guard.mirror.web.shown import rendered
from guard.mirror.web.site import Site

Fields: TypeAlias = Mapping[str, list[str]]
Shown: TypeAlias = Callable[[Site, Request, Visit], Response]
Posted: TypeAlias = Callable[[Site, Request, Visit, Fields], Response]
Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]

_SEE_OTHER: Final = 303
_UNAVAILABLE: Final = 503


def show(site: Site, page: Shown, role: Role | None = Role.READER) -> Endpoint:
    """Return the endpoint of a page that whoever has `role` may read; `None`: anybody."""

    async def endpoint(request: Request) -> Response:
        return await anyio.to_thread.run_sync(partial(_shown, site, page, role, request))

    return endpoint


def post(site: Site, action: Posted, role: Role | None) -> Endpoint:
    """Return the endpoint of a form that whoever has `role` may send; `None`: anybody."""

    async def endpoint(request: Request) -> Response:
        try:
            fields = await form_of(request)
        except RefusedError as error:
            return await anyio.to_thread.run_sync(partial(failed, site, request, error))
        return await anyio.to_thread.run_sync(partial(_posted, site, action, role, request, fields))

    return endpoint


def answer(  # noqa: PLR0913 - each by its name
    site: Site,
    request: Request,
    visit: Visit,
    name: str,
    values: Mapping[str, Any],
    *,
    status: int = 200,
) -> Response:
    """Return a rendered page."""
    every = {
        "visit": visit,
        "person": visit.caller,
        "role": visit.caller.role if visit.caller else None,
        "proof_field": sessions.FIELD,
        "path": request.url.path,
        "now": site.mirror.clock(),
        "may": partial(_may, visit),
        "Role": Role,
    }
    response = HTMLResponse(rendered(name, {**every, **values}), status_code=status)
    sessions.remember(site, response, visit)
    return response


def see(place: str) -> Response:
    """Return the answer to a form that was taken: look there."""
    return RedirectResponse(place, status_code=_SEE_OTHER)


def _may(visit: Visit, role: Role) -> bool:
    return visit.caller is not None and visit.caller.role.includes(role)


def _shown(site: Site, page: Shown, role: Role | None, request: Request) -> Response:
    try:
        visit = sessions.visit_of(site, request)
        if (elsewhere := _turned_away(site, visit, role)) is not None:
            return elsewhere
        return page(site, request, visit)
    except (RefusedError, MirrorError, EvidenceError) as error:
        return failed(site, request, error)


def _turned_away(site: Site, visit: Visit, role: Role | None) -> Response | None:
    """Return where somebody has to go first, who may not see a page. Raises `RefusedError`."""
    if role is None or (role is Role.READER and site.mirror.settings.anonymous):
        return None
    if visit.caller is None:
        return RedirectResponse("/login", status_code=_SEE_OTHER)
    visit.caller.demand(role)
    return None


def _posted(
    site: Site, action: Posted, role: Role | None, request: Request, fields: Fields
) -> Response:
    try:
        visit = sessions.visit_of(site, request)
        sessions.check(site, request, visit, fields)
        if role is not None:
            if visit.caller is None:
                return RedirectResponse("/login", status_code=_SEE_OTHER)
            visit.caller.demand(role)
        return action(site, request, visit, fields)
    except UsageError as error:
        return failed(site, request, RefusedError(error.message, status=400, hint=error.hint))
    except (RefusedError, MirrorError, EvidenceError) as error:
        return failed(site, request, error)


def failed(
    site: Site, request: Request, error: RefusedError | MirrorError | EvidenceError
) -> Response:
    """Return a page that says what went wrong. It asks the database for nothing."""
    status = error.status if isinstance(error, RefusedError) else _UNAVAILABLE
    shown = {"error": error, "status": status}
    visit = Visit(None, "", new=False)
    response = answer(site, request, visit, "error.html", shown, status=status)
    if isinstance(error, MirrorError):
        response.headers["Retry-After"] = "5"
    elif isinstance(error, RefusedError) and error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response
