"""People log in with an identity provider: the authorization code flow of OpenID Connect with PKCE.

Essential reading: OpenID Connect Core 1.0 §3.1, RFC 7636 (PKCE), RFC 9700 (best current practice).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import guard
from guard.errors import RefusedError
from guard.mirror.people.issuer import Issuer
from guard.mirror.people.person import Role

_SCOPE: Final = "openid email profile"


@dataclass(frozen=True)
class Provider:
    """Whom the mirror asks about people. Used by many threads at once."""

    name: str
    issuer: Issuer
    client_id: str
    client_secret: str | None = field(repr=False)
    role: Role | None
    """What somebody may do who logs in for the first time; `None`: nobody new comes in."""

    claim: str
    """What people are called by: `email`, `preferred_username`."""

    redirect_uri: str

    def begin(self, secret: str, moment: datetime) -> str:
        """Return where to send the browser that has `secret`. Raises `RefusedError` (503)."""
        made = _Made(secret)
        url = self.issuer.endpoint("authorization_endpoint", moment)
        with self._session() as session:
            place, _ = session.create_authorization_url(
                url, state=made.state, nonce=made.nonce, code_verifier=made.verifier
            )
        return str(place)

    def finish(self, secret: str, query: Mapping[str, str], moment: datetime) -> Mapping[str, Any]:
        """Return the claims about whoever came back. Raises `RefusedError` (401, 403, 503)."""
        made = _Made(secret)
        if not hmac.compare_digest(query.get("state", "").encode(), made.state.encode()):
            raise RefusedError(
                "this login was not begun here", status=403, hint="log in from the beginning"
            )
        code = query.get("code")
        if not code:
            said = query.get("error", "it gave no reason")[:100]
            raise RefusedError(f"{self.name} did not let you in", status=403, reason=said)
        token = self._token(code, made.verifier, moment)
        return self.issuer.claims(token, self.client_id, moment, nonce=made.nonce)

    def _token(self, code: str, verifier: str, moment: datetime) -> str:
        from authlib.common.errors import (  # type: ignore[import-untyped]  # noqa: PLC0415 - [mirror-scale]
            AuthlibBaseError,
        )
        from requests import RequestException  # noqa: PLC0415

        url = self.issuer.endpoint("token_endpoint", moment)
        try:
            with self._session() as session:
                found = session.fetch_token(url, code=code, code_verifier=verifier)
        except AuthlibBaseError as error:
            raise RefusedError(
                f"{self.name} did not let you in", status=401, reason=str(error)[:200]
            ) from None
        except (RequestException, OSError, ValueError) as error:
            raise RefusedError(
                f"{self.name} could not be asked", status=503, reason=type(error).__name__
            ) from None
        token = found.get("id_token")
        if not isinstance(token, str):
            raise RefusedError(f"{self.name} did not say who you are", status=401)
        return token

    def _session(self) -> Any:  # noqa: ANN401 - Authlib has no types
        from authlib.integrations.requests_client import (  # type: ignore[import-untyped]  # noqa: PLC0415
            OAuth2Session,
        )

        from guard.mirror.people.bounded import bound  # noqa: PLC0415

        session = OAuth2Session(
            self.client_id,
            self.client_secret,
            token_endpoint_auth_method="client_secret_basic" if self.client_secret else "none",
            scope=_SCOPE,
            redirect_uri=self.redirect_uri,
            code_challenge_method="S256",
        )
        bound(session, f"wheelguard/{guard.__version__}")
        return session


@dataclass(frozen=True)
class _Made:
    """What one login is bound to a browser by; only that one has the secret that it is made of."""

    secret: str

    @cached_property
    def state(self) -> str:
        return self._of(b"state")

    @cached_property
    def nonce(self) -> str:
        return self._of(b"nonce")

    @cached_property
    def verifier(self) -> str:
        return self._of(b"verifier")

    def _of(self, what: bytes) -> str:
        return hmac.new(self.secret.encode(), b"login " + what, hashlib.sha256).hexdigest()
