"""The real guard, pip and uv, an index on the loopback interface, and minted attestations."""

from __future__ import annotations

from typing import Any, Final

import pytest
from inline_snapshot import snapshot

from tests import faults
from tests.attestations.places import tagged
from tests.attestations.shop import EVIL, PIN, Shop
from tests.e2e.guarded import Environment, Ran, untouched
from tests.local_sigstore import Fault
from tests.wheels import a_wheel

WARN: Final = '[rules.invalid-attestation]\nunavailable-level = "warn"\n'


def passed_over(ran: Ran) -> str:
    """What is said of the releases that were not taken, and of the one that was."""
    return ran.err[ran.err.index("Published by") :]


def test_the_newest_release_that_its_own_past_speaks_for_is_installed(
    shop: Shop, either: Environment
) -> None:
    """No pin, nothing seen before: the index lists who published what came earlier."""
    shop.five_releases()
    ran = shop.run("install", "widget", into=either)
    assert ran.code == 0, ran.said
    assert either.installed() == {"widget": "1.1"}
    assert passed_over(ran) == snapshot("""\
Published by, as their attestations say:
  widget 1.1: acme/widget release.yml @ refs/tags/v1.1 (first seen)

Passed over:
  widget 1.4 (changed-publisher: published by a run that pull_request_target triggered, 1.1 by release)
  widget 1.3 (changed-publisher: published by evil/widget release.yml @ refs/tags/v1.3, but 1.0 by acme/widget release.yml @ refs/tags/v1.0)
  widget 1.2 (dropped-attestation: not attested, though 1.1 was (widget-1.1-py3-none-any.whl))

1 file judged, advisories 1 hour old: admitted; installed
""")  # noqa: E501 - as it is printed


def test_the_newest_release_that_a_pin_allows_is_installed(shop: Shop, target: Environment) -> None:
    shop.five_releases()
    ran = shop.run("install", "widget", into=target, policy=PIN)
    assert ran.code == 0, ran.said
    assert target.installed() == {"widget": "1.1"}
    assert passed_over(ran) == snapshot("""\
Published by, as their attestations say:
  widget 1.1: acme/widget release.yml @ refs/tags/v1.1 (as pinned)

Passed over:
  widget 1.4 (unexpected-publisher: published by acme/widget release.yml @ refs/heads/x: ref is refs/heads/x, not refs/tags/*; changed-publisher: published by a run that pull_request_target triggered, 1.1 by release)
  widget 1.3 (unexpected-publisher: published by evil/widget release.yml @ refs/tags/v1.3: repository is evil/widget, not acme/widget)
  widget 1.2 (dropped-attestation: not attested, though 1.1 was (widget-1.1-py3-none-any.whl))

1 file judged, advisories 1 hour old: admitted; installed
""")  # noqa: E501 - as it is printed


@pytest.mark.parametrize(
    ("pin", "standing", "rules"),
    [
        (
            "",
            "first seen",
            {
                "1.4": ["changed-publisher"],
                "1.3": ["changed-publisher"],
                "1.2": ["dropped-attestation"],
            },
        ),
        (
            PIN,
            "as pinned",
            {
                "1.4": ["unexpected-publisher", "changed-publisher"],
                "1.3": ["unexpected-publisher"],
                "1.2": ["dropped-attestation"],
            },
        ),
    ],
    ids=["history", "pin"],
)
def test_the_report_for_programs_says_the_same(
    shop: Shop, target: Environment, pin: str, standing: str, rules: dict[str, list[str]]
) -> None:
    shop.five_releases()
    ran = shop.run("check", "widget", "--output-format", "json", into=target, policy=pin)
    assert ran.code == 0, ran.said
    (candidate,) = ran.report["candidates"]
    assert (candidate["version"], candidate["decision"]) == ("1.1", "admitted")
    publisher: dict[str, Any] = candidate["publisher"]
    assert (publisher["standing"], publisher["invalid"]) == (standing, [])
    (attestation,) = publisher["attestations"]
    assert (attestation["kind"], attestation["predicate"]) == ("GitHub", "publish")
    claims = {"repository": "acme/widget", "repository_id": 1001, "ref": "refs/tags/v1.1"}
    assert claims.items() <= attestation["identity"].items()
    found = {p["version"]: [f["rule"] for f in p["findings"]] for p in ran.report["passed_over"]}
    assert found == rules


@pytest.mark.parametrize(
    ("version", "pin", "rule"),
    [
        ("1.2", "", "dropped-attestation"),
        ("1.2", PIN, "missing-attestation"),
        ("1.4", "", "changed-publisher"),
    ],
)
def test_whoever_insists_on_one_of_the_others_is_denied(
    shop: Shop, target: Environment, version: str, pin: str, rule: str
) -> None:
    shop.five_releases()
    with untouched(target):
        ran = shop.run("install", f"widget=={version}", into=target, policy=pin)
    assert ran.code == 77, ran.said
    assert f"denied[{rule}]" in ran.err


