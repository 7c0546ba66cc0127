"""An operator stops a release: at once, everywhere, and whatever the policy says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from guard.errors import UsageError
from guard.mirror.records import State
from guard.mirror.watch.denials import Denials, beneath, release_of
from guard.policy import Policy
from tests.builders import ago
from tests.mirror.watch.conftest import DEP, FROB
from tests.mirror.watch.sites import Replica, Site, name
from tests.wheels import a_wheel

NEWER = a_wheel("frob", "1.1")


@pytest.fixture
def denying(site: Site) -> Iterator[Replica]:
    """A replica whose policy lies on its denials, as the command line puts it together."""
    with site.replica() as found:
        denials = Denials(found.mirror.database)
        site.denials = lambda policy: beneath(policy, denials.in_force())
        for artifact in (FROB, DEP):
            assert found.file(artifact).status == 200
        found.tick()
        yield found


def deny(replica: Replica, project: str, version: str | None = None) -> int:
    denials = Denials(replica.mirror.database)
    return denials.deny(name(project), version, "an incident", "sec@example.com", ago())


def test_a_denied_release_is_not_even_served_until_the_policy_is_read(denying: Replica) -> None:
    assert deny(denying, "frob", "1.0") == 1
    refused = denying.file(FROB)
    assert (refused.status, refused.json["title"]) == (403, "Revoked")
    assert "an incident" in refused.json["detail"]
    assert "sec@example.com" not in refused.body.decode()
    assert denying.file(DEP).status == 200


def test_a_denial_survives_judging_again_and_is_seen_by_others(
    site: Site, denying: Replica
) -> None:
    deny(denying, "frob")
    with site.replica("two") as two:
        for _ in range(2):
            denying.tick()
            two.tick()
            site.clock.passes(hours=25)
        assert two.file(FROB).status == 403
        assert two.listed("frob") == []


def test_other_releases_are_served_on(denying: Replica) -> None:
    denying.site.index.add(NEWER, uploaded=ago(days=30))
    deny(denying, "frob", "1.0")
    denying.tick()
    assert denying.listed("frob") == [NEWER.filename]
    assert denying.file(NEWER).status == 200


def test_what_is_lifted_is_judged_like_any_other(denying: Replica) -> None:
    deny(denying, "frob", "1.0")
    denying.tick()
    denials = Denials(denying.mirror.database)
    assert denials.lift(name("frob"), "1.0", "sec@example.com", ago())
    assert not denials.lift(name("frob"), "1.0", "sec@example.com", ago())
    denying.tick()
    assert denying.state(FROB) is State.ADMITTED
    assert denying.file(FROB).status == 200


@pytest.mark.parametrize(
    "policy",
    [
        '[rules.denied-release]\nlevel = "off"\n',
        '[[exempt]]\nname = "frob"\nrule = "denied-release"\nreason = "ours"\n',
    ],
)
def test_no_policy_loosens_a_denial(denying: Replica, policy: str) -> None:
    denying.site.policy = policy
    denying.tick()
    deny(denying, "frob")
    denying.tick()
    assert denying.file(FROB).status == 403


def test_a_policy_that_cannot_be_read_holds_no_denial_up(site: Site) -> None:
    with site.replica() as replica:
        denials = Denials(replica.mirror.database)

        def below(policy: Policy) -> Policy:
            return beneath(policy, denials.in_force())

        judge = replica.own.judge
        judge._outside = replace(judge._outside, beneath=below)
        assert replica.file(FROB).status == 200
        site.broken = "guard.toml: line 1"
        deny(replica, "frob")
        site.clock.passes(hours=2)  # what was written into the row has run out
        replica.tick()
        assert replica.file(FROB).status == 403
        assert judge.trouble == "guard.toml: line 1"


def test_what_is_named(site: Site) -> None:
    assert release_of("Frob_Nicator==1.0") == ("frob-nicator", "1.0")
    assert release_of("frob") == ("frob", None)
    assert release_of("frob-1.0-py3-none-any.whl") == ("frob", "1.0")
    for wrong in ("", "../frob", "frob==", "frob==x", "frob==1.*"):
        with pytest.raises(UsageError):
            release_of(wrong)


def test_a_denial_says_why(denying: Replica) -> None:
    with pytest.raises(UsageError, match="reason"):
        Denials(denying.mirror.database).deny(name("frob"), None, " ", "me", ago())
