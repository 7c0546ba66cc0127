"""Where the mirror keeps things, as tests ask for it: SQLite and a folder, PostgreSQL and S3."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.mirror.services import (
    BUCKET,
    ObjectStorage,
    Postgres,
    UnavailableError,
    find_postgres,
    find_weed,
)

SERVICES = pytest.mark.xdist_group("services")
"""Of tests that need them: with `--dist loadgroup` they run in one process, on one of each."""

EMBEDDED, SCALED = "sqlite+folder", "postgres+s3"
BOTH = [EMBEDDED, pytest.param(SCALED, marks=SERVICES)]


@dataclass(frozen=True, slots=True)
class Backend:
    """What a mirror is told, and what has to be in the environment of its process."""

    database: str
    store: str
    environment: Mapping[str, str] = field(default_factory=dict)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of this run. Whoever stops it starts it again."""
    try:
        running = Postgres(*find_postgres())
    except UnavailableError as reason:
        pytest.skip(str(reason))
    yield running
    running.remove()


@pytest.fixture(scope="session")
def s3() -> Iterator[ObjectStorage]:
    """An S3 server of this run. Whoever stops it starts it again."""
    try:
        running = ObjectStorage(find_weed())
    except UnavailableError as reason:
        pytest.skip(str(reason))
    yield running
    running.remove()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=SERVICES)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, on each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'mirror.db'}"
    running: Postgres = request.getfixturevalue("postgres")
    return running.database()


@pytest.fixture(params=BOTH)
def mirror_backend(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Backend:
    """An empty database and an empty store, on one machine and on more than one.

    The environment is set for this process, too.
    """
    if request.param == EMBEDDED:
        return Backend(f"sqlite:///{tmp_path / 'mirror.db'}", str(tmp_path / "store"))
    database: Postgres = request.getfixturevalue("postgres")
    storage: ObjectStorage = request.getfixturevalue("s3")
    forget_aws(monkeypatch)
    for name, value in storage.environment.items():
        monkeypatch.setenv(name, value)
    return Backend(database.database(), f"s3://{BUCKET}/{tmp_path.name}", storage.environment)


def forget_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove what this machine is set up with for another S3."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
