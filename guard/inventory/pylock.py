"""`pylock.toml` (PEP 751), with the files for every platform."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from packaging.pylock import Package, Pylock

from guard import attestation_identities, plan
from guard.errors import UsageError
from guard.inventory._base import Listed
from guard.model import index_url


def entries(lock: Pylock, lines: Sequence[int | None], folder: Path) -> Iterator[Listed]:
    """Yield the releases of a lock whose paths are relative to `folder`. Raises `UsageError`."""
    for package, line in zip(lock.packages, lines, strict=True):
        files = plan.every_file(package, folder)
        local = package.directory is not None and bool(package.directory.editable)
        yield Listed(
            project=package.name,
            version=package.version,
            files=() if local else files,
            index=_index(package),
            direct_url=files[0].url if package.is_direct else None,
            identities=attestation_identities.patterns(package),
            local=local,
            line=line,
        )


def _index(package: Package) -> str | None:
    try:
        return index_url(package.index) if package.index else None
    except ValueError:  # not repeated: it may hold a password
        raise UsageError(f"the lock file names an index for {package.name} that is none") from None
