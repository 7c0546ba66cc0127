"""Small documents over HTTP, with a limit on time and bytes: of identity providers."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter

from guard.sources.transport import open_session

_LIMIT: Final = 1 << 20
_TIMEOUT: Final = (5, 10)
_CHUNK: Final = 1 << 16
_HERE: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class TooMuchError(requests.RequestException):
    """More came than a small document has."""


class Bounded(BaseAdapter):
    """Sends as another adapter does, and reads no more than a small document has."""

    def __init__(self, inner: BaseAdapter) -> None:
        super().__init__()
        self._inner = inner

    def send(
        self,
        request: requests.PreparedRequest,
        *_: object,
        **options: Any,  # noqa: ANN401 - requests'
    ) -> requests.Response:
        """Return the whole response. Raises what requests raises."""
        if not secure(request.url or ""):
            raise requests.exceptions.InvalidSchema("this is only sent over HTTPS")
        options |= {"stream": True, "timeout": _TIMEOUT}
        came = self._inner.send(request, **options)
        try:
            body = bytearray()
            for chunk in came.iter_content(_CHUNK):
                body += chunk
                if len(body) > _LIMIT:
                    raise TooMuchError(f"more than {_LIMIT} bytes came")
        finally:
            came.close()
        came.headers.pop("Content-Encoding", None)  # it is decoded already
        return _whole(came, bytes(body))

    def close(self) -> None:
        """Let go of the connections."""
        self._inner.close()


def bound(session: requests.Session, agent: str) -> None:
    """Let a session read nothing but small documents, and follow nobody elsewhere."""
    trusting = open_session(ca_bundle=None, proxy=None, user_agent=agent, pooled=4)
    session.max_redirects = 0
    session.headers["User-Agent"] = agent
    for scheme in ("http://", "https://"):
        session.mount(scheme, Bounded(trusting.get_adapter(scheme)))


def secure(url: str) -> bool:
    """Tell whether what is sent there is read by nobody else: HTTPS, or this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE)


def _whole(came: requests.Response, body: bytes) -> requests.Response:
    whole = requests.Response()
    whole.status_code, whole.reason, whole.url = came.status_code, came.reason, came.url
    headers: Mapping[str, str] = came.headers
    whole.headers.update(headers)
    whole.request, whole.raw, whole.encoding = came.request, io.BytesIO(body), "utf-8"
    return whole
