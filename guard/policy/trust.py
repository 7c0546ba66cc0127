"""Which project files may loosen the policy: those that somebody here has read and found good."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from guard.errors import PolicyError
from guard.policy.layers import said
from guard.private import private_folder, write_private

_FILE: Final = "policies.json"


class Trust:
    """The record under `folder`, in the user's private state: paths, and what the files said."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def entries(self) -> frozenset[tuple[str, str]]:
        """Return paths and digests. A record that cannot be read trusts nothing."""
        return frozenset(self._read().items())

    def add(self, path: Path) -> str:
        """Trust what the file at `path` says now, and the approvals beside it; return the digest.

        Raises `PolicyError`.
        """
        digest = said(path)
        self._write(self._read() | {str(path): digest}, path)
        return digest

    def remove(self, path: Path) -> bool:
        """Trust the file at `path` no more. Tell whether it was trusted. Raises `PolicyError`."""
        entries = self._read()
        if entries.pop(str(path), None) is None:
            return False
        self._write(entries, path)
        return True

    def _read(self) -> dict[str, str]:
        try:
            content = (self._folder / _FILE).read_bytes()
            return msgspec.json.decode(content, type=dict[str, str])
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return {}

    def _write(self, entries: dict[str, str], path: Path) -> None:
        try:
            private_folder(self._folder)
            write_private(self._folder / _FILE, msgspec.json.encode(dict(sorted(entries.items()))))
        except OSError as error:
            raise PolicyError(
                f"that `{path}` is trusted could not be written down",
                reason=error.strerror or str(error),
                hint="name another folder in GUARD_STATE_DIR",
            ) from None