@pytest.mark.parametrize("fault", [faults.status(403), faults.status(404)])
def test_an_index_that_is_down_at_the_provenance_alone_decides_nothing(
    shop: Shop, target: Environment, fault: faults.Fault
) -> None:
    shop.add("1.0", tagged("1.0"))
    shop.index.fault("/provenance/*", fault)
    with untouched(target):
        ran = shop.run("install", "widget", into=target)
    assert ran.code == 69, ran.said
    assert "undecided[invalid-attestation]: its attestations are not verified" in ran.err
    assert ran.err.endswith(": 1 undecided; nothing was installed\n")


def test_where_the_policy_says_so_it_is_a_warning(shop: Shop, target: Environment) -> None:
    shop.add("1.0", tagged("1.0"))
    shop.index.fault("/provenance/*", faults.status(403))
    ran = shop.run("install", "widget", into=target, policy=WARN)
    assert ran.code == 0, ran.said
    assert target.installed() == {"widget": "1.0"}
    assert ran.err[ran.err.index("warning[") :] == snapshot("""\
warning[invalid-attestation]: its attestations are not verified: its attestations could not be had: HTTP 403 Forbidden: check the index's user name and password
  --> widget-1.0-py3-none-any.whl
   = policy: rules.invalid-attestation.unavailable-level = "warn"
   = help: guard rule invalid-attestation

1 file judged, advisories 1 hour old: admitted, 1 with remarks; installed
""")  # noqa: E501 - as it is printed
    assert "Published by" not in ran.said


def test_what_is_pinned_is_never_installed_on_a_warning(shop: Shop, target: Environment) -> None:
    shop.add("1.0", tagged("1.0"))
    shop.index.fault("/provenance/*", faults.status(403))
    with untouched(target):
        ran = shop.run("install", "widget", into=target, policy=PIN + WARN)
    assert ran.code == 69, ran.said


def test_an_attestation_that_does_not_fit_is_denied(shop: Shop, target: Environment) -> None:
    shop.add("1.0", tagged("1.0"), fault=Fault.WRONG_DIGEST)
    with untouched(target):
        ran = shop.run("install", "widget", into=target, policy=WARN)
    assert ran.code == 77, ran.said
    assert "denied[invalid-attestation]" in ran.err


def test_an_object_without_attestations_is_not_attested(shop: Shop, target: Environment) -> None:
    shop.add("1.0", tagged("1.0"), fault=Fault.NO_BUNDLES)
    with untouched(target):
        pinned = shop.run("install", "widget", into=target, policy=PIN)
    assert pinned.code == 77, pinned.said
    assert "denied[missing-attestation]: not attested: no attestation verifies" in pinned.err
    ran = shop.run("check", "widget", "--output-format", "json", into=target)
    assert ran.report["candidates"][0]["publisher"]["standing"] == "not attested"


def test_another_sigstore_is_not_believed_where_the_policy_names_none(
    shop: Shop, target: Environment
) -> None:
    shop.add("1.0", tagged("1.0"))
    with untouched(target):
        ran = shop.guard.install("widget", into=target, index=shop.index)
    assert ran.code == 77, ran.said
    assert "denied[invalid-attestation]" in ran.err


def test_who_was_seen_once_is_known_again(shop: Shop, target: Environment) -> None:
    """And a stranger is one, though the index has forgotten all that came before."""
    first = shop.add("1.0", tagged("1.0"))
    for words in (["--dry-run"], []):  # what was only tried is not remembered
        ran = shop.run("install", "widget", *words, into=target)
        assert "  widget 1.0: acme/widget release.yml @ refs/tags/v1.0 (first seen)\n" in ran.err
    shop.add("1.1", tagged("1.1"))
    again = shop.run("install", "-U", "--refresh", "widget", into=target)
    assert "  widget 1.1: acme/widget release.yml @ refs/tags/v1.1 (as before)\n" in again.err
    for filename in (first.filename, "widget-1.1-py3-none-any.whl"):
        shop.index.remove(filename)
    shop.add("1.2", tagged("1.2", repository="evil/widget", **EVIL))
    with untouched(target):
        ran = shop.run("install", "--refresh", "widget==1.2", into=target)
    assert ran.code == 77, ran.said
    assert "but the last one installed here by acme/widget" in ran.err


def test_what_nobody_attested_is_counted(shop: Shop, target: Environment) -> None:
    shop.add("1.0", tagged("1.0"))
    shop.add("2.0", None, name="gadget")
    ran = shop.run("install", "widget", "gadget", into=target)
    assert ran.code == 0, ran.said
    assert "  1 not attested\n" in ran.err


def test_other_bytes_are_not_covered_by_a_pin(shop: Shop, target: Environment) -> None:
    """Who takes a wrong hash for a warning has not said that anybody may have signed the file."""
    shop.add("1.0", tagged("1.0"))
    other = a_wheel("widget", "1.0", files={"widget.py": "evil = True\n"})
    shop.index.fault("/files/*.whl", faults.replaced(other.content))
    policy = PIN + '[rules.hash-mismatch]\nlevel = "warn"\n'
    with untouched(target):
        ran = shop.run("install", "widget", into=target, policy=policy)
    assert ran.code == 77, ran.said
