"""S3 may send files itself: those that may be sent, from the one moment on, for a minute."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.e2e.guarded import LONG_AGO, ago
from tests.fakes import LoopbackIndex
from tests.mirror.backends import EMBEDDED, SCALED, SERVICES, Backend
from tests.mirror.replicas import Replica
from tests.mirror.services import ObjectStorage
from tests.wheels import a_wheel

FROB, FRESH = a_wheel("frob", "1.0"), a_wheel("fresh", "1.0")


@pytest.fixture
def replica(tmp_path: Path, index: LoopbackIndex, mirror_backend: Backend) -> Iterator[Replica]:
    index.add(FROB, uploaded=LONG_AGO)
    index.add(FRESH, uploaded=ago(minutes=5))
    with Replica(tmp_path / "one", index, mirror_backend, "--presigned") as running:
        yield running.start()


@pytest.mark.parametrize("mirror_backend", [pytest.param(SCALED, marks=SERVICES)], indirect=True)
def test_only_what_may_be_sent_is_sent_by_the_store(replica: Replica, s3: ObjectStorage) -> None:
    answered = replica.file(FROB)
    assert answered.status == 307
    address = answered.headers["location"]
    assert address.startswith(f"{s3.endpoint}/")
    assert "X-Amz-Expires=60&" in address
    assert answered.headers["cache-control"] == "no-store"
    with urlopen(address) as sent:  # noqa: S310 - on loopback
        assert sent.read() == FROB.content
    denied = replica.file(FRESH)
    assert denied.status == 403
    assert "location" not in denied.headers


@pytest.mark.parametrize("mirror_backend", [EMBEDDED], indirect=True)
def test_a_folder_sends_nothing_itself(replica: Replica) -> None:
    answered = replica.file(FROB)
    assert (answered.status, answered.body) == (200, FROB.content)
