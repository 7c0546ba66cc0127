"""What the mirror writes of itself: a line for each request, and what is logged, as text or JSON.

A line has no query, no header and no token: nothing of it can be a secret.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import IO, Any, Final

import msgspec

_LEVELS: Final = {"WARNING": "warning", "ERROR": "error", "CRITICAL": "error"}


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request."""

    method: str
    route: str
    status: int
    milliseconds: float
    project: str | None = None
    """The project, or the file."""

    caller: str | None = None
    """The label of the token, never the token."""

    client: str | None = None


class Writer:
    """Writes lines of requests, as text or as JSON."""

    def __init__(
        self, clock: Callable[[], datetime], *, json: bool, stream: IO[str] | None = None
    ) -> None:
        self._clock = clock
        self._json = json
        self._stream = stream

    def __call__(self, line: Line) -> None:
        """Write one line; a stream that is gone is not worth a request."""
        now = self._clock()
        if self._json:
            head = f'{{"time":"{_moment(now)}","level":"info","event":"request",'
            said = head + msgspec.json.encode(line).decode()[1:]
        else:
            words = [line.method, line.route, line.project or "-", str(line.status)]
            words += [f"{line.milliseconds:.1f}ms", line.caller or "-", line.client or "-"]
            said = f"{_moment(now)} {' '.join(words)}"
        stream = self._stream or sys.stderr
        try:
            stream.write(f"{said}\n")
        except (OSError, ValueError):
            return


class JsonFormatter(logging.Formatter):
    """One JSON object for each record; what a record has beyond its words is under its own keys."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        more: dict[str, Any] = getattr(record, "guard", None) or {"event": "log"}
        said = {
            "time": _moment(datetime.fromtimestamp(record.created, UTC)),
            "level": _LEVELS.get(record.levelname, "info"),
            "logger": record.name,
            "message": record.getMessage(),
        }
        return msgspec.json.encode(said | more).decode()


class TextFormatter(logging.Formatter):
    """The same for people: nothing of it can begin another line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        level = _LEVELS.get(record.levelname, "info")
        moment = _moment(datetime.fromtimestamp(record.created, UTC))
        words = record.getMessage().encode("unicode_escape").decode("ascii")
        return f"{moment} {level} {words}"


def configure(*, json: bool, quiet: bool, stream: IO[str] | None = None) -> None:
    """Have everything that is logged written like that."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if json else TextFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    handler.setLevel(logging.WARNING if quiet else logging.INFO)
    root.setLevel(logging.INFO)  # decisions are counted, whether they are written or not
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("procrastinate").setLevel(logging.WARNING)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
