"""Where a build runs: kept apart from the machine, or, where a policy says so, on it.

On Linux it is namespaces of the user's own: no network, no other process, a root that is made of
the system's folders, read-only, and one folder in memory that can be written. What is written there
goes with it, whatever it is.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from guard.build.limits import Limits
from guard.errors import BuildError, UnsupportedError

_ENTER: Final = Path(__file__).with_name("_enter.py")
_CHUNK: Final = 65_536
_KEPT: Final = 16_384
"""Bytes of what a build says that are shown: its last."""

_PATIENCE: Final = 20.0
_ANSWER_LIMIT: Final = 4 << 20
_UNREACHABLE: Final = ("/", "/home", "/root", "/tmp", "/var", "/etc")  # noqa: S108 - never shown

HOME: Final = "/build"
"""The folder in memory, as a build sees it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One command, and all that it may have."""

    title: str
    """What is built, for whoever reads that it failed."""

    command: tuple[str, ...]
    source: Path
    """The folder whose copy is the working folder."""

    place: Path | None = None
    """Where the copy is seen: what is built in place writes down where its source is."""

    readable: tuple[Path, ...] = ()
    """What else is visible, where it is and read-only."""

    folder: Path
    """A private folder for this job alone."""

    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What came of a job that ended well."""

    result: Any
    """What the hook returned; a stranger's word."""

    made: Path
    """The file that it named, or an empty one."""


def possible() -> str | None:
    """Return why nothing can be kept apart here; `None` where it can be."""
    if sys.platform != "linux":
        return f"{sys.platform} has no user namespaces"
    with tempfile.TemporaryDirectory(prefix="guard-") as name:
        folder = Path(name)
        try:
            answer, _ = _entered(_trial(folder), Limits(seconds=_PATIENCE))
        except BuildError as error:
            return error.reason or error.message
    return None if answer.get("code") == 0 else str(answer.get("impossible", "no answer"))


def require() -> None:
    """Raise `UnsupportedError` where nothing can be kept apart."""
    if (reason := possible()) is not None:
        raise UnsupportedError(
            "there is no sandbox to build in",
            reason=reason,
            hint="allow user namespaces here; or let builds do what you may do: "
            'rules.source-distribution.isolation = "none"',
        )


def run(job: Job, limits: Limits) -> Ran:
    """Run `job` kept apart from the machine. Raises `BuildError` and `UnsupportedError`."""
    for path in job.readable:
        _refuse_too_much(path, job)
    answer, said = _entered(job, limits)
    if "impossible" in answer:
        raise UnsupportedError("there is no sandbox to build in", reason=answer["impossible"])
    if answer.get("code") != 0:
        raise failed(job, f"its build backend ended with {answer.get('code')}", said)
    if answer.get("result") is None:
        raise failed(job, f"its build backend left nothing: {answer.get('missing')}", said)
    return Ran(result=_returned(answer["result"], job, said), made=job.folder / "made")


def _trial(folder: Path) -> Job:
    source = folder / "source"
    source.mkdir()
    return Job(title="nothing", command=("/bin/true",), source=source, folder=folder)


def _refuse_too_much(path: Path, job: Job) -> None:
    """Refuse to show a folder with more than an interpreter in it."""
    places = {path, path.resolve()}
    home = Path.home()
    if any(str(p) in _UNREACHABLE or home.is_relative_to(p) for p in places) or any(
        job.folder.is_relative_to(place) for place in places
    ):
        raise UnsupportedError(
            f"{job.title} cannot be built with this interpreter",
            reason=f"it is installed in `{path}`, which a build may not see as a whole",
            hint="name another one with `--python`",
        )


