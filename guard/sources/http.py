"""The one HTTP client: pooled, with limits on time, size, redirects and retries."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import unquote, urljoin, urlsplit

from guard.model import Credentials

if TYPE_CHECKING:
    import requests

_CHUNK: Final = 1 << 18
_REDIRECTS: Final = 5
_PARTIAL: Final = 206
_RETRIED: Final = (429, 500, 502, 503, 504)
T = TypeVar("T")


class FetchError(Exception):
    """Something could not be fetched; the message is the reason, without credentials."""


class NotFoundError(FetchError):
    """The server says there is no such thing: 404 or 410."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a response may cost."""

    connect: float = 10.0
    """Seconds to connect."""

    read: float = 30.0
    """Seconds between two reads."""

    total: float = 600.0
    """Seconds for one response, however it drips."""

    retries: int = 3
    backoff: float = 0.3
    """Seconds before the second retry; doubled for each one after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How this user reaches servers."""

    ca_bundle: str | None = None
    """A file or folder of certificates to trust instead of the system's and certifi's."""

    proxy: str | None = None
    """One proxy for everything; without it, the usual variables hold."""

    user_agent: str = "guard"
    pooled: int = 8
    """Connections kept to one host; whoever wants more waits."""


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response, small enough to hold."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes
    outlasted: str | None = None
    """Why this is what was there before: its server did not answer."""


