"""The migrations lead to the schema, on both engines, once, and never back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from guard.errors import MirrorError
from guard.mirror.database import Database, open_database
from guard.mirror.database.migrating import FOLDER, migrate, newest
from guard.mirror.database.schema import METADATA
from tests.mirror.backends import SERVICES
from tests.mirror.services import Postgres

_EVERYTHING = {
    "sqlite": "SELECT type, name, tbl_name, lower(replace(replace(replace(sql, char(10), ''),"
    " char(9), ''), ' ', '')) FROM sqlite_master WHERE name NOT LIKE '%alembic%'",
    "postgresql": "SELECT 'column', table_name, column_name, data_type, column_default, is_nullable"
    " FROM information_schema.columns WHERE table_schema = 'public'"
    " AND table_name <> 'alembic_version'"
    " UNION ALL SELECT 'index', tablename, indexdef, '', '', '' FROM pg_indexes"
    " WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    " UNION ALL SELECT 'constraint', conrelid::regclass::text, conname,"
    " pg_get_constraintdef(oid), '', '' FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'"
    " UNION ALL SELECT 'trigger', tgname, pg_get_triggerdef(oid), '', '', '' FROM pg_trigger"
    " WHERE NOT tgisinternal"
    " UNION ALL SELECT 'function', proname, prosrc, '', '', '' FROM pg_proc"
    " WHERE pronamespace = 'public'::regnamespace",
}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


def contents(database: Database) -> set[tuple[object, ...]]:
    """Tables, indexes, constraints, triggers, functions: all that a schema is."""
    with database.read() as connection:
        rows = connection.execute(text(_EVERYTHING[database.engine.dialect.name])).all()
    return {tuple(map(_in_any_order, row)) for row in rows}


def _in_any_order(value: object) -> object:
    """Foreign keys come in the order of a set."""
    return tuple(sorted(value.replace(")", "").split(","))) if isinstance(value, str) else value


def test_the_migrations_lead_to_what_the_schema_is(database: Database) -> None:
    assert migrate(database)
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, METADATA) == []


def test_so_do_triggers_and_whatever_else_comes_with_a_table(
    database: Database, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if database.embedded:
        other = open_database(f"sqlite:///{tmp_path / 'other.db'}")
    else:
        running: Postgres = request.getfixturevalue("postgres")
        other = open_database(running.database())
    migrate(database)
    METADATA.create_all(other.engine)
    made = contents(other)
    other.close()
    assert contents(database) == made
    assert len(made) > len(METADATA.tables)


def test_steps_are_numbered_in_their_order() -> None:
    steps = ScriptDirectory(str(FOLDER))
    order = [step.revision for step in steps.walk_revisions()][::-1]
    assert order == [f"{number:04}" for number in range(1, len(order) + 1)]
    assert [newest()] == steps.get_heads()


def test_what_is_up_to_date_is_left_alone(database: Database) -> None:
    assert migrate(database)
    assert not migrate(database)


def test_many_that_start_at_once_migrate_once(database_url: str) -> None:
    databases = [open_database(database_url) for _ in range(6)]
    with ThreadPoolExecutor(len(databases)) as threads:
        list(threads.map(migrate, databases))
    assert contents(databases[0])
    with databases[0].read() as connection:
        versions = connection.execute(text("SELECT count(*) FROM alembic_version")).scalar_one()
    assert versions == 1
    for database in databases:
        database.close()


def test_a_database_newer_than_the_program_is_refused(database: Database) -> None:
    migrate(database)
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = contents(database)
    with pytest.raises(MirrorError, match="newer than this program") as caught:
        migrate(database)
    assert "9999" in str(caught.value.reason)
    assert contents(database) == before


def test_a_step_that_fails_leaves_nothing(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(text("CREATE TABLE votes (mine INTEGER)"))  # one of the last to come
    before = contents(database)
    with pytest.raises(MirrorError):
        migrate(database)
    assert contents(database) == before


@SERVICES
def test_the_limit_of_statements_counts_again_after_a_migration(postgres: Postgres) -> None:
    """A migration of millions of rows takes longer than any question may."""
    database = open_database(postgres.database())
    with database.begin() as connection:
        assert connection.execute(text("SHOW statement_timeout")).scalar_one() == "30s"
    migrate(database)
    with database.read() as connection:
        assert connection.execute(text("SHOW statement_timeout")).scalar_one() == "30s"
    database.close()
