"""A wrapped tool, as far as a session of the guard has to know it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from packaging.markers import default_environment

from guard.errors import UnsupportedError
from guard.install._base import Bounds, Hint
from guard.install.configuration import Configuration
from guard.install.target import Description
from guard.model import Admitted
from guard.plan import Planned
from guard.request import Request

_ITSELF: Final = "a wrapped tool resolves and installs by itself"


class Tool:
    """Has indexes and nothing else: what it resolves and installs passes the gateway."""

    name = "uv"

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration

    def configuration(self) -> Configuration:
        """Return the indexes that it would ask, and how they are reached."""
        return self._configuration

    def description(self) -> Description:
        """Say that nothing is installed: there is no telling what the tool will replace."""
        return Description(environment=default_environment(), tags=(), installed={}, prefix="")

    def resolve(self, request: Request, bounds: Bounds, hint: Hint) -> tuple[Planned, ...]:
        """Refuse to."""
        raise UnsupportedError(_ITSELF)

    def apply(self, admitted: Sequence[Admitted], request: Request, *, quiet: bool) -> None:
        """Refuse to."""
        raise UnsupportedError(_ITSELF)