class Http:
    """Fetches over http, https and file addresses. Used by many threads at once."""

    def __init__(
        self,
        *,
        connection: Connection | None = None,
        credentials: Callable[[str], Credentials | None] = lambda _: None,
        limits: Limits | None = None,
    ) -> None:
        from guard.sources import transport  # noqa: PLC0415 - see there

        self._credentials = credentials
        self._limits = limits or Limits()
        self._closed = threading.Event()
        connection = connection or Connection()
        self._errors = transport.ERRORS
        self._reason = transport.reason
        try:
            self._session = transport.open_session(
                ca_bundle=connection.ca_bundle,
                proxy=connection.proxy,
                user_agent=connection.user_agent,
                pooled=connection.pooled,
            )
        except OSError as error:
            raise FetchError(
                f"no certificates in {connection.ca_bundle}: {error.strerror}"
            ) from None

    def get(self, url: str, *, limit: int, headers: Mapping[str, str] | None = None) -> Response:
        """Return the response of at most `limit` bytes: 200 or 304. Raises `FetchError`."""
        if _scheme(url) == "file":
            return Response(200, url, {}, b"".join(_read_file(url, limit)))
        return self._again(lambda: self._get(url, limit, headers or {}))

    def fetch(self, url: str, consume: Callable[[Iterator[bytes]], T]) -> T:
        """Return what `consume` makes of the chunks at `url`. Raises `FetchError`.

        `consume` is called again, with a new body, when the one before broke off.
        """
        if _scheme(url) == "file":
            return consume(_read_file(url, None))

        def attempt() -> T:
            with self._open(url, {"Accept-Encoding": "identity"}) as response:
                return consume(_gathered(self._pieces(response, decode=False)))

        return self._again(attempt)

    def part(self, url: str, span: str, *, limit: int) -> Response:
        """Return the bytes `span` of what is at `url`: 206, or 200 for all. Raises `FetchError`.

        `span` is what RFC 9110 has behind `bytes=`: `0-99`, or `-100` for the last hundred.
        """
        headers = {"Range": f"bytes={span}", "Accept-Encoding": "identity"}
        return self._again(lambda: self._get(url, limit, headers))

    def close(self) -> None:
        """End every transfer at its next chunk, and start no other."""
        self._closed.set()
        self._session.close()

    def _get(self, url: str, limit: int, headers: Mapping[str, str]) -> Response:
        with self._open(url, {"Accept-Encoding": "gzip", **headers}) as response:
            parts, size = [], 0
            for piece in self._pieces(response, decode=True):
                size += len(piece)
                if size > limit:
                    raise _FinalError(f"more than {limit} bytes")
                parts.append(piece)
            return Response(
                response.status_code,
                response.url,
                {name.lower(): value for name, value in response.headers.items()},
                b"".join(parts),
            )

    @contextlib.contextmanager
    def _open(self, url: str, headers: Mapping[str, str]) -> Iterator[requests.Response]:
        for _ in range(_REDIRECTS + 1):
            response = self._request(url, headers)
            try:
                location = response.headers.get("location")
                if not (response.is_redirect and location):
                    _check_status(response, part="Range" in headers)
                    yield response
                    return
            finally:
                response.close()
            url = _redirected(url, location)
        raise _FinalError(f"more than {_REDIRECTS} redirects")

    def _request(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        found = self._credentials(url)
        try:
            return self._session.get(
                url,
                headers=dict(headers),
                auth=(found.username, found.password) if found else None,
                timeout=(self._limits.connect, self._limits.read),
                stream=True,
                allow_redirects=False,
            )
        except self._errors as error:
            raise FetchError(self._reason(error)) from None

    def _pieces(self, response: requests.Response, *, decode: bool) -> Iterator[bytes]:
        """Yield the body as it arrives: whoever waits for a certain size waits for what drips."""
        deadline = time.monotonic() + self._limits.total
        received, announced = 0, response.headers.get("content-length")
        try:
            # `enforce_content_length` makes urllib3 raise on a body that is cut short.
            while piece := response.raw.read1(_CHUNK, decode_content=decode):
                received += len(piece)
                yield piece
                if self._closed.is_set():
                    raise _FinalError("interrupted")
                if time.monotonic() > deadline:
                    raise FetchError(f"not complete after {self._limits.total:.0f} seconds")
        except self._errors as error:
            raise FetchError(self._reason(error)) from None
        if not decode and announced and announced.isdecimal() and received != int(announced):
            raise FetchError(f"{received} of {announced} bytes came")

    def _again(self, attempt: Callable[[], T]) -> T:
        """Run `attempt` until it works, or until it has failed too often: what breaks may mend."""
        for tried in range(self._limits.retries):
            try:
                return attempt()
            except (NotFoundError, _FinalError):
                raise
            except FetchError:
                if self._closed.wait(self._limits.backoff * 2**tried):
                    raise
        return attempt()


class _FinalError(FetchError):
    """Asking again would give the same answer."""


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in chunks that are worth a call: TLS hands out 16 KB at a time."""
    parts: list[bytes] = []
    size = 0
    for piece in pieces:
        parts.append(piece)
        size += len(piece)
        if size >= _CHUNK:
            yield b"".join(parts)
            parts, size = [], 0
    if parts:
        yield b"".join(parts)


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme
    except ValueError:
        raise _FinalError("not a URL") from None


def _redirected(url: str, location: str) -> str:
    target = urljoin(url, location)
    before, after = urlsplit(url).scheme, urlsplit(target).scheme
    if after not in {"http", "https"} or (before == "https" and after == "http"):
        raise _FinalError(f"a redirect from {before} to {after or 'nowhere'} is not followed")
    return target


def _check_status(response: requests.Response, *, part: bool) -> None:
    status = response.status_code
    if status in {200, 304} or (part and status == _PARTIAL):
        return
    message = f"HTTP {status} {response.reason or ''}".strip()
    if status in {404, 410}:
        raise NotFoundError(message)
    if status in {401, 403, 407}:
        raise _FinalError(f"{message}: check the index's user name and password")
    raise FetchError(message) if status in _RETRIED else _FinalError(message)


def _read_file(url: str, limit: int | None) -> Iterator[bytes]:
    parts = urlsplit(url)
    path = Path(unquote(parts.path))
    size = 0
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if limit is not None and size > limit:
                    raise FetchError(f"more than {limit} bytes")
                yield chunk
    except FileNotFoundError:
        raise NotFoundError(f"there is no {path}") from None
    except OSError as error:
        raise FetchError(error.strerror or str(error)) from None
