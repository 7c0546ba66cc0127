"""An environment as subjects of an audit: each installed distribution, and what is nobody's."""

from __future__ import annotations

import concurrent.futures
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name

from guard.admission import Asked
from guard.artifact.content import StartupHook
from guard.artifact.record import Record
from guard.audit.distribution import Distribution, distributions
from guard.audit.evidence import Evidence
from guard.audit.files import words
from guard.audit.hooks import hooks
from guard.audit.lying import unowned
from guard.audit.recorded import altered
from guard.audit.releases import Releases, nameless
from guard.audit.scope import INSTALLED, NOBODYS
from guard.audit.subject import Subject
from guard.model import Absent, Fact, Installation, Requested, Unknown, Unowned
from guard.sources.installed import Folders

ENVIRONMENT: Final = canonicalize_name("environment")
"""What stands in a report for all that is nobody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Gathers what is known of everything in one environment."""

    folders: Folders
    evidence: Evidence
    releases: Releases
    pool: concurrent.futures.Executor

    def subjects(self) -> tuple[Subject, ...]:
        """Return everything that is to be judged. Raises `TargetError`."""
        folders = _real(self.folders)
        everything = distributions(folders)
        found = self.pool.map(lambda each: self._subject(each, folders), everything)
        nobodys = unowned(everything, folders)
        subjects = tuple(found)
        return subjects if nobodys == () else (*subjects, _rest(nobodys))

    def _subject(self, distribution: Distribution, folders: Folders) -> Subject:
        installation, wheel = self._installation(distribution, folders)
        direct = distribution.direct
        url = direct.url if direct and not direct.editable else None
        requested = Requested(named=True, pinned=True, direct_url=url)
        return Subject(
            asked=Asked(
                self.releases.installed(distribution, wheel),
                requested,
                local=direct is not None and direct.editable,
                installation=installation,
                only=INSTALLED,
            )
        )

    def _installation(
        self, distribution: Distribution, folders: Folders
    ) -> tuple[Fact[Installation], Fact[tuple[str, str]]]:
        found: tuple[tuple[StartupHook, ...], tuple[str, ...]]
        try:
            found = hooks(distribution, folders.site)
            wheel, admitted = self.evidence.of(distribution)
        except OSError as error:
            unread = Unknown(f"`{error.filename}` could not be read: {words(error)}")
            return unread, unread
        record = distribution.record
        return Installation(
            files=len(record.rows) if isinstance(record, Record) else 0,
            altered=altered(distribution, folders),
            wheel=wheel if isinstance(wheel, Absent | Unknown) else wheel[0],
            admitted=admitted,
            hooks=found[0],
            site=found[1],
            installer=distribution.installer,
        ), wheel


def _rest(nobodys: Fact[tuple[Unowned, ...]]) -> Subject:
    asked = Asked(nameless(ENVIRONMENT), Requested(), local=True, unowned=nobodys, only=NOBODYS)
    return Subject(asked=asked)


def _real(folders: Folders) -> Folders:
    """Return the folders without links, each once: `lib64` is `lib` on many systems."""
    return Folders(
        site=_once(folders.site),
        scripts=Path(os.path.realpath(folders.scripts)),
        data=Path(os.path.realpath(folders.data)),
        stdlib=_once(folders.stdlib),
    )


def _once(paths: Sequence[Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(Path(os.path.realpath(path)) for path in paths))
