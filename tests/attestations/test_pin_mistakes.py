"""What cannot be a pin, and how whoever wrote it is told."""

from __future__ import annotations

from typing import Final

import pytest

from guard.errors import PolicyError
from tests.attestations.publishers import pinned
from tests.builders import a_policy

_AT: Final = "publisher[0].identities[0]"


@pytest.mark.parametrize(
    ("claims", "at", "words"),
    [
        ('kind = "GitHub"', "publisher[0]", "must name its repository"),
        ('kind = "GitHub", workflow = "release.yml"', "publisher[0]", "must name its repository"),
        ('kind = "GitHub", owner = "acme"', "publisher[0]", "must name its repository"),
        ('issuer = "https://gitlab.com"', "publisher[0]", "would match everybody"),
        ('kind = "GitLab"', "publisher[0]", "would match everybody"),
        ('kind = "GitLab", issuer = "https://gitlab.com"', "publisher[0]", "would match everybody"),
        ('repository = "acme/widget"', "publisher[0]", "must name its kind"),
        ('kind = "github", repository = "a/b"', f"{_AT}.kind", "invalid enum value 'github'"),
        ('kind = "GitHub", repo = "a/b"', f"{_AT}.repo", "there is no such key"),
        ('kind = "GitHub", repository_id = 1', f"{_AT}.repository_id", "there is no such key"),
        ('kind = "GitHub", repository-id = true', f"{_AT}.repository-id", "expected a number"),
        ('kind = "GitHub", repository-id = "1001"', f"{_AT}.repository-id", "expected a number"),
        ('kind = "GitHub", repository-id = 1.0', f"{_AT}.repository-id", "expected a number"),
        ('kind = "GitHub", repository-id = []', f"{_AT}.repository-id", "at least one entry"),
        ('kind = "GitHub", repository-id = [true]', f"{_AT}.repository-id", "expected a number"),
        ('kind = "GitHub", repository = []', f"{_AT}.repository", "at least one entry"),
        ('kind = "GitHub", repository = ""', f"{_AT}.repository", "expected some text"),
        ('kind = "GitHub", repository = ["a/b", ""]', f"{_AT}.repository", "expected some text"),
        ('kind = "GitHub", repository = 7', f"{_AT}.repository", "expected"),
        ('kind = "GitHub", repository = "a/b", ref = {}', f"{_AT}.ref", "expected"),
    ],
)
def test_a_mistake_in_a_pin_is_named_with_file_and_key(claims: str, at: str, words: str) -> None:
    with pytest.raises(PolicyError) as caught:
        a_policy(pinned(claims), source="pins.toml")
    assert caught.value.source == "pins.toml"
    assert (caught.value.at or "").startswith(at)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "claims",
    [
        'kind = "GitLab", workflow = ".gitlab-ci.yml"',
        'kind = "GitLab", ref = "refs/tags/*"',
        'kind = "GitLab", issuer = "https://gitlab.com", runner = "gitlab-hosted"',
        'kind = "CircleCI", ref = "refs/tags/*"',
        'issuer = "https://token.actions.githubusercontent.com", workflow = "release.yml"',
    ],
)
def test_a_pin_that_a_stranger_could_meet_is_a_mistake(claims: str) -> None:
    """Everybody at the issuer has tags, runners and a workflow of that name."""
    with pytest.raises(PolicyError):
        a_policy(pinned(claims))


@pytest.mark.parametrize(
    ("table", "at"),
    [
        ('[[publisher]]\nname = "widget"\nidentities = []', "publisher[0].identities"),
        ('[[publisher]]\nname = "widget"', "publisher[0].identities"),
        (pinned('kind = "GitHub", repository = "a/b"', name="wid get"), "publisher[0]"),
        (pinned('kind = "GitHub", repository = "a/b"') + 'attestation = "no"', "publisher[0]"),
        (pinned('kind = "GitHub", repository = "a/b"') + "required = false", "publisher[0]"),
    ],
)
def test_a_mistake_in_a_table_of_pins_is_named_too(table: str, at: str) -> None:
    with pytest.raises(PolicyError) as caught:
        a_policy(table, source="pins.toml")
    assert (caught.value.source, (caught.value.at or "")[: len(at)]) == ("pins.toml", at)
