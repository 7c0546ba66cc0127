"""What is kept of a verification: by what, for whom, and what it saves."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pytest

from guard.publisher import Provenance
from guard.sources.trust_root import TrustRoot
from guard.sources.verifier_version import VERSION
from tests.attestations.places import Place
from tests.e2e.guarded import TIMEOUT
from tests.local_sigstore import Identity, LocalSigstore
from tests.wheels import a_wheel

_WARM: Final = """
import sys
from pathlib import Path
from guard.sources.cache import PageCache
from guard.sources.http import Http
from guard.sources.pages import Pages
from guard.sources.provenance import ProvenanceSource
from guard.sources.trust_root import TrustRoot
from guard.sources.verifier_version import VERSION
folder, root, provenance, filename, sha256 = sys.argv[1:]
pages = Pages(Http(), PageCache(Path(folder) / "pages"))
source = ProvenanceSource(pages, Path(folder) / "verified", lambda _: None)
found = source.verified(
    Path(provenance).read_bytes(),
    root=TrustRoot(Path(root).read_bytes(), "local"),
    filename=filename,
    sha256=sha256,
)
print(len(found.attestations), "sigstore" in sys.modules, "cryptography" in sys.modules)
"""


def kept(place: Place) -> list[Path]:
    return sorted((place.folder / "verified").glob("*.json"))


def verify(place: Place, raw: bytes, **changes: Any) -> Provenance:
    fields: dict[str, Any] = {
        "root": place.root,
        "filename": "widget-1.0-py3-none-any.whl",
        "sha256": a_wheel("widget", "1.0").sha256,
    }
    return place.provenance().verified(raw, **fields | changes)


@pytest.fixture
def raw(sigstore: LocalSigstore) -> bytes:
    wheel = a_wheel("widget", "1.0")
    return sigstore.publish(wheel.filename, wheel.content, Identity.github())


def test_a_result_is_kept_by_everything_that_it_follows_from(place: Place, raw: bytes) -> None:
    assert len(verify(place, raw).attestations) == 1
    assert len(kept(place)) == 1
    assert len(verify(place, raw).attestations) == 1
    assert len(kept(place)) == 1
    other = TrustRoot(LocalSigstore.create().trusted_root_json(), "local")
    assert verify(place, raw, sha256="0" * 64).attestations == ()
    assert verify(place, raw, filename="widget-1.1-py3-none-any.whl").attestations == ()
    assert verify(place, raw, root=other).attestations == ()
    assert len(verify(place, raw + b" ").attestations) == 1
    assert len(kept(place)) == 5


def test_a_result_is_kept_by_who_found_it(place: Place, raw: bytes) -> None:
    """Another version of the libraries may accept something else."""
    for distribution in ("sigstore", "pypi-attestations"):
        assert version(distribution) in VERSION.split()
    verify(place, raw)
    wheel = a_wheel("widget", "1.0")
    provenance = hashlib.sha256(raw).hexdigest()
    parts = (VERSION, wheel.filename, wheel.sha256, provenance, place.root.sha256)
    (result,) = kept(place)
    assert result.stem == hashlib.sha256("\n".join(parts).encode()).hexdigest()


def test_a_result_that_says_no_is_kept_too(place: Place) -> None:
    first = verify(place, b"no")
    assert verify(place, b"no") == first == Provenance(invalid=first.invalid)
    assert len(kept(place)) == 1


def test_what_is_kept_is_private(place: Place, raw: bytes) -> None:
    verify(place, raw)
    (result,) = kept(place)
    assert (result.stat().st_mode & 0o777, result.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: b"",
        lambda content: content[:-1],
        lambda _: b"\xff",
        lambda _: b"[]",
        lambda _: b'{"attestations": [{}]}',
        lambda content: content.replace(b"acme/widget", b"acme/wid\xffet"),
        lambda content: content.replace(b'"publish"', b'"unheard-of"'),
    ],
)
def test_a_result_that_is_spoilt_is_found_again(
    place: Place, raw: bytes, spoil: Callable[[bytes], bytes]
) -> None:
    honest = verify(place, raw)
    (result,) = kept(place)
    content = result.read_bytes()
    spoilt = spoil(content)
    assert spoilt != content
    result.write_bytes(spoilt)
    assert verify(place, raw) == honest
    assert result.read_bytes() == content, "and kept again"


def test_what_is_kept_need_not_be_used(place: Place, raw: bytes) -> None:
    verify(place, raw)
    (result,) = kept(place)
    result.write_bytes(b'{"attestations": []}')
    assert verify(place, raw).attestations == (), "it is believed"
    again = place.provenance(use_results=False)
    found = again.verified(
        raw,
        root=place.root,
        filename="widget-1.0-py3-none-any.whl",
        sha256=a_wheel("widget", "1.0").sha256,
    )
    assert len(found.attestations) == 1
    assert len(verify(place, raw).attestations) == 1, "and was replaced"


@pytest.mark.parametrize("in_the_way", ["verified", ""])
def test_a_result_that_cannot_be_kept_is_no_error(
    place: Place, raw: bytes, in_the_way: str
) -> None:
    """A file stands where the folder is to be: even a superuser cannot write below it."""
    obstacle = place.folder / in_the_way
    obstacle.parent.mkdir(parents=True, exist_ok=True)
    obstacle.write_bytes(b"")
    assert len(verify(place, raw).attestations) == 1
    assert len(verify(place, raw).attestations) == 1


def test_a_warm_run_imports_no_sigstore(place: Place, raw: bytes) -> None:
    place.folder.mkdir()
    root, provenance = place.folder / "root.json", place.folder / "provenance"
    root.write_bytes(place.root.content)
    provenance.write_bytes(raw)
    wheel = a_wheel("widget", "1.0")
    command = [sys.executable, "-c", _WARM, *map(str, (place.folder, root, provenance))]

    def run() -> str:
        done = subprocess.run(
            [*command, wheel.filename, wheel.sha256],
            capture_output=True,
            check=True,
            text=True,
            timeout=TIMEOUT,
        )
        return done.stdout.strip()

    assert run() == "1 True True"
    assert run() == "1 False False"


def test_many_threads_make_one_verifier_and_the_same_result(place: Place, raw: bytes) -> None:
    source = place.provenance(use_results=False)
    wheel = a_wheel("widget", "1.0")
    found: list[Provenance] = []

    def run() -> None:
        found.append(
            source.verified(raw, root=place.root, filename=wheel.filename, sha256=wheel.sha256)
        )

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert len(source._verifiers) == 1
