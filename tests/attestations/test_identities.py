"""What is written down of a publisher: in the user's state, and in locks."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from packaging.pylock import Package, PackageWheel
from packaging.utils import canonicalize_name
from packaging.version import Version

from guard import attestation_identities
from guard.errors import UsageError
from guard.model import Absent, Unknown
from guard.publisher import Identity as Found
from guard.publisher import IdentityPattern
from guard.sources.identities import KnownIdentities
from guard.sources.verifier import Verifier
from tests.attestations.minting import proved
from tests.attestations.publishers import ACME, EVIL, acme
from tests.local_sigstore import Identity, LocalSigstore

INDEX: Final = "https://packages.example.com/simple"
WIDGET: Final = canonicalize_name("widget")
_PROJECT: Final = "00000000-0000-4000-8000-000000000001"
_PIPELINE: Final = "00000000-0000-4000-8000-000000000002"


@pytest.fixture
def known(tmp_path: Path) -> KnownIdentities:
    return KnownIdentities(tmp_path / "identities")


def test_what_was_never_installed_is_seen_for_the_first_time(known: KnownIdentities) -> None:
    assert known.of(WIDGET, INDEX) == Absent("never installed from here before")


def test_who_published_is_remembered_with_every_claim(known: KnownIdentities) -> None:
    who = (acme(environment="release", subject="x", run="y"), EVIL, Found(issuer="i", identity="j"))
    known.remember(WIDGET, INDEX, "1.0", who)
    assert known.of(WIDGET, INDEX) == who


def test_the_last_one_counts(known: KnownIdentities) -> None:
    known.remember(WIDGET, INDEX, "1.0", (ACME,))
    known.remember(WIDGET, INDEX, "1.1", (EVIL,))
    assert known.of(WIDGET, INDEX) == (EVIL,)


def test_each_project_of_each_index_is_remembered_by_itself(known: KnownIdentities) -> None:
    known.remember(WIDGET, INDEX, "1.0", (ACME,))
    assert isinstance(known.of(canonicalize_name("widget-extra"), INDEX), Absent)
    assert isinstance(known.of(WIDGET, f"{INDEX}2"), Absent)


def test_a_record_is_private(known: KnownIdentities, tmp_path: Path) -> None:
    known.remember(WIDGET, INDEX, "1.0", (ACME,))
    (record,) = (tmp_path / "identities").iterdir()
    assert (record.stat().st_mode & 0o777, record.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"null",
        b"{}",
        b'{"project": "widget", "index": "", "version": ""}',
        b"[" * 9999,
    ],
)
def test_a_record_that_is_spoilt_is_not_the_same_as_none(
    known: KnownIdentities, tmp_path: Path, content: bytes
) -> None:
    known.remember(WIDGET, INDEX, "1.0", (ACME,))
    (record,) = (tmp_path / "identities").iterdir()
    record.write_bytes(content)
    assert isinstance(known.of(WIDGET, INDEX), Unknown)
    known.remember(WIDGET, INDEX, "1.1", (EVIL,))
    assert known.of(WIDGET, INDEX) == (EVIL,)


def test_a_record_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "identities").write_bytes(b"")
    known = KnownIdentities(tmp_path / "identities")
    known.remember(WIDGET, INDEX, "1.0", (ACME,))
    assert isinstance(known.of(WIDGET, INDEX), Unknown), "something is there, and no record"


def a_package(*identities: dict[str, Any]) -> Package:
    filename = "widget-1.0-py3-none-any.whl"
    wheel = PackageWheel(name=filename, url=f"{INDEX}/{filename}", hashes={"sha256": "0" * 64})
    return Package(
        name=WIDGET,
        version=Version("1.0"),
        wheels=[wheel],
        attestation_identities=list(identities),
    )


def fits(given: dict[str, Any], found: Found) -> bool:
    """Whether a lock that says so is met by a file of that publisher."""
    (pattern,) = attestation_identities.patterns(a_package(given))
    return not pattern.mismatches(found)


WRITTEN: Final[dict[str, tuple[Identity, Identity, dict[str, str]]]] = {
    "GitHub": (
        Identity.github(),
        Identity.github("evil/widget"),
        {"kind": "GitHub", "repository": "acme/widget", "workflow": "release.yml"},
    ),
    "GitHub, with an environment": (
        Identity.github(environment="release"),
        Identity.github(environment="evil"),
        {
            "kind": "GitHub",
            "repository": "acme/widget",
            "workflow": "release.yml",
            "environment": "release",
        },
    ),
    "GitLab": (
        Identity.gitlab("acme/tools/widget"),
        Identity.gitlab("acme/tools/widget", "evil.yml"),
        {
            "kind": "GitLab",
            "repository": "acme/tools/widget",
            "workflow_filepath": ".gitlab-ci.yml",
        },
    ),
    "Google": (
        Identity.google(),
        Identity.google("evil@example.com"),
        {"kind": "Google", "email": "publisher@example.com"},
    ),
    "CircleCI": (
        Identity.circleci(),
        Identity.circleci("ffffffff-0000-4000-8000-000000000001"),
        {"kind": "CircleCI", "project_id": _PROJECT, "pipeline_definition_id": _PIPELINE},
    ),
    "CircleCI, by a webhook": (
        Identity.circleci(vcs_origin=None, vcs_ref=None),
        Identity.circleci(pipeline_definition_id="ffffffff-0000-4000-8000-000000000002"),
        {"kind": "CircleCI", "project_id": _PROJECT, "pipeline_definition_id": _PIPELINE},
    ),
}


@pytest.mark.parametrize(("who", "other", "written"), WRITTEN.values(), ids=WRITTEN)
def test_a_lock_names_a_publisher_so_that_it_is_known_again(
    sigstore: LocalSigstore,
    verifier: Verifier,
    who: Identity,
    other: Identity,
    written: dict[str, str],
) -> None:
    """In the words of PEP 740's publishers, which PEP 751 takes over."""
    found = proved(sigstore, verifier, who)
    assert attestation_identities.tables([found]) == [written]
    assert fits(written, found)
    assert not fits(written, proved(sigstore, verifier, other))
    assert {key: value for key, value in who.publisher.items() if key in written} == written


