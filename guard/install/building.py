"""Builds a source distribution: judged, with judged requirements, where it can do no harm.

The source is judged by every rule before it is unpacked. What it is built with is resolved and
judged as a plan of its own, of wheels alone. What comes out is a stranger's file like any other.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from packaging.utils import parse_wheel_filename

from guard.admission import Asked, Judgement
from guard.build import sandbox
from guard.build.backend import Backend, backend_of, unbuildable
from guard.build.hooks import Hooks, Interpreter
from guard.build.limits import Limits
from guard.build.unpack import unpack
from guard.errors import BuildError, InstallerError
from guard.install import build_environment, own
from guard.install.build_records import Made, Records, Required
from guard.install.target import Description
from guard.model import Built, Candidate, Decision, File, FileKind, Requested
from guard.policy import Policy
from guard.private import private_folder
from guard.progress import Progress
from guard.quarantine import Arrival, TooLargeError
from guard.rules.source_distribution import Isolation

if TYPE_CHECKING:
    from guard.admission.gather import Admission

_CHUNK: Final = 1 << 20

Resolve = Callable[[tuple[str, ...]], Judgement]
"""Resolves requirements for the interpreter that builds, wheels only, and judges the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What came of a source: a wheel to install, or why there is none."""

    wheel: Asked | None = None
    path: Path | None = None
    judgement: Judgement
    """On the source, on what it is built with, or on the wheel: the first that was not admitted."""

    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class Builds:
    """Builds sources for one interpreter."""

    policy: Callable[[], Policy]
    admission: Callable[[], Admission]
    """Knows of no target: nothing that is built with goes there."""

    resolve: Resolve
    python: Path
    description: Callable[[], Description]
    scratch: Path
    records: Records
    progress: Progress
    limits: Limits = field(default_factory=Limits)

    def isolation(self, file: File) -> Isolation | None:
        """Return how the policy has `file` built; `None` where it is not."""
        return self.policy().builds(file.project)

    def build(self, file: File, requested: Requested) -> Build:
        """Return the wheel of the source distribution `file`, or the judgement that denies it.

        Raises `BuildError` when it cannot be built, and `UnsupportedError` where nothing keeps a
        build apart.
        """
        isolation = self.isolation(file) or Isolation.SANDBOX
        if isolation is Isolation.SANDBOX:
            _ = self._sandbox
        judgement = self.admission().admit([Asked(file, replace(requested, to_build=True))])
        if judgement.decision is not Decision.ADMITTED:
            return Build(judgement=judgement)
        (proof,) = judgement.admitted
        with self._scratch(file) as folder:
            place = folder / "source"
            place.mkdir()
            unpacked = unpack(proof.path, place, most=self.limits.source)
            source = _Source(proof.verdict.candidate, unpacked, proof.sha256)
            return _OneBuild(self, source, isolation, folder).done()

    def build_own(self, file: File, place: Path, *, editable: bool) -> Build:
        """Return the wheel of the user's own project in the folder `place`.

        Its code is the user's. Raises as `build` does.
        """
        isolation = self.isolation(file) or Isolation.SANDBOX
        if isolation is Isolation.SANDBOX:
            _ = self._sandbox
        requested = Requested(named=True, pinned=True, direct_url=file.url, to_build=True)
        candidate = self.admission().described(Asked(file, requested))
        with self._scratch(file) as folder:
            source = _Source(candidate, own.copied(place, folder / "source"), None)
            if editable:
                source = replace(source, place=place)
            return _OneBuild(self, source, isolation, folder).done()

    @contextlib.contextmanager
    def _scratch(self, file: File) -> Iterator[Path]:
        self.progress.step(f"Building {file.title}")
        private_folder(self.scratch)
        with tempfile.TemporaryDirectory(
            prefix="build-", dir=self.scratch, ignore_cleanup_errors=True
        ) as folder:
            yield Path(folder)

    @cached_property
    def _sandbox(self) -> None:
        """Asked for once, and raises where there is none."""
        sandbox.require()

    @cached_property
    def interpreter(self) -> tuple[Any, ...]:
        """What tells one interpreter from another: a wheel is for the one that built it."""
        description = self.description()
        return (dict(description.environment), [str(tag) for tag in description.tags])


@dataclass(frozen=True, slots=True)
class _Source:
    """What is built: its facts, its files, and the digest of what they were unpacked from."""

    candidate: Candidate
    folder: Path
    sha256: str | None
    place: Path | None = None


class _OneBuild:
    """One source on its way to a wheel."""

    def __init__(self, builds: Builds, source: _Source, isolation: Isolation, folder: Path) -> None:
        self._builds = builds
        self._source = source
        self._isolation = isolation
        self._folder = folder
        self._file = source.candidate.file
        self._environments = 0

    def done(self) -> Build:
        backend = backend_of(self._source.folder, self._file.filename)
        static = self._judged(backend.requires)
        if static.decision is not Decision.ADMITTED:
            return self._without(static)
        required, interpreter = self._required(backend, static)
        whole = static
        if more := tuple(text for text in required if text not in backend.requires):
            whole, interpreter = self._judged((*backend.requires, *more)), None
            if whole.decision is not Decision.ADMITTED:
                return self._without(whole)
        arrival = self._wheel(backend, whole, interpreter)
        return self._inspected(arrival, whole)

    def _judged(self, requires: tuple[str, ...]) -> Judgement:
        if not requires:
            return Judgement(())
        try:
            return self._builds.resolve(requires)
        except InstallerError as error:
            raise BuildError(
                f"{self._file.filename} cannot be built",
                reason=f"there is nothing to build it with: {', '.join(requires)[:200]}",
                exit_code=error.exit_code,
                output=error.output,
            ) from None

    def _required(
        self, backend: Backend, static: Judgement
    ) -> tuple[tuple[str, ...], Interpreter | None]:
        """Return what the backend says it needs besides, and the environment that it was asked in.

        It is third-party code that says so: it runs apart, after it was judged.
        """
        key = self._key(static)
        known = self._builds.records.required(*key) if key else None
        if known is not None:
            return known, None
        interpreter = self._environment(static)
        found = self._hooks(backend, interpreter).required()
        if key:
            self._builds.records.keep(Required(found), *key)
        return found, interpreter

    def _wheel(self, backend: Backend, plan: Judgement, interpreter: Interpreter | None) -> Arrival:
        """Return the wheel, from the quarantine where it was built before."""
        records, quarantine = self._builds.records, self._builds.admission().quarantine
        key = self._key(plan)
        known = records.made(*key) if key else None
        if known is not None and (held := quarantine.find(known.sha256, known.filename)):
            return held
        hooks = self._hooks(backend, interpreter or self._environment(plan))
        with hooks.wheel() as (filename, path), path.open("rb") as stream:
            chunks = iter(lambda: stream.read(_CHUNK), b"")
            try:
                arrival = quarantine.receive(filename, chunks, limit=self._builds.limits.wheel)
            except TooLargeError as error:
                raise unbuildable(self._file.filename, f"it made {error}") from None
        if key:
            records.keep(Made(filename, arrival.digests["sha256"]), *key)
        return arrival

    def _inspected(self, arrival: Arrival, plan: Judgement) -> Build:
        """Judge what came out, before any resolver reads what it says of itself."""
        sha256 = arrival.digests["sha256"]
        built = Built(
            source=self._source.candidate,
            sha256=self._source.sha256,
            requirements=tuple(_used(plan)),
            isolation=str(self._isolation),
        )
        project, version = self._file.project, self._file.version
        if self._source.sha256 is None:
            project, version, _, _ = parse_wheel_filename(arrival.path.name)
        wheel = File(
            project=project,
            version=version,
            filename=arrival.path.name,
            kind=FileKind.WHEEL,
            url=arrival.path.as_uri(),
            hashes={"sha256": sha256},
            size=arrival.size,
        )
        requested = replace(
            self._source.candidate.requested, to_build=False, direct_url=None, hashes=frozenset()
        )
        asked = Asked(wheel, requested, built=built)
        judgement = self._builds.admission().admit([asked])
        if judgement.decision is not Decision.ADMITTED:
            note = f"{wheel.filename} was built from {self._file.filename}, and is not installed"
            return Build(judgement=judgement, note=note)
        self._refuse_another(wheel)
        return Build(wheel=asked, path=arrival.path, judgement=judgement)

    def _refuse_another(self, wheel: File) -> None:
        """Refuse, whatever the policy overlooks, a wheel that is not of the source's release."""
        name, version, _, _ = parse_wheel_filename(wheel.filename)
        if (name, version) != (wheel.project, wheel.version):
            raise unbuildable(self._file.filename, f"it made {wheel.filename}, of another release")

    def _hooks(self, backend: Backend, interpreter: Interpreter) -> Hooks:
        return Hooks(
            title=self._file.filename,
            source=self._source.folder,
            place=self._source.place,
            backend=backend,
            interpreter=interpreter,
            scratch=self._folder,
            isolated=self._isolation is Isolation.SANDBOX,
            limits=self._builds.limits,
        )

    def _environment(self, plan: Judgement) -> Interpreter:
        self._environments += 1
        folder = self._folder / f"environment-{self._environments}"
        return build_environment.made(folder, self._builds.python, plan.admitted)

    def _key(self, plan: Judgement) -> tuple[Any, ...]:
        """Return all that a result follows from: (source, build plan, interpreter, isolation).

        Empty where that is not known: a folder of the user's own may change at any time.
        """
        if self._source.sha256 is None:
            return ()
        used = sorted(_used(plan))
        return (self._source.sha256, used, self._builds.interpreter, str(self._isolation))

    def _without(self, judgement: Judgement) -> Build:
        note = f"{self._file.filename} cannot be built without what was not admitted"
        return Build(judgement=judgement, note=note)


def _used(plan: Judgement) -> Iterator[tuple[str, str]]:
    for item in plan.admitted:
        yield item.verdict.candidate.file.filename, item.sha256
