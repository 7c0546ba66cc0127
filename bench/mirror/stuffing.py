"""Fills a mirror's database with projects and files that nobody asks for."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from guard.mirror.database import schema
from guard.mirror.database.engine import at


def stuff(path: Path, *, projects: int, files: int) -> None:
    """Write that many rows into the SQLite at `path`."""
    now = datetime(2026, 1, 2, tzinfo=UTC)
    names = [f"held-project-{number}" for number in range(projects)]
    database = at(path)
    with database.begin() as connection:
        owners = [
            {"name": name, "owner": "http://127.0.0.1:9/", "first_seen": now} for name in names
        ]
        connection.execute(insert(schema.projects), owners)
        rows = [_row(names[number % projects], number, now) for number in range(files)]
        connection.execute(insert(schema.files), rows)
    database.close()


def _row(project: str, number: int, now: datetime) -> dict[str, Any]:
    sha256 = hashlib.sha256(b"%d" % number).hexdigest()
    filename = f"{project.replace('-', '_')}-1.{number}-py3-none-any.whl"
    return {
        "sha256": sha256,
        "filename": filename,
        "project": project,
        "version": f"1.{number}",
        "kind": "wheel",
        "origin": "http://127.0.0.1:9/",
        "url": f"http://127.0.0.1:9/files/{filename}",
        "listed_size": 1000,
        "upload_time": now,
        "requires_python": ">=3.9",
        "state": "admitted",
        "epoch": hashlib.sha256(b"another").hexdigest(),
        "judged_at": now,
        "valid_until": now + timedelta(days=1),
        "findings": "[]",
        "size": 1000,
        "metadata_sha256": sha256,
        "receipt_sha256": sha256,
    }
