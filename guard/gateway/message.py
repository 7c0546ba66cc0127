"""HTTP/1.1 as far as an installer needs it: requests read strictly, answers as what they are.

Essential reading: RFC 9112. What two readers could read differently is refused: no bodies, no
folded lines, no second `Host`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final, TypeAlias

from guard.model import Admitted

_LINE: Final = 8 << 10
"""Bytes of one line of a request's head."""

_HEADERS: Final = 64
_METHODS: Final = frozenset({"GET", "HEAD", "CONNECT"})
_START: Final = re.compile(rb"([A-Z]{3,10}) ([!-~]{1,4096}) HTTP/1\.([01])\r\n")
_HEADER: Final = re.compile(
    rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}):[ \t]*([\t -~\x80-\xff]*?)[ \t]*\r\n"
)
WHO: Final = 407
"""Who asks did not say, or is somebody else."""

_REASON: Final = 300
"""Characters of a reason: pip and uv print it as it is."""


class BadRequestError(Exception):
    """A request that is no request; the connection ends with the answer."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The head of a request; it has no body."""

    method: str
    target: str
    """As it was written: a path, a whole URL, or for CONNECT host and port."""

    headers: Mapping[str, str]
    """Their names in lower case; of one that was repeated, the values joined by commas."""

    url: str = ""
    """What is asked for, whole; set by whoever knows where the connection leads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A page, or the metadata of a wheel: text for a resolver, never what is installed."""

    content: bytes
    media_type: str
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer without a document, and why there is none."""

    status: int
    reason: str


Answer: TypeAlias = Document | Refusal | Admitted
"""All that is ever sent. Of files, only the proof that one was admitted is an answer."""


def read_request(stream: BinaryIO) -> Request | None:
    """Return the next request of a connection; `None` where it ends. Raises `BadRequestError`."""
    start = stream.readline(_LINE)
    if not start:
        return None
    match = _START.fullmatch(start)
    # Before 3.12, Python itself asks for a tunnel by HTTP/1.0, and so do pip and poetry.
    if match is None or (match[3] == b"0" and match[1] != b"CONNECT"):
        raise BadRequestError(400, "not an HTTP/1.1 request")
    method = match[1].decode()
    if method not in _METHODS:
        raise BadRequestError(405, "only GET and HEAD")
    headers = _read_headers(stream)
    if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
        raise BadRequestError(400, "a request with a body")
    return Request(method=method, target=match[2].decode(), headers=headers)


def _read_headers(stream: BinaryIO) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for _ in range(_HEADERS):
        line = stream.readline(_LINE)
        if line == b"\r\n":
            return headers
        match = _HEADER.fullmatch(line)
        if match is None:
            raise BadRequestError(431 if len(line) >= _LINE else 400, "a header that is none")
        name, value = match[1].decode().lower(), match[2].decode("latin-1")
        if name in headers and name in {"host", "content-length", "proxy-authorization"}:
            raise BadRequestError(400, f"more than one {name}")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    raise BadRequestError(431, f"more than {_HEADERS} headers")


def head(status: int, reason: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """Return the head of an answer. No index can put a line of its own into it."""
    lines = [f"HTTP/1.1 {status} {one_line(reason)}"]
    lines += [f"{name}: {one_line(value)}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def one_line(text: str) -> str:
    """Return `text` as printable ASCII of bounded length."""
    kept = "".join(c if " " <= c <= "~" else "?" for c in text)
    return kept if len(kept) <= _REASON else f"{kept[: _REASON - 3]}..."
