from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from guard.mirror.database import open_database
from tests.builders import ago
from tests.fakes import LoopbackIndex
from tests.mirror.backends import Kept
from tests.mirror.watch.sites import Replica, Site
from tests.wheels import a_wheel

FROB = a_wheel("frob", "1.0")
DEP = a_wheel("dep", "2.0")


@pytest.fixture
def site(tmp_path: Path, kept: Kept) -> Iterator[Site]:
    with LoopbackIndex() as index:
        for artifact in (FROB, DEP):
            index.add(artifact, uploaded=ago(days=30))
        backend = kept(tmp_path)
        yield Site(tmp_path, index, lambda: open_database(backend.database), backend.store)


@pytest.fixture
def replica(site: Site) -> Iterator[Replica]:
    with site.replica() as found:
        yield found
