"""`identities.toml`: who is asked about people, and whose identity tokens are exchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec

from guard.duration import Duration
from guard.errors import PolicyError
from guard.mirror.database import Database
from guard.mirror.people.bounded import secure
from guard.mirror.people.exchange import Exchange, Rule
from guard.mirror.people.issuer import Issuer
from guard.mirror.people.person import Role
from guard.mirror.people.provider import Provider
from guard.policy.load import decoded
from guard.policy.tables import convert

NAME: Final = "identities.toml"
CALLBACK: Final = "/login/callback"
_LIMIT: Final = 1_000_000
_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(hours=12)

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
_Globs = Annotated[tuple[_Text, ...], msgspec.Meta(min_length=1)]


class LoginTable(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """`[login]`: the identity provider of people."""

    issuer: _Text
    client_id: _Text
    name: _Text = "your company's login"
    role: Role | None = None
    name_claim: _Text = "email"


class ExchangeTable(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """`[[exchange]]`: identity tokens of CI."""

    name: _Text
    issuer: _Text
    audience: _Text
    claims: Annotated[dict[str, _Text | _Globs], msgspec.Meta(min_length=1)]
    lifetime: _Text = "15 minutes"


class IdentitiesFile(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"
):
    """The whole file."""

    login: LoginTable | None = None
    exchange: tuple[ExchangeTable, ...] = ()


@dataclass(frozen=True, slots=True)
class Identities:
    """What the file says, ready for use."""

    provider: Provider | None = None
    exchange: Exchange | None = None


def identities(
    path: Path, database: Database, *, public_url: str, client_secret: str | None
) -> Identities:
    """Return what the file at `path` says. Raises `PolicyError`."""
    source = str(path)
    try:
        with path.open("rb") as stream:
            body = stream.read(_LIMIT)
    except OSError as error:
        raise PolicyError(f"`{source}` could not be read", reason=error.strerror) from None
    file = convert(decoded(body, source), IdentitiesFile, source=source, at="")
    issuers: dict[str, Issuer] = {}
    provider = _provider(file.login, issuers, source, public_url, client_secret)
    rules = [_rule(table, issuers, source, n) for n, table in enumerate(file.exchange)]
    return Identities(provider, Exchange(database, rules) if rules else None)


def _provider(
    table: LoginTable | None,
    issuers: dict[str, Issuer],
    source: str,
    public_url: str,
    client_secret: str | None,
) -> Provider | None:
    if table is None:
        return None
    if table.role is not None and table.role.includes(Role.APPROVER):
        raise PolicyError(
            "nobody is an approver by logging in for the first time",
            source=source,
            at="login.role",
            hint='write "reader" or "requester"; `guard mirror person role` changes it for one',
        )
    return Provider(
        name=table.name,
        issuer=_issuer(table.issuer, issuers, source, "login.issuer"),
        client_id=table.client_id,
        client_secret=client_secret,
        role=table.role,
        claim=table.name_claim,
        redirect_uri=public_url + CALLBACK,
    )


def _rule(table: ExchangeTable, issuers: dict[str, Issuer], source: str, number: int) -> Rule:
    at = f"exchange[{number}]"
    try:
        lifetime = Duration.parse(table.lifetime)
    except (ValueError, OverflowError) as error:
        raise PolicyError(str(error), source=source, at=f"{at}.lifetime") from None
    if not _SHORTEST <= lifetime <= _LONGEST:
        raise PolicyError(
            "a token lives from a minute to 12 hours", source=source, at=f"{at}.lifetime"
        )
    return Rule(
        name=table.name,
        issuer=_issuer(table.issuer, issuers, source, f"{at}.issuer"),
        audience=table.audience,
        claims=_globs(table.claims),
        lifetime=lifetime,
    )


def _globs(claims: Mapping[str, str | tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    return {name: (value,) if isinstance(value, str) else value for name, value in claims.items()}


def _issuer(url: str, issuers: dict[str, Issuer], source: str, at: str) -> Issuer:
    if not secure(url):
        raise PolicyError(f"{url!r} is not asked over HTTPS", source=source, at=at)
    return issuers.setdefault(url, Issuer(url))
