"""The wheels that were built for a request, for a resolver that takes nothing else.

It is asked for wheels alone, always. What it then misses is built, judged and laid into a folder of
ours, and it is asked again: so it never sees what nobody judged, and nothing is built that any
wheel could stand for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from guard.admission import Asked, Judgement
from guard.errors import UnsupportedError
from guard.install._base import Bounds
from guard.install.building import Build, Builds
from guard.install.copy import copy_into
from guard.install.own import Own
from guard.install.releases import Releases
from guard.model import Decision, File, PassedOver
from guard.plan import Planned
from guard.request import Wanted

_MOST: Final = 24
"""Builds of one request."""

_TRIED: Final = 3
"""Releases of one project that are built because a resolver would not have the others."""

_NO_WHEEL: Final = re.compile(
    r"Wheels are required for `([A-Za-z0-9._-]+)`"
    r"|No matching distribution found for ([A-Za-z0-9._-]+)"
)

Met = Mapping[NormalizedName, Collection[SpecifierSet]]
"""What a resolver has met: of each project, the versions that somebody asks for."""


@dataclass(frozen=True, kw_only=True)
class Offers:
    """Builds what a resolver misses."""

    builds: Builds
    releases: Releases
    wanted: Wanted
    folder: Path
    """Private, and of this request alone: with nothing in it but what is offered."""

    passed_over: dict[NormalizedName, list[PassedOver]]
    """Where what was denied is noted."""

    hashed: bool = True
    """Whether the resolver takes what is built of a source that a requirement names by its hash."""

    _made: dict[str, Asked] = field(default_factory=dict)
    _tried: set[tuple[NormalizedName, Version]] = field(default_factory=set)

    def more(self, output: str, met: Met, bounds: Bounds) -> Build | bool:
        """Build what the resolver says that it misses, and tell whether there was any such thing.

        Returns the build that was denied where that leaves nothing to offer. Raises `BuildError`.
        """
        named = {canonicalize_name(one or other) for one, other in _NO_WHEEL.findall(output)}
        offered = False
        for name in sorted(named):
            found = self._offered(name, met, bounds)
            if isinstance(found, Build):
                return found
            offered |= found
        return offered

    def lay_own(self, own: Own) -> Build | str:
        """Build the user's own project; return the requirement of the wheel in its place."""
        build = self.builds.build_own(own.file, own.place, editable=own.editable)
        if build.wheel is None:
            return build
        self._lay(build)
        file = build.wheel.file
        laid = (self.folder / file.filename).as_uri()
        self.wanted.direct[:] = [
            replace(file, url=laid) if each.url == own.file.url else each
            for each in self.wanted.direct
        ]
        return f"{file.project}{own.extras} @ {laid}"

    def own(self) -> list[File]:
        """Return the wheels of the user's own projects."""
        return [a.file for a in self._made.values() if a.built and a.built.sha256 is None]

    def of(self, item: Planned) -> Asked | None:
        """Return what was built where that is what the resolver chose, and no file of its name."""
        filename = item.file.filename
        made = self._made.get(filename)
        if made is None or item.file.url not in {made.file.url, (self.folder / filename).as_uri()}:
            return None
        return made

    def _offered(self, name: NormalizedName, met: Met, bounds: Bounds) -> Build | bool:
        denied: Build | None = None
        for file in self._sources(name, met, bounds):
            assert file.version is not None  # noqa: S101 - that is how it was found
            self._tried.add((name, file.version))
            self._refuse_endless()
            requested = self.wanted.requested(file)
            if not self.hashed and requested.hashes & set(file.hashes.items()):
                raise _hashed(file)
            build = self.builds.build(file, requested)
            if build.wheel is not None and build.path is not None:
                self._lay(build)
                return True
            denied = denied or build
            undecided = build.judgement.decision is Decision.UNDECIDED
            if requested.pinned or undecided or build.note is not None:
                return build
            self._pass_over(build.judgement)
        return denied or False

    def _sources(self, name: NormalizedName, met: Met, bounds: Bounds) -> Iterator[File]:
        wanted = list(met.get(name, ())) or [SpecifierSet()]
        for requirement in self.wanted.requirements:
            if canonicalize_name(requirement.name) == name:
                wanted = [each & requirement.specifier for each in wanted]
        tried = sum(project == name for project, _ in self._tried)
        for file in self.releases.sources(name, wanted, bounds):
            if self.builds.isolation(file) is None or tried >= _TRIED:
                return
            if (name, file.version) not in self._tried:
                tried += 1
                yield file

    def _lay(self, build: Build) -> None:
        assert build.wheel is not None and build.judgement.admitted  # noqa: S101, PT018 - admitted
        (admitted,) = build.judgement.admitted
        copy_into(self.folder, admitted)
        self._made[build.wheel.file.filename] = build.wheel

    def _pass_over(self, judgement: Judgement) -> None:
        for verdict in judgement.verdicts:
            if verdict.decision is Decision.DENIED:
                project = verdict.candidate.file.project
                found = self.releases.denied_from(verdict)
                self.passed_over.setdefault(project, []).extend(found)

    def _refuse_endless(self) -> None:
        if len(self._tried) > _MOST:
            raise UnsupportedError(
                f"more than {_MOST} sources would have to be built",
                hint="name the versions that you want with `==`",
            )


def _hashed(file: File) -> UnsupportedError:
    return UnsupportedError(
        f"`{file.title}` is asked for by the hash of its source, and is not built for pip",
        reason="pip compares that hash with the wheel that is built, which has another one",
        hint="`--installer=uv`, or leave out the hash: Guard writes that of the source in a lock",
    )
