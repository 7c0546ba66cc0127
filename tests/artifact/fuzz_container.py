"""Mutated archives by the hundred thousand: `python -m tests.artifact.fuzz_container 300000`.

Whatever the bytes are, there is a container, errors have names, and time is short. What has no
defect is the same to three readers: ours, the standard library's, which begins at the end, and a
plain one below, which begins at the beginning and does not look at the directory.
"""

from __future__ import annotations

import argparse
import io
import random
import struct
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator

from guard.artifact.container import from_bytes
from guard.artifact.defect import DefectKind
from tests.artifact.zips import (
    DEFLATED,
    UTF8,
    WIDE_END,
    Part,
    archive,
    extra,
    streamed,
    zip64,
)

_SIGNATURES = (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\6\6", b"PK\6\7", b"PK\7\x08")
_INTERESTING = (0, 1, 2, 4, 8, 9, 0x20, 0x7F, 0xFF, 0x800, 0x7FFF, 0xFFFF, 1 << 31, (1 << 32) - 1)
_SLOW = 5.0
_LIMIT = 1 << 26


def seeds() -> tuple[bytes, ...]:
    """Good archives of every form that is read."""
    text = b"WHO = 'a'\n" * 30
    plain = Part(name=b"a/b.py", content=text)
    packed = Part(name=b"a/c.py", content=text, method=DEFLATED)
    other = Part(name="ü/d.py".encode(), content=b"d", method=DEFLATED, flags=UTF8)
    timed = Part(name=b"t.py", extra=extra(0x5455, b"\1\0\0\0\0"))
    folder = Part(name=b"a/", content=b"", mode=0o40755)
    sizes = {"size": 0xFFFFFFFF, "compressed_size": 0xFFFFFFFF, "extra": zip64(10, 10)}
    wide = Part(name=b"w.py", local=sizes, central=sizes)
    return (
        archive(plain),
        archive(folder, plain, packed, other, timed),
        archive(streamed(packed), streamed(other), plain),
        archive(streamed(packed, wide=True), wide, end64={}, end=WIDE_END),
        archive(timed, wide, end64={}),
        _written(zipfile.ZIP_STORED),
        _written(zipfile.ZIP_DEFLATED),
    )


def _written(method: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as stream:
        stream.writestr("d/", b"")
        stream.writestr("d/e.py", b"E = 1\n" * 50)
        with stream.open("f.py", "w", force_zip64=True) as member:
            member.write(b"F = 2\n")
    return buffer.getvalue()


def mutated(content: bytes, chance: random.Random) -> bytes:
    """The bytes with one to three changes, most of them where a record is."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        chance.choice(_MUTATIONS)(changed, chance)
    return bytes(changed)


def _flip(content: bytearray, chance: random.Random) -> None:
    if content:
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def _number(content: bytearray, chance: random.Random) -> None:
    """Write a number into a field of a record, or where one could be."""
    at = _somewhere(content, chance)
    width = chance.choice((1, 2, 4, 8))
    number = chance.choice((*_INTERESTING, len(content), at, chance.getrandbits(32)))
    content[at : at + width] = (number % (1 << 8 * width)).to_bytes(width, "little")


def _twice(content: bytearray, chance: random.Random) -> None:
    """Change a field alike in both headers of a member."""
    place, width = chance.choice(((0, 2), (2, 2), (4, 2), (10, 4), (14, 4), (18, 4), (22, 2)))
    number = chance.choice(_INTERESTING) % (1 << 8 * width)
    local, central = _records(content, b"PK\3\4"), _records(content, b"PK\1\2")
    for one, other in zip(local, central, strict=False):
        if chance.random() < 1 / 2:
            for at in (one + 4 + place, other + 6 + place):
                content[at : at + width] = number.to_bytes(width, "little")


def _splice(content: bytearray, chance: random.Random) -> None:
    """Copy, move, insert or remove a stretch."""
    begin = _somewhere(content, chance)
    stretch = content[begin : begin + chance.choice((1, 4, 12, 16, 22, 46, 200))]
    if chance.random() < 1 / 2:
        del content[begin : begin + len(stretch)]
    if chance.random() < 1 / 2:
        at = _somewhere(content, chance)
        content[at : at + chance.choice((0, len(stretch)))] = stretch


def _graft(content: bytearray, chance: random.Random) -> None:
    """Put a stretch of another archive somewhere."""
    other = chance.choice(_SEEDS)
    begin = _somewhere(bytearray(other), chance)
    at = _somewhere(content, chance)
    content[at:at] = other[begin : begin + chance.choice((22, 46, 200, len(other)))]


def _cut(content: bytearray, chance: random.Random) -> None:
    del content[_somewhere(content, chance) :]


def _somewhere(content: bytearray, chance: random.Random) -> int:
    """A place: three times out of four, in the first bytes of a record."""
    found = [at for signature in _SIGNATURES for at in _records(content, signature)]
    if found and chance.random() < 3 / 4:
        return min(chance.choice(found) + chance.randrange(60), len(content))
    return chance.randrange(len(content) + 1)


def _records(content: bytearray, signature: bytes) -> list[int]:
    places = []
    at = content.find(signature)
    while at >= 0:
        places.append(at)
        at = content.find(signature, at + 1)
    return places


_SEEDS = seeds()
_MUTATIONS = (_flip, _flip, _number, _number, _number, _twice, _twice, _splice, _graft, _cut)


def judged(content: bytes) -> str:
    """What our reader makes of `content`, after comparing that with the other two."""
    with from_bytes(content) as container:
        kinds = {defect.kind for defect in container.defects}
        kinds |= {defect.kind for defect in container.damages()}
        if kinds - {DefectKind.UNSAFE_PATH}:
            return "ambiguous or oversized"
        ours = {member.name: container.read(member, limit=_LIMIT) for member in container.members}
    assert ours == backwards(content), "the standard library reads something else"
    assert ours == dict(forwards(content)), "a reader from the front reads something else"
    return "unsafe" if kinds else "sound"


def backwards(content: bytes) -> dict[str, bytes]:
    """The members by the standard library: from the end record and the directory."""
    with zipfile.ZipFile(io.BytesIO(content)) as stream:
        assert len(set(stream.namelist())) == len(stream.namelist())
        return {name: stream.read(name) for name in stream.namelist()}


def forwards(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The members by their local headers alone, one after the other until there is no more."""
    at = 0
    while content[at : at + 4] == b"PK\3\4":
        _, flags, method, _, _, crc, compressed, _, name_length, extra_length = struct.unpack_from(
            "<5H3L2H", content, at + 4
        )
        name_at = at + 30
        extra_at = name_at + name_length
        at = extra_at + extra_length
        name = content[name_at:extra_at].decode("utf-8" if flags & UTF8 else "cp437")
        is_wide = content[extra_at : extra_at + 2] == b"\1\0"
        if is_wide:
            compressed = struct.unpack_from("<Q", content, extra_at + 12)[0]
        if method == DEFLATED:
            inflate = zlib.decompressobj(-15)
            body = inflate.decompress(content[at:])
            at = len(content) - len(inflate.unused_data)
        else:
            body = content[at : at + compressed]
            at += compressed
        if flags & 8:
            crc = struct.unpack_from("<L", content, at + 4)[0]
            at += 24 if is_wide else 16
        assert zlib.crc32(body) == crc
        yield name, body
    assert content[at : at + 4] in {b"PK\1\2", b"PK\5\6", b"PK\6\6"}


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
