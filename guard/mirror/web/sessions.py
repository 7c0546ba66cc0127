"""Sessions of browsers, and the proof that a form is our own.

The cookie of a session is a token of its own. A post counts only if its `Origin` is this mirror's
and its form has the proof that was made from the cookie, which no other site can read.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from guard.errors import RefusedError
from guard.mirror.people.gate import address_of
from guard.mirror.people.person import Caller
from guard.mirror.web.http import only
from guard.mirror.web.site import Site

LASTS: Final = timedelta(hours=10)
"""A day's work."""

FIELD: Final = "proof"
_LOG: Final = logging.getLogger("guard.mirror.access")
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody's browser: who it is, and the secret that its forms are proved with."""

    caller: Caller | None
    secret: str
    new: bool
    """The secret has to be sent along as a cookie."""

    @property
    def proof(self) -> str:
        """What a form of this page carries."""
        return hmac.new(self.secret.encode(), b"a form of this mirror", hashlib.sha256).hexdigest()


def visit_of(site: Site, request: Request) -> Visit:
    """Return whose browser it is. Raises `MirrorError`."""
    token = request.cookies.get(_session(site), "")[:_LONGEST]
    if token and (caller := site.authentication.of_session(token)) is not None:
        return Visit(caller, token, new=False)
    secret = request.cookies.get(_form(site), "")[:_LONGEST]
    return Visit(None, secret or secrets.token_urlsafe(32), new=not secret)


def check(site: Site, request: Request, visit: Visit, fields: Mapping[str, list[str]]) -> None:
    """Raise `RefusedError` (403) unless a post comes from one of our own pages."""
    origin = request.headers.get("origin", "").lower()
    proved = hmac.compare_digest(only(fields, FIELD).encode(), visit.proof.encode())
    if origin in site.origins and proved and not visit.new:
        return
    _LOG.warning(
        "refused a post to %s from %r at %s", request.url.path, origin[:100], _address(request)
    )
    raise RefusedError(
        "this form does not come from a page of this mirror",
        status=403,
        hint="go back, load the page again, and send it once more",
    )


def begin(site: Site, response: Response, secret: str) -> None:
    """Let the browser keep the token of a session."""
    _keep(site, response, _session(site), secret)
    response.delete_cookie(_form(site), path="/", secure=site.secure, httponly=True)


def remember(site: Site, response: Response, visit: Visit) -> None:
    """Let the browser keep what its forms are proved with, where it has nothing yet."""
    if visit.new:
        _keep(site, response, _form(site), visit.secret)


def end(site: Site, response: Response) -> None:
    """Let the browser forget its session."""
    response.delete_cookie(_session(site), path="/", secure=site.secure, httponly=True)


def _keep(site: Site, response: Response, name: str, value: str) -> None:
    response.set_cookie(
        name, value, path="/", secure=site.secure, httponly=True, samesite="lax", max_age=_SECONDS
    )


def _address(request: Request) -> str:
    return address_of(request.scope)


def _session(site: Site) -> str:
    return "__Host-guard-session" if site.secure else "guard-session"


def _form(site: Site) -> str:
    return "__Host-guard-form" if site.secure else "guard-form"


_SECONDS: Final = int(LASTS.total_seconds())
