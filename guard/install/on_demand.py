"""What is built for one request: opened when there is anything, gone when the plan is judged."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import NormalizedName

from guard.admission import Asked
from guard.install._base import Bounds
from guard.install.own import Own, projects
from guard.model import FileKind, PassedOver
from guard.plan import Planned
from guard.policy import Policy
from guard.request import Request, Wanted

if TYPE_CHECKING:
    from guard.install.building import Build, Builds
    from guard.install.offers import Met, Offers
    from guard.install.releases import Releases


class OnDemand:
    """Builds for one request, where its run can build; knows nothing and does nothing where not."""

    def __init__(  # noqa: PLR0913 - what a request is made of
        self,
        open_builds: Callable[[], Builds] | None,
        policy: Policy,
        wanted: Wanted,
        *,
        releases: Callable[[], Releases],
        passed_over: dict[NormalizedName, list[PassedOver]],
        hashed: bool = True,
    ) -> None:
        """Take what a request is made of; Offers says what `hashed` is."""
        self._hashed = hashed
        self._open_builds = open_builds
        self._policy = policy
        self._wanted = wanted
        self._releases = releases
        self._passed_over = passed_over
        self._folder: Path | None = None
        self._opened: Offers | None = None

    @contextlib.contextmanager
    def folder(self) -> Iterator[None]:
        """Have a folder for what is offered, as long as a resolver may look there."""
        with tempfile.TemporaryDirectory(prefix="guard-") as folder:
            self._folder = Path(folder).resolve()
            yield

    @property
    def possible(self) -> bool:
        """Whether anything is built in this run, where the policy says so."""
        return self._open_builds is not None

    def own(self, request: Request) -> Mapping[str, Own]:
        """Return the user's own projects that are built, by URL."""
        if self._open_builds is None:
            return {}
        found = projects(request)
        return {o.file.url: o for o in found if self._policy.builds(o.file.project) is not None}

    def with_own(self, request: Request) -> Request | Build:
        """Return `request` for the wheels of the user's own projects; or the build that failed."""
        for own in self.own(request).values():
            laid = self._offers.lay_own(own)
            if not isinstance(laid, str):
                return laid
            words = tuple(laid if each == own.words else each for each in request.specifiers)
            request = replace(request, specifiers=words)
        return request

    def more(self, output: str, met: Met, bounds: Bounds) -> Bounds | Build | None:
        """Build what a resolver missed, and return bounds with it; or the build that failed.

        `None` where there is nothing to build.
        """
        if self._open_builds is None or self._folder is None:
            return None
        match self._offers.more(output, met, bounds):
            case True:
                return replace(bounds, built=self._folder)
            case False:
                return None
            case failed:
                return failed

    def of(self, item: Planned) -> Asked | None:
        """Return what was built, where that is what the resolver chose."""
        return self._opened.of(item) if self._opened is not None else None

    def whole(self, planned: Sequence[Planned]) -> list[Planned]:
        """Return a plan with all of the user's own projects: to pip, the same version is the same.

        What was built is the file in quarantine, and not the copy that was offered.
        """
        found = [
            item if (built := self.of(item)) is None else replace(item, file=built.file)
            for item in planned
        ]
        own = self._opened.own() if self._opened is not None else []
        have = {item.file.project for item in planned}
        return [*found, *(Planned(file=f, direct=True) for f in own if f.project not in have)]

    def locked(self, item: Asked) -> Build | None:
        """Return the build of a source that a lock names; `None` of what is not built."""
        file = item.file
        if file.kind is not FileKind.SDIST or file.version is None or self._open_builds is None:
            return None
        return (
            None
            if self._policy.builds(file.project) is None
            else self._builds.build(file, item.requested)
        )

    @cached_property
    def _builds(self) -> Builds:
        assert self._open_builds is not None  # noqa: S101 - asked before
        return self._open_builds()

    @property
    def _offers(self) -> Offers:
        if self._opened is None:
            from guard.install.offers import Offers  # noqa: PLC0415 - most requests need none

            assert self._folder is not None  # noqa: S101 - entered before anything is resolved
            self._opened = Offers(
                builds=self._builds,
                releases=self._releases(),
                wanted=self._wanted,
                folder=self._folder,
                passed_over=self._passed_over,
                hashed=self._hashed,
            )
        return self._opened
