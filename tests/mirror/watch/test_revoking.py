"""What was admitted is judged again, and what is no longer admitted is revoked everywhere."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from guard.mirror.database import schema
from guard.mirror.records import State
from guard.mirror.watch.monitor import OBSERVE, REJUDGE, Handlers
from guard.mirror.watch.rounds import Due, Kind, Rounds
from tests.advisory.records import a_record
from tests.builders import ago
from tests.faults import status
from tests.mirror.watch.conftest import DEP, FROB
from tests.mirror.watch.sites import MALWARE, Replica, Site, name
from tests.wheels import a_wheel

DENY_FROB = MALWARE + '[[deny]]\nname = "frob"\nreason = "an incident"\n'
MALICIOUS = a_record("MAL-2026-7", versions=("1.0",), project="frob")


def both_served(replica: Replica) -> None:
    for artifact in (FROB, DEP):
        assert replica.file(artifact).status == 200
    replica.tick()


def test_a_new_advisory_revokes_on_every_replica(site: Site) -> None:
    with site.replica("one") as one, site.replica("two") as two:
        both_served(one)
        assert two.file(FROB).body == FROB.content
        assert two.listed("frob") == [FROB.filename]
        site.advise(MALICIOUS)
        one.tick()
        assert one.state(FROB) is State.REVOKED
        two.second()
        for each in (one, two):
            refused = each.file(FROB)
            assert refused.status == 403
            assert refused.json["title"] == "Revoked"
            assert "known-malware" in refused.json["detail"]
            assert each.listed("frob") == []
            assert each.file(DEP).status == 200


def test_nothing_is_sent_under_a_new_policy_before_it_was_judged(replica: Replica) -> None:
    both_served(replica)
    replica.site.policy = DENY_FROB
    replica.second()  # the round has not even begun
    assert replica.file(FROB).status == 403
    assert replica.state(FROB) is State.REVOKED


def test_what_is_admitted_again_comes_back(replica: Replica) -> None:
    both_served(replica)
    replica.site.policy = DENY_FROB
    replica.tick()
    assert replica.listed("frob") == []
    replica.site.policy = MALWARE
    replica.tick()
    assert replica.state(FROB) is State.ADMITTED
    assert replica.listed("frob") == [FROB.filename]
    assert replica.file(FROB).status == 200


def test_a_round_downloads_nothing_again(replica: Replica) -> None:
    both_served(replica)
    replica.site.index.forget_requests()
    replica.site.advise(MALICIOUS)
    replica.tick()
    asked = {request.location.split("/")[1] for request in replica.site.index.requests}
    assert asked == {"simple"}


def test_a_round_finds_in_the_store_what_this_machine_never_had(site: Site) -> None:
    with site.replica("one") as one:
        both_served(one)
    site.index.forget_requests()
    site.policy = MALWARE + "[rules.yanked-file]\nlevel = 'warn'\n"
    with site.replica("two") as two:
        two.tick()
        assert two.state(FROB) is State.ADMITTED
        assert two.record(FROB).decided is not None
        assert not [seen for seen in site.index.requests if seen.location.startswith("/files/")]


def test_a_file_that_is_gone_from_its_page_is_revoked(replica: Replica) -> None:
    both_served(replica)
    replica.site.index.remove(FROB.filename)
    replica.site.clock.passes(hours=1)
    replica.tick()
    assert replica.state(FROB) is State.REVOKED
    assert "vanished-file" in replica.file(FROB).json["detail"]


def test_other_bytes_under_the_same_name_revoke_the_file(replica: Replica) -> None:
    both_served(replica)
    other = a_wheel("frob", "1.0", files={"frob.py": "other = True"})
    replica.site.index.add(other, uploaded=ago(days=30))
    replica.site.clock.passes(hours=1)
    replica.tick()
    assert replica.state(FROB) is State.REVOKED
    assert replica.file(FROB).status == 403


def test_a_quarantined_project_is_revoked_and_comes_back(replica: Replica) -> None:
    both_served(replica)
    replica.site.index.status("frob", "quarantined", offers_files=True)
    replica.site.clock.passes(hours=1)
    replica.tick()
    assert replica.state(FROB) is State.REVOKED
    replica.site.index.status("frob", "active")
    replica.site.clock.passes(hours=1)
    replica.tick()
    assert replica.state(FROB) is State.ADMITTED


def test_pages_that_say_the_same_are_no_reason_to_judge(replica: Replica) -> None:
    both_served(replica)
    judged = replica.record(FROB).decided
    replica.site.clock.passes(hours=1)
    replica.tick()
    assert replica.rounds()[-1] == Kind.UPSTREAMS
    assert replica.record(FROB).decided == judged


def test_an_upstream_that_is_gone_revokes_nothing(replica: Replica) -> None:
    both_served(replica)
    replica.site.index.fault("/simple/*", status(503))
    replica.site.clock.passes(hours=1)
    replica.tick()
    assert replica.state(FROB) is State.ADMITTED
    assert replica.file(FROB).status == 200


def test_after_midnight_everything_is_judged_again(replica: Replica) -> None:
    both_served(replica)
    replica.site.clock.now = datetime(2026, 4, 2, 0, 0, 1, tzinfo=UTC)
    replica.tick()
    decided = replica.record(FROB).decided
    assert decided is not None
    assert decided.judged_at == replica.site.clock.now
    assert decided.valid_until == datetime(2026, 4, 3, tzinfo=UTC)


def test_a_round_is_made_once_however_many_replicas_see_its_reason(site: Site) -> None:
    with site.replica("one") as one, site.replica("two") as two:
        both_served(one)
        two.tick()
        before = len(one.rounds())
        site.advise(MALICIOUS)
        one.second()
        two.second()
        one.monitor.tick()
        two.monitor.tick()
        assert one.rounds()[before:] == ["standpoint"]
        assert sorted(decisions(one)) == sorted([FROB.filename, DEP.filename] * 2)


def decisions(replica: Replica) -> list[str]:
    with replica.mirror.database.read() as connection:
        return list(connection.execute(select(schema.decisions.c.filename)).scalars())


def test_what_a_killed_replica_has_left_is_done_by_another(site: Site) -> None:
    with site.replica("one") as one, site.replica("two") as two:
        both_served(one)
        two.tick()
        site.advise(MALICIOUS)
        one.second()
        two.second()
        rounds = Rounds(one.mirror.database)
        due = Due(kind=Kind.ASKED, epoch=one.own.judge.epoch, since=ago(days=1))
        rounds.begin("left", due, moment=ago())
        (left,) = rounds.open()
        now = site.clock()
        one.mirror.leases.take(
            f"round {left.number}", one.mirror.holder, moment=now, until=now.replace(minute=1)
        )
        two.monitor.tick()
        assert left.number in {each.number for each in rounds.open()}
        site.clock.passes(minutes=2)
        two.monitor.tick()
        assert rounds.open() == []
        assert two.state(FROB) is State.REVOKED


def test_changed_advisories_come_first(site: Site) -> None:
    jobs: list[tuple[str, list[str]]] = []
    late = [a_wheel(f"late{number}", "1.0") for number in range(3)]
    for artifact in late:
        site.index.add(artifact, uploaded=ago(days=10))
    with site.replica(submit=lambda kind, key, payload: None) as quiet:
        for artifact in (FROB, DEP, *late):
            assert quiet.file(artifact).status == 200
    with site.replica(
        submit=lambda kind, _, payload: jobs.append((kind, payload["projects"]))
    ) as r:
        r.tick()
        jobs.clear()
        site.advise(MALICIOUS)
        r.tick()
    assert jobs == [(REJUDGE, ["frob", "late0", "late1", "late2", "dep"])]


def test_jobs_are_done_by_whoever_takes_them_and_may_be_done_twice(site: Site) -> None:
    jobs: list[tuple[str, dict[str, object]]] = []
    with (
        site.replica("one", submit=lambda k, _, payload: jobs.append((k, dict(payload)))) as one,
        site.replica("two") as two,
    ):
        both_served(one)
        jobs.clear()
        site.advise(MALICIOUS)
        one.tick()
        assert one.state(FROB) is State.ADMITTED
        assert one.file(DEP).status == 200
        handlers = Handlers(two.mirror, two.own.judge, two.own.owners)()
        assert set(handlers) == {REJUDGE, OBSERVE}
        for kind, payload in jobs * 2:
            handlers[kind](two.mirror, payload)
        assert one.state(FROB) is State.REVOKED
        (last,) = Rounds(one.mirror.database).latest(1)
        assert (last.outcome.judged, last.outcome.revoked) == (1, 1)


def test_a_job_of_a_policy_that_is_over_is_left(site: Site) -> None:
    jobs: list[tuple[str, dict[str, object]]] = []
    with site.replica(submit=lambda kind, _, payload: jobs.append((kind, dict(payload)))) as one:
        both_served(one)
        jobs.clear()
        site.policy = DENY_FROB
        one.tick()
        site.policy = MALWARE
        one.second()
        handlers = Handlers(one.mirror, one.own.judge, one.own.owners)()
        for kind, payload in jobs:
            handlers[kind](one.mirror, payload)
        assert one.state(FROB) is State.ADMITTED


def test_what_somebody_else_has_decided_meanwhile_stands(site: Site) -> None:
    """A slow replica, which still judges by the policy before, comes too late."""
    with site.replica("slow") as slow, site.replica("quick") as quick:
        both_served(slow)
        late = slow.record(FROB).decided
        assert late is not None
        site.policy = DENY_FROB
        quick.tick()
        assert quick.state(FROB) is State.REVOKED
        key = slow.record(FROB).listed.key
        written = slow.mirror.files.settled({key: (late.epoch, late)}, moment=site.clock())
        assert written == {}
        assert quick.state(FROB) is State.REVOKED


@pytest.mark.parametrize("project", ["frob", None])
def test_somebody_may_ask_for_a_round(replica: Replica, project: str | None) -> None:
    both_served(replica)
    replica.site.clock.passes(minutes=5)
    now = replica.site.clock()
    named = None if project is None else name(project)
    due = Due(kind=Kind.ASKED, epoch=replica.own.judge.epoch, since=now, project=named)
    Rounds(replica.mirror.database).begin("asked", due, moment=now)
    replica.tick()
    judged = {a.name: replica.record(a).decided for a in (FROB, DEP)}
    assert judged["frob"] is not None
    assert judged["frob"].judged_at == now
    assert judged["dep"] is not None
    assert (judged["dep"].judged_at == now) is (project is None)
