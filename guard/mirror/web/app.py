"""The routes of the web page and of the API, for the server to compose with its own."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib import resources
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from guard.errors import RefusedError
from guard.mirror.people.person import Role
from guard.mirror.server.asgi import App
from guard.mirror.web import api, browse, login, queue
from guard.mirror.web.http import Careful
from guard.mirror.web.page import failed, post, show
from guard.mirror.web.site import Site

_READER, _ASKS, _VOTES = Role.READER, Role.REQUESTER, Role.APPROVER
_CACHED: Final = {"Cache-Control": "max-age=3600"}


def application(site: Site) -> App:
    """Return the whole site as an application, for what the hot routes do not answer."""

    async def missed(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        title = error.detail if isinstance(error, HTTPException) else "Internal Server Error"
        refused = RefusedError(title, status=status)
        if request.url.path.startswith("/api/"):
            return api.failed(refused)
        return failed(site, request, refused)

    return Careful(Starlette(routes=routes(site), exception_handlers={HTTPException: missed}))


def routes(site: Site) -> list[BaseRoute]:
    """Return every route of the page and of the API."""
    return [*_pages(site), *_forms(site), *api.routes(site)]


def _pages(site: Site) -> list[BaseRoute]:
    return [
        Route("/", show(site, browse.overview), methods=["GET"]),
        Route("/requests", show(site, queue.queue), methods=["GET"]),
        Route("/requests/{number:int}", show(site, queue.one), methods=["GET"]),
        Route("/projects", show(site, browse.projects), methods=["GET"]),
        Route("/projects/{project}", show(site, browse.project), methods=["GET"]),
        Route("/projects/{project}/{sha256}/{filename}", show(site, browse.file), methods=["GET"]),
        Route("/log", show(site, browse.log, _VOTES), methods=["GET"]),
        Route("/login", show(site, login.form, None), methods=["GET"]),
        Route("/login/provider", show(site, login.ask, None), methods=["GET"]),
        Route("/login/callback", show(site, login.come_back, None), methods=["GET"]),
        Route("/static/style.css", _static("style.css", "text/css"), methods=["GET"]),
        Route("/static/icon.svg", _static("icon.svg", "image/svg+xml"), methods=["GET"]),
    ]


def _forms(site: Site) -> list[BaseRoute]:
    one = "/requests/{number:int}"
    return [
        Route("/login", post(site, login.log_in, None), methods=["POST"]),
        Route("/logout", post(site, login.log_out, None), methods=["POST"]),
        Route("/requests", post(site, queue.ask, _ASKS), methods=["POST"]),
        Route(f"{one}/vote", post(site, queue.vote, _VOTES), methods=["POST"]),
        Route(f"{one}/withdraw", post(site, queue.withdraw, _ASKS), methods=["POST"]),
        Route(f"{one}/examine", post(site, queue.examine, _ASKS), methods=["POST"]),
        Route("/approvals/{number:int}/revoke", post(site, queue.revoke, _VOTES), methods=["POST"]),
    ]


def _static(name: str, media_type: str) -> Callable[[Request], Response]:
    def endpoint(_: Request) -> Response:
        return Response(_content(name), media_type=media_type, headers=_CACHED)

    return endpoint


@functools.cache
def _content(name: str) -> bytes:
    return (resources.files("guard.mirror.web") / "static" / name).read_bytes()
