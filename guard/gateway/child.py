"""The environment in which a tool runs behind the gateway, and the run itself."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from packaging.version import Version

from guard.errors import InstallerError

_TRUSTSTORE: Final = Version("24.2")
"""From here on pip trusts the system's store besides PIP_CERT, unless it is told otherwise."""

NO_BUILD: Final = "UV_NO_BUILD"


def leading(proxy: str, authority: Path) -> dict[str, str]:
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


def for_uv(*, cache: Path, config: Path) -> dict[str, str]:
    """Return what uv is given on top: no cache and no configuration but the guard's."""
    return {
        "UV_CONFIG_FILE": str(config),
        "UV_CACHE_DIR": str(cache / "uv"),
        NO_BUILD: "1",
        "UV_PYTHON_DOWNLOADS": "never",
    }


def for_pip(authority: Path, cache: Path, *, version: Version) -> dict[str, str]:
    """Return what pip is given on top: no configuration, no source, no trust of the system's."""
    given = {
        "PIP_CERT": str(authority),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_CACHE_DIR": str(cache / "pip"),
        "PIP_ONLY_BINARY": ":all:",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    if version >= _TRUSTSTORE:  # an older pip would refuse the words
        given["PIP_USE_DEPRECATED"] = "legacy-certs"
    return given


def start(
    command: Sequence[str], environment: Mapping[str, str], *, passed: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start the tool on the user's own terminal. Raises `InstallerError`."""
    try:
        return subprocess.Popen(command, env=dict(environment), pass_fds=tuple(passed))
    except OSError as error:
        raise InstallerError(
            f"`{command[0]}` could not be started", reason=error.strerror, exit_code=70
        ) from None


def wait(child: subprocess.Popen[bytes]) -> int:
    """Return the exit code of the tool when it has ended.

    Ctrl-C reaches it as well as us, and it decides what follows; SIGTERM and SIGHUP are passed on.
    """
    with _passing_on(child):
        return exit_code(_waited(child))


def _waited(child: subprocess.Popen[bytes]) -> int:
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue


@contextlib.contextmanager
def _passing_on(child: subprocess.Popen[bytes]) -> Iterator[None]:
    """Send on to `child` what we are told by signals."""
    signals = [signal.SIGTERM] + ([signal.SIGHUP] if os.name == "posix" else [])

    def send_on(number: int, _: object) -> None:
        child.send_signal(number)

    before = {number: signal.signal(number, send_on) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exit_code(returned: int) -> int:
    """Return the code a shell would give: a child that died by a signal has a negative one."""
    return returned if returned >= 0 else 128 - returned
