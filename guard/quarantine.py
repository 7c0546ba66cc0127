"""The quarantine: a content-addressed store in which every byte is a stranger until judged.

Files lie at `files/<2 hex>/<sha256>/<filename>`. They arrive under a private temporary name and
are moved into place in one step, so two guards at once, or one that is interrupted, leave either a
whole file or none.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from guard.errors import QuarantineError
from guard.private import private_folder

_CHUNK: Final = 1 << 20
_PRIVATE: Final = 0o700


class TooLargeError(Exception):
    """More bytes came than the limit allows."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file in quarantine: where it lies and the digests of its bytes, always with sha256."""

    path: Path
    digests: Mapping[str, str]
    size: int


@dataclass(frozen=True, slots=True)
class Quarantine:
    """The store under `root`, which belongs to one user."""

    root: Path

    def receive(
        self,
        filename: str,
        chunks: Iterable[bytes],
        *,
        limit: int,
        algorithms: Iterable[str] = (),
    ) -> Arrival:
        """Store the bytes of `chunks`, hashed as they pass, and return where they lie.

        Raises `TooLargeError` beyond `limit` bytes and `QuarantineError` when the disk refuses.
        Whatever is raised, nothing is left behind.
        """
        _refuse_path(filename)
        hashers = {name: hashlib.new(name) for name in {"sha256", *algorithms}}
        with self._temporary() as part:
            size = 0
            try:
                with part.open("xb") as stream:
                    for chunk in chunks:
                        size += len(chunk)
                        if size > limit:
                            raise TooLargeError(f"more than {limit} bytes")
                        for hasher in hashers.values():
                            hasher.update(chunk)
                        stream.write(chunk)
                digests = {name: hasher.hexdigest() for name, hasher in hashers.items()}
                path = self._place(part, digests["sha256"], filename)
            except OSError as error:
                raise self._refused(error) from error
        return Arrival(path, digests, size)

    def find(self, sha256: str, filename: str, algorithms: Iterable[str] = ()) -> Arrival | None:
        """Return the file if it is here. Its bytes are hashed again: a store can be tampered with.

        A file whose bytes are no longer those of its name is removed, as if it had never come.
        """
        path = self._path(sha256, filename)
        try:
            digests = digests_of(path, {"sha256", *algorithms})
            size = path.stat().st_size
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._refused(error) from error
        if digests["sha256"] != sha256:
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        return Arrival(path, digests, size)

    def entries(self, prefix: str = "") -> Iterator[Path]:
        """Yield the files whose sha256 begins with `prefix`, in order of their digests."""
        files = self.root / "files"
        for path in sorted(files.glob("??/*/*")) if files.is_dir() else ():
            if path.parent.name.startswith(prefix):
                yield path

    def purge(self, prefix: str = "") -> int:
        """Remove the files whose sha256 begins with `prefix`, and return how many there were."""
        paths = list(self.entries(prefix))
        try:
            for path in paths:
                shutil.rmtree(path.parent)
            if not prefix:
                shutil.rmtree(self.root / "tmp", ignore_errors=True)
        except OSError as error:
            raise self._refused(error) from error
        return len(paths)

    def _path(self, sha256: str, filename: str) -> Path:
        _refuse_path(filename)
        if not sha256.isalnum():
            raise QuarantineError(f"{sha256!r} is no digest")
        return self.root / "files" / sha256[:2] / sha256 / filename

    @contextlib.contextmanager
    def _temporary(self) -> Iterator[Path]:
        folder = self.root / "tmp"
        try:
            private_folder(self.root)
            private_folder(folder)
        except OSError as error:
            raise self._refused(error) from error
        part = folder / f"{secrets.token_hex(16)}.part"
        try:
            yield part
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

    def _place(self, part: Path, sha256: str, filename: str) -> Path:
        path = self._path(sha256, filename)
        path.parent.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        part.chmod(0o600)
        part.replace(path)
        return path

    def _refused(self, error: OSError) -> QuarantineError:
        return QuarantineError(
            f"the quarantine in `{self.root}` could not be used",
            reason=error.strerror or str(error),
            hint="free some space, or name another folder in GUARD_CACHE_DIR",
        )


def _refuse_path(filename: str) -> None:
    """Refuse what is more, or less, than one name in a folder, here or on another system."""
    if filename in {".", ".."} or not re.fullmatch(r"[^/\\\x00]+", filename):
        raise QuarantineError(f"{filename!r} is not a file name")


def digests_of(path: Path, algorithms: Iterable[str]) -> Mapping[str, str]:
    """Return the digests of the bytes at `path`. Raises `OSError`."""
    hashers = {name: hashlib.new(name) for name in algorithms}
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            for hasher in hashers.values():
                hasher.update(chunk)
    return {name: hasher.hexdigest() for name, hasher in hashers.items()}
