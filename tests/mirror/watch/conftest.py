from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import ago
from tests.fakes import LoopbackIndex
from tests.mirror.watch.sites import Replica, Site, embedded
from tests.wheels import a_wheel

FROB = a_wheel("frob", "1.0")
DEP = a_wheel("dep", "2.0")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with LoopbackIndex() as index:
        for artifact in (FROB, DEP):
            index.add(artifact, uploaded=ago(days=30))
        yield Site(tmp_path, index, embedded(tmp_path), tmp_path / "store")


@pytest.fixture
def replica(site: Site) -> Iterator[Replica]:
    with site.replica() as found:
        yield found