def test_what_no_lock_can_name_is_left_out(sigstore: LocalSigstore, verifier: Verifier) -> None:
    """PEP-740 has no kind for a GitLab of one's own."""
    self_managed = Identity.gitlab(issuer="https://gitlab.example.com")
    found = proved(sigstore, verifier, self_managed)
    assert attestation_identities.tables([found]) == []


def test_a_lock_without_identities_expects_nobody() -> None:
    assert attestation_identities.patterns(a_package()) == ()


@pytest.mark.parametrize("nothing", [None, ""])
def test_what_a_lock_leaves_open_is_not_compared(nothing: str | None) -> None:
    given = {"kind": "GitHub", "repository": "ACME/widget", "environment": nothing}
    assert fits(given, acme(environment="release"))
    assert fits(given, ACME)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("repository", "*/*"),
        ("repository", "acme/**"),
        ("repository", "**"),
        ("repository", "acme/widge[t]"),
        ("repository", "acme/widge?"),
        ("workflow", "*"),
        ("workflow", "*.yml"),
        ("environment", "*"),
        ("environment", "not attested"),
    ],
)
def test_a_lock_names_identities_and_no_patterns(key: str, value: str) -> None:
    given = {"kind": "GitHub", "repository": "acme/widget", "workflow": "release.yml", key: value}
    assert not fits(given, ACME)


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "GitHub"},
        {"kind": "GitHub", "repository": ""},
        {"kind": "GitHub", "workflow": "release.yml"},
        {"kind": "GitLab", "workflow_filepath": ".gitlab-ci.yml"},
        {"kind": "GitLab", "environment": "release"},
        {"kind": "Google"},
        {"kind": "CircleCI"},
        {"kind": "CircleCI", "project_id": _PROJECT},
        {"kind": "CircleCI", "pipeline_definition_id": _PIPELINE},
        {"kind": "CircleCI", "vcs_origin": "github.com/acme/widget"},
        {"kind": "github", "repository": "acme/widget"},
        {"kind": "ActiveState", "repository": "acme/widget"},
        {"kind": "", "repository": "acme/widget"},
        {"kind": "GitHub", "repository": "acme/widget", "ref": "refs/tags/v1"},
        {"kind": "GitHub", "repository": "acme/widget", "email": "publisher@example.com"},
        {"kind": "Google", "email": "publisher@example.com", "repository": "acme/widget"},
        {"kind": "GitHub", "repository": ["acme/widget"]},
        {"kind": "GitHub", "repository": 7},
    ],
)
def test_what_a_lock_says_and_nobody_can_compare_is_refused(given: dict[str, Any]) -> None:
    """An identity that anybody could have is none."""
    with pytest.raises(UsageError, match="an identity of widget that is not understood"):
        attestation_identities.patterns(a_package(given))


def test_the_words_of_every_publisher_are_understood() -> None:
    for who, _, _ in WRITTEN.values():
        (pattern,) = attestation_identities.patterns(a_package(dict(who.publisher)))
        assert isinstance(pattern, IdentityPattern)
