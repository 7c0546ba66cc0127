"""A command of pipx, poetry or pdm behind the gateway: what they have in common."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from guard.cli import scrubbed
from guard.cli.folders import cache_folder
from guard.cli.uv_words import Plan
from guard.cli.wrapped import Wrapped
from guard.gateway.kept import Kept
from guard.gateway.project import Sources
from guard.gateway.snapshot import Snapshot
from guard.install.configuration import Configuration


class Other(Wrapped):
    """One command of a tool that follows URLs, and that installs while it still fetches."""

    follows = True
    changes = True
    """Whether the command changes environments, or at most makes one."""

    def __init__(
        self,
        plan: Plan,
        *,
        prefixes: tuple[str, ...],
        sources: Sources,
        configuration: Configuration,
        places: Sequence[tuple[Path, str]],
    ) -> None:
        """Take the variables that begin with `prefixes` for the tool's own.

        At `places`, folders and patterns of names in them, are its environments. Raises
        `UnsupportedError` for a variable that would let something in which nobody judges.
        """
        self._plan = plan
        self._kept = scrubbed.kept(os.environ, prefixes=prefixes)
        self._sources = sources
        self._configuration = configuration
        self._places = places
        self._folder = cache_folder() / "gateway"
        self._before: Kept | None = None
        self.config = self.cache = self._folder

    def prepare(self, tool: str) -> int:
        """Run the tool behind the gateway; return the exit code."""
        try:
            return super().prepare(tool)
        finally:
            if self._before is not None:
                self._before.close()

    def _settings(self) -> Path:
        return self._folder

    def _snapshot(self) -> Snapshot:
        files = (*self._sources.files, *self._plan.writes)
        aside = self._folder / "aside"
        self._before = Kept(files, self._places, aside=aside, changes=self.changes)
        return self._before

    def _environment(self, proxy: str, authority: Path) -> dict[str, str]:
        return self._kept | scrubbed.gateway(proxy, authority) | self._variables(authority)

    def _variables(self, authority: Path) -> dict[str, str]:
        """Return what the tool is told by variables of its own."""
        raise NotImplementedError
