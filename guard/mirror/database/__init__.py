"""The mirror's database: the schema, and what is asked of it."""

from __future__ import annotations

from guard.mirror.database import triggers as triggers
from guard.mirror.database.engine import Database, open_database

__all__ = ["Database", "open_database"]
