"""What an index can do wrong, each as a function from the right answer to a wrong one."""

from __future__ import annotations

import enum
import fnmatch
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from urllib.parse import unquote, urlsplit


class Seen(NamedTuple):
    """One request, as it reached the server; the names of its headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]

    @property
    def location(self) -> str:
        """The path without query and percent-encoding: the one that routes and globs match."""
        return unquote(urlsplit(self.path).path)


class Delivery(enum.Enum):
    """How the body of an answer goes over the wire."""

    WHOLE = enum.auto()
    RESET = enum.auto()
    SHORT = enum.auto()
    ENDLESS = enum.auto()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One response; where the delivery is not WHOLE, it ends after `limit` bytes of the body."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delivery: Delivery = Delivery.WHOLE
    limit: int = 0

    def with_headers(self, **headers: str) -> Answer:
        """The same answer with `headers` set, an underscore in a name standing for a hyphen."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **named})


Fault = Callable[[Answer], Answer]


def status(code: int, *, retry_after: int | None = None) -> Fault:
    """The answer is the bare status `code`, with Retry-After where it is given."""
    waiting = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return lambda _: Answer(
        status=code, headers={"Content-Type": "text/plain", **waiting}, body=b"a fault\n"
    )


def redirect(to: str, *, code: int = 302) -> Fault:
    """The answer is a redirect; it loops when `to` is the path of the fault itself."""
    return lambda _: Answer(status=code, headers={"Location": to})


def garbage(body: bytes, content_type: str = "application/octet-stream") -> Fault:
    """The answer is `body`, under a content type that it need not have."""
    return lambda _: Answer(headers={"Content-Type": content_type}, body=body)


def mislabelled(content_type: str) -> Fault:
    """The answer is the right one under another content type."""
    return lambda answer: answer.with_headers(Content_Type=content_type)


def replaced(body: bytes) -> Fault:
    """The answer is well-formed and carries another body: a file that no longer has its hash."""
    return lambda answer: replace(answer, body=body)


def reset(after: int = 0) -> Fault:
    """The connection is reset once `after` bytes of the body are sent."""
    return lambda answer: replace(answer, delivery=Delivery.RESET, limit=after)


def truncated(after: int = 0) -> Fault:
    """The connection closes in good order after `after` bytes of a body that promised more."""
    return lambda answer: replace(answer, delivery=Delivery.SHORT, limit=after)


def endless(cap: int = 200_000_000) -> Fault:
    """The body goes on in chunks until the client leaves, the server stops or `cap` is reached.

    It never ends well: at the cap the connection closes without the last chunk.
    """
    return lambda answer: replace(answer, delivery=Delivery.ENDLESS, limit=cap)


@dataclass(kw_only=True)
class _Planned:
    applies: Callable[[Seen], bool]
    fault: Fault
    left: int | None


class Faults:
    """The faults in wait; each request meets the first one that applies to it, if any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[_Planned] = []

    def add(
        self, where: str | Callable[[Seen], bool], fault: Fault, *, times: int | None = None
    ) -> None:
        """Plan `fault` for the next `times` requests to `where`, or for all of them."""
        applies = _matching(where) if isinstance(where, str) else where
        with self._lock:
            self._planned.append(_Planned(applies=applies, fault=fault, left=times))

    def clear(self) -> None:
        """Forget every fault, those that were to last forever too."""
        with self._lock:
            self._planned.clear()

    def met_by(self, seen: Seen) -> Fault | None:
        """The fault that this request meets, which is then used up by one."""
        with self._lock:
            for planned in self._planned:
                if planned.left != 0 and planned.applies(seen):
                    if planned.left is not None:
                        planned.left -= 1
                    return planned.fault
        return None


def _matching(glob: str) -> Callable[[Seen], bool]:
    return lambda seen: fnmatch.fnmatchcase(seen.location, glob)
