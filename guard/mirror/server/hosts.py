"""By which names a mirror may be asked.

A page in a browser can make a name of its own lead to 127.0.0.1 and then read whatever answers
there. So a mirror that only this machine is to reach answers only to this machine's names, and to
the one under which it is published.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from guard.mirror.server.asgi import Problem, Request, Send

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class Hosts:
    """The names that requests may be for; without any, all."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = frozenset(name.lower() for name in names)

    def known(self, host: bytes) -> bool:
        """Tell whether `host` is one of the names, with whatever port."""
        return not self._names or _hostname(host.decode("latin-1")) in self._names

    async def admits(self, request: Request, send: Send) -> bool:
        """Tell whether to go on; otherwise everything was answered."""
        if self.known(request.header(b"host").encode("latin-1")):
            return True
        await _MISDIRECTED.send(request, send)
        return False


def hosts_of(host: str, public_url: str | None) -> Hosts:
    """Return the names by which a mirror that listens on `host` is asked."""
    if host not in LOOPBACK:
        return Hosts()
    public = _hostname(urlsplit(public_url or "").netloc)
    return Hosts(LOOPBACK | ({public} if public else frozenset()))


@functools.lru_cache(1024)
def _hostname(netloc: str) -> str | None:
    try:
        return urlsplit(f"//{netloc}").hostname
    except ValueError:
        return None


_MISDIRECTED: Final = Problem(
    status=421,
    title="Misdirected Request",
    detail="this mirror is not known by that name; `--public-url` says how clients reach it",
)
