"""A bundle: files, and the documents they were judged by, signed, for a site without a network.

It is a tar archive. Its first member is a DSSE envelope around an in-toto statement that names
every other member with its sha256; nothing else is read before the signature holds.
"""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Final

import msgspec

import guard
from guard import dsse
from guard.dsse import PrivateKey, PublicKey, SealError
from guard.errors import MirrorError, UsageError
from guard.evidence.receipt import VERIFIER
from guard.mirror.records import FileRecord
from guard.mirror.static.recorder import Document
from guard.mirror.store import Store
from guard.private import replacing
from guard.sources.cache import Stored

PREDICATE: Final = f"{VERIFIER}#mirror-bundle-v1"
_ENVELOPE: Final = "bundle.dsse"
_ENVELOPE_LIMIT: Final = 256 << 20
_MEMBER_LIMIT: Final = 8 << 30
_MEMBER: Final = re.compile(
    r"(?:files/[0-9a-f]{64}/[^/\x00-\x1f\x7f]{1,255}|documents/[0-9a-f]{64})"
)
_CHUNK: Final = 1 << 20
_MODE: Final = 0o644


class BundledFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a bundle."""

    filename: str
    sha256: str
    project: str
    origin: str
    """The index that it came from."""


class BundledDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One document of a bundle."""

    url: str
    """What was asked for."""

    sha256: str
    stored: Stored


class Predicate(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle says of itself."""

    created_at: datetime
    guard: str
    files: tuple[BundledFile, ...]
    documents: tuple[BundledDocument, ...]


class _Subject(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    digest: dict[str, str]


class _Statement(msgspec.Struct, frozen=True, kw_only=True):
    type: str = msgspec.field(name="_type")
    subject: tuple[_Subject, ...]
    predicate_type: str = msgspec.field(name="predicateType")
    predicate: Predicate


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a bundle is to have."""

    records: Sequence[FileRecord]
    documents: Mapping[str, Document]
    store: Store
    """Where the files are."""


def write(path: Path, contents: Contents, *, key: PrivateKey, moment: datetime) -> None:
    """Write a bundle, whole or not at all. Raises `MirrorError`."""
    statement, bodies = _statement(contents, moment)
    envelope = key.seal(msgspec.json.encode(statement)).encode()
    try:
        with replacing(path) as part, tarfile.open(part, "w", format=tarfile.PAX_FORMAT) as tar:
            _add(tar, _ENVELOPE, io.BytesIO(envelope), len(envelope))
            for sha256, body in sorted(bodies.items()):
                _add(tar, f"documents/{sha256}", io.BytesIO(body), len(body))
            for record in sorted(contents.records, key=_name):
                _add_file(tar, record, contents.store)
    except OSError as error:
        raise MirrorError(
            f"the bundle `{path}` could not be written", reason=error.strerror or str(error)
        ) from None


def _statement(contents: Contents, moment: datetime) -> tuple[_Statement, Mapping[str, bytes]]:
    records, documents = contents.records, contents.documents
    bodies = {hashlib.sha256(item.body).hexdigest(): item.body for item in documents.values()}
    predicate = Predicate(
        created_at=moment,
        guard=guard.__version__,
        files=tuple(map(_bundled, records)),
        documents=tuple(
            BundledDocument(
                url=url, sha256=hashlib.sha256(item.body).hexdigest(), stored=item.stored
            )
            for url, item in sorted(documents.items())
        ),
    )
    names = {_name(record): record.listed.key.sha256 for record in records}
    names |= {f"documents/{sha256}": sha256 for sha256 in bodies}
    statement = _Statement(
        type=dsse.STATEMENT,
        subject=tuple(_Subject(name=n, digest={"sha256": s}) for n, s in sorted(names.items())),
        predicate_type=PREDICATE,
        predicate=predicate,
    )
    return statement, bodies


def _bundled(record: FileRecord) -> BundledFile:
    listed = record.listed
    return BundledFile(
        filename=listed.key.filename,
        sha256=listed.key.sha256,
        project=listed.project,
        origin=listed.origin,
    )


def _name(record: FileRecord) -> str:
    return f"files/{record.listed.key.sha256}/{record.listed.key.filename}"


def _add_file(tar: tarfile.TarFile, record: FileRecord, store: Store) -> None:
    source = store.source(record.listed.key.sha256)
    if isinstance(source, bytes):
        _add(tar, _name(record), io.BytesIO(source), len(source))
        return
    with source.open("rb") as stream:
        _add(tar, _name(record), stream, source.stat().st_size)


def _add(tar: tarfile.TarFile, name: str, stream: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, _MODE
    tar.addfile(member, stream)


@dataclass(frozen=True, slots=True)
class Opened:
    """A bundle whose signature holds."""

    predicate: Predicate
    signer: PublicKey


Sink = Callable[[str, Iterator[bytes]], None]


def read(path: Path, keys: Sequence[PublicKey], sink: Sink) -> Opened:
    """Hand every member of the bundle to `sink` by its name, and return what it says.

    What `sink` was given counts only once this has returned: the digest of a member is known when
    the last of it has passed. Raises `UsageError` for whatever is not as its signer made it.
    """
    try:
        with tarfile.open(path, "r:") as tar:
            members = iter(tar)
            opened, digests = _opened(tar, next(members, None), keys)
            for member in members:
                _pass(tar, member, digests, sink)
    except (OSError, tarfile.TarError) as error:
        raise UsageError(f"`{path}` is no bundle that can be read", reason=str(error)) from None
    except SealError as error:
        raise UsageError(
            f"`{path}` is not trusted",
            reason=str(error),
            hint="name the key of whoever made it with `--trusted-key`",
        ) from None
    if digests:
        raise UsageError(f"`{path}` is not whole", reason=f"{len(digests)} members are missing")
    return opened


def _opened(
    tar: tarfile.TarFile, first: tarfile.TarInfo | None, keys: Sequence[PublicKey]
) -> tuple[Opened, dict[str, str]]:
    if first is None or first.name != _ENVELOPE or not first.isreg():
        raise SealError("it does not begin with a signed statement")
    if first.size > _ENVELOPE_LIMIT:
        raise SealError("its statement is too large")
    stream = tar.extractfile(first)
    payload, signer = dsse.opened(stream.read() if stream else b"", keys)
    try:
        statement = msgspec.json.decode(payload, type=_Statement)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SealError(f"its statement is no bundle's: {error}") from None
    if statement.predicate_type != PREDICATE:
        raise SealError("its statement is about something else")
    digests = {item.name: item.digest.get("sha256", "") for item in statement.subject}
    return Opened(statement.predicate, signer), digests


def _pass(
    tar: tarfile.TarFile, member: tarfile.TarInfo, digests: dict[str, str], sink: Sink
) -> None:
    """Hand one member on, and hold it to its digest."""
    expected = digests.pop(member.name, None)
    regular = member.isreg() and _MEMBER.fullmatch(member.name)
    if expected is None or not regular or member.size > _MEMBER_LIMIT:
        raise SealError(f"its member {member.name[:100]!r} is not one that was signed")
    stream = tar.extractfile(member)
    if stream is None:
        raise SealError(f"its member {member.name[:100]!r} cannot be read")
    hasher = hashlib.sha256()

    def chunks() -> Iterator[bytes]:
        while chunk := stream.read(_CHUNK):
            hasher.update(chunk)
            yield chunk

    sink(member.name, chunks())
    if hasher.hexdigest() != expected:
        raise SealError(f"its member {member.name[:100]!r} is not what was signed")
