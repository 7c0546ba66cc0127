"""A place for files under names: a folder that a web server has, or a bucket."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from guard.errors import MirrorError, UsageError
from guard.mirror.store.objects import bucket

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_SCHEMES: Final = ("s3://", "memory://")


class Tree:
    """Writes whole files, each in one step; raises `MirrorError`."""

    def __init__(self, objects: ObjectStore, *, typed: bool) -> None:
        """`typed` says whether the place keeps the media types of what it has."""
        self._objects = objects
        self._typed = typed

    def sizes(self) -> Mapping[str, int]:
        """Return the files that are there, and how many bytes each has."""
        found: dict[str, int] = {}
        try:
            for batch in obstore.list(self._objects):
                found |= {str(item["path"]): item["size"] for item in batch}
        except (BaseError, OSError) as error:
            raise _refused(error) from None
        return found

    def read(self, path: str) -> bytes | None:
        """Return what is at `path`, if anything is."""
        try:
            return bytes(obstore.get(self._objects, path).bytes())
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            raise _refused(error) from None

    def write(self, path: str, content: bytes | Path, media_type: str) -> None:
        """Write `content` at `path`, in place of what is there. Nobody ever sees half of it."""
        attributes = {"Content-Type": media_type} if self._typed else None
        try:
            obstore.put(self._objects, path, content, attributes=attributes)
        except (BaseError, OSError) as error:
            raise _refused(error) from None

    def remove(self, path: str) -> None:
        """Remove what is at `path`."""
        try:
            obstore.delete(self._objects, path)
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise _refused(error) from None


def open_tree(address: str) -> Tree:
    """Return the tree in a folder, made where there is none, or at `s3://bucket/prefix`.

    Raises `UsageError`.
    """
    if not address.startswith(_SCHEMES):
        folder = Path(address)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return Tree(LocalStore(folder), typed=False)
        except (BaseError, OSError) as error:
            raise _refused(error) from None
    try:
        return Tree(_objects(address), typed=True)
    except (BaseError, ValueError, TypeError) as error:
        raise UsageError(f"`{address}` is no address of a store", reason=str(error)) from None


def _objects(address: str) -> ObjectStore:
    return bucket(address) if address.startswith("s3://") else from_url(address)


def digest(content: bytes) -> str:
    """Return the sha256 of `content`."""
    return hashlib.sha256(content).hexdigest()


def _refused(error: Exception) -> MirrorError:
    said = str(error).strip().splitlines()
    return MirrorError(
        "the tree could not be written",
        reason=said[0][:200] if said else type(error).__name__,
        hint="run it again: what is there already is not written twice",
    )
