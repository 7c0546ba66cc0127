"""The store in S3, or in what speaks S3: create-only writes, parts of bounded size and time.

Credentials are those of AWS's own variables, web identities and instance roles. What is signed is
also the digest of each request's body, so the server refuses what was changed on the way.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import MemoryStore, ObjectStore, S3Store

from guard.errors import MirrorError, UsageError
from guard.mirror.store._base import Store, opened, path_of, refused, verified

_SMALL: Final = 16 << 20
"""Bytes that are sent in one request; more are sent, and all are read, in parts of such a size."""

_PART: Final = 8 << 20
_AT_ONCE: Final = 4
_LONGEST: Final = timedelta(seconds=60)
_CLIENT: Final[Any] = {"connect_timeout": "3s", "timeout": "30s"}
_RETRIES: Final[Any] = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=10),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2)},
}
_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_EMPTY: Final = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_ERRORS: Final = (BaseError, OSError)


class ObjectsStore(Store):
    """Objects by their digest."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def put(self, sha256: str, source: Path | bytes) -> None:
        """Send them: a small file where there is none, a large one in parts that appear together.

        S3 cannot make the last part of a large one depend on there being none. Whoever comes second
        replaces the bytes by the same ones.
        """
        path = path_of(sha256)
        try:
            if _size(source) > _SMALL and self.has(sha256):
                return
            with opened(source) as stream:
                parts = verified(stream, sha256, _PART)
                if _size(source) > _SMALL:
                    limits: Any = {"chunk_size": _PART, "max_concurrency": _AT_ONCE}
                    obstore.put(self._objects, path, parts, **limits)
                else:
                    self._create(path, b"".join(parts))
        except _ERRORS as error:
            raise refused(error) from None

    def _create(self, path: str, content: bytes) -> bool:
        try:
            obstore.put(self._objects, path, content, mode="create", use_multipart=False)
        except AlreadyExistsError:
            return False
        return True

    def has(self, sha256: str) -> bool:
        """Ask for its head."""
        try:
            obstore.head(self._objects, path_of(sha256))
        except FileNotFoundError:
            return False
        except _ERRORS as error:
            raise refused(error) from None
        return True

    def size(self, sha256: str) -> int:
        """Ask for its head."""
        try:
            return obstore.head(self._objects, path_of(sha256))["size"]
        except _ERRORS as error:
            raise refused(error) from None

    def chunks(self, sha256: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield parts, one request each: a slow reader keeps nothing open that may time out."""
        path = path_of(sha256)
        try:
            if end is None:
                end = self.size(sha256)
            for first in range(start, end, _PART):
                last = min(first + _PART, end)
                yield bytes(obstore.get_range(self._objects, path, start=first, end=last))
        except _ERRORS as error:
            raise refused(error) from None

    def check(self) -> None:
        """Write nothing, twice: some servers that speak S3 ignore that they should only create."""
        path = path_of(_EMPTY)
        try:
            self._create(path, b"")
            again = self._create(path, b"")
        except _ERRORS as error:
            raise refused(error) from None
        if again:
            raise MirrorError(
                "the mirror's store overwrites what is there",
                reason="it ignores `If-None-Match: *`",
                hint="use a server that knows conditional writes",
            )

    def presigned(self, sha256: str, lifetime: timedelta) -> str | None:
        """Return such an address, for a minute at most."""
        if not isinstance(self._objects, S3Store):
            return None
        try:
            return obstore.sign(self._objects, "GET", path_of(sha256), min(lifetime, _LONGEST))
        except _ERRORS as error:
            raise refused(error) from None


def _size(source: Path | bytes) -> int:
    return len(source) if isinstance(source, bytes) else source.stat().st_size


def memory() -> Store:
    """Return a store that is gone with its process."""
    return ObjectsStore(MemoryStore())


def s3(address: str, *, endpoint: str | None = None) -> Store:
    """Return the store at `s3://bucket/prefix`. Raises `UsageError`."""
    return ObjectsStore(bucket(address, endpoint=endpoint))


def bucket(address: str, *, endpoint: str | None = None) -> S3Store:
    """Return what asks for the objects at `s3://bucket/prefix`. Raises `UsageError`."""
    endpoint = endpoint or next(filter(None, map(os.environ.get, _ENDPOINTS)), None)
    where = {} if endpoint is None else {"endpoint": endpoint, "aws_endpoint_url_s3": endpoint}
    options = _CLIENT | {"allow_http": _may_be_read(endpoint)}
    name, _, prefix = address.removeprefix("s3://").partition("/")
    if not name:
        raise UsageError("`--store` names no bucket", hint="s3://bucket/prefix")
    try:
        return S3Store(
            name,
            prefix=prefix.strip("/") or None,
            client_options=options,
            retry_config=_RETRIES,
            **cast("Any", where),
        )
    except (BaseError, ValueError) as error:
        raise UsageError(
            "`--store` is no address of a store", reason=str(error).splitlines()[0]
        ) from None


def _may_be_read(endpoint: str | None) -> bool:
    """Tell whether it is reached without TLS: only on this machine. Raises `UsageError`."""
    if endpoint is None:
        return False
    try:
        parts = urlsplit(endpoint)
        host = parts.hostname or ""
    except ValueError:
        host, parts = "", urlsplit("")
    if parts.scheme == "https" and host:
        return False
    if parts.scheme == "http" and _loopback(host):
        return True
    raise UsageError(
        "the S3 server would be asked without TLS",
        reason="its endpoint has to be https://, or on this machine",
    )


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
