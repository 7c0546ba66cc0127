"""Mutated source archives by the hundred thousand: `python -m tests.artifact.fuzz_tar 300000`.

Whatever the bytes are, there is a content, errors have names, and time is short. What has no
defect is the same to three readers: ours, the standard library's, and a plain one below, which
believes every header, checks nothing, and lets the last word count.
"""

from __future__ import annotations

import argparse
import gzip
import io
import random
import tarfile
import time
from collections import Counter
from collections.abc import Iterator

from guard.artifact.defect import DefectKind
from guard.artifact.sdist import read
from guard.artifact.tar import Tar
from guard.artifact.zip_fault import ArchiveError
from tests.artifact.tars import (
    BLOCK,
    END,
    FILENAME,
    GNU,
    PKG_INFO,
    POSIX,
    Part,
    folder,
    gzipped,
    long_name,
    pax,
    sdist_tar,
)

_SLOW = 5.0
_LONG = b"frob-1.0/" + b"d/" * 50 + b"who.py"
_FIELDS = (0, 1, 99, 100, 107, 108, 124, 135, 136, 148, 156, 157, 257, 262, 263, 329, 345, 499, 500)
_TYPES = b"0\x001234567xgLKXSDMNVA"
_WORDS = (
    *(b"\0", b" ", b"/", b"../", b"0", b"7", b"8", b"-", b"+", b"\n", b"=", b"\x80", b"\xff"),
    *(b"path=", b"size=10", b"17 size=10\n", b"18 path=frob-1.0/a\n", b"GNU.sparse.name=a", POSIX),
    *(GNU, b"00000000012\0", b"00000001000\0", b"\xc3\xa9", b"././@LongLink", bytes(100), END),
)
_Read = dict[str, bytes | None]
"""Every member with its content: `None` for a folder."""


def seeds() -> tuple[bytes, ...]:
    """Good archives of every form that is read."""
    text = Part(content=b"WHO = 'a'\n" * 80)
    other = Part(name=b"frob-1.0/b.py", content=b"b", type=b"\0", fields={"mode": b"0100755\0"})
    long = Part(name=_LONG[:100], content=b"c" * 600)
    split = Part(name=b"d.py", fields={"prefix": b"frob-1.0"})
    accent = "frob-1.0/\xfc.py"
    records = pax(path=accent.encode(), mtime=b"1700000000.25", size=b"10", uid=b"0", gname=b"g")
    replaced = Part(name=accent.encode("ascii", "replace"))
    return (
        sdist_tar(text),
        sdist_tar(other, split, folder(b"frob-1.0/d/"), text),
        sdist_tar(pax(path=_LONG), long, text),
        sdist_tar(records, replaced, text, other),
        sdist_tar(long_name(_LONG), Part(name=_LONG[:100], magic=GNU), other),
        _written(tarfile.PAX_FORMAT),
        _written(tarfile.GNU_FORMAT),
    )


def _written(format_: int) -> bytes:
    buffer = io.BytesIO()
    names = ("PKG-INFO", "e/" + "f" * 120, "\xfc" * 60, "g.py", "h" * 99)
    with tarfile.open(fileobj=buffer, mode="w", format=format_) as stream:
        for name in names:
            info = tarfile.TarInfo(f"frob-1.0/{name}")
            info.size = len(PKG_INFO)
            stream.addfile(info, io.BytesIO(PKG_INFO))
    return buffer.getvalue()


def mutated(content: bytes, chance: random.Random) -> bytes:
    """A gzip file of the archive with one to three changes, most of them in headers.

    Three times out of four the checksums are right again afterwards. One time out of ten, the
    change is in the gzip file.
    """
    changed = bytearray(content)
    in_gzip = chance.random() < 1 / 10
    if not in_gzip:
        _change_some(changed, chance)
        if chance.random() < 3 / 4:
            _sum_up(changed)
    packed = bytearray(gzipped(bytes(changed), level=chance.choice((0, 1, 9))))
    if in_gzip:
        _change_some(packed, chance)
    return bytes(packed)


