"""A build that nothing keeps apart, for where a policy says `isolation = "none"`.

It has an empty home and none of the user's variables, but the user's rights: whatever it does not
respect of that is not stopped.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any, Final

from guard.build.limits import Limits
from guard.build.sandbox import Job, Ran, failed, supervised, variables

_RESULT_LIMIT: Final = 1 << 20
_NEVER: Final = frozenset({"", ".", ".."})
_KEPT: Final = ("SYSTEMROOT", "SYSTEMDRIVE", "PATH")
"""What no program starts without, on some systems."""


def run(job: Job, limits: Limits) -> Ran:
    """Run `job` with the user's own rights. Raises `BuildError`."""
    place = job.folder / "build"
    for name in ("home", "out", "tmp"):
        (place / name).mkdir(parents=True)
    source = job.place
    if source is None:
        source = place / job.source.name
        shutil.copytree(job.source, source, symlinks=True)
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    said = supervised(
        job.command,
        job,
        limits,
        cwd=source,
        environment=variables(str(place), {**kept, **job.environment}),
    )
    try:
        result = _read(place / "result.json", _RESULT_LIMIT)
        returned = json.loads(result)["return"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise failed(job, f"its build backend left nothing: {error}", said) from None
    return Ran(result=returned, made=_made(returned, place / "out", job, limits))


def _made(returned: Any, out: Path, job: Job, limits: Limits) -> Path:  # noqa: ANN401 - JSON
    made = job.folder / "made"
    content = b""
    if isinstance(returned, str) and returned not in _NEVER and not set(returned) & set("/\\"):
        try:
            content = _read(out / returned, limits.wheel)
        except OSError as error:
            raise failed(job, f"its build backend left nothing: {error}", "") from None
    made.write_bytes(content)
    return made


def _read(path: Path, most: int) -> bytes:
    """Return what an ordinary file holds: a build could have put anything there."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with os.fdopen(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(f"{path.name} is no ordinary file")
        content = stream.read(most + 1)
    if len(content) > most:
        raise OSError(f"{path.name} has more than {most} bytes")
    return content
