"""The headers of pages."""

from __future__ import annotations

from typing import Final

from guard.mirror.server.asgi import Headers

_SAFE: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'"),
)
_VARY: Final = (b"vary", b"Accept, Accept-Encoding")
_CONTROL: Final = (b"cache-control", b"max-age=0, must-revalidate")


def headers_of(etag: bytes, media_type: str | None = None, coding: str = "identity") -> Headers:
    """Return the headers of a page; without a media type, those of 304."""
    headers: Headers = [(b"etag", etag), _VARY, _CONTROL, *_SAFE]
    if media_type is not None:
        content_type = f"{media_type}; charset=utf-8" if media_type == "text/html" else media_type
        headers.append((b"content-type", content_type.encode()))
    if coding != "identity":
        headers.append((b"content-encoding", coding.encode()))
    return headers
