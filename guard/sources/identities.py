"""Who published what was installed here before: trust on first use, per index and project.

A record says that an identity was seen, never that it is to be trusted.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

import msgspec
from packaging.utils import NormalizedName
from packaging.version import InvalidVersion, Version

from guard.model import Absent, Fact, Unknown
from guard.private import private_folder, write_private
from guard.publisher import Identity


class _Record(msgspec.Struct, frozen=True):
    """One project on one index."""

    project: str
    index: str
    version: str
    identities: tuple[Identity, ...]


class KnownIdentities:
    """The records under `folder`, in the user's private state."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, project: NormalizedName, index: str) -> Fact[tuple[Identity, ...]]:
        """Return who published the release that was installed last; absent at first sight."""
        record = self._record(project, index)
        return record.identities if isinstance(record, _Record) else record

    def attested_version(self, project: NormalizedName, index: str) -> Version | None:
        """Return the attested version that was installed last, if one is known."""
        record = self._record(project, index)
        if not isinstance(record, _Record) or not record.identities:
            return None
        try:
            return Version(record.version)
        except InvalidVersion:
            return None

    def _record(self, project: NormalizedName, index: str) -> Fact[_Record]:
        try:
            content = self._path(project, index).read_bytes()
            return msgspec.json.decode(content, type=_Record)
        except FileNotFoundError:
            return Absent("never installed from here before")
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            return Unknown(f"the record of earlier publishers could not be read: {error}")

    def remember(
        self, project: NormalizedName, index: str, version: str, identities: tuple[Identity, ...]
    ) -> None:
        """Record who published what has just been installed. A record that fails is made later."""
        record = _Record(str(project), index, version, identities)
        with contextlib.suppress(OSError):
            private_folder(self._folder)
            write_private(self._path(project, index), msgspec.json.encode(record))

    def _path(self, project: NormalizedName, index: str) -> Path:
        place = hashlib.sha256(index.encode()).hexdigest()[:16]
        return self._folder / f"{project}.{place}.json"
