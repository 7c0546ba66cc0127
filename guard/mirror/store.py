"""The store: bytes by their sha256, written once and never changed, in a folder or in S3.

Only what was admitted comes here, and what was made of it: METADATA, provenance, receipts. Whether
it may be sent is not written here but in the database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from guard.errors import MirrorError, UsageError
from guard.private import private_folder

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_SCHEMES: Final = ("s3://", "memory://")


class Store:
    """A place for bytes. Used by many threads at once; raises `MirrorError`."""

    def __init__(self, objects: ObjectStore, folder: Path | None = None) -> None:
        """`folder` is where the objects are files, for whoever can send those faster."""
        self._objects = objects
        self.folder = folder

    def put(self, sha256: str, source: Path | bytes) -> None:
        """Write the bytes of that digest, unless they are there. Nobody ever sees half of them."""
        import obstore  # noqa: PLC0415 - 20 ms, and only for the mirror
        from obstore.exceptions import AlreadyExistsError, BaseError  # noqa: PLC0415

        try:
            obstore.put(self._objects, path_of(sha256), source, mode="create")
        except AlreadyExistsError:
            return
        except (BaseError, OSError) as error:
            raise _refused(error) from None

    def has(self, sha256: str) -> bool:
        """Tell whether the bytes of that digest are there."""
        import obstore  # noqa: PLC0415
        from obstore.exceptions import BaseError, NotFoundError  # noqa: PLC0415

        try:
            obstore.head(self._objects, path_of(sha256))
        except (NotFoundError, FileNotFoundError):
            return False
        except (BaseError, OSError) as error:
            raise _refused(error) from None
        return True

    def size(self, sha256: str) -> int:
        """Return how many bytes of that digest there are."""
        import obstore  # noqa: PLC0415
        from obstore.exceptions import BaseError  # noqa: PLC0415

        try:
            return obstore.head(self._objects, path_of(sha256))["size"]
        except (BaseError, OSError) as error:
            raise _refused(error) from None

    def get(self, sha256: str) -> bytes:
        """Return the bytes of that digest: of what is small."""
        return b"".join(self.chunks(sha256))

    def source(self, sha256: str) -> Path | bytes:
        """Return what `put` of another store takes: the file itself, where there is one."""
        return self.folder / path_of(sha256) if self.folder else self.get(sha256)

    def chunks(self, sha256: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of that digest, from `start` to before `end`."""
        import obstore  # noqa: PLC0415
        from obstore.exceptions import BaseError  # noqa: PLC0415

        try:
            span = None if start == 0 and end is None else (start, end)
            if span is None:
                yield from map(bytes, obstore.get(self._objects, path_of(sha256)).stream())
            elif end is not None:
                yield bytes(obstore.get_range(self._objects, path_of(sha256), start=start, end=end))
            else:
                options: Mapping[str, Mapping[str, int]] = {"range": {"offset": start}}
                found = obstore.get(self._objects, path_of(sha256), options=options)  # type: ignore[arg-type]
                yield from map(bytes, found.stream())
        except (BaseError, OSError) as error:
            raise _refused(error) from None


def open_store(address: str | Path, options: Mapping[str, str] | None = None) -> Store:
    """Return the store in a folder, or at `s3://bucket/prefix`. Raises `UsageError`."""
    from obstore.store import LocalStore, from_url  # noqa: PLC0415

    if isinstance(address, Path) or not str(address).startswith(_SCHEMES):
        folder = Path(address)
        try:
            private_folder(folder)
        except OSError as error:
            raise _refused(error) from None
        return Store(LocalStore(folder), folder)
    try:
        return Store(from_url(str(address), **(options or {})))  # type: ignore[call-overload]
    except (ValueError, TypeError) as error:
        raise UsageError("`--store` is no address of a store", reason=str(error)) from None


def path_of(sha256: str) -> str:
    """Return where the bytes of that digest are. Raises `MirrorError` for what is no digest."""
    if not _DIGEST.fullmatch(sha256):
        raise MirrorError(f"{sha256[:80]!r} is no sha256")
    return f"sha256/{sha256[:2]}/{sha256}"


def _refused(error: Exception) -> MirrorError:
    said = str(error).strip().splitlines()
    return MirrorError(
        "the mirror's store could not be used",
        reason=said[0][:200] if said else type(error).__name__,
        hint="it is asked again with every request",
    )
