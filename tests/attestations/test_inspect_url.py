"""`guard inspect URL`: who published a file that an index lists, without fetching the file."""

from __future__ import annotations

import json

from tests.attestations.places import tagged
from tests.attestations.shop import Shop
from tests.e2e.guarded import Environment
from tests.faults import status


def test_a_file_that_an_index_lists_is_inspected_by_its_url(
    shop: Shop, target: Environment
) -> None:
    wheel = shop.add("1.0", tagged("1.0"))
    url = shop.index.file_url(wheel.filename)
    ran = shop.run("inspect", url, into=target)
    assert ran.code == 0, ran.said
    assert "publish attestation, verified" in ran.out
    assert "acme/widget" in ran.out
    assert not any(seen.path.startswith("/files/") for seen in shop.index.requests)
    report = json.loads(shop.run("inspect", url, "--output-format", "json", into=target).out)
    (attestation,) = report["attestations"]
    assert attestation["identity"]["ref"] == "refs/tags/v1.0"


def test_a_file_without_attestations_is_said_to_have_none(shop: Shop, target: Environment) -> None:
    wheel = shop.add("1.0", None)
    ran = shop.run("inspect", shop.index.file_url(wheel.filename), into=target)
    assert ran.code == 0, ran.said
    assert "is not attested: its index lists no attestations" in ran.err
    assert "  not attested\n" in ran.out


def test_what_no_index_lists_is_not_known(shop: Shop, target: Environment) -> None:
    shop.add("1.0", tagged("1.0"))
    ran = shop.run("inspect", f"{shop.index.origin}/files/other-1.0.tar.gz", into=target)
    assert ran.code == 0, ran.said
    assert "is not attested: no configured index has a project other" in ran.err


def test_attestations_that_cannot_be_had_are_undecided(shop: Shop, target: Environment) -> None:
    wheel = shop.add("1.0", tagged("1.0"))
    shop.index.fault("/provenance/*", status(404))
    ran = shop.run("inspect", shop.index.file_url(wheel.filename), into=target)
    assert ran.code == 69, ran.said
    assert "error: the attestations of" in ran.err
