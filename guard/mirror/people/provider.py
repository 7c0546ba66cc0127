"""An identity provider: OpenID Connect, the authorization code flow with PKCE."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Provider:
    """Whom the mirror asks about people."""

    name: str
