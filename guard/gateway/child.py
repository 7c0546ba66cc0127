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

from guard.errors import InstallerError, UnsupportedError

_DROPPED: Final = (
    "PIP_",
    "UV_",
    "POETRY_",
    "PDM_",
    "PIPX_",
    "GIT_",
)
"""Prefixes of variables that say where bytes come from, or how."""

_NETWORK: Final = frozenset(
    {
        "ALL_PROXY",
        "CURL_CA_BUNDLE",
        "FTP_PROXY",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "NO_PROXY",
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "SSL_CLIENT_CERT",
    }
)
_TRUSTSTORE: Final = Version("24.2")
"""From here on pip trusts the system's store besides PIP_CERT, unless it is told otherwise."""

_CODE: Final = frozenset({"PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP"})
_KEPT: Final = frozenset(
    {
        "UV_COMPILE_BYTECODE",
        "UV_CONCURRENT_BUILDS",
        "UV_CONCURRENT_DOWNLOADS",
        "UV_CONCURRENT_INSTALLS",
        "UV_DEFAULT_INDEX",
        "UV_EXCLUDE_NEWER",
        "UV_EXTRA_INDEX_URL",
        "UV_FORK_STRATEGY",
        "UV_FROZEN",
        "UV_HTTP_RETRIES",
        "UV_HTTP_TIMEOUT",
        "UV_INDEX",
        "UV_INDEX_STRATEGY",
        "UV_INDEX_URL",
        "UV_LINK_MODE",
        "UV_LOCKED",
        "UV_NO_DEV",
        "UV_NO_EDITABLE",
        "UV_NO_PROGRESS",
        "UV_NO_SOURCES",
        "UV_NO_SYNC",
        "UV_PRERELEASE",
        "UV_PROJECT_ENVIRONMENT",
        "UV_PYTHON",
        "UV_PYTHON_INSTALL_DIR",
        "UV_PYTHON_PREFERENCE",
        "UV_REQUIRE_HASHES",
        "UV_RESOLUTION",
        "UV_TOOL_BIN_DIR",
        "UV_TOOL_DIR",
    }
)
"""uv's variables that say what is chosen and how it is put in place; the indexes are judged."""

NO_BUILD: Final = "UV_NO_BUILD"
_REFUSED: Final = {
    "UV_BUILD_CONSTRAINT": "its file may name what is on no index",
    "UV_CONSTRAINT": "its file may name what is on no index",
    "UV_EXCLUDE": "its file may name what is on no index",
    "UV_FIND_LINKS": "its files lie on no index, so nothing is known of them",
    "UV_OVERRIDE": "its file may name what is on no index",
    "UV_TORCH_BACKEND": "it names indexes of uv's own",
}


def environment(
    environ: Mapping[str, str], *, proxy: str, authority: Path, cache: Path, config: Path
) -> dict[str, str]:
    """Return what the tool is given: the gateway, and nothing else that leads anywhere.

    Raises `UnsupportedError` for a variable that would let something in which nobody judges.
    """
    kept = scrubbed(environ)
    proxies = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"), proxy)
    proxies |= {name.lower(): proxy for name in proxies}
    return {
        **kept,
        **proxies,
        # Only what the gateway itself signs is trusted: who passes it by finds nothing valid.
        "SSL_CERT_FILE": str(authority),
        "REQUESTS_CA_BUNDLE": str(authority),
        "UV_CONFIG_FILE": str(config),
        "UV_CACHE_DIR": str(cache / "uv"),
        NO_BUILD: "1",
        "UV_PYTHON_DOWNLOADS": "never",
        "GIT_ALLOW_PROTOCOL": "none",  # a list of protocols, and this is none of them
        "GIT_TERMINAL_PROMPT": "0",
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


def scrubbed(environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` without what says where packages come from, and how they travel.

    Raises `UnsupportedError` where leaving something out would install something else.
    """
    for name, why in _REFUSED.items():
        if environ.get(name):
            raise UnsupportedError(
                f"`{name}` is not supported behind the gateway",
                reason=why,
                hint="unset it; what it says can be said in the project",
            )
    return {name: value for name, value in environ.items() if _is_kept(name)}


def _is_kept(name: str) -> bool:
    upper = name.upper()
    if upper in _NETWORK or upper in _CODE:
        return False
    credentials = upper.startswith("UV_INDEX_") and upper.endswith(("_USERNAME", "_PASSWORD"))
    return name in _KEPT or credentials or not upper.startswith(_DROPPED)


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
