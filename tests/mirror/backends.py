"""Where the mirror keeps things, as tests ask for it: SQLite and a folder, PostgreSQL and S3.

With TEST_MIRROR_ON set to `sqlite+folder` or to `postgres+s3`, only those tests run.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from guard.mirror.database import Database, open_database
from guard.mirror.database.migrating import migrate
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
_EITHER = [EMBEDDED, pytest.param(SCALED, marks=pytest.mark.xdist_group("kept"))]
"""Apart from those that stop and start services: each process has its own."""

embedded_only = pytest.mark.parametrize("kept", [EMBEDDED], indirect=True)
"""Of tests that look into the folder, or take it away."""

_ONLY = os.environ.get("TEST_MIRROR_ON", "")


@dataclass(frozen=True, slots=True)
class Backend:
    """What a mirror is told, and what has to be in the environment of its process."""

    database: str
    store: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def opened(self) -> Database:
        """The database, with all of its tables."""
        database = open_database(self.database)
        migrate(database)
        return database


class Kept:
    """Where the mirrors of a test keep things: one for each folder, and the same in the end."""

    def __init__(self, servers: tuple[Postgres, ObjectStorage] | None = None) -> None:
        """Without `servers`, in the folder itself, as a mirror does that is told nothing."""
        self._servers = servers
        self._backends: dict[Path, Backend] = {}

    def __call__(self, folder: Path) -> Backend:
        if self._servers is None:
            return Backend(f"sqlite:///{folder / 'mirror.sqlite'}", str(folder / "store"))
        if folder not in self._backends:
            self._backends[folder] = self._made(folder, *self._servers)
        return self._backends[folder]

    def variables(self, folder: Path) -> dict[str, str]:
        """What tells a command so; without servers, it is told nothing."""
        if self._servers is None:
            return {}
        backend = self(folder)
        own = {"GUARD_MIRROR_DATABASE": backend.database, "GUARD_MIRROR_STORE": backend.store}
        return own | dict(backend.environment)

    @staticmethod
    def _made(folder: Path, postgres: Postgres, s3: ObjectStorage) -> Backend:
        name = hashlib.sha256(str(folder).encode()).hexdigest()[:32]
        return Backend(postgres.migrated(), f"s3://{BUCKET}/{name}", s3.environment)

    def forget(self) -> None:
        """Remove the databases: each takes some megabytes."""
        if self._servers is not None:
            for backend in self._backends.values():
                self._servers[0].drop(backend.database)


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


@pytest.fixture(scope="module", params=_EITHER)
def kept(request: pytest.FixtureRequest) -> Iterator[Kept]:
    """What goes through HTTP or the command line is the same on both.

    The environment is set for this process, too.
    """
    _wanted(request.param)
    if request.param == EMBEDDED:
        yield Kept()
        return
    running: Postgres = request.getfixturevalue("postgres")
    storage: ObjectStorage = request.getfixturevalue("s3")
    kept = Kept((running, storage))
    with pytest.MonkeyPatch.context() as patch:
        _set_aws(patch, storage)
        yield kept
    kept.forget()


def _wanted(backend: str) -> None:
    if _ONLY not in {"", backend}:
        pytest.skip(f"TEST_MIRROR_ON is {_ONLY}")


def _set_aws(patch: pytest.MonkeyPatch, storage: ObjectStorage) -> None:
    forget_aws(patch)
    for name, value in storage.environment.items():
        patch.setenv(name, value)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=SERVICES)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, on each engine."""
    _wanted(EMBEDDED if request.param == "sqlite" else SCALED)
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
    _wanted(request.param)
    if request.param == EMBEDDED:
        return Backend(f"sqlite:///{tmp_path / 'mirror.db'}", str(tmp_path / "store"))
    database: Postgres = request.getfixturevalue("postgres")
    storage: ObjectStorage = request.getfixturevalue("s3")
    _set_aws(monkeypatch, storage)
    return Backend(database.database(), f"s3://{BUCKET}/{tmp_path.name}", storage.environment)


def forget_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove what this machine is set up with for another S3."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
