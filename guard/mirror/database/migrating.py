"""Brings the schema of a database up to what this program needs.

All steps are done in one transaction, by one process at a time. There is no way back: what is newer
than the program is refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, inspect, text

from guard.errors import MirrorError
from guard.mirror.database.engine import Database

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER: Final = Path(__file__).with_name("migrations")

_VERSION: Final = "alembic_version"
_LOCK: Final = 0x67756172_64736368
"""PostgreSQL's advisory lock of whoever migrates; SQLite has one writer anyway."""


def migrate(database: Database) -> bool:
    """Bring the schema up to date; tell whether there was anything to do.

    Raises `MirrorError`, and then nothing has changed.
    """
    with database.read() as connection:
        if _standing(connection) == newest():
            return False
    with database.begin() as connection:
        _alone(connection)
        standing = _standing(connection)
        if standing == newest():
            return False  # somebody else was first
        if standing > newest():
            raise MirrorError(
                "the mirror's database is newer than this program",
                reason=f"it is at {standing}; this program knows nothing after {newest()}",
                hint="run the version of wheelguard that migrated it, or a newer one",
            )
        _upgrade(connection)
    return True


def newest() -> str:
    """Return the last step that this program knows: they are numbered, and files are named so."""
    return max((path.name[1:5] for path in (FOLDER / "versions").glob("m*.py")), default="")


def _standing(connection: Connection) -> str:
    """Return the step that the database is at; an empty one is before the first."""
    if not inspect(connection).has_table(_VERSION):
        return ""
    number = connection.execute(text("SELECT max(version_num) FROM alembic_version")).scalar_one()
    return number or ""


def _alone(connection: Connection) -> None:
    """Wait until nobody else migrates; a step may then take as long as it needs."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - 130 ms, and seldom needed
    from alembic.util import CommandError  # noqa: PLC0415

    try:
        command.upgrade(_config(connection), "head")
    except CommandError as error:
        raise MirrorError(
            "the mirror's database could not be migrated", reason=str(error)
        ) from None


def _config(connection: Connection) -> Config:
    from alembic.config import Config  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config
