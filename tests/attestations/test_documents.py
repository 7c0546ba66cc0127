"""The documents around a signature: malformed, oversized, ambiguous; and what may be signed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import msgspec
import pytest
from cryptography.hazmat import asn1

from guard.publisher import Provenance
from guard.sources.verifier import Verifier
from tests.attestations.minting import (
    CONTENT,
    FILENAME,
    SHA256,
    a_statement,
    certified,
    signed,
    verified,
)
from tests.local_sigstore import Identity, LocalSigstore
from tests.local_sigstore.identity import claim_oid

Change = Callable[[dict[str, Any]], object]

_SURROGATE: Final = "\ud800"
"""Half a character: JSON can say it, and nothing can write it down."""


@pytest.fixture(scope="module")
def raw(sigstore: LocalSigstore) -> bytes:
    return sigstore.publish(FILENAME, CONTENT, Identity.github())


@pytest.mark.parametrize(
    "document",
    [
        '{"version": 1, "attestation_bundles": []}',
        '{"version": 1, "attestation_bundles": [{"publisher": {}, "attestations": []}]}',
        '{"version": 1, "attestation_bundles": [{"publisher": {"kind": 7}, "attestations": []}]}',
    ],
)
def test_an_object_without_attestations_attests_nothing(verifier: Verifier, document: str) -> None:
    assert verified(verifier, document.encode()) == Provenance()


@pytest.mark.parametrize(
    "document",
    [
        "",
        "null",
        "[]",
        "1",
        '"text"',
        "{}",
        "{",
        '{"attestation_bundles": []}',
        '{"version": 2, "attestation_bundles": []}',
        '{"version": true, "attestation_bundles": []}',
        '{"version": "1", "attestation_bundles": []}',
        '{"version": null, "attestation_bundles": []}',
        '{"version": 1}',
        '{"version": 1, "attestation_bundles": null}',
        '{"version": 1, "attestation_bundles": {}}',
        '{"version": 1, "attestation_bundles": [null]}',
        '{"version": 1, "attestation_bundles": [[]]}',
        '{"version": 1, "attestation_bundles": [{}]}',
        '{"version": 1, "attestation_bundles": [{"publisher": {}}]}',
        '{"version": 1, "attestation_bundles": [{"attestations": []}]}',
        '{"version": 1, "attestation_bundles": [{"publisher": null, "attestations": []}]}',
        '{"version": 1, "attestation_bundles": [{"publisher": {}, "attestations": {}}]}',
        '{"version": 1, "version": 1, "attestation_bundles": []}',
        '{"version": 1, "attestation_bundles": [], "x": {"a": 1, "a": 2}}',
        f'{{"version": {"9" * 5000}, "attestation_bundles": []}}',
        "[" * 100_000,
        '{"version":' * 100_000,
    ],
)
def test_what_is_no_provenance_object_is_invalid(verifier: Verifier, document: str) -> None:
    result = verified(verifier, document.encode())
    assert result.attestations == ()
    assert len(result.invalid) == 1
    single = verifier.attestation(document.encode(), filename=FILENAME, sha256=SHA256)
    assert single.attestations == ()
    assert len(single.invalid) == 1


@pytest.mark.parametrize(
    "document", [b"\xff\xfe", b"\x80", b'{"version": 1\x00}', "{}".encode("utf-32")]
)
def test_what_is_no_text_is_invalid(verifier: Verifier, document: bytes) -> None:
    assert len(verified(verifier, document).invalid) == 1


def changed(raw: bytes, change: Change) -> bytes:
    document = json.loads(raw)
    change(document)
    return json.dumps(document).encode()


def _bundle(document: dict[str, Any]) -> dict[str, Any]:
    bundle: dict[str, Any] = document["attestation_bundles"][0]
    return bundle


def _attestation(document: dict[str, Any]) -> dict[str, Any]:
    attestation: dict[str, Any] = _bundle(document)["attestations"][0]
    return attestation


def _entry(document: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = _attestation(document)["verification_material"]["transparency_entries"][
        0
    ]
    return entry


@pytest.mark.parametrize(
    "change",
    [
        lambda d: _bundle(d)["publisher"].update(kind=["GitHub"]),
        lambda d: _bundle(d)["publisher"].update(kind={"GitHub": 1}),
        lambda d: _bundle(d)["publisher"].update(repository=["acme/widget"]),
        lambda d: _bundle(d)["publisher"].update(repository=None),
        lambda d: _bundle(d)["publisher"].update(workflow=7),
        lambda d: _bundle(d)["attestations"].append(None),
        lambda d: _bundle(d)["attestations"].append([]),
        lambda d: _bundle(d)["attestations"].append({}),
        lambda d: _attestation(d).update(version=2),
        lambda d: _attestation(d).update(envelope=[]),
        lambda d: _entry(d).update(kindVersion=[]),
        lambda d: _entry(d).update(kindVersion={"kind": "dsse", "version": []}),
        lambda d: _entry(d).update(integratedTime="9" * 40),
        lambda d: _entry(d).update(integratedTime=-(10**30)),
        lambda d: _entry(d).update(logIndex=_SURROGATE),
        lambda d: _entry(d).update(canonicalizedBody=_SURROGATE),
    ],
)
def test_a_value_of_another_type_is_invalid(verifier: Verifier, raw: bytes, change: Change) -> None:
    assert len(verified(verifier, changed(raw, change)).invalid) == 1


def test_nesting_within_a_document_has_an_end(verifier: Verifier, raw: bytes) -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    for place in ("kindVersion", "logId", "inclusionProof", "canonicalizedBody"):
        result = verified(verifier, changed(raw, lambda d, at=place: _entry(d).update({at: deep})))  # type: ignore[misc]
        assert (len(result.attestations), len(result.invalid)) == (0, 1)


@pytest.mark.parametrize("key", ["publisher", "attestations"])
def test_a_key_that_is_given_twice_is_not_taken_either_way(
    verifier: Verifier, raw: bytes, key: str
) -> None:
    bundle = json.loads(raw)["attestation_bundles"][0]
    twice = f'"{key}": {json.dumps(bundle[key])}, '
    spoilt = raw.replace(b'{"publisher": ', f'{{{twice}"publisher": '.encode(), 1)
    result = verified(verifier, spoilt)
    assert result == Provenance(invalid=("not JSON: a key is given twice (ValueError)",))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(extra=1),
        lambda d: _bundle(d).update(extra={"a": []}),
        lambda d: _bundle(d)["publisher"].update(claims={"ref": "refs/heads/evil"}),
        lambda d: _attestation(d).update(extra=None),
        lambda d: _attestation(d)["envelope"].update(extra="x"),
        lambda d: _attestation(d)["verification_material"].update(timestamps=[]),
    ],
)
def test_what_a_later_version_may_add_changes_nothing(
    verifier: Verifier, raw: bytes, change: Change
) -> None:
    """PEP-740 leaves room; nobody is to be named by what nobody signed."""
    assert verified(verifier, changed(raw, change)) == verified(verifier, raw)


def test_more_attestations_than_anybody_makes_are_not_all_looked_at(
    verifier: Verifier, raw: bytes
) -> None:
    def many(count: int) -> Provenance:
        return verified(
            verifier,
            changed(raw, lambda d: _bundle(d).update(attestations=[_attestation(d)] * count)),
        )

    assert (len(many(64).attestations), many(64).invalid) == (64, ())
    assert many(65).invalid == ("more than 64 attestations",)
    hidden = changed(raw, lambda d: _bundle(d).update(attestations=[{}] * 64 + [_attestation(d)]))
    assert verified(verifier, hidden).attestations == ()


@pytest.mark.parametrize(
    "name", [FILENAME, "Widget-1.0-py3-none-any.whl", "widget-1.0.0-py3-none-any.whl"]
)
def test_the_name_of_a_file_may_be_spelled_otherwise(
    sigstore: LocalSigstore, verifier: Verifier, name: str
) -> None:
    """PEP-740: the names are the same if they parse to the same; the digest decides anyway."""
    statement = a_statement(subject=[{"name": name, "digest": {"sha256": SHA256}}])
    minted = signed(sigstore, json.dumps(statement).encode())
    assert len(verified(verifier, sigstore.provenance([minted])).attestations) == 1


_DIGEST: Final = {"sha256": SHA256}


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b"\xff",
        json.dumps(a_statement()).encode() + b" trailing",
        json.dumps(a_statement()).encode().replace(b'"predicate"', b'"_type": "x", "predicate"'),
        *(
            json.dumps(statement).encode()
            for statement in (
                a_statement(_type=...),
                a_statement(_type=["https://in-toto.io/Statement/v1"]),
                a_statement(subject=...),
                a_statement(subject=[]),
                a_statement(subject={"name": FILENAME, "digest": _DIGEST}),
                a_statement(subject=[{"name": FILENAME, "digest": _DIGEST}] * 2),
                a_statement(subject=[[FILENAME, _DIGEST]]),
                a_statement(subject=[{"digest": _DIGEST}]),
                a_statement(subject=[{"name": [FILENAME], "digest": _DIGEST}]),
                a_statement(subject=[{"name": f"../{FILENAME}", "digest": _DIGEST}]),
                a_statement(subject=[{"name": f"{FILENAME}\n", "digest": _DIGEST}]),
                a_statement(subject=[{"name": "widget-1.0-1-py3-none-any.whl", "digest": _DIGEST}]),
                a_statement(subject=[{"name": "widget-1.0.tar.gz", "digest": _DIGEST}]),
                a_statement(subject=[{"name": "gadget-1.0-py3-none-any.whl", "digest": _DIGEST}]),
                a_statement(subject=[{"name": _SURROGATE, "digest": _DIGEST}]),
                a_statement(subject=[{"name": FILENAME}]),
                a_statement(subject=[{"name": FILENAME, "digest": SHA256}]),
                a_statement(subject=[{"name": FILENAME, "digest": {"sha256": SHA256.upper()}}]),
                a_statement(subject=[{"name": FILENAME, "digest": {"sha256": SHA256[:-1]}}]),
                a_statement(subject=[{"name": FILENAME, "digest": {"sha256": [SHA256]}}]),
                a_statement(subject=[{"name": FILENAME, "digest": {"sha256": _SURROGATE}}]),
                a_statement(subject=[{"name": FILENAME, "digest": {"sha512": SHA256}}]),
                a_statement(predicateType=...),
                a_statement(predicateType="https://slsa.dev/provenance/v0.2"),
                a_statement(predicateType=_SURROGATE),
                a_statement(predicateType=["https://slsa.dev/provenance/v1"]),
            )
        ),
    ],
)
def test_a_signature_makes_no_statement_true(
    sigstore: LocalSigstore, verifier: Verifier, payload: bytes
) -> None:
    """Anyone with a workflow can have anything signed and logged."""
    result = verified(verifier, sigstore.provenance([signed(sigstore, payload)]))
    assert (len(result.attestations), len(result.invalid)) == (0, 1)
    assert result.invalid[0].encode(), "it can be written down"


@pytest.mark.parametrize("odd", [_SURROGATE, "\x1b[31m", "\x00", "x" * 100_000, 7, None, {}])
def test_what_a_predicate_says_can_be_written_down(
    sigstore: LocalSigstore, verifier: Verifier, odd: object
) -> None:
    """The signer chooses it, and reports and the kept results are to hold it."""
    statement = a_statement(
        predicateType="https://slsa.dev/provenance/v1",
        predicate={
            "runDetails": {"builder": {"id": odd}},
            "buildDefinition": {"externalParameters": {"workflow": {"repository": odd}}},
        },
    )
    minted = signed(sigstore, json.dumps(statement).encode())
    result = verified(verifier, sigstore.provenance([minted]))
    assert len(result.attestations) == 1
    assert msgspec.json.decode(msgspec.json.encode(result), type=Provenance) == result


@pytest.mark.parametrize("arc", range(8, 25))
@pytest.mark.parametrize("value", [b"", b"1001", b"\x0c\x05ab", b"\x0c\x01\xff", b"\x02\x01\x07"])
def test_a_claim_that_is_no_text_is_not_half_read(
    sigstore: LocalSigstore, verifier: Verifier, arc: int, value: bytes
) -> None:
    minted = certified(sigstore, Identity.github(), {claim_oid(arc): value})
    result = verified(verifier, sigstore.provenance([minted]))
    assert (len(result.attestations), len(result.invalid)) == (0, 1), result


def test_a_claim_under_another_number_is_no_claim(
    sigstore: LocalSigstore, verifier: Verifier
) -> None:
    minted = certified(sigstore, Identity.github(), {claim_oid(99): asn1.encode_der("x")})
    assert len(verified(verifier, sigstore.provenance([minted])).attestations) == 1
