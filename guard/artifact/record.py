"""RECORD: the list of what a wheel holds, compared with what it holds, both ways.

Essential reading, in order: the specification of recording installed projects (PEP 376), the
binary distribution format (PEP 427). No installer checks any of this.
"""

from __future__ import annotations

import binascii
import csv
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

ALGORITHMS: Final = {"sha256": 32, "sha384": 48, "sha512": 64}
"""PEP-427: "The hash algorithm must be sha256 or better", and how many bytes its digest has."""

UNLISTED: Final = frozenset({"RECORD.jws", "RECORD.p7s"})
"""PEP-427: signatures are made of RECORD, so RECORD cannot mention them."""

_LINE_ENDS: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\x85\u2028\u2029]")
"""Control characters, and what some readers take for the end of a line."""

# A line as nearly all are: a path that is written as it should be, the sha256 of PEP-427, a size.
_SEGMENT: Final = r"(?!\.\.?[/,])[ !#-+.0-9;-\[\]-~-]++"
_PLAIN: Final = re.compile(
    rf"({_SEGMENT}(?:/{_SEGMENT})*+),sha256=([A-Za-z0-9_-]{{43}}),(0|[1-9][0-9]{{0,18}})"
)
# 64, 96 or 128 digits: as many characters of base 64 would be no digest of any algorithm here.
_HEXADECIMAL: Final = re.compile(r"(?:[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})")
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")


class Row(NamedTuple):
    """What RECORD says of one file; `algorithm` is empty where it gives no hash."""

    algorithm: str
    digest: bytes
    """Empty where the hash is none of `algorithm`: that is a problem of RECORD itself."""

    size: int | None


class Read(NamedTuple):
    """What was found of one member when it was decompressed."""

    size: int
    algorithm: str
    """The one that RECORD names for it, or sha256 where it names none."""

    digest: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Record:
    """The rows of a RECORD by path, and what is wrong with it: a path or `None`, and why."""

    rows: Mapping[str, Row]
    problems: tuple[tuple[str | None, str], ...] = ()

    def algorithm(self, path: str) -> str:
        """Return the algorithm in which the file at `path` is to be hashed."""
        row = self.rows.get(path)
        return row.algorithm if row and row.algorithm in ALGORITHMS else "sha256"


def parse(content: bytes) -> Record:
    """Return the rows of `content`, whatever it is, with what is wrong with them."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return Record({}, ((None, f"not UTF-8 at byte {error.start}"),))
    rows: dict[str, Row] = {}
    problems: list[tuple[str | None, str]] = []
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        plain = _PLAIN.fullmatch(line)
        if plain is not None and plain[1] not in rows:
            value = _from_base64(plain[2])
            if value is not None and len(value) == ALGORITHMS["sha256"]:
                rows[plain[1]] = Row("sha256", value, int(plain[3]))
                continue
        fields = _fields(line.removesuffix("\r"))
        if fields is None:
            problems.append(
                (None, f"line {number} is not a path, a hash and a size: {line[:80]!r}")
            )
            continue
        path, digest, size = fields
        if why := _misspelt(path):
            problems.append((path, f"line {number} names a path {why}"))
        if path in rows:
            problems.append((path, "listed twice"))
            continue
        rows[path], complaints = _row(digest, size)
        problems += ((path, complaint) for complaint in complaints)
    return Record(rows, tuple(problems))


def digest_of(written: str) -> bytes:
    """Return the digest in the hash field of a line; empty where it is no hash that counts."""
    row, _ = _row(written, "")
    return row.digest


def compare(
    record: Record, read: Mapping[str, Read], names: Collection[str], info: str
) -> Iterator[tuple[str | None, str]]:
    """Yield what RECORD and the members disagree on: a path, and why.

    `names` are all files of the archive, `read` those that could be decompressed, and `info` is
    the folder that RECORD is in.
    """
    itself = f"{info}/RECORD"
    signatures = {f"{info}/{name}" for name in UNLISTED}
    for path in names:
        if path not in record.rows and path not in signatures and path != itself:
            yield path, "not listed in RECORD"
    for path, row in record.rows.items():
        if path not in names:
            yield path, "listed in RECORD, but not there"
        elif path == itself:
            if row.algorithm:
                yield path, "RECORD gives a hash of itself, which cannot be right"
        elif not row.algorithm and path not in signatures:
            yield path, "listed in RECORD without a hash"
        elif path in read:
            yield from _differences(path, row, read[path])


def _differences(path: str, row: Row, read: Read) -> Iterator[tuple[str | None, str]]:
    if row.digest and row.digest != read.digest:
        yield path, f"its {read.algorithm} is {read.digest.hex()}, RECORD says {row.digest.hex()}"
    if row.size is not None and row.size != read.size:
        yield path, f"it has {read.size} bytes, RECORD says {row.size}"
    if row.algorithm and row.size is None:
        yield path, "listed in RECORD without its size"


def _fields(line: str) -> list[str] | None:
    """Return the three fields of a line, where every reader of CSV finds the same three."""
    if _LINE_ENDS.search(line):
        return None
    if '"' not in line:
        fields = line.split(",")
    else:
        try:
            fields = next(csv.reader([line], strict=True))
        except csv.Error:
            return None
    return fields if len(fields) == 3 and fields[0] else None  # noqa: PLR2004


def _misspelt(path: str) -> str | None:
    """Return what is wrong with how a path is written: archive names have only one spelling."""
    if "\\" in path:
        return "with a backslash"
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        return "that is absolute"
    parts = path.split("/")
    if ".." in parts:
        return "that leads upwards"
    return "with an empty or dot segment" if "" in parts or "." in parts else None


def _row(digest: str, size: str) -> tuple[Row, list[str]]:
    complaints = []
    algorithm, equals, encoded = digest.partition("=")
    value = _decoded(encoded) or b""
    if digest and (not equals or algorithm not in ALGORITHMS):
        complaints.append(f"its hash is {algorithm[:20] or 'nothing'}, and not sha256 or stronger")
    elif digest and len(value) != ALGORITHMS[algorithm]:
        complaints.append(f"its hash is no {algorithm}: {encoded[:100]!r}")
    known = b"" if complaints else value
    length = int(size) if _SIZE.fullmatch(size) else None
    if size and length is None:
        complaints.append(f"its size is no number: {size[:40]!r}")
    return Row(algorithm, known, length), complaints


def _decoded(encoded: str) -> bytes | None:
    """PEP-427: "urlsafe_b64encode(digest) with trailing = removed"; some write hexadecimal."""
    if _HEXADECIMAL.fullmatch(encoded):
        return bytes.fromhex(encoded)
    return _from_base64(encoded)


def _from_base64(encoded: str) -> bytes | None:
    padded = encoded.replace("-", "+").replace("_", "/") + "=" * (-len(encoded) % 4)
    try:
        return binascii.a2b_base64(padded, strict_mode=True)
    except ValueError:
        return None
