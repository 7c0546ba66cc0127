"""`guard request`: ask the people of a mirror for a release, over its JSON API."""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import guard
from guard.cli.exit import ExitCode
from guard.cli.expiry import last_day
from guard.errors import RefusedError, SourceError, UsageError
from guard.gateway.indexes import configured
from guard.report.text import plain
from guard.request import IndexOptions

if TYPE_CHECKING:
    import requests

_LIMIT: Final = 4 << 20
_TIMEOUT: Final = (10, 60)
_SIMPLE: Final = "/simple"


def run(arguments: argparse.Namespace) -> int:
    """Ask, and say what the request's number is."""
    url, token, ca_bundle, proxy = _mirror(arguments)
    expires = last_day(arguments.expires, datetime.now(UTC))
    body = {
        "release": arguments.release,
        "reason": arguments.reason,
        "expires": expires.isoformat() if expires else None,
    }
    document = _sent(url, token, body, ca_bundle=ca_bundle, proxy=proxy)
    if arguments.output_format == "json":
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        sys.stdout.write(_words(document, url))
    return ExitCode.OK


def _words(document: dict[str, Any], url: str) -> str:
    said = {key: plain(str(document.get(key))) for key in ("number", "project", "version", "state")}
    votes = plain(f"{document.get('approving')} of {document.get('needed')}")
    return (
        f"request {said['number']} for {said['project']} {said['version']}: "
        f"{said['state']}, {votes} approvals\n"
        f"  {url}/requests/{said['number']}\n"
    )


def _mirror(arguments: argparse.Namespace) -> tuple[str, str, str | None, str | None]:
    """Return where the mirror is, the token for it, and how it is reached."""
    named = arguments.mirror or os.environ.get("GUARD_MIRROR") or ""
    configuration = configured(IndexOptions(), ())
    url = named or next((index.url for index in configuration.indexes), "")
    token = os.environ.get("GUARD_MIRROR_TOKEN", "")
    if not token and (found := configuration.credentials(url)) is not None:
        token = found.password
    url = _checked(url)
    token = token or _of_netrc(url)
    if not token:
        raise UsageError(
            f"there is no token for {url}",
            hint="put it in GUARD_MIRROR_TOKEN, or as the password for that host in .netrc",
        )
    return url, token, configuration.ca_bundle, configuration.proxy


def _checked(url: str) -> str:
    """Return the root of a mirror's address. Raises `UsageError` where a token would be read."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(
            f"`{plain(url)[:200]}` is no address of a mirror",
            hint="name it with `--mirror https://…` or GUARD_MIRROR",
        )
    if parts.scheme == "http" and not _is_here(parts.hostname):
        raise UsageError(
            f"a token is not sent to {plain(parts.hostname)} over plain HTTP",
            hint="use the mirror's https address",
        )
    place = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{place}{parts.path.rstrip('/').removesuffix(_SIMPLE)}"


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _of_netrc(url: str) -> str:
    from requests.utils import get_netrc_auth  # noqa: PLC0415 - with all of requests

    found = get_netrc_auth(url)
    return found[1] if found else ""


def _sent(
    url: str, token: str, body: dict[str, Any], *, ca_bundle: str | None, proxy: str | None
) -> dict[str, Any]:
    from guard.sources.transport import ERRORS, open_session, reason  # noqa: PLC0415

    agent = f"wheelguard/{guard.__version__}"
    try:
        with (
            open_session(ca_bundle=ca_bundle, proxy=proxy, user_agent=agent, pooled=1) as session,
            session.post(
                f"{url}/api/v1/requests",
                json=body,
                headers={"Authorization": f"Bearer {token}"},
                timeout=_TIMEOUT,
                allow_redirects=False,
                stream=True,
            ) as response,
        ):
            status, document = response.status_code, _document(response)
    except ERRORS as error:
        raise SourceError(f"the mirror at {url} could not be asked", reason=reason(error)) from None
    if status in {200, 201} and document:
        return document
    if not 400 <= status < 500:  # noqa: PLR2004 - HTTP's
        raise SourceError(f"the mirror at {url} did not take it", reason=f"HTTP {status}")
    raise RefusedError(
        plain(str(document.get("title") or f"the mirror answers with {status}")),
        status=status,
        reason=_text(document, "detail"),
        hint=_text(document, "help"),
    )


def _document(response: requests.Response) -> dict[str, Any]:
    """Return the JSON object of a response; an empty one where it is none."""
    body = response.raw.read(_LIMIT, decode_content=True)
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _text(document: dict[str, Any], key: str) -> str | None:
    return plain(str(document[key])) if document.get(key) else None
