"""Coming and going: a token is pasted, or an identity provider is asked."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from guard.mirror.database.audit import Act
from guard.mirror.people.gate import address_of
from guard.mirror.web import sessions
from guard.mirror.web.http import only
from guard.mirror.web.page import Fields, answer, see
from guard.mirror.web.sessions import Visit
from guard.mirror.web.site import Site


def form(site: Site, request: Request, visit: Visit) -> Response:
    """Show how to log in."""
    values = {"provider": site.provider.name if site.provider else None}
    return answer(site, request, visit, "login.html", values)


def log_in(site: Site, request: Request, _: Visit, fields: Fields) -> Response:
    """Begin a session with a token. Raises `RefusedError` (401, 429)."""
    secret = only(fields, "token").strip()
    caller = site.authentication.of_secret(secret, address_of(request.scope))
    now = site.mirror.clock()
    made = site.tokens.begin_session(caller, until=now + sessions.LASTS, moment=now)
    response = see("/requests")
    sessions.begin(site, response, made.secret)
    return response


def log_out(site: Site, _: Request, visit: Visit, __: Fields) -> Response:
    """End the session, here and in the database."""
    response = see("/login")
    if visit.caller is not None:
        act = Act(visit.caller.name, site.mirror.clock())
        site.tokens.revoke(visit.caller.token, act, action="logout")
        site.authentication.forget(visit.secret)
    sessions.end(site, response)
    return response
