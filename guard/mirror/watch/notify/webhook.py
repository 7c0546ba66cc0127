"""A webhook: a POST of JSON with a signature, so that its receiver knows who has sent it."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

import guard
from guard.errors import UsageError
from guard.mirror.database.notices import Notice
from guard.mirror.watch.notify.receiver import DeliveryError, Receiver, document

_CONNECT: Final = 5.0
_READ: Final = 10.0
_SUCCESS: Final = range(200, 300)
_SHORTEST: Final = 16


@dataclass(frozen=True, slots=True)
class Webhook(Receiver):
    """Posts to one URL. Never follows a redirect: the secret is for this receiver alone."""

    url: str = field(repr=False)
    """May have a secret in it, as the addresses of chat systems do."""

    secret: bytes = field(repr=False)

    @property
    def name(self) -> str:
        """The digest of its address."""
        return f"webhook {hashlib.sha256(self.url.encode()).hexdigest()[:32]}"

    @property
    def shown(self) -> str:
        """Where it is, without its path."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…"

    def tell(self, notices: Sequence[Notice], *, mirror: str, moment: datetime) -> None:
        """Post one document. Raises `DeliveryError`."""
        import requests  # noqa: PLC0415 - as everywhere: `guard --help` has to be fast

        body = document(notices, mirror=mirror, moment=moment)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"wheelguard/{guard.__version__}",
            "X-Guard-Delivery": f"{notices[0].number}-{notices[-1].number}",
            "X-Guard-Signature": signature(self.secret, body, moment),
        }
        try:
            with requests.post(
                self.url,
                data=body,
                headers=headers,
                timeout=(_CONNECT, _READ),
                allow_redirects=False,
                stream=True,  # what it says is not read
            ) as response:
                status = response.status_code
        except (requests.RequestException, ValueError) as error:
            raise DeliveryError(
                f"{self.shown} could not be told", reason=type(error).__name__
            ) from None
        if status not in _SUCCESS:
            raise DeliveryError(f"{self.shown} could not be told", reason=f"HTTP {status}")


def signature(secret: bytes, body: bytes, moment: datetime) -> str:
    """Return the header that proves who has sent `body`, and when: `t=SECONDS,v1=HEX`."""
    seconds = str(int(moment.timestamp()))
    mac = hmac.new(secret, seconds.encode() + b"." + body, hashlib.sha256)
    return f"t={seconds},v1={mac.hexdigest()}"


def webhook(url: str, secret: str | None) -> Webhook:
    """Return the webhook at `url`. Raises `UsageError`."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise UsageError("`--webhook` is no URL") from None
    if not host or parts.scheme not in {"https", "http"}:
        raise UsageError("`--webhook` is no https URL")
    if parts.scheme == "http" and not _is_loopback(host):
        raise UsageError(
            "`--webhook` would be told over http",
            reason="anybody on the way could read and change it",
            hint="use https; http is for this machine alone",
        )
    if not secret or len(secret) < _SHORTEST:
        raise UsageError(
            "a webhook needs a secret to sign with",
            hint=f"set GUARD_MIRROR_WEBHOOK_SECRET to at least {_SHORTEST} characters",
        )
    return Webhook(url, secret.encode())


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
