"""Bytes of an index → `ProjectPage`, in whichever of its two formats they come."""

from __future__ import annotations

from email.message import Message
from typing import Final

from packaging.utils import NormalizedName

from guard.simple.page import PageError, ProjectPage

JSON: Final = "application/vnd.pypi.simple.v1+json"
HTML: Final = "application/vnd.pypi.simple.v1+html"

ACCEPT: Final = f"{JSON}, {HTML};q=0.2, text/html;q=0.1"
"""What to ask an index for, best first (PEP 691)."""


def parse(body: bytes, *, content_type: str, url: str, project: NormalizedName) -> ProjectPage:
    """Return the page of `project` that was read from `url`. Raises `PageError`."""
    media_type = _media_type(content_type)
    if media_type == JSON:
        from guard.simple.json_page import JsonPage  # noqa: PLC0415 - one of the two is needed

        return JsonPage(body, url=url, project=project)
    if media_type in {HTML, "text/html"}:
        from guard.simple.html_page import HtmlPage  # noqa: PLC0415

        return HtmlPage(body, url=url, project=project)
    raise PageError(f"content type {content_type[:80]!r} is no project page")


def _media_type(content_type: str) -> str:
    message = Message()
    message["content-type"] = content_type
    return message.get_content_type()
