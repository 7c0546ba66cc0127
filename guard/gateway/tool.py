"""A wrapped tool, as far as a session of the guard has to know it."""

from __future__ import annotations

from typing import Final

from packaging.markers import default_environment

from guard.errors import UnsupportedError
from guard.install.configuration import Configuration
from guard.install.target import Description
from guard.plan import Planned

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

    def resolve(self, *_: object) -> tuple[Planned, ...]:
        """Refuse to."""
        raise UnsupportedError(_ITSELF)

    def apply(self, *_: object, quiet: bool) -> None:  # noqa: ARG002 - a protocol's
        """Refuse to."""
        raise UnsupportedError(_ITSELF)

    def remove(self, *_: object, quiet: bool) -> None:  # noqa: ARG002 - a protocol's
        """Refuse to."""
        raise UnsupportedError(_ITSELF)
