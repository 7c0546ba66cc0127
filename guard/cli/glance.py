"""Whether there is anything to do at all: most of the time everything is in place already.

uv itself is asked, offline, with a cache in which nothing is that could be installed, and told to
change nothing. Only its plain yes counts; after anything else the whole way is gone.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

from guard.cli import scrubbed
from guard.cli.folders import cache_folder
from guard.cli.uv_words import Plan
from guard.gateway import pipes, settings

_NOWHERE: Final = "http://127.0.0.1:9"
"""The port of `discard`, on which nobody listens."""

_PATIENCE: Final = 60
"""Seconds."""


def satisfied(plan: Plan, tool: str) -> dict[str, str] | None:
    """Return an environment in which uv can fetch nothing, if it needs nothing; else `None`.

    Raises `UsageError` for what uv would wait for.
    """
    if plan.glance is None:
        return None
    pipes.refuse(Path.cwd())
    folder = cache_folder() / "gateway" / "glance"
    try:
        config = settings.write(folder, os.environ, here=Path.cwd())
        environ = scrubbed.for_uv(
            os.environ,
            proxy=_NOWHERE,
            authority=Path(os.devnull),
            cache=folder,
            config=config,
        )
        del environ["SSL_CERT_FILE"]  # there is nobody to trust
        done = subprocess.run(
            [tool, *plan.glance],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode else environ
