"""What Prometheus reads: requests and decisions of this process, figures of the whole mirror.

With several workers, PROMETHEUS_MULTIPROC_DIR names a folder in which each keeps its counts.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from guard.mirror.watch.health import Figures, Health

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import GaugeMetricFamily

_BUCKETS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60)
_FRESH: Final = timedelta(seconds=15)
"""Counting millions of rows is nothing for every scrape."""

_Observe: TypeAlias = Callable[[float], None]
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE"})


class Metrics(logging.Handler):
    """Counts requests as they come, and decisions as they are logged."""

    def __init__(self, health: Health, clock: Callable[[], datetime]) -> None:
        """Needs prometheus-client: raises `ModuleNotFoundError` without it."""
        from prometheus_client import (  # noqa: PLC0415 - the extra
            CONTENT_TYPE_LATEST,
            CollectorRegistry,
            Counter,
            Histogram,
        )

        super().__init__()
        self.content_type: str = CONTENT_TYPE_LATEST
        self._own = CollectorRegistry()
        self._requests = Counter(
            "guard_mirror_requests",
            "Requests answered.",
            ["route", "method", "status"],
            registry=self._own,
        )
        self._seconds = Histogram(
            "guard_mirror_request_seconds",
            "Seconds until a response was sent.",
            ["route"],
            buckets=_BUCKETS,
            registry=self._own,
        )
        self._decisions = Counter(
            "guard_mirror_decisions",
            "Decisions made, by the state that they led to.",
            ["state"],
            registry=self._own,
        )
        self._findings = Counter(
            "guard_mirror_findings",
            "Findings that kept a file out, by rule.",
            ["rule"],
            registry=self._own,
        )
        self._known: dict[tuple[str, str, int], tuple[Callable[[], None], _Observe]] = {}
        self._collector = _Collector(health, clock)
        self._own.register(self._collector)

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        key = (route, method if method in _METHODS else "other", status)
        found = self._known.get(key)
        if found is None:
            counter = self._requests.labels(*key[:2], str(status))
            found = self._known[key] = (counter.inc, self._seconds.labels(route).observe)
        counted, observed = found
        counted()
        observed(seconds)

    def emit(self, record: logging.LogRecord) -> None:
        """Count one decision."""
        said = getattr(record, "guard", {})
        if said.get("event") == "decision":
            self._decisions.labels(said["state"]).inc()
            for rule in said["rules"]:
                self._findings.labels(rule).inc()

    def text(self) -> bytes:
        """Return everything in Prometheus' own format. Raises `MirrorError`."""
        from prometheus_client import generate_latest  # noqa: PLC0415 - the extra

        return generate_latest(self._registry())

    def _registry(self) -> CollectorRegistry:
        """Return what to read from: with several workers, what all of them have counted."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return self._own
        from prometheus_client import CollectorRegistry, multiprocess  # noqa: PLC0415 - the extra

        everybody = CollectorRegistry()
        multiprocess.MultiProcessCollector(everybody)  # type: ignore[no-untyped-call]
        everybody.register(self._collector)
        return everybody


class _Collector:
    """Reads the figures of the mirror, and keeps them for a few seconds."""

    def __init__(self, health: Health, clock: Callable[[], datetime]) -> None:
        self._health = health
        self._clock = clock
        self._lock = threading.Lock()
        self._figures: tuple[datetime, Figures] | None = None

    def describe(self) -> list[GaugeMetricFamily]:
        """Promise nothing: a registry that asks would otherwise count at once."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the figures. Raises `MirrorError`."""
        from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - the extra

        figures, reach = self._counted(), self._counted().reach
        files = GaugeMetricFamily("guard_mirror_files", "Files by state.", labels=["state"])
        for state, count in figures.files.items():
            files.add_metric([state.value], count)
        yield files
        ready = GaugeMetricFamily("guard_mirror_ready", "1 where it can be used.", labels=["check"])
        for name, check in self._health.checks().items():
            ready.add_metric([name], float(check.ready))
        yield ready
        last = figures.rounds[0].number if figures.rounds else 0
        advisories, untrue = self._health.advisories_age(), self._health.untrue_for()
        oldest = None if reach.oldest is None else self._clock() - reach.oldest
        for name, about, value in (
            (
                "files_pending",
                "Files held that the standpoint of now has not judged.",
                figures.pending,
            ),
            ("jobs", "Jobs that wait in the queue.", figures.jobs),
            ("notices_pending", "Events that a receiver has not been told of.", figures.notices),
            ("rounds", "Rounds of judging again that were ever begun.", last),
            ("projects_observed", "Projects whose upstream page is watched.", reach.observed),
            ("projects_unreached", "Those whose upstream did not answer.", reach.unreached),
            ("advisories_age_seconds", "Age of the advisories.", _seconds(advisories)),
            ("pages_age_seconds", "Age of the page seen longest ago.", _seconds(oldest)),
            ("policy_unreadable_seconds", "For how long it is.", _seconds(untrue) or 0),
        ):
            if value is not None:
                yield GaugeMetricFamily(f"guard_mirror_{name}", about, value=value)

    def _counted(self) -> Figures:
        with self._lock:
            now = self._clock()
            if self._figures is None or now - self._figures[0] > _FRESH:
                self._figures = (now, self._health.figures())
            return self._figures[1]


def _seconds(age: timedelta | None) -> float | None:
    return None if age is None else age.total_seconds()
