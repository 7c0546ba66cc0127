"""Code that no text editor shows (W20, W21)."""

from __future__ import annotations

import hashlib
import struct

import pytest

from guard.artifact.content import Binary, BinaryFormat
from guard.artifact.native import sniff
from tests.artifact.archives import INFO, WHEEL, content_of

ELF = b"\x7fELF\x02\x01\x01" + bytes(57)
MACH_O = bytes.fromhex("cffaedfe") + bytes(60)
FAT = bytes.fromhex("cafebabe00000002") + bytes(56)
PE = b"MZ" + bytes(58) + struct.pack("<I", 128) + bytes(64) + b"PE\0\0" + bytes(60)
BY_TIME = bytes.fromhex("a70d0d0a00000000") + b"\x01\x02\x03\x04" + bytes(8)
BY_HASH = bytes.fromhex("a70d0d0a01000000") + bytes(12)
PLATFORM = "frob-1.0-cp311-cp311-linux_x86_64.whl"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (ELF, BinaryFormat.ELF),
        (b"\x7fELF", BinaryFormat.ELF),
        (PE, BinaryFormat.PE),
        (MACH_O, BinaryFormat.MACH_O),
        (bytes.fromhex("feedface"), BinaryFormat.MACH_O),
        (bytes.fromhex("feedfacf"), BinaryFormat.MACH_O),
        (bytes.fromhex("cefaedfe"), BinaryFormat.MACH_O),
        (bytes.fromhex("cafebabf00000002"), BinaryFormat.MACH_O),
        (FAT, BinaryFormat.MACH_O),
        (bytes.fromhex("cafebabe0000002c"), BinaryFormat.MACH_O),
        (bytes.fromhex("cafebabe0000002d"), None),  # a Java class
        (bytes.fromhex("cafebabe00000034"), None),
        (bytes.fromhex("cafebabe"), None),
        (b"\x7fEL", None),
        (b"", None),
        (b"MZ", None),
        (b"MZ is a code of two letters. " + b"Text goes on and on. " * 99, None),
        (PE[:128] + b"NE\0\0" + bytes(60), None),
        (PE[:130], None),
        (b"#!/bin/sh\n", None),
        (b" " + ELF, None),
    ],
)
def test_a_format_is_told_by_its_first_bytes(content: bytes, found: BinaryFormat | None) -> None:
    assert sniff(content, len(content)) is found


def test_a_pe_header_may_be_beyond_what_was_looked_at() -> None:
    head = b"MZ" + bytes(58) + struct.pack("<I", 100_000) + bytes(64)
    assert sniff(head, 200_000) is BinaryFormat.PE
    assert sniff(head, 100_004) is BinaryFormat.PE
    assert sniff(head, 100_003) is None


def binaries(
    name: str, body: bytes, *, platform: bool = False
) -> list[tuple[BinaryFormat, str | None]]:
    if not platform:
        return [(b.format, b.undeclared) for b in content_of({name: body}).binaries]
    wheel = WHEEL.replace("py3-none-any", "cp311-cp311-linux_x86_64")
    content = content_of({name: body, f"{INFO}/WHEEL": wheel}, filename=PLATFORM)
    assert content.defects == ()
    return [(b.format, b.undeclared) for b in content.binaries]


@pytest.mark.parametrize(
    ("body", "form"),
    [(ELF, BinaryFormat.ELF), (PE, BinaryFormat.PE), (MACH_O, BinaryFormat.MACH_O)],
)
@pytest.mark.parametrize("name", ["frob/run", "frob/x.so", "frob-1.0.data/scripts/run"])
def test_a_wheel_for_any_platform_declares_none(name: str, body: bytes, form: BinaryFormat) -> None:
    assert binaries(name, body) == [(form, "in a wheel for any platform")]
    assert binaries(name, body, platform=True) == [(form, None)]


@pytest.mark.parametrize("name", ["a.png", "a.json", "A.TXT", "a.pth", "frob/a.tar.js", "a.py"])
@pytest.mark.parametrize("platform", [False, True])
def test_no_wheel_declares_it_as_data(name: str, *, platform: bool) -> None:
    extension = name.rpartition(".")[2].lower()
    assert binaries(f"frob/{name}", ELF, platform=platform) == [
        (BinaryFormat.ELF, f"named like a .{extension} file")
    ]


def test_a_binary_is_known_by_its_digest_and_place() -> None:
    content = content_of({"frob/a.txt": "plain", "frob/run": ELF})
    assert content.binaries == (
        Binary(
            format=BinaryFormat.ELF,
            sha256=hashlib.sha256(ELF).hexdigest(),
            undeclared="in a wheel for any platform",
            member="frob/run",
            offset=4000,
        ),
    )


def test_the_beginning_may_come_in_pieces() -> None:
    late = b"MZ" + bytes(58) + struct.pack("<I", 4090) + bytes(4026) + b"PE\0\0" + bytes(6000)
    assert binaries("frob/run.exe", late) == [(BinaryFormat.PE, "in a wheel for any platform")]


WITHOUT = "without its source"
INSTEAD = "that may run in place of its source"


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("frob/a.pyc", BY_TIME, WITHOUT),
        ("frob/a.pyo", BY_TIME, WITHOUT),
        ("frob/A.PYC", BY_TIME, WITHOUT),
        ("frob/__pycache__/a.cpython-311.pyc", BY_TIME, WITHOUT),
        ("frob/b.pyc", BY_TIME, None),
        ("frob/b.pyc", BY_HASH, INSTEAD),
        ("frob/__pycache__/b.cpython-311.pyc", BY_TIME, None),
        ("frob/__pycache__/b.cpython-311.opt-2.pyc", BY_TIME, None),
        ("frob/__pycache__/b.cpython-311.pyc", BY_HASH, INSTEAD),
        ("frob/__pycache__/b.cpython-311.pyc", b"\xa7", INSTEAD),
        ("__pycache__/frob.cpython-311.pyc", BY_TIME, None),
        ("__pycache__/gone.cpython-311.pyc", BY_TIME, WITHOUT),
    ],
)
def test_compiled_python_is_held_to_its_source(name: str, body: bytes, reason: str | None) -> None:
    content = content_of({"frob/b.py": "", name: body})
    assert [(b.format, b.undeclared) for b in content.binaries] == [(BinaryFormat.BYTECODE, reason)]


def test_a_good_file_hides_no_bad_one() -> None:
    parts = {"frob/b.py": b"", "frob/b.pyc": BY_TIME, "frob/a": ELF, "frob/c.pyc": BY_TIME}
    assert [b.undeclared for b in content_of(parts).binaries] == [
        None,
        "in a wheel for any platform",
        WITHOUT,
    ]
