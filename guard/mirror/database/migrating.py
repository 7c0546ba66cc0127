"""Brings the schema of a database up to what this program needs.

All steps are done in one transaction, by one process at a time. There is no way back: what is newer
than the program is refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from guard.errors import MirrorError
from guard.mirror.database.engine import Database

FOLDER: Final = Path(__file__).with_name("migrations")

_LOCK: Final = 0x67756172_64736368
"""PostgreSQL's advisory lock of whoever migrates; SQLite has one writer anyway."""


def migrate(database: Database) -> bool:
    """Bring the schema up to date; tell whether there was anything to do.

    Raises `MirrorError`, and then nothing has changed.
    """
    steps = ScriptDirectory(str(FOLDER))
    with database.read() as connection:
        if _standing(connection, steps) == set(steps.get_heads()):
            return False
    try:
        with database.begin() as connection:
            _alone(connection)
            _standing(connection, steps)
            command.upgrade(_config(connection), "heads")
    except CommandError as error:
        raise MirrorError(
            "the mirror's database could not be migrated", reason=str(error)
        ) from None
    return True


def _alone(connection: Connection) -> None:
    """Wait until nobody else migrates; a step may then take as long as it needs."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _standing(connection: Connection, steps: ScriptDirectory) -> set[str]:
    """Return which steps the database is at. Raises `MirrorError` where these are not known."""
    standing = set(MigrationContext.configure(connection).get_current_heads())
    known = {step.revision for step in steps.walk_revisions()}
    if standing - known:
        raise MirrorError(
            "the mirror's database is newer than this program",
            reason=f"it is at {', '.join(sorted(standing))}; "
            f"this program knows nothing after {', '.join(steps.get_heads())}",
            hint="run the version of wheelguard that migrated it, or a newer one",
        )
    return standing


def _config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config
