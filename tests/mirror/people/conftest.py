from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from guard.mirror.database import Database
from guard.mirror.database.engine import at
from tests.mirror.people.office import Office
from tests.mirror.people.served import Mirrored, mirrored


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    database: Database = at(tmp_path / "mirror.sqlite")
    yield Office(database)
    database.close()


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirrored]:
    with mirrored(tmp_path) as running:
        yield running
