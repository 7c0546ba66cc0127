"""Brings a snapshot of advisories: from a server or from a file, whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from guard.advisory import export
from guard.advisory.store import Snapshot, StoreError, write
from guard.errors import SourceError
from guard.private import private_folder, temporary
from guard.sources.advisories import STORE
from guard.sources.http import FetchError, Http

DEFAULT_URL: Final = "https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip"
"""The public export of OSV.dev for PyPI."""

_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an export must be like to be taken."""

    sha256: str | None = None
    """Where it is known beforehand."""

    limit: int = export.LIMIT
    """Bytes."""


def update(
    folder: Path, url: str, http: Http, expected: Expected = Expected(), *, now: datetime
) -> Snapshot:
    """Replace the snapshot under `folder` by the export at `url`. Raises `SourceError`.

    Nothing changes unless all went well.
    """
    source = shown(url)
    try:
        private_folder(folder)
        with temporary(folder) as part:
            digest = http.fetch(url, lambda chunks: _received(part, chunks, expected))
            return _imported(folder, part, source, digest, now)
    except FetchError as error:
        raise _refused(source, f"it could not be fetched: {error}") from None
    except (export.ExportError, StoreError) as error:
        raise _refused(source, str(error)) from None
    except OSError as error:
        raise _refused(source, error.strerror or str(error)) from None


def import_file(
    folder: Path, path: Path, expected: Expected = Expected(), *, now: datetime
) -> Snapshot:
    """Replace the snapshot under `folder` by the export at `path`, as `update` does."""
    source = str(path)
    try:
        private_folder(folder)
        with temporary(folder) as part:
            # A copy, for somebody may be writing that file.
            digest = _received(part, _chunks(path), expected)
            return _imported(folder, part, source, digest, now)
    except (export.ExportError, StoreError) as error:
        raise _refused(source, str(error)) from None
    except OSError as error:
        raise _refused(source, error.strerror or str(error)) from None


def shown(url: str) -> str:
    """Return `url` without what may be a secret: user, password, query and fragment."""
    try:
        parts = urlsplit(url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    except ValueError:
        return "that address"


def _imported(folder: Path, path: Path, source: str, digest: str, now: datetime) -> Snapshot:
    read = export.read(path, now=now)
    assert read.as_of is not None  # noqa: S101 - else it would have been refused
    snapshot = Snapshot(
        source=source,
        sha256=digest,
        as_of=read.as_of,
        fetched_at=now,
        records=read.records,
        withdrawn=read.withdrawn,
        unreadable=read.unreadable,
        faults=tuple(read.faults),
        projects=len(read.entries),
    )
    write(folder / STORE, read.entries, snapshot)
    return snapshot


def _received(part: Path, chunks: Iterable[bytes], expected: Expected) -> str:
    """Write what comes to `part`, anew each time, and return its sha256. Raises `ExportError`."""
    hasher, size = hashlib.sha256(), 0
    with part.open("wb") as stream:
        for chunk in chunks:
            size += len(chunk)
            if size > expected.limit:
                raise export.ExportError(f"it has more than {expected.limit} bytes")
            hasher.update(chunk)
            stream.write(chunk)
    if expected.sha256 not in {None, digest := hasher.hexdigest()}:
        raise export.ExportError(f"its sha256 is {digest}, not {expected.sha256}")
    return digest


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _refused(source: str, reason: str) -> SourceError:
    return SourceError(
        f"no advisories were taken from {source}",
        reason=reason,
        hint="what was here before is still in use; `guard feed status` shows it",
    )
