"""The store: bytes by their sha256, written once and never changed, in a folder or in S3.

Only what was admitted comes here, and what was made of it: METADATA, provenance, receipts. Whether
it may be sent is not written here but in the database.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from guard.errors import UsageError
from guard.mirror.store._base import Store, path_of

__all__ = ["Store", "open_store", "path_of"]

_MEMORY: Final = "memory://"
_S3: Final = "s3://"


def open_store(address: str | Path, *, endpoint: str | None = None) -> Store:
    """Return the store in a folder, or at `s3://bucket/prefix`.

    `endpoint` is the address of an S3 server that is not Amazon's; without it, `AWS_ENDPOINT_URL`
    counts. Raises `UsageError` and `MirrorError`.
    """
    # The object stores' library takes 20 ms, and a folder does without it.
    if isinstance(address, str) and address.startswith(_S3):
        from guard.mirror.store.objects import s3  # noqa: PLC0415

        return s3(address, endpoint=endpoint)
    if address == _MEMORY:
        from guard.mirror.store.objects import memory  # noqa: PLC0415

        return memory()
    if isinstance(address, str) and "://" in address:
        raise UsageError(
            "`--store` is no address of a store", hint="a folder, or s3://bucket/prefix"
        )
    from guard.mirror.store.folder import FolderStore  # noqa: PLC0415

    return FolderStore(Path(address))
