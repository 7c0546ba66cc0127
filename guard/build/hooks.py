"""The hooks of a build backend, called where it can do no harm (PEP 517)."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from guard.build import beside, sandbox
from guard.build.backend import Backend, requirements, unbuildable
from guard.build.limits import Limits
from guard.build.sandbox import HOME, Job, Ran
from guard.private import private_folder

_HOOK: Final = Path(__file__).with_name("_hook.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """The environment that the build requirements are in, and the Python below it."""

    python: Path
    environment: Path
    readable: tuple[Path, ...]
    """Where the Python below it is installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """Calls the hooks of one source, each on a copy of its own."""

    title: str
    source: Path
    backend: Backend
    interpreter: Interpreter
    scratch: Path
    """A private folder in which each call has one of its own."""

    place: Path | None = None
    """Where the source is installed in place (PEP 660); `None` where a wheel holds all of it."""

    isolated: bool = True
    limits: Limits = field(default_factory=Limits)

    def required(self) -> tuple[str, ...]:
        """Return what the backend itself says it needs beyond its static requirements."""
        with self._called(f"get_requires_for_build_{self._kind}", optional=True) as ran:
            return requirements(ran.result, self.title, "its build backend")

    @contextlib.contextmanager
    def wheel(self) -> Iterator[tuple[str, Path]]:
        """Yield the name of the wheel that the backend builds, and the file with its bytes."""
        with self._called(f"build_{self._kind}", "out", None, None) as ran:
            name = str(ran.result)
            try:
                parse_wheel_filename(name)
            except InvalidWheelFilename as error:
                raise unbuildable(self.title, f"it made no wheel: {error}") from None
            if ran.made.stat().st_size > self.limits.wheel:
                raise unbuildable(self.title, f"it made more than {self.limits.wheel} bytes")
            yield name, ran.made

    @property
    def _kind(self) -> str:
        return "wheel" if self.place is None else "editable"

    @contextlib.contextmanager
    def _called(self, hook: str, *arguments: str | None, optional: bool = False) -> Iterator[Ran]:
        private_folder(self.scratch)
        folder = Path(tempfile.mkdtemp(prefix="hook-", dir=self.scratch))
        try:
            yield self._run(self._job(hook, arguments, folder, optional=optional))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @property
    def _runner(self) -> Callable[[Job, Limits], Ran]:
        return sandbox.run if self.isolated else beside.run

    def _run(self, job: Job) -> Ran:
        return self._runner(job, self.limits)

    def _job(
        self, hook: str, arguments: tuple[str | None, ...], folder: Path, *, optional: bool
    ) -> Job:
        home = HOME if self.isolated else str(folder / "build")
        given = [f"{home}/{word}" if word else word for word in arguments]
        call = {
            "hook": hook,
            "backend": self.backend.name,
            "path": list(self.backend.path),
            "arguments": given,
            "result": f"{home}/result.json",
            "optional": optional,
        }
        script = folder / "hook.py"
        shutil.copy(_HOOK, script)
        python = self.interpreter
        return Job(
            title=self.title,
            command=(str(python.python), "-I", "-B", str(script), json.dumps(call)),
            source=self.source,
            place=self.place,
            readable=(python.environment, script, *python.readable),
            folder=folder,
            environment={"VIRTUAL_ENV": str(python.environment)},
        )
