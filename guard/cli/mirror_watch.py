"""What watches a mirror while it serves, put together from the command line."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import guard
from guard.advisory.store import Snapshot
from guard.errors import RefusedError, SourceError, UsageError
from guard.mirror.database.notices import (
    POLICY_FAILED,
    POLICY_RECOVERED,
    UPSTREAM_FAILED,
    UPSTREAM_RECOVERED,
    Notices,
)
from guard.mirror.people.authentication import Authentication
from guard.mirror.people.gate import address_of
from guard.mirror.people.tokens import Tokens
from guard.mirror.queue import open_queue
from guard.mirror.server.app import Parts
from guard.mirror.server.asgi import App, Request
from guard.mirror.server.lines import Writer, configure
from guard.mirror.server.metrics import Metrics
from guard.mirror.server.observed import Observed, Openness
from guard.mirror.watch.feeding import Feeding
from guard.mirror.watch.health import Health
from guard.mirror.watch.monitor import Monitor
from guard.mirror.watch.notify.deliveries import Deliveries
from guard.mirror.watch.notify.mail import Login, mail
from guard.mirror.watch.notify.receiver import Receiver
from guard.mirror.watch.notify.webhook import webhook
from guard.mirror.watch.observing import Observations
from guard.mirror.watch.running import Chore, Failing, running
from guard.sources import feed
from guard.sources.http import Connection, FetchError, Http


def logs(arguments: argparse.Namespace) -> None:
    """Have everything written as the command line says."""
    configure(json=arguments.log_format == "json", quiet=arguments.quiet)


@contextlib.contextmanager
def watched(own: Parts, app: App, arguments: argparse.Namespace) -> Iterator[App]:
    """Watch a mirror for as long as it serves; yield the application that is to be served."""
    mirror = own.mirror
    failing = Failing()
    queue = open_queue(mirror)
    queue.prepare()
    health = Health(mirror, own.judge, jobs=lambda: queue.counts().waiting, failing=failing)
    metrics = _metrics(own, health)
    json = arguments.log_format == "json"
    observed = Observed(
        app,
        health,
        metrics,
        openness=Openness(everybody=arguments.metrics_open, allows=_known(own)),
        lines=None if arguments.quiet else Writer(mirror.clock, json=json),
    )
    monitor = Monitor(
        mirror,
        own.judge,
        own.owners,
        every=arguments.look_every,
        submit=queue.enqueue if arguments.rejudge_by == "worker" else None,
    )
    chores = [
        Chore("judging again", 1.0, monitor.tick),
        Chore("looking after the mirror", 30.0, lambda _: _tell(own, health)),
    ]
    if receivers := receivers_of(arguments):
        deliveries = Deliveries(mirror, receivers, name=called(own))
        chores.append(Chore("telling people", 5.0, deliveries.tick))
        chores.append(Chore("forgetting", 3600.0, lambda _: deliveries.forget()))
    if arguments.feed_every is not None:
        feeding = feeding_of(own, arguments)
        feeding.tick()  # before anything is judged without advisories
        chores.append(Chore("advisories", 10.0, feeding.tick))
    with running(chores, failing):
        yield observed


def _known(own: Parts) -> Callable[[Request], bool]:
    """Return what tells whether a request has a token that anybody was given."""
    authentication = Authentication(Tokens(own.mirror.database), own.mirror.clock)

    def known(request: Request) -> bool:
        given = request.header(b"authorization")
        try:
            return bool(given) and bool(authentication.of_header(given, address_of(request.scope)))
        except RefusedError:
            return False

    return known


def _metrics(own: Parts, health: Health) -> Metrics | None:
    """Return what counts, where prometheus-client is installed."""
    try:
        metrics = Metrics(health, own.mirror.clock)
    except ModuleNotFoundError as error:
        if error.name != "prometheus_client":
            raise
        return None
    logging.getLogger("guard.mirror.decisions").addHandler(metrics)
    return metrics


def _tell(own: Parts, health: Health) -> None:
    """Have people told what is wrong with the mirror itself, once for each time."""
    now, notices = own.mirror.clock(), Notices(own.mirror.database)
    trouble = None if health.untrue_for() is None else own.judge.trouble
    said = None if trouble is None else {"reason": trouble}
    notices.turned((POLICY_FAILED, POLICY_RECOVERED), said, moment=now)
    reach = Observations(own.mirror.database).reach()
    lost = None
    if reach.unreached:
        lost = {"reason": reach.trouble, "projects": reach.unreached, "of": reach.observed}
    notices.turned((UPSTREAM_FAILED, UPSTREAM_RECOVERED), lost, moment=now)


def feeding_of(own: Parts, arguments: argparse.Namespace) -> Feeding:
    """Return what brings advisories on a schedule. Raises `UsageError`."""
    url = arguments.feed_url or feed.DEFAULT_URL
    if "://" not in url:
        raise UsageError("`--feed-url` is not a URL")
    clock = own.mirror.clock

    def fetch(folder: Path) -> Snapshot:
        try:
            http = Http(connection=Connection(user_agent=f"wheelguard/{guard.__version__}"))
        except FetchError as error:
            raise SourceError("no connection can be trusted", reason=str(error)) from None
        try:
            return feed.update(folder, url, http, now=clock())
        finally:
            http.close()

    staging = own.mirror.settings.data / "feed"
    return Feeding(own.mirror, staging, fetch, every=arguments.feed_every)


def called(own: Parts) -> str:
    """Return how the mirror calls itself in what it tells."""
    settings = own.mirror.settings
    return settings.public_url or f"http://{settings.host}:{settings.port}"


def receivers_of(arguments: argparse.Namespace) -> list[Receiver]:
    """Return who is told; what is secret comes from the environment alone. Raises `UsageError`."""
    secret = os.environ.get("GUARD_MIRROR_WEBHOOK_SECRET")
    urls = [*arguments.webhook, *os.environ.get("GUARD_MIRROR_WEBHOOK", "").split()]
    found: list[Receiver] = [webhook(url, secret) for url in dict.fromkeys(urls)]
    if arguments.smtp:
        if not (arguments.mail_from and arguments.mail_to):
            raise UsageError("`--smtp` needs `--mail-from` and `--mail-to`")
        user = os.environ.get("GUARD_MIRROR_SMTP_USER")
        password = os.environ.get("GUARD_MIRROR_SMTP_PASSWORD", "")
        login = Login(user=user, password=password) if user else None
        found.append(mail(arguments.smtp, arguments.mail_from, arguments.mail_to, login))
    return found
