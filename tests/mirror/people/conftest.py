from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mirror.backends import Kept
from tests.mirror.people.office import Office
from tests.mirror.people.served import Mirrored, mirrored


@pytest.fixture
def office(tmp_path: Path, kept: Kept) -> Iterator[Office]:
    database = kept(tmp_path).opened()
    yield Office(database)
    database.close()


@pytest.fixture
def mirror(tmp_path: Path, kept: Kept) -> Iterator[Mirrored]:
    with mirrored(tmp_path, kept=kept) as running:
        yield running
