"""Whether what is installed is a certain wheel, to the last byte.

RECORD alone does not tell: whoever changes a file can change its line too. So the files on disk are
held to the RECORD of the wheel in quarantine, which was judged, and only what an installer writes
itself to the RECORD that it left. Compiled files have no hash anywhere; nothing is said of them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from guard.artifact.content import Content
from guard.artifact.listed import Listed
from guard.artifact.spot import COMMANDS, SITE, fold
from guard.errors import TargetError
from guard.sources.installed import Distribution

_ALGORITHMS: Final = frozenset({"sha256", "sha384", "sha512"})
_BYTECODE: Final = re.compile(rf"{SITE}(?:.*/)?__pycache__/[^/]+\.pyc")
_WRITTEN: Final = re.compile(
    rf"{SITE}[^/]+\.dist-info/(?:record(?:\.jws|\.p7s)?|installer|requested|uv_cache\.json)"
)
"""What uv and pip add to a wheel. Not `direct_url.json`: it says that no index had the file."""


def difference(installed: Distribution, wheel: Path, content: Content) -> str | None:
    """Return what is not as in `wheel`, or `None` where all is. Raises `TargetError`."""
    try:
        recorded = installed.recorded
        if recorded is None:
            return "nobody recorded which files it has"
        promised = Listed(wheel).hashes
        commands = {fold(COMMANDS + command.name) for command in content.commands}
        return _surplus(recorded, promised, commands) or _changed(recorded, promised)
    except OSError as error:
        raise TargetError(
            f"what is installed of {installed.project} could not be read",
            reason=f"{error.filename}: {error.strerror}" if error.filename else str(error),
        ) from None


def _surplus(
    recorded: Mapping[str, tuple[str, str]],
    promised: Mapping[str, str],
    commands: Collection[str],
) -> str | None:
    """Return a file that is there and neither of the wheel nor of an installer's making."""
    for key in recorded.keys() - promised.keys():
        made = _BYTECODE.fullmatch(key) or _WRITTEN.fullmatch(key) or key.startswith("include/")
        if not made and key.removesuffix(".exe") not in commands:
            return f"`{_name(recorded[key][0])}` is not of that file"
    return None


def _changed(recorded: Mapping[str, tuple[str, str]], promised: Mapping[str, str]) -> str | None:
    """Return a file that is not there, or holds something else than it should."""
    for key, promise in promised.items():
        if _WRITTEN.fullmatch(key):
            continue
        if key not in recorded:
            return f"`{key.rpartition('/')[2]}` is missing from its RECORD"
        # An installer writes the first line of a script anew.
        own = key.startswith(COMMANDS)
        if promise and not own and recorded[key][1] != promise:
            return f"`{_name(recorded[key][0])}` is another one in its RECORD"
    for path, given in recorded.values():
        if given and not _has(path, given):
            return f"`{_name(path)}` was changed or is gone"
    return None


def _name(path: str) -> str:
    return path.rpartition(os.sep)[2]


def _has(path: str, given: str) -> bool:
    """Tell whether the file at `path` has the hash that a RECORD gives."""
    algorithm, _, digest = given.partition("=")
    if algorithm not in _ALGORITHMS or not os.path.isfile(path):  # noqa: PTH113 - thousands of them
        return False
    with open(path, "rb") as stream:  # noqa: PTH123
        found = hashlib.file_digest(stream, algorithm).digest()
    try:
        return found == base64.urlsafe_b64decode(digest + "=" * (-len(digest) % 4))
    except (binascii.Error, ValueError):
        return False