def _change_some(content: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        chance.choice(_MUTATIONS)(content, chance)


def _flip(content: bytearray, chance: random.Random) -> None:
    if content:
        at = min(_somewhere(content, chance), len(content) - 1)
        content[at] ^= 1 << chance.randrange(8)


def _word(content: bytearray, chance: random.Random) -> None:
    at, word = _somewhere(content, chance), chance.choice(_WORDS)
    content[at : at + len(word)] = word


def _type(content: bytearray, chance: random.Random) -> None:
    at = chance.choice(_headers(content) or [0]) + 156
    content[at : at + 1] = bytes([chance.choice(_TYPES)])


def _size(content: bytearray, chance: random.Random) -> None:
    at = chance.choice(_headers(content) or [0]) + 124
    content[at : at + 12] = b"%011o\0" % chance.choice((0, 1, 10, 511, 512, 513, 1024, 1 << 32))


def _splice(content: bytearray, chance: random.Random) -> None:
    """Copy, move, insert or remove some blocks."""
    begin = _somewhere(content, chance) // BLOCK * BLOCK
    stretch = content[begin : begin + chance.choice((BLOCK, BLOCK, 2 * BLOCK, 3 * BLOCK))]
    if chance.random() < 1 / 2:
        del content[begin : begin + len(stretch)]
    if chance.random() < 1 / 2:
        at = _somewhere(content, chance) // BLOCK * BLOCK
        content[at : at + chance.choice((0, len(stretch)))] = stretch


def _graft(content: bytearray, chance: random.Random) -> None:
    """Put some blocks of another archive somewhere."""
    other = bytearray(chance.choice(_SEEDS))
    begin = _somewhere(other, chance) // BLOCK * BLOCK
    at = _somewhere(content, chance) // BLOCK * BLOCK
    content[at:at] = other[begin : begin + BLOCK * chance.choice((1, 2, 3, 8))]


def _cut(content: bytearray, chance: random.Random) -> None:
    del content[_somewhere(content, chance) :]


def _somewhere(content: bytearray, chance: random.Random) -> int:
    """A place: three times out of four, in a header, half of these where a field begins."""
    found = _headers(content)
    if found and chance.random() < 3 / 4:
        within = chance.choice(_FIELDS) if chance.random() < 1 / 2 else chance.randrange(BLOCK)
        return min(chance.choice(found) + within, len(content))
    return chance.randrange(len(content) + 1)


def _headers(content: bytearray) -> list[int]:
    magic = range(0, len(content) - BLOCK + 1, BLOCK)
    return [at for at in magic if content[at + 257 : at + 262] == b"ustar"]


def _sum_up(content: bytearray) -> None:
    for at in _headers(content):
        content[at + 148 : at + 156] = b" " * 8
        content[at + 148 : at + 156] = b"%06o\0 " % sum(content[at : at + BLOCK])


_SEEDS = seeds()
_MUTATIONS = (_flip, _flip, _word, _word, _word, _type, _size, _splice, _splice, _graft, _cut)


def judged(content: bytes) -> str:
    """What our reader makes of `content`, after comparing that with the other two."""
    defects = read(io.BytesIO(content), FILENAME).defects
    assert all(defect.message for defect in defects)
    kinds = {defect.kind for defect in defects}
    ours = _by_us(content)
    if ours is None:
        assert len(kinds & {DefectKind.AMBIGUOUS_ARCHIVE, DefectKind.OVERSIZED_ARCHIVE}) == 1
        assert DefectKind.METADATA_MISMATCH not in kinds
        return "ambiguous or oversized"
    assert not kinds - {DefectKind.UNSAFE_PATH, DefectKind.METADATA_MISMATCH}
    assert ours == by_the_standard_library(content), "the standard library reads something else"
    assert ours == dict(plainly(gzip.decompress(content))), "a plain reader reads something else"
    return "unsafe" if kinds else "sound"


def _by_us(content: bytes) -> _Read | None:
    found: _Read = {}
    try:
        for member, chunks in Tar(io.BytesIO(content)).entries():
            body = b"".join(chunks)
            assert len(body) == member.size
            if member.special is None:
                found[member.name] = None if member.is_directory else body
    except ArchiveError:
        return None
    return found


def by_the_standard_library(content: bytes) -> _Read:
    """The files and folders by `tarfile`."""
    found: _Read = {}
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as stream:
        for info in stream:
            if info.isdir():
                # It drops all slashes from the end of some names, and one from that of others.
                found[info.name + "/"] = None
            elif info.isreg():
                body = stream.extractfile(info)
                assert body is not None
                assert info.name not in found
                found[info.name] = body.read()
    return found


def plainly(content: bytes) -> Iterator[tuple[str, bytes | None]]:
    """The files and folders by a reader that believes whatever it is told."""
    at, name = 0, b""
    while content[at : at + BLOCK].strip(b"\0"):
        block = content[at : at + BLOCK]
        size = int(block[124:136].strip(b"\0 "), 8)
        body = content[at + BLOCK : at + BLOCK + size]
        at += BLOCK + -(-size // BLOCK) * BLOCK
        kind = block[156:157]
        if kind == b"L":
            name = body.rstrip(b"\0")
        elif kind == b"x":
            while body:
                length = int(body.partition(b" ")[0])
                key, _, value = body[: length - 1].partition(b" ")[2].partition(b"=")
                name = value if key == b"path" else name
                body = body[length:]
        else:
            parts = (block[345:500].rstrip(b"\0"), block[:100].rstrip(b"\0"))
            decoded = (name or b"/".join(filter(None, parts))).decode()
            name = b""
            if kind in b"0\0":
                yield decoded, body
            elif kind == b"5":
                yield decoded.removesuffix("/") + "/", None


def fuzz(count: int, seed: int) -> Counter[str]:
    """Judge `count` mutations, and return how often which judgement was made."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    found: Counter[str] = Counter()
    for number in range(count):
        content = mutated(chance.choice(_SEEDS), chance)
        begin = time.process_time()
        try:
            found[judged(content)] += 1
        except BaseException:
            print(f"mutation {number} of seed {seed}: {content.hex()}")  # noqa: T201
            raise
        assert time.process_time() - begin < _SLOW, content.hex()
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(dict(fuzz(arguments.count, arguments.seed)))  # noqa: T201
