"""Coming and going: a token is pasted, or an identity provider is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from guard.errors import RefusedError, UsageError
from guard.mirror.database.audit import Act
from guard.mirror.people.gate import address_of
from guard.mirror.people.person import Person
from guard.mirror.web import sessions
from guard.mirror.web.http import only
from guard.mirror.web.page import Fields, answer, see
from guard.mirror.web.sessions import Visit
from guard.mirror.web.site import Site

if TYPE_CHECKING:
    from guard.mirror.people.provider import Provider


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


def ask(site: Site, _: Request, visit: Visit) -> Response:
    """Send the browser to the identity provider."""
    provider = _provider(site)
    response = see(provider.begin(visit.secret, site.mirror.clock()))
    sessions.remember(site, response, visit)
    return response


def come_back(site: Site, request: Request, visit: Visit) -> Response:
    """Begin a session for whoever the identity provider says it is. Raises `RefusedError`."""
    provider, now = _provider(site), site.mirror.clock()
    if visit.caller is not None:
        return see("/requests")
    claims = provider.finish(visit.secret, request.query_params, now)
    person = _person(site, provider, claims)
    until = now + sessions.LASTS
    made = site.tokens.begin_session_of(person, how=provider.name, until=until, moment=now)
    site.tokens.forget(now)
    response = see("/requests")
    sessions.begin(site, response, made.secret)
    return response


def _provider(site: Site) -> Provider:
    if site.provider is None:
        raise RefusedError("there is no such page", status=404)
    return site.provider


def _person(site: Site, provider: Provider, claims: Mapping[str, Any]) -> Person:
    """Return whoever the claims are about; the issuer's subject says it, never a name."""
    subject = f"{provider.issuer.url} {claims['sub']}"
    person = site.roster.of_subject(subject)
    if person is None:
        person = _newcomer(site, provider, claims, subject)
    if person.disabled:
        raise RefusedError(f"{person.name} is shut out here", status=403)
    return person


def _newcomer(site: Site, provider: Provider, claims: Mapping[str, Any], subject: str) -> Person:
    name = claims.get(provider.claim)
    if provider.role is None:
        raise RefusedError(
            "nobody here knows you",
            status=403,
            hint=f"an admin adds you: `guard mirror person add NAME --subject {subject!r}`",
        )
    if provider.claim == "email" and claims.get("email_verified") is False:
        raise RefusedError("your address is not verified", status=403)
    act = Act(f"({provider.name})", site.mirror.clock())
    try:
        return site.roster.add(str(name or claims["sub"]), provider.role, act, subject=subject)
    except UsageError as error:
        raise RefusedError(error.message, status=403, hint="ask an admin of the mirror") from None


def log_out(site: Site, _: Request, visit: Visit, __: Fields) -> Response:
    """End the session, here and in the database."""
    response = see("/login")
    if visit.caller is not None:
        act = Act(visit.caller.name, site.mirror.clock())
        site.tokens.revoke(visit.caller.token, act, action="logout")
        site.authentication.forget(visit.secret)
    sessions.end(site, response)
    return response
