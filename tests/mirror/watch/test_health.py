"""What a mirror says of itself: whether it is ready, what is counted, one line for each request."""

from __future__ import annotations

import io
import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from guard.mirror.server.lines import Line, Writer, configure
from guard.mirror.server.metrics import Metrics
from guard.mirror.server.observed import Observed, Openness
from guard.mirror.watch.health import Health, describe
from tests.advisory.records import a_record
from tests.faults import status
from tests.mirror.backends import embedded_only
from tests.mirror.watch.conftest import DEP, FROB
from tests.mirror.watch.sites import Replica, Reply, ask

ROOT = Path(__file__).parents[3]
MALICIOUS = a_record("MAL-2026-7", versions=("1.0",), project="frob")


class Shown:
    """A replica as it is served, with all that looks at it."""

    def __init__(self, replica: Replica, *, everybody: bool = False) -> None:
        self.replica = replica
        self.lines: list[Line] = []
        self.health = Health(replica.mirror, replica.own.judge)
        self.metrics = Metrics(self.health, replica.mirror.clock)
        self.app = Observed(
            replica.app,
            self.health,
            self.metrics,
            openness=Openness(everybody=everybody),
            lines=self.lines.append,
        )
        self.log = logging.getLogger("guard.mirror.decisions")
        self.log.setLevel(logging.INFO)
        self.log.addHandler(self.metrics)

    def get(self, path: str, **more: object) -> Reply:
        return ask(self.app, path, **more)  # type: ignore[arg-type]

    def figures(self) -> dict[str, float]:
        lines = self.get("/metrics").body.decode().splitlines()
        pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name: float(value) for name, _, value in pairs}

    def close(self) -> None:
        self.log.removeHandler(self.metrics)


@pytest.fixture
def shown(replica: Replica) -> Iterator[Shown]:
    found = Shown(replica)
    yield found
    found.close()


def path_of(artifact: object) -> str:
    sha256, filename = artifact.sha256, artifact.filename  # type: ignore[attr-defined]
    return f"/files/{sha256[:2]}/{sha256}/{filename}"


@embedded_only
def test_a_process_that_lives_says_so_whatever_else_is_wrong(shown: Shown) -> None:
    shown.replica.mirror.database.close()
    shutil.rmtree(shown.replica.site.folder / "store")
    assert shown.get("/healthz").body == b"ok\n"


def test_a_mirror_is_ready(shown: Shown) -> None:
    ready = shown.get("/readyz")
    assert ready.status == 200
    assert ready.json["ready"]
    assert {name: check["status"] for name, check in ready.json["checks"].items()} == {
        "database": "ok",
        "store": "ok",
        "policy": "ok",
        "advisories": "ok",
        "watching": "ok",
    }


@embedded_only
def test_without_its_database_it_is_not_ready_and_says_why(shown: Shown) -> None:
    database = shown.replica.site.folder / "mirror.sqlite"
    shown.replica.mirror.database.close()
    database.unlink()
    database.mkdir()
    ready = shown.get("/readyz")
    assert ready.status == 503
    assert ready.headers["retry-after"]
    assert ready.json["checks"]["database"]["status"] == "failed"
    assert "database could not be used" in ready.json["checks"]["database"]["reason"]
    assert ready.json["checks"]["policy"]["status"] == "ok"


def test_a_policy_that_cannot_be_read_is_a_warning_but_not_for_ever(shown: Shown) -> None:
    site = shown.replica.site
    site.broken = "guard.toml is no TOML"
    shown.replica.second()
    first = shown.get("/readyz")
    assert first.status == 200
    assert first.json["checks"]["policy"]["status"] == "warning"
    assert "guard.toml is no TOML" in first.json["checks"]["policy"]["reason"]
    site.clock.passes(days=8)
    shown.replica.second()
    assert shown.get("/readyz").status == 503
    site.broken = None
    shown.replica.second()
    assert shown.get("/readyz").json["checks"]["policy"] == {"status": "ok"}


def test_old_advisories_are_shown(shown: Shown) -> None:
    shown.replica.site.clock.passes(days=3)
    check = shown.get("/readyz").json["checks"]["advisories"]
    assert (check["status"], check["reason"]) == ("warning", "they are 3 days old")
    assert shown.figures()["guard_mirror_advisories_age_seconds"] > 3 * 86_400


def test_the_rules_bound_how_old_advisories_may_be(shown: Shown) -> None:
    site = shown.replica.site
    site.policy = (
        '[rules.known-malware]\nlevel = "deny"\nmissing-level = "deny"\nmax-age = "7 days"\n'
    )
    shown.replica.second()
    assert shown.get(path_of(FROB)).status == 200
    site.clock.passes(days=8)
    refused = shown.get(path_of(FROB))
    assert refused.status == 503
    assert "too old" in refused.json["detail"]


def test_requests_and_decisions_are_counted(shown: Shown) -> None:
    shown.replica.site.advise(MALICIOUS)
    shown.replica.second()
    assert shown.get(path_of(FROB)).status == 403
    assert shown.get(path_of(DEP)).status == 200
    assert shown.get("/simple/dep/").status == 200
    assert shown.get("/nowhere/at/all").status == 404
    figures = shown.figures()
    requests = 'guard_mirror_requests_total{method="GET",route="%s",status="%d"}'
    assert figures[requests % ("files", 403)] == 1
    assert figures[requests % ("simple", 200)] == 1
    assert figures[requests % ("other", 404)] == 1
    assert figures['guard_mirror_decisions_total{state="denied"}'] == 1
    assert figures['guard_mirror_findings_total{rule="known-malware"}'] == 1
    assert 'guard_mirror_findings_total{rule="record-mismatch"}' not in figures
    assert figures['guard_mirror_files{state="admitted"}'] == 1
    assert figures['guard_mirror_ready{check="store"}'] == 1