def _entered(job: Job, limits: Limits) -> tuple[dict[str, Any], str]:
    """Run `job` inside; return what the process that watched it there says, and what it said."""
    root = job.folder / "root"
    root.mkdir()
    inside = f"{HOME}/{job.source.name}"
    with (
        tempfile.TemporaryFile() as told,
        tempfile.TemporaryFile() as answer,
        (job.folder / "made").open("xb") as made,
    ):
        plan = {
            "root": str(root),
            "readable": [str(path) for path in job.readable],
            "source": str(job.source),
            "copy": inside,
            "place": str(job.place or inside),
            "command": list(job.command),
            "environment": variables(HOME, job.environment),
            "bytes": limits.written,
            "memory": limits.memory,
            "entries": limits.entries,
            "answer": answer.fileno(),
            "made": made.fileno(),
        }
        command = [sys.executable, "-I", "-S", str(_ENTER)]
        told.write(json.dumps(plan).encode())
        told.seek(0)
        keep = (answer.fileno(), made.fileno())
        said = supervised(command, job, limits, keep=keep, stdin=told)
        answer.seek(0)
        return _answer(answer.read(_ANSWER_LIMIT)), said


def _answer(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {"code": "no answer"}
    return answer if isinstance(answer, dict) else {"code": "no answer"}


def _returned(text: str, job: Job, said: str) -> Any:  # noqa: ANN401 - whatever JSON can say
    try:
        return json.loads(text)["return"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise failed(job, "its build backend's answer cannot be read", said) from None


def variables(home: str, more: Mapping[str, str]) -> dict[str, str]:
    """Return all the variables that a build has: none of the user's are among them."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": f"{home}/home",
        "TMPDIR": f"{home}/tmp",  # noqa: S108 - of its own
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SOURCE_DATE_EPOCH": "315532800",  # the first day of ZIP: the same source, the same bytes
        **more,
    }


def supervised(  # noqa: PLR0913 - what a process consists of
    command: Sequence[str],
    job: Job,
    limits: Limits,
    *,
    keep: tuple[int, ...] = (),
    stdin: IO[bytes] | int = subprocess.DEVNULL,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run `command` within its limits; return the last of what it said. Raises `BuildError`.

    How it ended is not asked here.
    """
    try:
        child = subprocess.Popen(
            command,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(environment or {}),
            cwd=cwd,
            pass_fds=keep,
            start_new_session=True,
        )
    except OSError as error:
        raise failed(job, f"it could not be started: {error}", "") from None
    heard = _Heard(child, limits.output)
    try:
        child.wait(limits.seconds)
    except subprocess.TimeoutExpired:
        kill(child)
        raise failed(job, f"it took longer than {limits.seconds:g} seconds", heard.last()) from None
    finally:
        kill(child)
    if heard.too_much:
        raise failed(job, f"it said more than {limits.output} bytes", heard.last())
    return heard.last()


def kill(child: subprocess.Popen[bytes]) -> None:
    """End a process and its group; inside a sandbox, all that it has started ends with it."""
    if sys.platform == "win32":
        child.kill()
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    child.wait()


class _Heard:
    """What a build says: the last of it is kept, and too much of it ends the build."""

    def __init__(self, child: subprocess.Popen[bytes], most: int) -> None:
        assert child.stdout is not None  # noqa: S101 - opened as a pipe
        self.too_much = False
        self._kept = b""
        self._reader = threading.Thread(
            target=self._listen, args=(child, child.stdout, most), daemon=True
        )
        self._reader.start()

    def last(self) -> str:
        """Return the end of what was said, when the build is over."""
        self._reader.join(_PATIENCE)  # a process that got away may hold the pipe
        return self._kept.decode(errors="replace").strip()

    def _listen(self, child: subprocess.Popen[bytes], stream: IO[bytes], most: int) -> None:
        for chunk in _chunks(stream):
            most -= len(chunk)
            self._kept = (self._kept + chunk)[-_KEPT:]
            if most < 0:
                self.too_much = True
                kill(child)
                return


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    with stream:
        while chunk := os.read(stream.fileno(), _CHUNK):
            yield chunk


def failed(job: Job, reason: str, said: str) -> BuildError:
    """Return the error that a build did not end well, with what it said last."""
    return BuildError(
        f"{job.title} could not be built", reason=reason, exit_code=1, output=said[-_KEPT:]
    )
