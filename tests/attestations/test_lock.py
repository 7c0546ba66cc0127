"""Locks that say who publishes: written by `guard lock`, and held to by what installs from them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
import tomli_w
from packaging.pylock import Pylock

from guard import attestation_identities
from tests.attestations.places import tagged
from tests.attestations.shop import EVIL, Shop
from tests.e2e.guarded import Environment, Ran, untouched
from tests.local_sigstore import Identity
from tests.wheels import Artifact

ACME: Final = {"kind": "GitHub", "repository": "acme/widget", "workflow": "release.yml"}


def a_lock(shop: Shop, wheel: Artifact, *identities: dict[str, Any]) -> Path:
    """A lock of one wheel of the index, as any tool might write it."""
    package: dict[str, Any] = {
        "name": wheel.name,
        "version": wheel.version,
        "wheels": [
            {
                "name": wheel.filename,
                "url": shop.index.file_url(wheel.filename),
                "hashes": {"sha256": wheel.sha256},
            }
        ],
    }
    if identities:
        package["attestation-identities"] = list(identities)
    document = {"lock-version": "1.0", "created-by": "a tool", "packages": [package]}
    path = shop.guard.work / "pylock.toml"
    path.write_text(tomli_w.dumps(document), encoding="utf-8")
    return path


def installed(shop: Shop, lock: Path, into: Environment, policy: str = "") -> Ran:
    return shop.run("install", "-r", lock, into=into, policy=policy)


@pytest.mark.parametrize(
    ("who", "named"),
    [
        (tagged("1.0", environment="release"), {**ACME, "environment": "release"}),
        (
            Identity.circleci(vcs_origin=None, vcs_ref=None),
            {
                "kind": "CircleCI",
                "project_id": "00000000-0000-4000-8000-000000000001",
                "pipeline_definition_id": "00000000-0000-4000-8000-000000000002",
            },
        ),
    ],
    ids=["GitHub", "CircleCI"],
)
def test_a_lock_says_who_published_and_is_held_to_it(
    shop: Shop, target: Environment, who: Identity, named: dict[str, str]
) -> None:
    shop.add("1.0", who)
    ran = shop.run("lock", "widget", into=target)
    assert ran.code == 0, ran.said
    lock = shop.guard.work / "pylock.toml"
    (package,) = tomllib.loads(lock.read_text(encoding="utf-8"))["packages"]
    assert package["attestation-identities"] == [named]
    ran = installed(shop, lock, target)
    assert ran.code == 0, ran.said
    assert target.installed() == {"widget": "1.0"}


def test_a_lock_says_nothing_of_what_nobody_attested(shop: Shop, target: Environment) -> None:
    shop.add("1.0", None)
    assert shop.run("lock", "widget", into=target).code == 0
    lock = shop.guard.work / "pylock.toml"
    (package,) = tomllib.loads(lock.read_text(encoding="utf-8"))["packages"]
    assert "attestation-identities" not in package


def test_a_lock_of_what_is_denied_is_not_written(shop: Shop, target: Environment) -> None:
    shop.five_releases()
    ran = shop.run("lock", "widget==1.3", into=target)
    assert ran.code == 77, ran.said
    assert not (shop.guard.work / "pylock.toml").exists()


@pytest.mark.parametrize(
    ("who", "rule"),
    [
        (tagged("1.0", repository="evil/widget", **EVIL), "unexpected-publisher"),
        (None, "missing-attestation"),
    ],
    ids=["another repository", "nobody"],
)
def test_a_lock_that_names_somebody_else_is_not_installed(
    shop: Shop, target: Environment, who: Identity | None, rule: str
) -> None:
    lock = a_lock(shop, shop.add("1.0", who), ACME)
    with untouched(target):
        ran = installed(shop, lock, target)
    assert ran.code == 77, ran.said
    assert f"denied[{rule}]" in ran.err
    assert "the lock" in ran.finding(rule)


def test_a_lock_of_other_bytes_is_not_covered_by_the_attestation_of_these(
    shop: Shop, target: Environment
) -> None:
    wheel = shop.add("1.0", tagged("1.0"))
    lock = a_lock(shop, wheel, ACME)
    text = lock.read_text(encoding="utf-8")
    lock.write_text(text.replace(wheel.sha256, "0" * 64), encoding="utf-8")
    with untouched(target):
        ran = installed(shop, lock, target)
    assert ran.code == 77, ran.said


def test_a_lock_that_cannot_be_held_to_is_not_installed(shop: Shop, target: Environment) -> None:
    lock = a_lock(shop, shop.add("1.0", tagged("1.0")), ACME, {"kind": "GitHub"})
    with untouched(target):
        ran = installed(shop, lock, target)
    assert ran.code == 2, ran.said
    assert "an identity of widget that is not understood" in ran.err


def test_a_lock_of_an_archive_is_held_to_its_publisher_too() -> None:
    """Nobody attests what is fetched from a URL, so it cannot be who the lock says."""
    from guard import plan  # noqa: PLC0415

    archive = {"url": "https://files.example.com/widget-1.0-py3-none-any.whl"}
    package = {
        "name": "widget",
        "version": "1.0",
        "archive": {**archive, "hashes": {"sha256": "0" * 64}},
        "attestation-identities": [ACME],
    }
    document = {"lock-version": "1.0", "created-by": "a tool", "packages": [package]}
    lock: Pylock = plan.parse(tomli_w.dumps(document).encode(), name="pylock.toml")
    (planned,) = plan.select(lock, environment={}, tags=[], folder=Path())  # type: ignore[typeddict-item]
    assert planned.identities == attestation_identities.patterns(lock.packages[0])


def test_what_a_lock_no_longer_says_of_publishers_is_still_known(
    shop: Shop, target: Environment
) -> None:
    """Whoever takes the identities out of a lock meets those that were installed before."""
    shop.add("1.0", tagged("1.0"))
    assert shop.run("lock", "widget", into=target).code == 0
    assert shop.run("sync", into=target).code == 0
    evil = shop.add("1.1", tagged("1.1", repository="evil/widget", **EVIL))
    a_lock(shop, evil)
    with untouched(target):
        ran = shop.run("sync", "--refresh", into=target)
    assert ran.code == 77, ran.said
    assert "denied[changed-publisher]" in ran.err


def test_identities_that_somebody_took_out_of_a_lock_are_missed(
    shop: Shop, target: Environment
) -> None:
    wheel = shop.add("1.0", tagged("1.0"))
    assert shop.run("lock", "widget", into=target).code == 0
    assert shop.run("lock", "widget", "--check", into=target).code == 0
    a_lock(shop, wheel)
    ran = shop.run("lock", "widget", "--check", into=target)
    assert ran.code == 1, ran.said
    assert "~ widget 1.0: other files, or said otherwise" in ran.err


def test_what_is_synced_is_held_to_the_lock_even_where_it_is_installed(
    shop: Shop, target: Environment
) -> None:
    wheel = shop.add("1.0", tagged("1.0", repository="evil/widget", **EVIL))
    target.holds(wheel)
    a_lock(shop, wheel, ACME)
    with untouched(target):
        ran = shop.run("sync", into=target)
    assert ran.code == 77, ran.said
    assert "the lock" in ran.finding("unexpected-publisher")