def test_files_that_wait_to_be_judged_again_are_counted(shown: Shown) -> None:
    shown.get(path_of(FROB))
    shown.replica.site.advise(MALICIOUS)
    shown.replica.second()
    assert shown.figures()["guard_mirror_files_pending"] == 1
    shown.replica.site.clock.passes(minutes=1)
    shown.replica.tick()
    assert shown.figures()["guard_mirror_files_pending"] == 0


def test_the_age_of_pages_that_cannot_be_had_is_shown(shown: Shown) -> None:
    shown.get(path_of(FROB))
    shown.replica.tick()
    shown.replica.site.clock.passes(hours=1)
    shown.replica.site.index.fault("/simple/*", status(503))
    shown.replica.tick()
    shown.replica.site.clock.passes(minutes=1)
    figures = shown.figures()
    assert figures["guard_mirror_projects_unreached"] == 1
    assert figures["guard_mirror_pages_age_seconds"] == timedelta(hours=1, minutes=1) / UNIT
    now = shown.replica.site.clock()
    told = describe(shown.health, shown.replica.own.judge, now)
    assert told["upstreams"]["unreached"] == 1
    assert "503" in told["upstreams"]["trouble"]


UNIT = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("client", "headers"),
    [
        (("192.0.2.7", 5), {}),
        (None, {}),
        (("127.0.0.1", 5), {"x-forwarded-for": "192.0.2.7"}),
    ],
)
def test_metrics_are_for_this_machine(
    shown: Shown, client: object, headers: dict[str, str]
) -> None:
    refused = shown.get("/metrics", client=client, headers=headers)
    assert refused.status == 403
    assert b"guard_mirror_files" not in refused.body
    assert shown.get("/readyz", client=client, headers=headers).status == 200


def test_metrics_can_be_opened(replica: Replica) -> None:
    opened = Shown(replica, everybody=True)
    assert opened.get("/metrics", client=("192.0.2.7", 5)).status == 200
    opened.close()


def test_metrics_are_for_whoever_may_come_in(replica: Replica) -> None:
    shown = Shown(replica)
    known = Openness(allows=lambda request: request.header(b"authorization") == "Bearer t")
    app = Observed(replica.app, shown.health, shown.metrics, openness=known)
    far = ("192.0.2.7", 5)
    assert ask(app, "/metrics", {"authorization": "Bearer t"}, client=far).status == 200
    assert ask(app, "/metrics", {"authorization": "Bearer x"}, client=far).status == 403
    shown.close()


_COUNTS = """
import datetime, sys
from guard.mirror.server.metrics import Metrics
from tests.mirror.watch.figures import Nothing
metrics = Metrics(Nothing(), lambda: datetime.datetime(2026, 4, 1, tzinfo=datetime.UTC))
metrics.request("simple", "GET", 200, 0.1)
sys.stdout.buffer.write(metrics.text())
"""


def test_workers_are_counted_together(tmp_path: Path) -> None:
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PYTHONPATH": "."}
    told = [
        subprocess.run(
            [sys.executable, "-c", _COUNTS],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for _ in range(2)
    ]
    counted = 'guard_mirror_requests_total{method="GET",route="simple",status="200"} '
    assert f"{counted}1.0\n" in told[0]
    assert f"{counted}2.0\n" in told[1]
    assert 'guard_mirror_files{state="admitted"} 3.0\n' in told[1]


def test_a_line_has_no_secret(shown: Shown) -> None:
    secret = "hunter2-" * 4
    shown.get(
        "/simple/frob/",
        headers={"authorization": f"Basic {secret}", "cookie": secret},
        query_string=f"token={secret}".encode(),
    )
    shown.get(f"/{secret}/x")
    (line, other) = shown.lines
    assert (line.route, line.project, line.status, line.client) == (
        "simple",
        "frob",
        200,
        "127.0.0.1",
    )
    assert secret not in repr([line, other])


@pytest.mark.parametrize("form", [True, False])
def test_nothing_that_a_client_sends_makes_another_line(shown: Shown, form: bool) -> None:
    stream = io.StringIO()
    shown.app._lines = Writer(shown.replica.mirror.clock, json=form, stream=stream)
    shown.get("/simple/frob\n2026-01-01 GET forged/")
    shown.get("/files/\r\nforged")
    assert len(stream.getvalue().splitlines()) == 2
    if form:
        line = json.loads(stream.getvalue().splitlines()[0])
        assert (line["event"], line["status"], line["time"]) == (
            "request",
            404,
            "2026-04-01T12:00:00.000Z",
        )


@pytest.mark.parametrize("form", [True, False])
def test_decisions_are_logged(replica: Replica, form: bool) -> None:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    stream = io.StringIO()
    configure(json=form, quiet=False, stream=stream)
    try:
        replica.file(FROB)
        logging.getLogger("guard.mirror").warning("a line\nand another")
    finally:
        root.handlers = before
        root.setLevel(level)
    decided, other = stream.getvalue().splitlines()
    assert FROB.filename in decided
    assert "and another" in other
    if form:
        said = json.loads(decided)
        assert (said["event"], said["state"], said["rules"]) == ("decision", "admitted", [])
