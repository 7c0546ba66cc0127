"""Who sends a request: the token in its `Authorization`, as pip, uv and .netrc send it.

RFC 7617 (Basic): the password is the token, whatever the user is called. RFC 6750 (Bearer).
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from guard.errors import RefusedError
from guard.mirror.people.attempts import Attempts, network
from guard.mirror.people.person import Caller
from guard.mirror.people.tokens import Tokens, hashed

LONGEST: Final = 4_096
"""Characters of an `Authorization`; a token has 47."""

_TRUSTED: Final = timedelta(seconds=1)
"""How long a token that was valid is taken for valid: a revocation is felt within that."""

_KNOWN: Final = timedelta(hours=1)
"""How long an address that sends wrong tokens may still use one that was valid here."""

_REMEMBERED: Final = 10_000
_UNKNOWN: Final = 401
_LOG: Final = logging.getLogger("guard.mirror.access")


class Authentication:
    """Tells who sends a request. Used by many threads at once."""

    def __init__(self, tokens: Tokens, clock: Callable[[], datetime]) -> None:
        self._tokens = tokens
        self._clock = clock
        self._attempts = Attempts()
        self._known: OrderedDict[str, tuple[datetime, Caller]] = OrderedDict()
        self._lock = threading.Lock()

    def of_header(self, authorization: str | None, address: str) -> Caller | None:
        """Return whoever the header names; `None` where there is no header.

        Raises `RefusedError` (401, or 429 with the seconds to wait), and `MirrorError`.
        """
        if authorization is None:
            return None
        secret = secret_in(authorization)
        return self.of_secret(secret or "", address)

    def of_session(self, secret: str) -> Caller | None:
        """Return whose session it is, if it has not ended. Raises `MirrorError`.

        Browsers go on sending what has ended: that is no attempt at anything.
        """
        moment, key = self._clock(), hashed(secret)
        met = self._met(key)
        if met is not None and moment - met[0] < _TRUSTED:
            return met[1]
        caller = self._tokens.caller(secret, moment)
        if caller is None:
            self._forget(key)
        else:
            self._remember(key, moment, caller)
        return caller

    def of_secret(self, secret: str, address: str) -> Caller:
        """Return whom a token stands for. Raises `RefusedError`, and `MirrorError`."""
        moment, key = self._clock(), hashed(secret)
        met = self._met(key)
        if met is not None and moment - met[0] < _TRUSTED:
            return met[1]
        seen_lately = met is not None and moment - met[0] < _KNOWN
        with self.attempt(address, free=seen_lately):
            caller = self._tokens.caller(secret, moment)
            if caller is None:
                self._forget(key)
                raise wrong()
        self._remember(key, moment, caller)
        return caller

    @contextlib.contextmanager
    def attempt(self, address: str, *, free: bool = False) -> Iterator[None]:
        """Count what is refused as unknown (401) within, and raise 429 after too many of those."""
        moment = self._clock()
        wait = self._attempts.wait(address, moment)
        if wait and not free:
            raise RefusedError(
                "too many wrong tokens came from your address",
                status=429,
                hint=f"try again in {wait} seconds",
                retry_after=wait,
            )
        try:
            yield
        except RefusedError as error:
            if error.status == _UNKNOWN:
                self._attempts.failed(address, moment)
                _LOG.warning("wrong token from %s", network(address))
            raise

    def forget(self, secret: str) -> None:
        """Ask for this token again the next time: it was revoked here."""
        self._forget(hashed(secret))

    def _met(self, key: str) -> tuple[datetime, Caller] | None:
        with self._lock:
            return self._known.get(key)

    def _remember(self, key: str, moment: datetime, caller: Caller) -> None:
        with self._lock:
            self._known[key] = (moment, caller)
            self._known.move_to_end(key)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)

    def _forget(self, key: str) -> None:
        with self._lock:
            self._known.pop(key, None)


def wrong() -> RefusedError:
    """Return the refusal of a token that is none, or no more: it says not which."""
    return RefusedError(
        "this token is not valid",
        status=401,
        hint="ask an admin of the mirror for a new one",
    )


def secret_in(authorization: str) -> str | None:
    """Return the token that an `Authorization` carries; `None` where it is no such header."""
    if len(authorization) > LONGEST:
        return None
    scheme, _, given = authorization.strip().partition(" ")
    match scheme.lower():
        case "bearer":
            return given.strip()
        case "basic":
            return _password(given.strip())
        case _:
            return None


def _password(given: str) -> str | None:
    try:
        decoded = base64.b64decode(given, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    _, colon, password = decoded.partition(":")
    return password if colon else None
