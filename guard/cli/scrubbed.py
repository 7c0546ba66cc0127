"""The variables of a tool behind the gateway: what the tables of coverage let it have.

Nothing that is left says where packages come from, how they travel, or whom to trust.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from guard.errors import UnsupportedError
from guard.wrappers.coverage.environment import GATEWAY, Use, of


def kept(environ: Mapping[str, str], *, prefixes: tuple[str, ...]) -> dict[str, str]:
    """Return what is left of `environ` for a tool whose variables begin with `prefixes`.

    Raises `UnsupportedError` where leaving something out would install something else.
    """
    found = {}
    for name, value in environ.items():
        variable = of(name, GATEWAY)
        if variable.use is Use.REFUSED and value and name.upper().startswith(prefixes):
            raise UnsupportedError(
                f"`{name}` is not supported behind the gateway",
                reason=variable.why,
                hint="unset it",
            )
        if variable.use is Use.KEPT:
            found[name] = value
    return found


def gateway(proxy: str, authority: Path) -> dict[str, str]:
    """Return the variables that lead every tool to the gateway, and to nothing else."""
    proxies = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"), proxy)
    proxies |= {name.lower(): proxy for name in proxies}
    return {
        **proxies,
        # Only what the gateway itself signs is trusted: who passes it by finds nothing valid.
        "SSL_CERT_FILE": str(authority),
        "REQUESTS_CA_BUNDLE": str(authority),
        "GIT_ALLOW_PROTOCOL": "none",  # a list of protocols, and this is none of them
        "GIT_TERMINAL_PROMPT": "0",
    }
