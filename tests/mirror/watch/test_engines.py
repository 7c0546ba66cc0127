"""The same on one machine and on more: SQLite and a folder, PostgreSQL and S3."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from guard.mirror.database import open_database
from guard.mirror.database.migrating import migrate
from guard.mirror.handlers import handlers
from guard.mirror.queue import open_queue
from guard.mirror.records import State
from guard.mirror.watch.denials import Denials
from guard.mirror.watch.health import Health, describe
from guard.mirror.watch.notify.deliveries import Deliveries
from guard.mirror.watch.notify.webhook import webhook
from guard.mirror.watch.rounds import Rounds
from guard.mirror.worker import Worker
from tests.advisory.records import a_record
from tests.builders import ago
from tests.fakes import LoopbackIndex
from tests.mirror.backends import Backend
from tests.mirror.watch.conftest import DEP, FROB
from tests.mirror.watch.receivers import a_web_server
from tests.mirror.watch.sites import Site, name

MALICIOUS = a_record("MAL-2026-7", versions=("1.0",), project="frob")


@pytest.fixture
def shared(tmp_path: Path, mirror_backend: Backend) -> Iterator[Site]:
    database = open_database(mirror_backend.database)
    migrate(database)
    database.close()
    with LoopbackIndex() as index:
        for artifact in (FROB, DEP):
            index.add(artifact, uploaded=ago(days=30))
        yield Site(
            tmp_path, index, lambda: open_database(mirror_backend.database), mirror_backend.store
        )


def test_two_replicas_at_once_revoke_once_and_tell_once(shared: Site) -> None:
    with shared.replica("one") as one, shared.replica("two") as two, a_web_server() as hook:
        told = [
            Deliveries(each.mirror, [webhook(hook.url, "x" * 20)], name="") for each in (one, two)
        ]
        assert one.file(FROB).status == 200
        assert two.file(DEP).status == 200
        shared.advise(MALICIOUS)
        for each in (one, two):
            each.second()
        both = [threading.Thread(target=each.monitor.tick) for each in (one, two)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        for each in (one, two):
            each.second()
            assert each.file(FROB).status == 403
            assert each.listed("frob") == []
            assert each.file(DEP).status == 200
        for deliveries in told * 2:
            deliveries.tick()
        events = [event["event"] for body in hook.bodies for event in json.loads(body)["events"]]
        assert events == ["file.revoked"]
        outcomes = [each.outcome for each in Rounds(one.mirror.database).latest(9)]
        assert sum(outcome.revoked for outcome in outcomes) == 1


def test_a_worker_judges_again_what_a_server_leaves_to_it(shared: Site) -> None:
    with shared.replica("worker") as working:
        queue = open_queue(working.mirror)
        queue.prepare()
        with shared.replica("server", submit=queue.enqueue) as serving:
            assert serving.file(FROB).status == 200
            shared.advise(MALICIOUS)
            serving.tick()
            assert serving.state(FROB) is State.ADMITTED
            worker = Worker(mirror=working.mirror, queue=queue, handlers=handlers(working.own))
            while worker.one():
                pass
            assert serving.state(FROB) is State.REVOKED


def test_denials_and_figures(shared: Site) -> None:
    with shared.replica() as replica:
        assert replica.file(FROB).status == 200
        denials = Denials(replica.mirror.database)
        assert denials.deny(name("frob"), "1.0", "an incident", "me", shared.clock()) == 1
        assert replica.file(FROB).status == 403
        health = Health(replica.mirror, replica.own.judge)
        told = describe(health, replica.own.judge, shared.clock())
        assert told["ready"]
        assert told["files"]["revoked"] == 1
        assert denials.lift(name("frob"), "1.0", "me", shared.clock())
        assert denials.in_force() == []
