"""Provenance that somebody changed: never another identity or other bytes, and no exception."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.publisher import Attestation, Provenance
from guard.sources.verifier import Verifier
from tests.attestations import real
from tests.attestations.minting import (
    CONTENT,
    FILENAME,
    SHA256,
    certified,
    signed,
    verified,
)
from tests.local_sigstore import Identity, LocalSigstore
from tests.local_sigstore.identity import claim_oid

Verify = Callable[[bytes], Provenance]
Path = tuple[str | int, ...]

OTHER_SHA256: Final = "f" * 64
REAL: Final = "abi3info-2024.10.8-py3-none-any.whl.provenance"

_VALUES: Final[tuple[object, ...]] = (
    None,
    True,
    0,
    1,
    -1,
    2**70,
    1.5,
    "",
    "x",
    "0",
    "AAAA",
    "\ud800",
    "GitLab",
    [],
    {},
    [None],
    [[]],
    {"": {}},
)
"""What is put in the place of every value in turn."""

_READ_TO_END = settings(max_examples=150, deadline=None)


@pytest.fixture(scope="module")
def raw(sigstore: LocalSigstore) -> bytes:
    return sigstore.publish(FILENAME, CONTENT, Identity.github(environment="release"))


@pytest.fixture(scope="module")
def minted(verifier: Verifier) -> Verify:
    return lambda document: verified(verifier, document)


@pytest.fixture(scope="module")
def public(public_verifier: Verifier) -> Verify:
    return lambda document: real.of(REAL).verified(public_verifier, document)


def paths(document: object, here: Path = ()) -> Iterator[Path]:
    """The way to every value in a document."""
    if here:
        yield here
    if isinstance(document, dict):
        for key, value in document.items():
            yield from paths(value, (*here, key))
    elif isinstance(document, list):
        for position, value in enumerate(document):
            yield from paths(value, (*here, position))


def changed(document: Any, path: Path, value: object) -> bytes:
    """The document with another value at `path`; `...` leaves it out."""
    copied = copy.deepcopy(document)
    parent = copied
    for step in path[:-1]:
        parent = parent[step]
    if value is ...:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return json.dumps(copied).encode()


def assert_no_wider(found: Provenance, honest: tuple[Attestation, ...]) -> None:
    """What was accepted is what was accepted before, or nothing."""
    assert found.attestations in {honest, ()}


def every_field(verify: Verify, raw: bytes) -> tuple[int, int]:
    """Leave out and replace every value; how many documents there were, and how many held."""
    honest, document = verify(raw).attestations, json.loads(raw)
    assert len(honest) == 1
    count = held = 0
    for path in paths(document):
        for value in (..., *_VALUES):
            found = verify(changed(document, path, value))
            assert_no_wider(found, honest)
            count += 1
            held += found.attestations == honest
    return count, held


def every_byte(verify: Verify, raw: bytes, *, step: int) -> tuple[int, int]:
    """Flip a bit of every byte in turn, or of every `step`-th."""
    honest = verify(raw).attestations
    count = held = 0
    for position in range(0, len(raw), step):
        spoilt = bytearray(raw)
        spoilt[position] ^= 1 << position % 7
        found = verify(bytes(spoilt))
        assert_no_wider(found, honest)
        count += 1
        held += found.attestations == honest
    return count, held


def test_no_field_of_minted_provenance_can_be_changed_to_advantage(
    minted: Verify, raw: bytes
) -> None:
    count, held = every_field(minted, raw)
    assert count > 500
    assert held < count / 5, "what holds is what nobody reads"


def test_no_byte_of_minted_provenance_can_be_changed_to_advantage(
    minted: Verify, raw: bytes
) -> None:
    count, held = every_byte(minted, raw, step=1)
    assert count == len(raw)
    assert held < count / 20


@real.needs_real
def test_no_field_of_real_provenance_can_be_changed_to_advantage(public: Verify) -> None:
    count, held = every_field(public, real.of(REAL).evidence.read_bytes())
    assert count > 500
    assert held < count / 5


@real.needs_real
def test_no_byte_of_real_provenance_can_be_changed_to_advantage(public: Verify) -> None:
    count, held = every_byte(public, real.of(REAL).evidence.read_bytes(), step=4)
    assert held < count / 20


def test_no_change_makes_provenance_speak_of_other_bytes(verifier: Verifier, raw: bytes) -> None:
    """Neither does the honest one, of course."""
    document = json.loads(raw)
    for path in paths(document):
        for value in (..., SHA256, OTHER_SHA256):
            spoilt = changed(document, path, value)
            found = verifier.provenance(spoilt, filename=FILENAME, sha256=OTHER_SHA256)
            assert found.attestations == ()


@_READ_TO_END
@given(st.data())
def test_no_cut_and_no_repetition_is_to_advantage(
    minted: Verify, raw: bytes, data: st.DataObject
) -> None:
    start, stop, place = (data.draw(st.integers(0, len(raw))) for _ in range(3))
    kept = data.draw(st.sampled_from([b"", raw[start:stop], raw[start:stop] * 2]))
    filling = data.draw(st.binary(max_size=8))
    spoilt = raw[:place] + kept + filling + raw[max(place, stop) :]
    assert_no_wider(minted(spoilt), minted(raw).attestations)


@_READ_TO_END
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_nothing_is_attested_by_any_bytes(minted: Verify, data: bytes) -> None:
    assert minted(data).attestations == ()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@_READ_TO_END
@given(
    _JSON
    | st.fixed_dictionaries(
        {"version": st.just(1) | _JSON, "attestation_bundles": st.lists(_JSON) | _JSON},
        optional={"x": _JSON},
    )
)
def test_nothing_is_attested_by_any_document(minted: Verify, document: object) -> None:
    assert minted(json.dumps(document).encode()).attestations == ()


@settings(max_examples=100, deadline=None)
@given(_JSON, st.sampled_from(["_type", "subject", "predicateType", "predicate", ""]))
def test_any_statement_can_be_signed_and_is_about_this_file_or_not(
    sigstore: LocalSigstore, minted: Verify, value: object, key: str
) -> None:
    statement: dict[str, object] = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": FILENAME, "digest": {"sha256": SHA256}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {},
    }
    payload = json.dumps({**statement, key: value} if key else value).encode()
    found = minted(sigstore.provenance([signed(sigstore, payload)]))
    assert bool(found.attestations) is (key == "predicate")


@settings(max_examples=100, deadline=None)
@given(st.integers(8, 24), st.binary(max_size=40))
def test_any_claim_can_be_certified_and_is_text_or_nothing(
    sigstore: LocalSigstore, minted: Verify, arc: int, value: bytes
) -> None:
    identity = Identity.github()
    raw = sigstore.provenance([certified(sigstore, identity, {claim_oid(arc): value})])
    for found in minted(raw).identities:
        assert found.repository == "acme/widget"
        assert found.workflow in {"release.yml", None}
