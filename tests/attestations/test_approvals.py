"""Approvals of what is attested: who published it is written down, a forgery is not approved."""

from __future__ import annotations

import tomllib

from guard.cli.exit import ExitCode
from tests.attestations.places import tagged
from tests.attestations.shop import Shop
from tests.e2e.guarded import Environment, Ran
from tests.local_sigstore import Fault

YES = ("--yes", "--reason", "we need it")


def approve(shop: Shop, target: Environment, *words: str) -> Ran:
    return shop.run("approve", *words, *YES, into=target)


def test_who_published_is_written_down_and_a_change_of_it_is_told(
    shop: Shop, target: Environment
) -> None:
    shop.five_releases()
    assert approve(shop, target, "widget==1.1").code == 0
    path = shop.guard.work / "approvals.toml"
    (entry,) = tomllib.loads(path.read_text())["approval"]
    assert entry["identities"] == [
        {"kind": "GitHub", "repository": "acme/widget", "workflow": "release.yml"}
    ]
    (shop.guard.work / "old.toml").write_bytes(path.read_bytes())

    assert approve(shop, target, "widget==1.3").code == ExitCode.DENIED
    ran = approve(shop, target, "widget==1.3", "--accept", "changed-publisher")
    assert ran.code == 0, ran.said
    told = shop.guard("approvals", "diff", "old.toml").out
    assert "! sets aside changed-publisher: " in told
    assert "! published by GitHub evil/widget" in told
    assert "; 1.1 by GitHub acme/widget release.yml" in told


def test_an_attestation_that_does_not_verify_is_not_approved(
    shop: Shop, target: Environment
) -> None:
    shop.add("1.0", tagged("1.0"), fault=next(iter(Fault)))
    ran = approve(shop, target, "widget==1.0")
    assert ran.code == ExitCode.DENIED, ran.said
    assert "denied[invalid-attestation]" in ran.err
    assert "invalid-attestation: no approval sets this aside" in ran.err
    assert not (shop.guard.work / "approvals.toml").exists()
