"""A process that tries for a lease until somebody has it who is not the referee."""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from guard.mirror.database import open_database
from guard.mirror.database.leases import Leases
from guard.mirror.database.schema import leases

_NOON = datetime(2026, 5, 6, 12, tzinfo=UTC)


def _main(url: str, holder: str) -> None:
    database = open_database(url)
    said = False
    while True:
        until = _NOON + timedelta(seconds=30)
        if Leases(database).take("file a", holder, moment=_NOON, until=until):
            print("mine", flush=True)  # noqa: T201
            break
        with database.read() as connection:
            whose = connection.execute(select(leases.c.holder)).scalar_one_or_none()
        if whose not in {None, "referee"}:
            break
        if not said:
            print("refused", flush=True)  # noqa: T201 - the test reads it
            said = True
    print("over", flush=True)  # noqa: T201
    threading.Event().wait()


if __name__ == "__main__":
    _main(*sys.argv[1:])
