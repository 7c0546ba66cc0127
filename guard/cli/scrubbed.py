"""The variables of a tool behind the gateway: what the tables of coverage let it have.

Nothing that is left says where packages come from, how they travel, or whom to trust, but for the
indexes that were judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from guard.errors import UnsupportedError
from guard.gateway import child
from guard.wrappers.coverage.environment import GATEWAY, Use, of

UV: Final = ("UV_",)
"""How uv's variables begin."""


def kept(environ: Mapping[str, str], *, prefixes: tuple[str, ...]) -> dict[str, str]:
    """Return what is left of `environ` for a tool whose variables begin with `prefixes`.

    Raises `UnsupportedError` where leaving something out would install something else.
    """
    found = {}
    for name, value in environ.items():
        variable, own = of(name, GATEWAY), name.upper().startswith(prefixes)
        said = value and value.lower() not in variable.allowed
        if variable.use is Use.REFUSED and own and said:
            raise UnsupportedError(
                f"`{name}` is not supported behind the gateway",
                reason=variable.why,
                hint="unset it",
            )
        if variable.use is Use.KEPT or (variable.use is Use.JUDGED and own):
            found[name] = value
    return found


def for_uv(
    environ: Mapping[str, str], *, proxy: str, authority: Path, cache: Path, config: Path
) -> dict[str, str]:
    """Return what uv is given: the gateway, and nothing else that leads anywhere.

    Raises `UnsupportedError` as `kept` does.
    """
    own = child.for_uv(cache=cache, config=config)
    return kept(environ, prefixes=UV) | child.leading(proxy, authority) | own
