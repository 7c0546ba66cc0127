"""The proxy itself: HTTP/1.1 over a listening socket, https by CONNECT, for one child alone.

Whoever does not know the run's token gets 407 and nothing else. A CONNECT goes to no other host
than those that the run's certificate is for, and it goes no further than here: what is asked for
inside is answered by the guard, or not at all.
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import secrets
import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Final
from urllib.parse import urlsplit

from guard.errors import GuardError
from guard.gateway.authority import Identity
from guard.gateway.message import (
    WHO,
    Answer,
    BadRequestError,
    Refusal,
    Request,
    head,
    read_request,
)
from guard.gateway.sending import send

_STRANGER: Final = 10.0
"""Seconds in which a connection must have shown the token."""

_IDLE: Final = 300.0
"""Seconds that a connection of the child may be silent, or take no more bytes."""

_CONNECTIONS: Final = 200
_REQUESTS: Final = 100_000
"""Of one run; the largest that is known asks for some thousand."""

_PORTS: Final = {"http": 80, "https": 443}
_USER: Final = "guard"


class Server:
    """Answers the requests of one child, each connection in a thread of its own."""

    def __init__(self, identity: Identity, answer: Callable[[Request], Answer]) -> None:
        self._identity = identity
        self._answer = answer
        self._token = secrets.token_urlsafe(32)
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._port = int(self._listening.getsockname()[1])
        self._slots = threading.BoundedSemaphore(_CONNECTIONS)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._requests = 0
        self._closed = False

    @property
    def proxy(self) -> str:
        """What the child is given as its proxy; it holds the token."""
        return f"http://{_USER}:{self._token}@127.0.0.1:{self._port}"

    @property
    def port(self) -> int:
        """Where it listens, on the loopback interface."""
        return self._port

    def move(self, listening: socket.socket) -> None:
        """Listen on another socket, of the child's own network, and no more on this machine's."""
        self._listening.close()
        self._listening = listening

    def start(self) -> None:
        """Serve from another thread, until `close`."""
        threading.Thread(target=self._accept, name="gateway", daemon=True).start()

    def close(self) -> None:
        """End every connection, and take no more."""
        self._closed = True
        for endpoint in (self._listening, *self._of_now()):
            with contextlib.suppress(OSError):
                endpoint.shutdown(socket.SHUT_RDWR)
            endpoint.close()

    def _of_now(self) -> list[socket.socket]:
        with self._lock:
            return list(self._open)

    def _accept(self) -> None:
        while not self._closed:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._slots.acquire()
            thread = threading.Thread(target=self._attend, args=(connection,), daemon=True)
            thread.start()

    def _attend(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)
        try:
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.settimeout(_STRANGER)
                self._converse(connection)
        except OSError:
            pass  # the child may leave at any time
        except (RuntimeError, ValueError, CancelledError):
            # What is still asked for when the run is over finds everything closed.
            if not self._closed:
                raise
        finally:
            with self._lock:
                self._open.discard(connection)
            self._slots.release()

    def _converse(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as stream:
            try:
                while (request := read_request(stream)) is not None:
                    self._refuse_stranger(request)
                    connection.settimeout(_IDLE)
                    if request.method == "CONNECT":
                        self._tunnel(connection, request)
                        return
                    self._respond(connection, request, _absolute(request))
            except BadRequestError as error:
                send(connection, Refusal(status=error.status, reason=error.reason), last=True)

    def _refuse_stranger(self, request: Request) -> None:
        given = request.headers.get("proxy-authorization", "")
        wanted = base64.b64encode(f"{_USER}:{self._token}".encode()).decode()
        if not hmac.compare_digest(given.encode("latin-1"), f"Basic {wanted}".encode()):
            raise BadRequestError(WHO, "this proxy belongs to one run of guard")
        with self._lock:
            self._requests += 1
            if self._requests > _REQUESTS:
                raise BadRequestError(429, f"more than {_REQUESTS} requests in one run")

    def _tunnel(self, connection: socket.socket, request: Request) -> None:
        host, _, port = request.target.rpartition(":")
        host = host.strip("[]").lower()
        if host not in self._identity.hosts or not port.isascii() or not port.isdecimal():
            self._unknown_host(request, host)
        connection.sendall(head(200, "Connection established", ()))
        shown = f"[{host}]" if ":" in host else host
        origin = f"https://{shown}" + ("" if int(port) == _PORTS["https"] else f":{int(port)}")
        context = self._identity.context
        with context.wrap_socket(connection, server_side=True) as inner:
            with self._lock:
                self._open.add(inner)
            try:
                self._within(inner, origin)
            finally:
                with self._lock:
                    self._open.discard(inner)

    def _unknown_host(self, request: Request, host: str) -> None:
        """Let the one who answers say what is held against a host that is not one of ours."""
        answer = self._answer(_located(request, f"https://{host}/"))
        reason = answer.reason if isinstance(answer, Refusal) else "no host of a configured index"
        raise BadRequestError(403, reason)

    def _within(self, inner: ssl.SSLSocket, origin: str) -> None:
        with inner.makefile("rb") as stream:
            try:
                while (request := read_request(stream)) is not None:
                    self._respond(inner, request, origin + _path(request))
            except BadRequestError as error:
                send(inner, Refusal(status=error.status, reason=error.reason), last=True)

    def _respond(self, connection: socket.socket, request: Request, url: str) -> None:
        try:
            answer = self._answer(_located(request, url))
        except GuardError as error:
            # pip and uv ask again after a 5xx; this will not change while they wait.
            answer = Refusal(status=424, reason=f"guard: {error.message}")
        tags = request.headers.get("if-none-match", "")
        send(connection, answer, body=request.method == "GET", tags=tags)


def _located(request: Request, url: str) -> Request:
    return Request(method=request.method, target=request.target, headers=request.headers, url=url)


def _path(request: Request) -> str:
    if not request.target.startswith("/"):
        raise BadRequestError(400, "not a path")
    return request.target


def _absolute(request: Request) -> str:
    """Return the URL of a request to a proxy, in the one form in which URLs are compared."""
    try:
        parts = urlsplit(request.target)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise BadRequestError(400, "not a URL") from None
    if parts.scheme != "http" or not host or "@" in parts.netloc:
        raise BadRequestError(400, "not a whole http URL")
    shown = f"[{host}]" if ":" in host else host
    place = shown if port in {None, _PORTS["http"]} else f"{shown}:{port}"
    query = f"?{parts.query}" if parts.query else ""
    return f"http://{place}{parts.path or '/'}{query}"
