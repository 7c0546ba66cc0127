"""The queue: jobs that wait for a worker, each done at least once.

A job is named by its kind and a key. While it waits, another of that name is not added; while it
runs, one may come to wait. Who runs it says so every few seconds; a job of which nothing is heard
is given to somebody else. So whatever a job does has to bear being done twice.
"""

from __future__ import annotations

from guard.errors import UsageError
from guard.mirror.mirror import Mirror
from guard.mirror.queue._base import Job, Queue

__all__ = ["Job", "Queue", "open_queue"]


def open_queue(mirror: Mirror) -> Queue:
    """Return the queue that belongs to the mirror's database: Procrastinate on PostgreSQL.

    Raises `MirrorError` and `UsageError`.
    """
    if mirror.database.embedded:
        from guard.mirror.queue.embedded import EmbeddedQueue  # noqa: PLC0415 - one of the two

        return EmbeddedQueue(mirror.database, mirror.clock, mirror.holder)
    try:
        from guard.mirror.queue.procrastinate_ import ProcrastinateQueue  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise UsageError(
            "the queue of PostgreSQL is not installed",
            hint="pip install 'wheelguard[mirror-scale]'",
        ) from None
    return ProcrastinateQueue(mirror.database, mirror.clock)
