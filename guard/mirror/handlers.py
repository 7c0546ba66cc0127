"""What the worker does for each kind of job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from guard.errors import SourceError
from guard.mirror.mirror import Mirror
from guard.mirror.records import Key
from guard.mirror.server.app import Parts
from guard.mirror.watch.monitor import Handlers
from guard.mirror.worker import Handler
from guard.model import Unknown

JUDGE: Final = "judge"
"""Take one file in, before anybody asks for it: `sha256` and `filename`."""


def handlers(own: Parts) -> Mapping[str, Handler]:
    """Return the handlers of one mirror, by kind."""

    def judge(_: Mirror, payload: Mapping[str, Any]) -> None:
        taken = own.pulling.of(Key(payload["sha256"], payload["filename"]))
        if isinstance(taken, Unknown):
            raise SourceError(f"{payload['filename']} could not be judged", reason=taken.reason)

    return {JUDGE: judge, **Handlers(own.mirror, own.judge, own.owners)()}
