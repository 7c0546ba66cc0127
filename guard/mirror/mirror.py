"""One mirror: what all of its parts share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from guard.mirror.database import Database
from guard.mirror.database.changes import Changes
from guard.mirror.database.files import Files
from guard.mirror.database.leases import Leases
from guard.mirror.settings import Settings
from guard.mirror.store import Store


@dataclass(frozen=True)
class Mirror:
    """The database, the store and the settings; every part of the mirror is made from one."""

    settings: Settings
    database: Database
    store: Store
    clock: Callable[[], datetime]
    """The time, in UTC. Nothing else of the mirror reads it."""

    holder: str
    """A random name of this process, for leases and claims."""

    @cached_property
    def files(self) -> Files:
        """The records of files."""
        return Files(self.database)

    @cached_property
    def changes(self) -> Changes:
        """What has changed."""
        return Changes(self.database)

    @cached_property
    def leases(self) -> Leases:
        """Who does what."""
        return Leases(self.database)

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()
