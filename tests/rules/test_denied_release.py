"""`denied-release`: what the policy names is denied, however it is spelled."""

from __future__ import annotations

import itertools

import pytest
from inline_snapshot import snapshot

from guard.model import Decision
from tests.builders import a_candidate, a_file, a_verdict, report

DENY = """
[[deny]]
name = "litellm"
versions = "==1.82.7,==1.82.8"
reason = "MAL-2026-2144"
"""


@pytest.mark.parametrize(
    ("project", "version"),
    [("litellm", "1.82.6"), ("litellm", "1.82.9"), ("litellm-proxy", "1.82.7")],
)
def test_other_releases_and_other_projects_are_allowed(project: str, version: str) -> None:
    verdict = a_verdict(a_candidate(file=a_file(project, version)), DENY)
    assert verdict.decision is Decision.ADMITTED


def test_a_named_release_is_denied_with_the_reason() -> None:
    verdict = a_verdict(a_candidate(file=a_file(version="1.82.8")), DENY)
    assert report(verdict) == snapshot("""\
denied[denied-release]: denied by the policy: MAL-2026-2144
  --> litellm-1.82.8-py3-none-any.whl
   = policy: [[deny]] litellm ==1.82.7,==1.82.8
   = help: guard rule denied-release

1 file judged: 1 denied; nothing was installed
""")


@pytest.mark.parametrize("spelled", ["LiteLLM", "lite_llm", "lite.llm", "Lite--LLM"])
def test_a_name_is_the_same_name_however_it_is_spelled(spelled: str) -> None:
    policy = f'[[deny]]\nname = "{spelled}"\nreason = "bad"\n'
    file = a_file(spelled, "1.0")
    assert a_verdict(a_candidate(file=file), policy).decision is Decision.DENIED


@pytest.mark.parametrize(
    ("versions", "version", "denied"),
    [
        ("==1.82.7", "1.82.7+local", True),  # PEP 440: a label of its own does not hide a release
        ("==1.82.7", "1.82.7.0", True),
        ("==1.82.7", "1.82.7.post1", False),
        ("==1.82.7", "1.82.7rc1", False),
        ("==1.82.7", "1!1.82.7", False),
        ("==1.82.*", "1.82.7.post1", True),
        ("==1.82.*", "1.82.0.dev1", True),
        (">=1.82.7,<1.83", "1.82.9rc1", True),
        (">=1.82.7,<1.83", "1.83", False),
        (">=1.82.7,<1.83", "1.82.6", False),
        (">1.82.6", "2!0.1", True),
        ("===1.82.7", "1.82.7", True),
        ("!=1.82.6", "1.82.7", True),
        ("!=1.82.6", "1.82.6", False),
    ],
)
def test_versions_are_compared_as_pep_440_has_it(
    versions: str, version: str, *, denied: bool
) -> None:
    policy = f'[[deny]]\nname = "litellm"\nversions = "{versions}"\nreason = "bad"\n'
    decision = a_verdict(a_candidate(file=a_file(version=version)), policy).decision
    assert decision is (Decision.DENIED if denied else Decision.ADMITTED)


@pytest.mark.parametrize("version", ["0.1", "1.0a1", "1.0.dev3", "9!1.0.post1+local", None])
def test_an_entry_without_versions_denies_all_of_them(version: str | None) -> None:
    policy = '[[deny]]\nname = "litellm"\nreason = "bad"\n'
    file = a_file(version=version)
    assert a_verdict(a_candidate(file=file), policy).decision is Decision.DENIED


@pytest.mark.parametrize(
    ("pattern", "project", "denied"),
    [
        ("acme-*", "acme-widget", True),
        ("acme-*", "acme", False),
        ("acme-*", "not-acme-widget", False),
        ("*-acme", "widget-acme", True),
        ("acme", "acme-widget", False),
    ],
)
def test_a_glob_covers_the_whole_name(pattern: str, project: str, *, denied: bool) -> None:
    policy = f'[[deny]]\nname = "{pattern}"\nreason = "bad"\n'
    decision = a_verdict(a_candidate(file=a_file(project)), policy).decision
    assert decision is (Decision.DENIED if denied else Decision.ADMITTED)


def test_a_version_that_is_not_known_may_be_a_denied_one() -> None:
    verdict = a_verdict(a_candidate(file=a_file(version=None)), DENY)
    assert report(verdict) == snapshot("""\
undecided[denied-release]: some versions are denied, and this one is unknown
  --> litellm-0-py3-none-any.whl
   = policy: [[deny]] litellm ==1.82.7,==1.82.8
   = help: guard rule denied-release

1 file judged: 1 undecided; nothing was installed
""")


def test_an_unknown_version_of_another_project_is_none_of_its_business() -> None:
    verdict = a_verdict(a_candidate(file=a_file("frob", version=None)), DENY)
    assert verdict.decision is Decision.ADMITTED


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_an_entry_that_does_not_fit_hides_none_that_does(order: tuple[int, ...]) -> None:
    entries = [
        '[[deny]]\nname = "litellm"\nversions = "==1.82.7"\nreason = "first"\n',
        '[[deny]]\nname = "frob"\nreason = "other"\n',
        '[[deny]]\nname = "lite*"\nversions = ">=1.82.8"\nreason = "last"\n',
    ]
    policy = "".join(entries[i] for i in order)
    verdict = a_verdict(a_candidate(file=a_file(version="1.82.8")), policy)
    assert [finding.message for finding in verdict.findings] == ["denied by the policy: last"]
