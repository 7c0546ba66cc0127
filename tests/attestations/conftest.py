"""The Sigstore that mints for these tests, and the guard's own verifier over its root."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from guard.sources.http import Http, Limits
from guard.sources.trust_root import TrustRoot, public
from guard.sources.verifier import Verifier
from tests.attestations.places import Place
from tests.attestations.shop import Shop
from tests.e2e.guarded import Guard
from tests.fakes import LoopbackIndex
from tests.local_sigstore import LocalSigstore


@pytest.fixture(scope="session")
def sigstore() -> LocalSigstore:
    return LocalSigstore.create()


@pytest.fixture(scope="session")
def root(sigstore: LocalSigstore) -> TrustRoot:
    return TrustRoot(sigstore.trusted_root_json(), "local")


@pytest.fixture(scope="session")
def verifier(root: TrustRoot) -> Verifier:
    return Verifier(root)


@pytest.fixture(scope="session")
def public_verifier(tmp_path_factory: pytest.TempPathFactory) -> Verifier:
    """A verifier over the root that is shipped."""
    return Verifier(public(tmp_path_factory.mktemp("no-state")))


@pytest.fixture(scope="session")
def http() -> Iterator[Http]:
    """A client that asks once: what fails here is meant to."""
    client = Http(limits=Limits(connect=5, read=5, retries=0))
    yield client
    client.close()


@pytest.fixture
def place(
    index: LoopbackIndex, sigstore: LocalSigstore, root: TrustRoot, http: Http, tmp_path: Path
) -> Place:
    """An index over which the guard's sources look."""
    return Place(index, sigstore, root, http, tmp_path / "state")


@pytest.fixture
def shop(index: LoopbackIndex, sigstore: LocalSigstore, guard: Guard) -> Shop:
    """The same, for the real command."""
    return Shop(index, sigstore, guard)
