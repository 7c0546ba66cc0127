"""Opcodes by the hundred thousand: `python -m tests.artifact.fuzz_pickles 300000`.

Programs of random opcodes and mutated pickles are read here and by the real unpickler, which finds
an inert class under every name. Whatever it would import is found, or the reading says that it
could not follow; where both come to the end and nothing was in doubt, the names are the same.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import io
import os
import pickle
import pickletools
import random
import time
import zipfile
import zlib
from collections import Counter, OrderedDict
from fractions import Fraction

import msgspec

from guard.artifact.content import Pickle
from guard.artifact.pickle_walk import End, walk
from guard.artifact.pickles import HEAD, may_be_pickle, read_pickles
from tests.artifact.pickle_oracle import imported

_SLOW = 2.0
_KEYS = (b"0", b"1", b"2", b"01", b"00", b" 1", b"1_0", b"1\0x", b"-1", b"x", b"")
_WORDS = ("os", "system", "posix", "a.b", "", "é", "x" * 299, "\ud800", "collections", "dict")
_NAMES = ("x.pkl", "x.pt", "x.npz", "x.dat", "x.pkl.gz", "x.joblib", "", "x")


class _Shell:
    def __reduce__(self) -> tuple[object, ...]:
        return os.getpid, ()


_SEEDS = tuple(
    pickle.dumps(value, protocol)
    for protocol in range(6)
    for value in ([_Shell()], {1: "a", "b": (2.5, None, b"c")}, OrderedDict(a=Fraction(1, 3)))
)


def program(chance: random.Random) -> bytes:
    """Some opcodes, mostly such as have something to work on."""
    start = chance.choice((b"", b"\x80\x02", b"\x80\x04", b"\x80\x05"))
    length = chance.choice((3, 8, 20, 60))
    body = b"".join(_opcode(chance) for _ in range(length))
    return start + body + chance.choice((b".", b".", b""))


def _opcode(chance: random.Random) -> bytes:
    if chance.random() < 1 / 3:  # what names are made of
        return chance.choice((_string, _string, _memo, _import))(chance)
    info = chance.choice(pickletools.opcodes)
    code = info.code.encode("latin-1")
    length = info.arg.n if info.arg else 0
    if info.name == "FRAME":
        return code + chance.choice((0, 1, 2, 9, 30)).to_bytes(8, "little")
    if info.name in {"BYTEARRAY8", "GLOBAL", "INST", "PUT", "GET", "BINPUT", "LONG_BINPUT"}:
        return b"N" if info.name != "INST" else b"i" + _pair(chance)
    if length == pickletools.UP_TO_NEWLINE:
        return code + chance.choice((b"1", b"0x1", b"'os'", b'"a\\x41"', b"os", b"1.5")) + b"\n"
    if length >= 0:
        return code + bytes(chance.choice((0, 1, 2)) if not i else 0 for i in range(length))
    width = {pickletools.TAKEN_FROM_ARGUMENT1: 1, pickletools.TAKEN_FROM_ARGUMENT8U: 8}
    text = chance.choice(_WORDS).encode("utf-8", "surrogatepass")[:200]
    return code + len(text).to_bytes(width.get(length, 4), "little") + text


def _string(chance: random.Random) -> bytes:
    text = chance.choice(_WORDS).encode("utf-8", "surrogatepass")[:255]
    return chance.choice((b"\x8c", b"U")) + bytes([len(text)]) + text


def _memo(chance: random.Random) -> bytes:
    if chance.random() < 1 / 3:
        return chance.choice((b"p", b"g")) + chance.choice(_KEYS) + b"\n"
    if chance.random() < 1 / 2:
        return chance.choice((b"\x94", b"2", b"0", b"(", b"\x93", b"\x93"))
    return chance.choice((b"q", b"h")) + bytes([chance.randrange(4)])


def _import(chance: random.Random) -> bytes:
    return chance.choice((b"c" + _pair(chance), b"\x93"))


def _pair(chance: random.Random) -> bytes:
    words = (chance.choice(_WORDS).encode("utf-8", "surrogatepass") for _ in range(2))
    return b"".join(word + b"\n" for word in words)


def mutated(chance: random.Random) -> bytes:
    """A pickle with some bytes changed, taken out or put in."""
    content = bytearray(chance.choice(_SEEDS))
    for _ in range(chance.choice((1, 2, 5))):
        at = chance.randrange(len(content) + 1)
        match chance.randrange(4):
            case 0 if content:
                content[min(at, len(content) - 1)] = chance.randrange(256)
            case 1:
                del content[at : at + chance.choice((1, 2, 9))]
            case 2:
                content[at:at] = content[at : at + 20]
            case _:
                content[at:at] = _opcode(chance)
    return bytes(content)


def wrapped(content: bytes, chance: random.Random) -> bytes:
    """`content` as it is, compressed or in an archive, and then perhaps damaged."""
    match chance.randrange(8):
        case 0:
            content = chance.choice((gzip.compress, zlib.compress, bz2.compress))(content)
        case 1:
            content = _archive(content, chance.choice((0, 8, 12)))
        case 2:
            header = chance.choice((b"{'descr': '|O'}", b"{'descr': '<f8'}"))
            content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + content
        case 3:
            content = chance.choice(_SEEDS) + content
        case _:
            pass
    if chance.random() < 1 / 4 and content:
        at = chance.randrange(len(content))
        content = content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]
    return content


def _archive(content: bytes, method: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("archive/data.pkl", content)
        archive.writestr("archive/data/0", b"\0" * 64)
    return stream.getvalue()


def compare(content: bytes) -> str:
    """Read `content` in both ways, and return what came of it."""
    found = walk(content)
    names, complete = imported(content)
    sure = found.problem is None and found.end is not End.LOST
    assert not sure or names <= found.names, (content, names, found)
    if complete and sure:
        assert found.end is End.STOPPED, (content, found)
        assert names == found.names, (content, names, found)
    return f"{found.end.value}{', complete' if complete else ''}{'' if sure else ', in doubt'}"


def check(name: str, content: bytes) -> str:
    """Read a whole file, and return what it was taken for."""
    started = time.perf_counter()
    found = read_pickles(name, content, offset=0)
    taken = time.perf_counter() - started
    assert taken < _SLOW, (name, content, taken)
    assert msgspec.json.decode(msgspec.json.encode(found), type=tuple[Pickle, ...]) == found
    assert not found or may_be_pickle(name, content[:HEAD]), (name, content, found)
    return found[0].format if found else "no pickle"


def fuzz(count: int, seed: int) -> Counter[str]:
    """Read `count` programs and pickles, and return how often what came of it."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    found: Counter[str] = Counter()
    for _ in range(count):
        content = program(chance) if chance.random() < 2 / 3 else mutated(chance)
        found[compare(content)] += 1
        found[check(chance.choice(_NAMES), wrapped(content, chance))] += 1
    return found


def main() -> None:
    """Fuzz as often as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for kind, times in fuzz(arguments.count, arguments.seed).most_common():
        print(f"{times:>9} {kind}")  # noqa: T201 - what it is run for


if __name__ == "__main__":
    main()
