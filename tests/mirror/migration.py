"""Writes the migration from what the migrations lead to, to what the schema is now.

    python -m tests.mirror.migration "what it does"

Look at what it wrote before it is committed: a new name is taken for one gone and one come.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import Any, Final, Literal

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_mock_engine
from sqlalchemy.engine.interfaces import Dialect

from guard.mirror.database import schema
from guard.mirror.database.engine import at
from guard.mirror.database.migrating import FOLDER, migrate

_TEMPLATE: Final = '''"""{words}."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {before!r}
{constants}

def upgrade() -> None:
    """Do it."""
    {code}
{triggers}'''

_OF_ENGINE: Final = """    for statement in _STATEMENTS[op.get_bind().dialect.name]:
        op.execute(statement)
"""


def main(words: str) -> int:
    steps = ScriptDirectory(str(FOLDER))
    before = steps.get_current_head()
    revision = f"{int(before or 0) + 1:04}"
    code = _code()
    statements = {name: _others(name) for name in ("sqlite", "postgresql")}
    constants = f"\n_STATEMENTS = {statements!r}\n" if any(statements.values()) else ""
    source = _TEMPLATE.format(
        words=words,
        revision=revision,
        before=before,
        constants=constants,
        code=code,
        triggers=_OF_ENGINE if constants else "",
    )
    name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    path = FOLDER / "versions" / f"m{revision}_{name}.py"
    path.write_text(source, encoding="utf-8")
    print(path)  # noqa: T201 - what it is for
    return 0


def _code() -> str:
    """Return the operations that lead to the tables as they are now."""
    with tempfile.TemporaryDirectory() as folder:
        database = at(Path(folder) / "mirror.db")
        migrate(database)
        with database.read() as connection:
            options = {"render_item": _frozen, "target_metadata": schema.METADATA}
            context = MigrationContext.configure(connection, opts=options)
            operations = produce_migrations(context, schema.METADATA).upgrade_ops
            assert operations is not None
            code = render_python_code(operations, migration_context=context, render_item=_frozen)
        database.close()
    return re.sub(r"\n? *# ### .*\n?", "", code).strip()


def _frozen(kind: str, item: Any, _: object) -> str | Literal[False]:
    """Return our own types as what they are in the database: a migration never changes."""
    return "sa.BigInteger()" if kind == "type" and isinstance(item, schema.Moment) else False


def _others(dialect: str) -> list[str]:
    """Return what comes with the tables that no earlier migration makes: triggers."""
    known = "".join(path.read_text("utf-8") for path in (FOLDER / "versions").glob("m*.py"))
    made: list[str] = []

    def collect(statement: Any, *_: object, **__: object) -> None:
        made.append(str(statement.compile(dialect=engine.dialect)).strip())

    engine = create_mock_engine(f"{dialect}://", collect)
    assert isinstance(engine.dialect, Dialect)
    schema.METADATA.create_all(engine, checkfirst=False)
    others = [text for text in made if not re.match(r"CREATE (TABLE|(UNIQUE )?INDEX)\b", text)]
    return [text for text in others if repr(text) not in known]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
