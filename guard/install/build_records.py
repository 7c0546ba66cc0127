"""What was built before, so that it is not built again: by what it was built from and with."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from guard.private import private_folder, write_private

_FORM: Final = 1
"""Raised whenever the same source would be built in another way."""


class Required(msgspec.Struct, frozen=True):
    """What a backend said that it needs."""

    requires: tuple[str, ...]


class Made(msgspec.Struct, frozen=True):
    """The wheel that a build made; its bytes are in the quarantine."""

    filename: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Records:
    """The results of builds, each in a file named for all that it follows from."""

    folder: Path
    use: bool = True

    def required(self, *key: Any) -> tuple[str, ...] | None:  # noqa: ANN401 - what JSON can say
        """Return what the backend of this source needs, where it was asked before."""
        found = self._read("required", key, Required)
        return found.requires if isinstance(found, Required) else None

    def made(self, *key: Any) -> Made | None:  # noqa: ANN401
        """Return the wheel of this source, where it was built before."""
        found = self._read("made", key, Made)
        return found if isinstance(found, Made) else None

    def keep(self, result: Required | Made, *key: Any) -> None:  # noqa: ANN401
        """Remember a result; one that cannot be kept is found again."""
        kind = "required" if isinstance(result, Required) else "made"
        with contextlib.suppress(OSError):
            private_folder(self.folder)
            write_private(self._path(kind, key), msgspec.json.encode(result))

    def _read(self, kind: str, key: tuple[Any, ...], type_: type) -> Required | Made | None:
        if not self.use:
            return None
        try:
            found: Required | Made = msgspec.json.decode(
                self._path(kind, key).read_bytes(), type=type_
            )
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return found

    def _path(self, kind: str, key: tuple[Any, ...]) -> Path:
        said = json.dumps([_FORM, kind, key], sort_keys=True).encode()
        return self.folder / f"{hashlib.sha256(said).hexdigest()}.json"
