"""What the shipped presets set. A change here is a change for everybody who uses one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from inline_snapshot import snapshot
from packaging.utils import canonicalize_name

from guard.admission import judge
from guard.model import Decision, Level
from guard.policy import PRESETS, Policy, load
from guard.publisher import PublisherKind
from guard.rules import CATALOGUE
from guard.rules._page import toml
from guard.rules.fresh_upload import FreshUpload
from tests.builders import a_candidate, a_listing, a_verdict, ago


def settings(policy: Policy) -> dict[str, str]:
    """Every option of every rule, as a policy file would say it."""
    return {
        f"{rule.id}.{key}": toml(getattr(rule, name))
        for rule in policy.rules
        for key, name in rule.options().items()
    }


def difference(name: str, base: str) -> dict[str, str]:
    """What the preset `name` sets in another way than `base` does."""
    other = settings(load(base))
    return {key: value for key, value in settings(load(name)).items() if other[key] != value}


def test_default() -> None:
    assert settings(load("default")) == snapshot(
        {
            "denied-release.level": '"deny"',
            "unapproved-file.level": '"deny"',
            "unapproved-file.unopened-level": '"warn"',
            "fresh-upload.level": '"deny"',
            "fresh-upload.age": '"7 days"',
            "fresh-upload.waive-fixes": "true",
            "fresh-upload.exempt-indexes": "[]",
            "yanked-file.level": '"deny"',
            "yanked-file.pinned-level": '"warn"',
            "quarantined-project.level": '"deny"',
            "archived-project.level": '"warn"',
            "vanished-file.level": '"deny"',
            "hash-mismatch.level": '"deny"',
            "known-malware.level": '"deny"',
            "known-malware.missing-level": '"warn"',
            "known-malware.stale-after": '"1 day"',
            "known-malware.max-age": '"7 days"',
            "known-malware.name-wide-level": '"warn"',
            "known-vulnerability.level": '"warn"',
            "known-vulnerability.missing-level": '"warn"',
            "known-vulnerability.stale-after": '"1 day"',
            "known-vulnerability.max-age": '"7 days"',
            "known-vulnerability.severity": '"low"',
            "known-vulnerability.lower-level": '"warn"',
            "known-vulnerability.ignore": "[]",
            "known-vulnerability.ignore-until-fixed": "false",
            "foreign-index.level": '"deny"',
            "missing-receipt.level": '"deny"',
            "lookalike-name.level": '"deny"',
            "lookalike-name.distance-level": '"warn"',
            "lookalike-name.age": '"90 days"',
            "lookalike-name.releases": "3",
            "lookalike-name.allow": "[]",
            "missing-attestation.level": '"deny"',
            "missing-attestation.every-file": "false",
            "dropped-attestation.level": '"deny"',
            "dropped-attestation.within": '"365 days"',
            "invalid-attestation.level": '"deny"',
            "invalid-attestation.unavailable-level": '"deny"',
            "unexpected-publisher.level": '"deny"',
            "changed-publisher.level": '"deny"',
            "changed-publisher.within": '"365 days"',
            "source-distribution.level": '"deny"',
            "source-distribution.action": '"refuse"',
            "source-distribution.isolation": '"sandbox"',
            "direct-url.level": '"deny"',
            "direct-url.allow": "[]",
            "ambiguous-archive.level": '"deny"',
            "oversized-archive.level": '"deny"',
            "oversized-archive.max-entries": "250000",
            "oversized-archive.max-bytes": "17179869184",
            "unsafe-path.level": '"deny"',
            "record-mismatch.level": '"deny"',
            "metadata-mismatch.level": '"deny"',
            "startup-hook.level": '"deny"',
            "startup-hook.allow": "[]",
            "foreign-file.level": '"deny"',
            "foreign-file.allow": "[]",
            "shadowing-command.level": '"deny"',
            "shadowing-command.allow": "[]",
            "undeclared-binary.level": '"warn"',
            "unsafe-pickle.level": '"warn"',
            "unsafe-pickle.allow": "[]",
            "suspicious-code.level": '"warn"',
            "suspicious-code.ignore": '["import-time-network", "import-time-process"]',
            "suspicious-code.rules": "[]",
            "suspicious-change.level": '"deny"',
            "suspicious-change.window": '"90 days"',
            "suspicious-change.kinds": "2",
            "new-dependency.level": '"warn"',
            "new-dependency.window": '"90 days"',
            "altered-file.level": '"deny"',
            "altered-file.missing-level": '"warn"',
            "unowned-file.level": '"deny"',
            "unowned-file.allow": "[]",
            "unguarded-install.level": '"warn"',
            "unguarded-install.required-level": '"deny"',
        }
    )


def test_observe_lets_pass_what_default_would_deny() -> None:
    assert difference("observe", "default") == snapshot(
        {
            "denied-release.level": '"warn"',
            "unapproved-file.level": '"warn"',
            "fresh-upload.level": '"warn"',
            "yanked-file.level": '"warn"',
            "quarantined-project.level": '"warn"',
            "vanished-file.level": '"warn"',
            "known-malware.level": '"warn"',
            "foreign-index.level": '"warn"',
            "missing-receipt.level": '"warn"',
            "lookalike-name.level": '"warn"',
            "missing-attestation.level": '"warn"',
            "dropped-attestation.level": '"warn"',
            "invalid-attestation.level": '"warn"',
            "unexpected-publisher.level": '"warn"',
            "changed-publisher.level": '"warn"',
            "direct-url.level": '"warn"',
            "ambiguous-archive.level": '"warn"',
            "oversized-archive.level": '"warn"',
            "unsafe-path.level": '"warn"',
            "record-mismatch.level": '"warn"',
            "metadata-mismatch.level": '"warn"',
            "startup-hook.level": '"warn"',
            "foreign-file.level": '"warn"',
            "shadowing-command.level": '"warn"',
            "suspicious-change.level": '"warn"',
            "altered-file.level": '"warn"',
            "unowned-file.level": '"warn"',
            "unguarded-install.required-level": '"warn"',
        }
    )


def test_strict_is_stricter_than_default() -> None:
    assert difference("strict", "default") == snapshot(
        {
            "unapproved-file.unopened-level": '"deny"',
            "fresh-upload.age": '"14 days"',
            "yanked-file.pinned-level": '"deny"',
            "archived-project.level": '"deny"',
            "known-malware.missing-level": '"deny"',
            "known-malware.name-wide-level": '"deny"',
            "known-vulnerability.level": '"deny"',
            "known-vulnerability.missing-level": '"deny"',
            "known-vulnerability.severity": '"high"',
            "lookalike-name.distance-level": '"deny"',
            "undeclared-binary.level": '"deny"',
            "unsafe-pickle.level": '"deny"',
            "suspicious-code.level": '"deny"',
        }
    )


def test_no_level_of_strict_is_weaker_than_that_of_default() -> None:
    order = list(Level)
    for rule in load("default").rules:
        strict = load("strict").rule(type(rule))
        assert order.index(strict.level) >= order.index(rule.level), rule.id


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_configures_each_rule_once_and_nothing_else(name: str) -> None:
    policy = load(name)
    assert [rule.id for rule in policy.rules] == list(CATALOGUE)
    assert (policy.indexes, policy.deny, policy.exemptions, policy.publishers) == ((), (), (), ())


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_objects_to_nothing_harmless(name: str) -> None:
    assert a_verdict(a_candidate(), f'extends = "{name}"\n').findings == ()


@pytest.mark.parametrize("name", PRESETS)
def test_what_would_run_before_it_is_judged_is_denied_in_every_preset(name: str) -> None:
    levels = {str(rule.id): rule.level for rule in load(name).rules}
    assert levels["source-distribution"] is Level.DENY
    assert levels["hash-mismatch"] is Level.DENY


def test_the_ai_stack_waits_longer_and_is_published_by_its_own() -> None:
    policy = load("ai-stack")
    (group,) = policy.groups
    names = [pin.name for pin in policy.publishers]
    assert len(names) == len(set(names)) >= 120
    assert sorted(group.members) == sorted(names)
    assert all(canonicalize_name(name) == name for name in names)
    for pin in policy.publishers:
        (identity,) = pin.identities
        assert identity.kind is PublisherKind.GITHUB
        assert [glob.count("/") for glob in identity.repository] == [1]
        assert not pin.required
    fresh, other = (policy.rule(FreshUpload, name).age for name in ("litellm", "requests"))
    assert (fresh, other) == (timedelta(days=14), timedelta(days=7))
    week = a_candidate(listing=a_listing(upload_time=ago(days=10)))
    assert judge(week, policy).decision is Decision.DENIED
    assert judge(week, load("default")).decision is Decision.ADMITTED
