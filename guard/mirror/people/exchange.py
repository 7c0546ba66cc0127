"""CI comes with an identity token of its own, and gets a short-lived token to read with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from guard.errors import RefusedError
from guard.globs import path_matches
from guard.mirror.database import Database
from guard.mirror.people.issuer import Issuer
from guard.mirror.people.tokens import Made, Tokens

_SHOWN: Final = 100
_OTHERS: Final = RefusedError(
    "this identity token is somebody else's",
    status=403,
    hint="its claims have to match an [[exchange]] of the mirror",
)


@dataclass(frozen=True)
class Rule:
    """Whose identity tokens are exchanged: all claims have to match."""

    name: str
    issuer: Issuer
    audience: str
    claims: Mapping[str, tuple[str, ...]]
    """For each claim, the anchored globs of which one has to match."""

    lifetime: timedelta

    def covers(self, claims: Mapping[str, Any]) -> bool:
        """Tell whether a verified token is one of those."""
        return all(_matches(claims.get(name), globs) for name, globs in self.claims.items())


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A token to read with, and until when."""

    made: Made
    expires: datetime


class Exchange:
    """Exchanges tokens by the rules. Used by many threads at once."""

    def __init__(self, database: Database, rules: Sequence[Rule]) -> None:
        self._tokens = Tokens(database)
        self._rules = tuple(rules)

    def exchange(self, token: str, moment: datetime) -> Exchanged:
        """Return a token for whoever has this one. Raises `RefusedError` (401, 403, 503)."""
        refused: list[RefusedError] = []
        for rule in self._rules:
            try:
                claims = rule.issuer.claims(token, rule.audience, moment)
            except RefusedError as error:
                refused.append(error)
                continue
            if rule.covers(claims):
                return self._exchanged(rule, str(claims["sub"])[:_SHOWN], moment)
            refused.append(_OTHERS)
        raise max(refused, key=lambda error: error.status)

    def _exchanged(self, rule: Rule, subject: str, moment: datetime) -> Exchanged:
        expires = moment + rule.lifetime
        made = self._tokens.exchange(rule.name, subject, expires=expires, moment=moment)
        return Exchanged(made, expires)


def _matches(value: object, globs: tuple[str, ...]) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return False
    return any(path_matches(glob, str(value)) for glob in globs)
