"""Mutated wheels by the hundred thousand: `python -m tests.artifact.fuzz_wheel 300000`.

The members are mutated, not the archive around them: whatever METADATA, WHEEL, RECORD,
entry_points.txt, `.pth` files and names hold, there is a content that survives being kept as JSON,
and time is short.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Mapping

import msgspec

from guard.artifact.content import Content
from guard.artifact.wheel import read
from tests.artifact.archives import DATA, FILENAME, INFO, METADATA, MemoryArchive, members

_SLOW = 2.0
_FILES = ("METADATA", "WHEEL", "RECORD", "entry_points.txt")
_WORDS = (
    *(b"\n", b"\r\n", b"\r", b" ", b"\t", b"\0", b"\x0b", b"\x0c", b"\x1c", b"\x85", b"\xff"),
    *(b"\xef\xbb\xbf", b"\xe2\x80\xa8", b",", b'"', b"=", b":", b";", b"#", b"[", b"]", b"(", b"/"),
    *(b"import ", b"..", b"\\", b"Name: ", b"Requires-Dist: ", b"=?utf-8?q?", b"Tag: ", b"@", b"-"),
    *(b"sha256=", b"9" * 5000, b"[console_scripts]\n", b"a.b.c-", b"\x7fELF", b"MZ", b"\n \n"),
)
_NAMES = (
    *(
        "a.pth",
        "a.start",
        "sitecustomize.py",
        "frob/x.pyc",
        "/",
        "//",
        "",
        ".",
        "..",
        "a/",
        "A.PTH",
    ),
    *(f"{DATA}/purelib/frob.py", f"{DATA}/data/bin/x", f"{DATA}/x", "x.data/y", "y.dist-info/z"),
    *(
        f"{DATA}/data/lib/site-packages/a.pth",
        f"{INFO}/",
        "frob.py/x",
        "\u202e",
        "a" * 999,
    ),
)
_POINTS = "[console_scripts]\nfrob = frob:main\n[gui_scripts]\nfrobw = frob:window\n"
_SEED: Mapping[str, bytes | str | None] = {
    "frob/__init__.py": b"",
    "frob.pth": b"frob\n# comment\nimport frob\n",
    f"{DATA}/scripts/run": b"#!python\n",
    f"{INFO}/entry_points.txt": _POINTS,
    f"{INFO}/METADATA": f"{METADATA}Requires-Dist: a>=1; extra == 'x'\nProvides-Extra: x\n\nText\n",
}


def mutated(chance: random.Random) -> dict[str, bytes]:
    """The members of a good wheel with some changes to one or two of them."""
    parts = members(_SEED)
    for _ in range(chance.choice((1, 1, 2))):
        name = chance.choice(list(parts))
        if chance.random() < 1 / 2:
            name = f"{INFO}/{chance.choice(_FILES)}"
        content = bytearray(parts.get(name, b""))
        for _ in range(chance.choice((1, 2, 3, 8))):
            _change(content, chance)
        if chance.random() < 1 / 5:
            name = chance.choice(_NAMES)
        parts[name] = bytes(content)
    return parts


def _change(content: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(content) + 1)
    match chance.randrange(5):
        case 0 if content:
            content[min(at, len(content) - 1)] ^= 1 << chance.randrange(8)
        case 1:
            del content[at : at + chance.choice((1, 4, 20))]
        case 2:
            content[at:at] = content[at : at + 40] * chance.choice((1, 2, 50))
        case _:
            content[at:at] = chance.choice(_WORDS) * chance.choice((1, 1, 2, 60))


def fuzz(count: int, seed: int) -> Counter[str]:
    """Read `count` mutations, and return how often which defect was found."""
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    found: Counter[str] = Counter()
    for number in range(count):
        parts = mutated(chance)
        started = time.perf_counter()
        content = read(MemoryArchive(parts), chance.choice((FILENAME, FILENAME, "x", "")))
        taken = time.perf_counter() - started
        assert taken < _SLOW, f"number {number} of seed {seed} takes {taken:.1f} s"
        assert msgspec.json.decode(msgspec.json.encode(content), type=Content) == content
        found.update({str(defect.kind) for defect in content.defects} or {"sound"})
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
