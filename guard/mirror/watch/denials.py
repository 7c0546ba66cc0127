"""Denials: releases that an operator has stopped, from one moment to the next.

Each is a `[[deny]]` of a policy that lies below all others: no file, no approval and no preset that
only observes lets through what it names. Being part of the policy, it changes what is judged by:
every replica stops serving the release as soon as it looks, within a second, and judging again
leads to the same for as long as the denial is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import msgspec
from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidName, NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version
from sqlalchemy import RowMapping, Select, insert, select, update

from guard.approval import Approvals
from guard.errors import UsageError
from guard.mirror.database import audit, schema
from guard.mirror.database.audit import Act
from guard.mirror.database.changes import changed
from guard.mirror.database.engine import Database
from guard.mirror.database.files import Files
from guard.mirror.database.notices import DENIED, LIFTED, noticed
from guard.mirror.intake import project_of
from guard.mirror.records import FileRecord, State
from guard.model import DenyEntry, Finding, Level, Versions
from guard.policy import Policy
from guard.policy.policy import Floor
from guard.rules.denied_release import DeniedRelease

_C: Final = schema.denials.c
_WORDS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """A release, or a whole project, that was stopped."""

    number: int
    project: NormalizedName
    version: str | None
    """`None`: every version."""

    reason: str
    denied_by: str
    denied_at: datetime

    @property
    def entry(self) -> DenyEntry:
        """Return it as a policy says it."""
        only = None if self.version is None else SpecifierSet(f"=={self.version}")
        return DenyEntry(
            name=self.project,
            reason=self.reason,
            versions=None if only is None else Versions(only),
        )


class Denials:
    """The denials of one mirror. Raises `MirrorError`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def in_force(self) -> Sequence[Denial]:
        """Return those that were not lifted, the oldest first."""
        query = select(schema.denials).where(_C.lifted_at.is_(None)).order_by(_C.number)
        return self._read(query)

    def deny(
        self, project: NormalizedName, version: str | None, reason: str, by: str, moment: datetime
    ) -> int:
        """Stop a release, and return how many files were served of it until now.

        Raises `UsageError` for what is no version.
        """
        version = None if version is None else _version(version)
        words = " ".join(reason.split())[:_WORDS]
        if not words:
            raise UsageError("a denial needs a reason", hint="`--reason` says it")
        values = {"project": project, "versions": version, "reason": words}
        served = self._served(project, version)
        with self._database.begin() as connection:
            connection.execute(
                insert(schema.denials).values(values | {"denied_by": by, "denied_at": moment})
            )
            data = {"project": project, "version": version, "reason": words, "by": by}
            noticed(connection, DENIED, data | {"files": len(served)}, moment=moment)
            subject = " ".join(filter(None, (project, version)))
            audit.write(connection, Act(by, moment), "deny", subject, reason=words)
            changed(connection, project, moment=moment)
        # Not even for the second until every replica judges by it.
        finding = Finding(
            rule=DeniedRelease.id, level=Level.DENY, message=f"denied by hand: {words}"
        )
        Files(self._database).settled(
            {
                record.listed.key: (
                    record.decided.epoch,
                    replace(
                        record.decided, state=State.DENIED, judged_at=moment, findings=(finding,)
                    ),
                )
                for record in served
                if record.decided is not None
            },
            moment=moment,
        )
        return len(served)

    def _served(self, project: NormalizedName, version: str | None) -> list[FileRecord]:
        return [
            record
            for record in Files(self._database).of_project(project).values()
            if record.state is State.ADMITTED
            if version is None or Version(record.listed.version) == Version(version)
        ]

    def lift(self, project: NormalizedName, version: str | None, by: str, moment: datetime) -> bool:
        """Let a release be judged like any other again; tell whether it was denied."""
        version = None if version is None else _version(version)
        same = _C.versions.is_(None) if version is None else _C.versions == version
        with self._database.begin() as connection:
            lifted = connection.execute(
                update(schema.denials)
                .where(_C.project == project, same, _C.lifted_at.is_(None))
                .values(lifted_by=by, lifted_at=moment)
                .returning(_C.number)
            ).first()
            if lifted is not None:
                data = {"project": project, "version": version, "by": by}
                noticed(connection, LIFTED, data, moment=moment)
                subject = " ".join(filter(None, (project, version)))
                audit.write(connection, Act(by, moment), "lift", subject)
                changed(connection, project, moment=moment)
        return lifted is not None

    def _read(self, query: Select[tuple[object, ...]]) -> Sequence[Denial]:
        with self._database.read() as connection:
            return [_denial(row) for row in connection.execute(query).mappings()]


def beneath(policy: Policy, denials: Sequence[Denial]) -> Policy:
    """Return `policy` with the denials below it, where nothing of it can loosen them.

    A floor is what a policy may not loosen; of this one every other rule is switched off.
    """
    if not denials:
        return policy
    entries = tuple(denial.entry for denial in denials)
    below = replace(
        policy,
        rules=tuple(
            msgspec.structs.replace(rule, level=Level.DENY, releases=entries)
            if isinstance(rule, DeniedRelease)
            else msgspec.structs.replace(rule, level=Level.OFF)
            for rule in policy.rules
        ),
        deny=entries,
        exemptions=(),
        approval_required=False,
        approvals=Approvals(),
        groups=(),
    )
    return replace(policy, floor=Floor(below, "denied by hand, in the mirror"))


def release_of(text: str) -> tuple[NormalizedName, str | None]:
    """Return the project and version of `frob==1.0`, of a file's name, or the project of `frob`.

    Raises `UsageError`.
    """
    if text.endswith((".whl", ".tar.gz", ".zip")) and (named := project_of(text)) is not None:
        return named[0], str(named[1])
    name, pinned, version = text.partition("==")
    try:
        project = canonicalize_name(name.strip(), validate=True)
    except InvalidName:
        raise UsageError(
            f"{text[:100]!r} is no project, release or file", hint="write `frob==1.0` or `frob`"
        ) from None
    return project, _version(version) if pinned else None


def _version(text: str) -> str:
    try:
        return str(Version(text.strip().lstrip("=")))
    except InvalidVersion:
        raise UsageError(f"{text[:100]!r} is no version") from None


def _denial(row: RowMapping) -> Denial:
    return Denial(
        number=row["number"],
        project=NormalizedName(row["project"]),
        version=row["versions"],
        reason=row["reason"],
        denied_by=row["denied_by"],
        denied_at=row["denied_at"],
    )
