"""People and what they may do."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from guard.errors import RefusedError, UsageError

_LONGEST: Final = 100


class Role(enum.StrEnum):
    """What somebody may do; each may do what those before it may."""

    READER = "reader"
    """Read pages and files, and what was found in them."""

    REQUESTER = "requester"
    """Ask for a release."""

    UPLOADER = "uploader"
    """Upload projects of one's own, where the mirror takes any."""

    APPROVER = "approver"
    """Vote on what others ask for, revoke approvals, and read the audit log."""

    ADMIN = "admin"
    """Change people and tokens."""

    @property
    def rank(self) -> int:
        """How much it is, as a number to compare by."""
        return list(Role).index(self)

    def includes(self, other: Role) -> bool:
        """Tell whether whoever has this role may do what `other` may."""
        return self.rank >= other.rank

    def at_most(self, other: Role) -> Role:
        """Return the lesser of the two."""
        return min(self, other, key=lambda role: role.rank)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody whom the mirror knows."""

    number: int
    name: str
    role: Role
    subject: str | None = None
    """Issuer and subject of OIDC, where that is how they log in."""

    disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A person who asks for something, with no more of their role than their token gives them."""

    person: Person
    role: Role
    token: int
    """The number of the token."""

    @property
    def name(self) -> str:
        """The person's name, for the audit log."""
        return self.person.name

    def demand(self, role: Role) -> None:
        """Raise `RefusedError` unless the caller may do what `role` may."""
        if not self.role.includes(role):
            raise RefusedError(
                f"this takes the role {role}",
                status=403,
                reason=f"{self.name} is {self.role} here",
                hint="an admin changes roles: `guard mirror person role`",
            )


def valid_name(text: str) -> str:
    """Return `text` where it can name a person. Raises `UsageError`.

    Parentheses are kept for what nobody in person does.
    """
    name = text.strip()
    if not name or len(name) > _LONGEST or not name.isprintable() or set(name) & set("()"):
        raise UsageError(
            f"{text[:_LONGEST]!r} is no name for a person",
            hint=f"one line of at most {_LONGEST} characters, without parentheses",
        )
    return name
