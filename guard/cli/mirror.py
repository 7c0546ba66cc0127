"""`guard mirror`."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from guard.cli.exit import ExitCode
from guard.cli.mirror_workers import Supervisor, handed_over, listening
from guard.errors import UnsupportedError, UsageError

if TYPE_CHECKING:
    from guard.mirror.settings import Settings

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_ELSEWHERE: Final = {
    "backup": "guard.cli.mirror_database",
    "build": "guard.cli.mirror_build",
    "deny": "guard.cli.mirror_care",
    "export": "guard.cli.mirror_bundle",
    "import": "guard.cli.mirror_bundle",
    "lift": "guard.cli.mirror_care",
    "notify": "guard.cli.mirror_care",
    "point": "guard.cli.mirror_point",
    "rejudge": "guard.cli.mirror_care",
    "status": "guard.cli.mirror_care",
    "migrate": "guard.cli.mirror_database",
    "restore": "guard.cli.mirror_database",
    "worker": "guard.cli.mirror_worker",
    "person": "guard.cli.mirror_people",
    "token": "guard.cli.mirror_people",
    "log": "guard.cli.mirror_log",
    "request": "guard.cli.mirror_request",
}
"""Actions that have a module of their own."""


def run(arguments: argparse.Namespace) -> int:
    """Do what the action says."""
    with _extra():
        if (module := _ELSEWHERE.get(arguments.action)) is not None:
            code: int = importlib.import_module(module).run(arguments)
            return code
        return _serve(arguments)


@contextlib.contextmanager
def _extra() -> Iterator[None]:
    """Say how to get what only the mirror needs."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "guard":
            raise
        raise UnsupportedError(
            f"`guard mirror` needs {error.name}, which is not installed",
            hint="install `wheelguard[mirror]`; for PostgreSQL and logins, also [mirror-scale]",
        ) from None


def _serve(arguments: argparse.Namespace) -> int:
    import uvicorn  # noqa: PLC0415 - the extra

    from guard.cli.mirror_parts import opened, settings_of  # noqa: PLC0415
    from guard.cli.mirror_site import composed  # noqa: PLC0415
    from guard.cli.mirror_watch import logs, watched  # noqa: PLC0415
    from guard.cli.recording import signing_key  # noqa: PLC0415
    from guard.mirror.server.app import watching  # noqa: PLC0415
    from guard.mirror.server.serving import configured  # noqa: PLC0415

    settings = settings_of(arguments)
    if settings.host not in _LOOPBACK and settings.anonymous:
        raise UsageError(
            f"`--host {settings.host}` would open the mirror to others without a login",
            hint="add `--login`; tokens come from `guard mirror token create`",
        )
    listener = handed_over()
    if listener is None and arguments.workers > 1:
        return _supervised(arguments, settings)
    logs(arguments)
    key = signing_key(arguments.signing_key) if arguments.signing_key else None
    with (
        opened(settings) as own,
        contextlib.closing(composed(own, key)) as app,
        watched(own, app, arguments) as application,
    ):
        config = configured(application, settings.host, settings.port)
        if not arguments.quiet and listener is None:
            _say(settings)
        with watching(own):
            uvicorn.Server(config).run(None if listener is None else [listener])
    return ExitCode.OK


def _supervised(arguments: argparse.Namespace, settings: Settings) -> int:
    """Serve with several processes."""
    from guard.cli.mirror_parts import mirror_of  # noqa: PLC0415 - the extra

    mirror_of(settings).close()  # the database is there before any of them wants to make it
    with listening(settings.host, settings.port) as listener:
        if not arguments.quiet:
            _say(settings)
        return Supervisor(arguments.workers, listener).run()


def _say(settings: Settings) -> None:
    sys.stderr.write(f"serving http://{settings.host}:{settings.port}/simple/\n")
