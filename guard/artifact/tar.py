"""Source archives (`.tar.gz`), read strictly: a file has exactly one reading, or it has a defect.

Readers of tar differ in more than those of ZIP: which extension goes before which, whether it
counts for the header after it, whether a folder has content, where an archive ends. Attacks hide
files from the reader that scans and show them to the one that installs. This reader takes what
build tools write today and what all readers agree on (measured on a hundred well-known projects):
files and folders in POSIX or GNU headers, each after at most one local PAX header or one GNU long
name, and two blocks of zeros at the end. It is read in one pass, as it is decompressed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final

from guard.artifact import tar_pax
from guard.artifact.paths import shown
from guard.artifact.tar_blocks import BLOCK, Blocks
from guard.artifact.tar_gzip import inflated, most_bytes
from guard.artifact.tar_header import Header, header
from guard.artifact.zip_fault import ambiguous, oversized
from guard.artifact.zip_limits import Limits

_DEFAULT: Final = Limits()
_ZEROS: Final = bytes(BLOCK)

_FILE: Final = b"0"
_OLD_FILE: Final = b"\0"
_FOLDER: Final = b"5"
_PAX: Final = b"x"
_LONG_NAME: Final = b"L"
_SPECIAL: Final = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"6": "a pipe",
}
# With those that are not read: globals, long links, Solaris' own.
_EXTENDED: Final = frozenset({_PAX, _LONG_NAME, b"g", b"K", b"X"})
_NONE: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class TarMember:
    """A file or folder in the archive."""

    name: str
    """Decoded strictly; that of a folder ends in a slash."""

    offset: int
    """Of the first header that is about it, from the beginning of the tar archive."""

    size: int
    mode: int
    """The Unix mode; build tools may leave the file type out."""

    is_directory: bool
    special: str | None = None
    """What it is if neither a file nor a folder; it has no content then."""


class Tar:
    """A tar archive, from its beginning to its end, once.

    Offsets are bytes of the tar archive; those in defects of the gzip file around it are its own.
    """

    members: list[TarMember]
    """Those that were read so far. Only names and numbers are kept in memory."""

    def __init__(self, stream: BinaryIO, limits: Limits = _DEFAULT) -> None:
        """Prepare to read `stream`, from which nothing else may read meanwhile."""
        self.members = []
        self._limits = limits
        self._most = most_bytes(stream.seek(0, 2), limits)
        self._blocks = Blocks(inflated(stream, limits))
        self._names: set[str] = set()
        self._name_bytes = 0

    def entries(self) -> Iterator[tuple[TarMember, Iterator[bytes]]]:
        """Yield every member and its content, in pieces of at most 1 MiB. Raises `ArchiveError`.

        What is not read of a content is passed over, and cannot be read later. Nothing that was
        yielded counts unless the iteration ends by itself: what follows may deny it.
        """
        while (block := self._blocks.take(BLOCK)) != _ZEROS:
            member = self._member(header(block, self._blocks.at - BLOCK))
            end = self._blocks.at + member.size
            yield member, self._blocks.until(end, member.name)
            for _ in self._blocks.until(end, member.name):
                pass
            self._blocks.skip_padding(member.name)
        self._finish()

    def _member(self, first: Header) -> TarMember:
        """Return the member that `first` is the first header of."""
        head, records, name = first, _NONE, first.name
        if first.type in {_PAX, _LONG_NAME}:
            payload_at = self._blocks.at
            payload = self._extension(first)
            head = self._described(first)
            if first.type == _PAX:
                records = tar_pax.records(payload, payload_at)
                name = records["path"].encode() if "path" in records else head.name
            else:
                name = tar_pax.long_name(payload, payload_at)
        member = _understood(first, head, _decoded(name, head), records)
        self._admit(member)
        return member

    def _extension(self, head: Header) -> bytes:
        """Return the payload of a header that only describes the next one."""
        if head.is_gnu != (head.type == _LONG_NAME):
            raise ambiguous(
                f"a header of type {head.type!r} in the other format than that which knows it: "
                "only some readers obey it",
                offset=head.offset,
            )
        if head.size > tar_pax.LIMIT:
            message = f"{head.size} bytes of extended header, more than {tar_pax.LIMIT}"
            raise oversized(message, offset=head.offset)
        payload = self._blocks.take(head.size)
        self._blocks.skip_padding()
        return payload

    def _described(self, first: Header) -> Header:
        """Return the header that the extended header `first` is about: the very next one."""
        offset = self._blocks.at
        block = self._blocks.take(BLOCK)
        if block == _ZEROS:
            raise ambiguous("an extended header with no member behind it", offset=first.offset)
        head = header(block, offset)
        if head.type in _EXTENDED:
            raise ambiguous(
                f"an extended header of type {first.type!r} before one of type {head.type!r}: "
                "readers differ in which of them counts, and for what",
                offset=offset,
            )
        if head.is_gnu != first.is_gnu:
            raise ambiguous(
                "an extended header of one format (POSIX, GNU) before a header of the other: only "
                "some readers know both",
                offset=offset,
            )
        return head

    def _admit(self, member: TarMember) -> None:
        """Keep `member`, unless it is there already or asks for too much."""
        self._name_bytes += len(member.name)
        end = self._blocks.at + member.size
        limits = self._limits
        for what, found, most in (
            ("members", len(self.members) + 1, limits.entries),
            ("characters of names", self._name_bytes, limits.directory_bytes),
            ("bytes in one member", member.size, limits.member_bytes),
            ("bytes up to the end of this member", end, self._most),
        ):
            if found > most:
                message = f"{found} {what}, more than the {most} that are read of such a file"
                raise oversized(message, offset=member.offset, member=member.name)
        if member.name in self._names:
            raise ambiguous(
                f"two members are named {shown(member.name)}: readers keep the first or the last",
                offset=member.offset,
                member=member.name,
            )
        self._names.add(member.name)
        self.members.append(member)

    def _finish(self) -> None:
        """POSIX: two blocks of zeros are the end. Nothing else may follow, in whatever format."""
        at = self._blocks.at
        if self._blocks.take(BLOCK) != _ZEROS:
            message = "a block of zeros, and then more: some readers stop there, others go on"
            raise ambiguous(message, offset=at)
        for piece in self._blocks.rest():
            if piece.strip(b"\0"):
                raise ambiguous(
                    "something follows the end of the archive: some readers stop there, others go "
                    "on",
                    offset=at,
                )
        if self._blocks.at % BLOCK:
            raise ambiguous("the last block of the archive is cut off", offset=self._blocks.at)


def _decoded(name: bytes, head: Header) -> str:
    """Return the name of the member that `head` describes, unless its own is another one."""
    try:
        decoded = name.decode("utf-8")
    except UnicodeDecodeError:
        message = f"a name that is not UTF-8, which readers decode differently: {name[:80]!r}"
        raise ambiguous(message, offset=head.offset) from None
    if name != head.name and not tar_pax.abridges(head.name, decoded):
        raise ambiguous(
            f"{shown(decoded)} by the extended header, {head.name[:100]!r} by the member's own: "
            "readers obey the one or the other",
            offset=head.offset,
            member=decoded,
        )
    return decoded


def _understood(first: Header, head: Header, name: str, records: Mapping[str, str]) -> TarMember:
    """Return the member that `head` describes. Raises `ArchiveError`."""
    is_file = head.type in {_FILE, _OLD_FILE}
    special = _SPECIAL.get(head.type)
    if not is_file and head.type != _FOLDER and special is None:
        raise ambiguous(
            f"a header of type {head.type!r}: some readers take it for a file, others obey it or "
            "pass over it",
            offset=head.offset,
            member=name,
        )
    if reason := _contradiction(head, name, records, is_file=is_file):
        raise ambiguous(reason, offset=head.offset, member=name)
    if special is not None and head.link:
        special += f" to {shown(records.get('linkpath', head.link.decode('utf-8', 'replace')))}"
    return TarMember(
        name=name if is_file or special else name.removesuffix("/") + "/",
        offset=first.offset,
        size=head.size,
        mode=head.mode,
        is_directory=head.type == _FOLDER,
        special=special,
    )


def _contradiction(
    head: Header, name: str, records: Mapping[str, str], *, is_file: bool
) -> str | None:
    """Return what about a member could be read in two ways."""
    said = int(records.get("size", head.size))
    if said != head.size:
        return (
            f"{said} bytes by its PAX record, {head.size} by its header: readers look for the next "
            "header in different places"
        )
    # For an old file, the name that counts is the one in its own header, whatever the other says.
    if is_file and (name.endswith("/") or (head.type == _OLD_FILE and head.name.endswith(b"/"))):
        return "a file whose name ends in a slash: some readers make a folder of it"
    if head.size and not is_file:
        return "content where there is none: some readers take it for the headers that follow"
    is_link = head.type in {b"1", b"2"}
    if (head.link or "linkpath" in records) and not is_link:
        return "the target of a link where there is no link"
    return None
