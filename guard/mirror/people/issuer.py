"""An OpenID Connect issuer: where its keys are, and what a token that it signed says.

OpenID Connect Discovery 1.0 §3, §4; RFC 7519; RFC 8725 (what a verifier must not accept).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import requests
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import ClaimsOption

import guard
from guard.errors import RefusedError
from guard.mirror.people.bounded import bound, secure

_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "ES384", "EdDSA")
"""Signatures alone: with a shared secret, whoever can verify can also sign."""

_WELL_KNOWN: Final = "/.well-known/openid-configuration"
_KEPT: Final = timedelta(hours=1)
_AGAIN: Final = timedelta(seconds=30)
"""How soon the keys are fetched again for a token that none of them has signed."""

_LEEWAY: Final = 30
_LONGEST: Final = 16_384
_OLDEST: Final = timedelta(days=1)


class Issuer:
    """Verifies what one issuer has signed. Used by many threads at once."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._lock = threading.Lock()
        self._discovered: tuple[datetime, Mapping[str, Any]] | None = None
        self._keys: tuple[datetime, KeySet] | None = None

    def claims(
        self, token: str, audience: str, moment: datetime, *, nonce: str | None = None
    ) -> Mapping[str, Any]:
        """Return what a token says. Raises `RefusedError`: 401 for one that does not hold."""
        if len(token) > _LONGEST or not token.isascii():
            raise _invalid("it is no token")
        more: dict[str, ClaimsOption] = {}
        if nonce is not None:
            more["nonce"] = {"essential": True, "value": nonce}
        try:
            decoded = self._decoded(token, moment)
            jwt.JWTClaimsRegistry(
                now=int(moment.timestamp()),
                leeway=_LEEWAY,
                iss={"essential": True, "value": self.url},
                aud={"essential": True, "value": audience},
                exp={"essential": True},
                iat={"essential": True},
                sub={"essential": True},
                **more,
            ).validate(decoded.claims)
        except (JoseError, ValueError, TypeError, RecursionError, OverflowError) as error:
            raise _invalid(str(error)[:200]) from None
        _check(decoded.claims, audience, moment)
        return decoded.claims

    def endpoint(self, name: str, moment: datetime) -> str:
        """Return an endpoint that the issuer's configuration names. Raises `RefusedError` (503)."""
        url = self._configuration(moment).get(name)
        if not isinstance(url, str) or not secure(url):
            raise _unavailable(self.url, f"its configuration has no usable {name}")
        return url

    def _decoded(self, token: str, moment: datetime) -> jwt.Token:
        with self._lock:
            known = self._keys
        if known is not None and moment - known[0] < _KEPT:
            try:
                return jwt.decode(token, known[1], algorithms=_ALGORITHMS)
            except (JoseError, ValueError):
                if moment - known[0] < _AGAIN:
                    raise
        return jwt.decode(token, self._fetched(moment), algorithms=_ALGORITHMS)

    def _fetched(self, moment: datetime) -> KeySet:
        document = _document(self.endpoint("jwks_uri", moment), self.url)
        try:
            keys = KeySet.import_key_set(document)  # type: ignore[arg-type]
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise _unavailable(self.url, f"its keys cannot be read: {error}"[:200]) from None
        with self._lock:
            self._keys = (moment, keys)
        return keys

    def _configuration(self, moment: datetime) -> Mapping[str, Any]:
        with self._lock:
            known = self._discovered
        if known is not None and moment - known[0] < _KEPT:
            return known[1]
        document = _document(self.url.rstrip("/") + _WELL_KNOWN, self.url)
        if document.get("issuer") != self.url:
            raise _unavailable(self.url, "its configuration names another issuer")
        with self._lock:
            self._discovered = (moment, document)
        return document


def _document(url: str, issuer: str) -> dict[str, Any]:
    try:
        with requests.Session() as session:
            bound(session, f"wheelguard/{guard.__version__}")
            response = session.get(url, headers={"Accept": "application/json"})
            if response.status_code != 200:  # noqa: PLR2004 - HTTP's
                raise _unavailable(issuer, f"HTTP {response.status_code}")
            document = response.json()
    except (requests.RequestException, OSError, ValueError, RecursionError) as error:
        raise _unavailable(issuer, type(error).__name__) from None
    if not isinstance(document, dict):
        raise _unavailable(issuer, "it is no JSON object")
    return document


def _check(claims: Mapping[str, Any], audience: str, moment: datetime) -> None:
    """OpenID Connect Core §3.1.3.7: of several audiences, `azp` says whose token it is."""
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (several or "azp" in claims) and claims.get("azp") != audience:
        raise _invalid("it was made for somebody else")
    if moment.timestamp() - claims["iat"] > _OLDEST.total_seconds():
        raise _invalid("it is older than a day")


def _invalid(reason: str) -> RefusedError:
    return RefusedError("this identity token is not valid", status=401, reason=reason)


def _unavailable(issuer: str, reason: str) -> RefusedError:
    return RefusedError(
        f"the identity provider {issuer} could not be asked",
        status=503,
        reason=reason,
        retry_after=10,
    )
