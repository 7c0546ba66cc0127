"""Source archives that two readers read differently, or that no honest tool writes: A01 to A20.

Each is the smallest of its kind and carries text alone. What is hidden is called `hidden.py`.
"""

from __future__ import annotations

import io
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from guard.artifact.defect import DefectKind
from tests.artifact.tars import (
    END,
    FILENAME,
    GNU,
    PKG_INFO,
    Part,
    folder,
    gzipped,
    long_name,
    pax,
    record,
    sdist,
    sdist_tar,
    tar,
)

AMBIGUOUS, OVERSIZED, UNSAFE, MISMATCH = (
    DefectKind.AMBIGUOUS_ARCHIVE,
    DefectKind.OVERSIZED_ARCHIVE,
    DefectKind.UNSAFE_PATH,
    DefectKind.METADATA_MISMATCH,
)
ME: Final = Part()
OTHER: Final = Part(name=b"frob-1.0/other.py")
HIDDEN: Final = Part(name=b"frob-1.0/hidden.py").in_file()
LONG: Final = b"frob-1.0/" + b"d/" * 50 + b"who.py"
EVIL: Final = b"../evil.py"

Case = tuple[str, DefectKind, bytes, str]


def _cases() -> Iterator[Case]:
    """Yield a name, the kind of its defect, the file and its filename."""
    for name, kind, content in (
        *_extensions(),
        *_records(),
        *_entries(),
        *_ends_and_numbers(),
        *_links(),
        *_names(),
        *_gzips(),
        *_projects(),
    ):
        yield name, kind, content, FILENAME
    yield from _filenames()


def _extensions() -> Iterator[tuple[str, DefectKind, bytes]]:
    """Which header goes before which, and what it counts for."""
    size = b"%011o\0"
    lying = replace(ME, content=HIDDEN, fields={"size": size % 0})
    empty = replace(ME, content=b"")
    yield "A01 PAX size larger", AMBIGUOUS, sdist(pax(size=b"5"), replace(ME, content=b"abc"))
    yield "A01 PAX size smaller", AMBIGUOUS, sdist(pax(size=b"3"), replace(ME, content=b"abcde"))
    yield "A01 PAX size and none", AMBIGUOUS, sdist(pax(size=b"%d" % len(HIDDEN)), lying)
    longed = replace(ME, name=LONG[:100], magic=GNU)
    yield "A02 PAX before a long name", AMBIGUOUS, sdist(pax(size=b"10"), long_name(LONG), longed)
    yield "A03 PAX after a long name", AMBIGUOUS, sdist(long_name(LONG), pax(size=b"10"), longed)
    yield "A03 PAX for nothing", AMBIGUOUS, sdist(ME, pax(path=b"frob-1.0/hidden.py"))
    yield "A03 long name for nothing", AMBIGUOUS, sdist(ME, long_name(LONG))
    yield "A03 PAX for a folder", AMBIGUOUS, sdist(pax(size=b"1536"), folder(b"frob-1.0/d/"), ME)
    global_ = Part(name=b"pax_global_header", content=record(b"comment", b"a" * 40), type=b"g")
    yield "A04 global between", AMBIGUOUS, sdist(pax(path=EVIL), global_, ME)
    for key, value in ((b"path", EVIL), (b"size", b"3"), (b"comment", b"a" * 40)):
        part = replace(global_, content=record(key, value))
        yield f"A05 global {key.decode()}", AMBIGUOUS, sdist(part, ME)
    evil, good = record(b"path", EVIL), record(b"path", ME.name)
    yield "A06 evil path first", AMBIGUOUS, sdist(pax(evil + good), ME)
    yield "A06 evil path last", AMBIGUOUS, sdist(pax(good + evil), ME)
    yield "A06 two headers", AMBIGUOUS, sdist(pax(evil), pax(good), ME)
    yield "A07 PAX and long name", AMBIGUOUS, sdist(pax(path=EVIL), long_name(LONG), ME)
    yield "A07 long link", AMBIGUOUS, sdist(long_name(EVIL, type_=b"K"), _link(b"2", b"who.py"))
    both = (pax(linkpath=EVIL), long_name(b"who.py", type_=b"K"), _link(b"2", b"a"))
    yield "A07 PAX and long link", AMBIGUOUS, sdist(*both)
    yield "A07 two long names", AMBIGUOUS, sdist(long_name(LONG), long_name(EVIL), longed)
    yield "A07 long name of two", AMBIGUOUS, sdist(long_name(LONG + b"\0evil"), longed)
    yield "A07 empty long name", AMBIGUOUS, sdist(long_name(b""), replace(longed, name=b"a"))
    unended = replace(long_name(LONG), content=LONG)
    yield "A07 long name without an end", AMBIGUOUS, sdist(unended, longed)
    yield (
        "A07 long name, POSIX member",
        AMBIGUOUS,
        sdist(long_name(LONG), replace(longed, magic=ME.magic)),
    )
    yield "A07 empty PAX", AMBIGUOUS, sdist(pax(), empty)


def _records() -> Iterator[tuple[str, DefectKind, bytes]]:
    """PAX records that are not quite what POSIX says."""
    path = ME.name
    good = record(b"path", path)
    for name, payload in {
        "NUL in a key": record(b"path\0=evil", path),
        "NUL in a value": record(b"path", path + b"\0.evil"),
        "no equals sign": b"9 pathfo\n",
        "no newline": good[:-1] + b" ",
        "no newline at the end": good[:-1],
        "length too short": b"9" + good[2:],
        "length too long": b"99" + good[2:],
        "length with a zero": b"0" + good,
        "length with a sign": b"+" + good,
        "length with a space": b" " + good,
        "length of nothing": b"0 path=a\n",
        "no length": b"path=a\n",
        "length without an end": b"9" * 5000,
        "split at a block": b"%d path=" % (512 + 9) + b"a" * 503,
        "NULs behind": good + bytes(10),
        "empty value": record(b"path", b""),
        "empty key": record(b"", b"a"),
        "number with a sign": record(b"size", b"+10"),
        "number with a zero": record(b"size", b"010"),
        "number with a fraction": record(b"size", b"10.0"),
        "number in other digits": record(b"size", "\u0661\u0660".encode()),
        "hexadecimal number": record(b"uid", b"0xa"),
        "time without a number": record(b"mtime", b"nan"),
        "time in powers": record(b"mtime", b"1e9"),
    }.items():
        yield f"A08 {name}", AMBIGUOUS, sdist(pax(payload), ME)
    for name, payload in {
        "charset BINARY": record(b"hdrcharset", b"BINARY") + good,
        "charset UTF-16": record(b"hdrcharset", b"UTF-16") + good,
        "charset Latin": record(b"hdrcharset", b"ISO-IR 8859 1 1998") + good,
        "overlong slash": record(b"path", b"frob-1.0/..\xc0\xafevil.py"),
        "surrogate": record(b"path", b"frob-1.0/\xed\xa0\x80.py"),
        "vendor's key": record(b"SCHILY.xattr.user.a", b"1"),
        "vendor's path": record(b"LIBARCHIVE.path", EVIL),
    }.items():
        yield f"A09 {name}", AMBIGUOUS, sdist(pax(payload), ME)
    carriage = b"frob-1.0/who.py\r"
    yield "A09 carriage return", UNSAFE, sdist(pax(path=carriage), replace(ME, name=carriage))
    yield "A09 Latin name", AMBIGUOUS, sdist(replace(ME, name=b"frob-1.0/\xfc.py"))
    latin = LONG + b"\xfc"
    longed = replace(ME, name=latin[:100], magic=GNU)
    yield "A09 Latin long name", AMBIGUOUS, sdist(long_name(latin), longed)


def _entries() -> Iterator[tuple[str, DefectKind, bytes]]:
    """Members that are neither a file nor a folder, with another member for their content."""
    for type_ in b"1234567DMNSVAXK":
        part = Part(name=b"frob-1.0/d", content=HIDDEN, type=bytes([type_]))
        yield f"A10 type {chr(type_)} with a member in it", AMBIGUOUS, sdist(part)
    yield "A10 folder with a member in it", AMBIGUOUS, sdist(replace(folder(), content=HIDDEN))
    for type_ in b"7DMNSVAXKg\x01 \xff":
        part = Part(name=b"frob-1.0/d", content=b"", type=bytes([type_]))
        yield f"A10 type {bytes([type_])!r}", AMBIGUOUS, sdist(part)
    target = Part(fields={"link": b"frob-1.0/other.py"})
    yield "A10 file with a target", AMBIGUOUS, sdist(target)
    yield "A10 file with a PAX target", AMBIGUOUS, sdist(pax(linkpath=EVIL), ME)
    yield "A13 GNU sparse file", AMBIGUOUS, sdist(replace(ME, type=b"S", magic=GNU))
    for key, value in (
        (b"GNU.sparse.name", b"frob-1.0/hidden.py"),
        (b"GNU.sparse.major", b"1"),
        (b"GNU.sparse.map", b"0,3"),
        (b"GNU.sparse.size", b"1073741824"),
        (b"GNU.sparse.realsize", b"1073741824"),
    ):
        yield f"A13 {key.decode()}", AMBIGUOUS, sdist(pax(record(key, value)), ME)


def _ends_and_numbers() -> Iterator[tuple[str, DefectKind, bytes]]:
    """Where an archive ends, and where a member does."""
    zeros, hidden = END[:512], HIDDEN
    yield "A11 one block of zeros", AMBIGUOUS, sdist(ME, end=zeros)
    yield "A11 a block of zeros between", AMBIGUOUS, sdist(ME, end=zeros + hidden + END)
    yield "A11 the end between", AMBIGUOUS, sdist(ME, end=END + hidden + END)
    yield "A11 something after the end", AMBIGUOUS, sdist(ME, end=END + b"evil".ljust(512, b"\0"))
    yield "A11 late", AMBIGUOUS, sdist(ME, end=END + bytes(2 << 20) + b"\1".rjust(512, b"\0"))
    yield "A11 no end", AMBIGUOUS, sdist(ME, end=b"")
    yield "A11 an end cut off", AMBIGUOUS, sdist(ME, end=END[:-1])
    yield "A11 a block too short", AMBIGUOUS, sdist(ME, end=END + b"\0")
    yield "A11 content cut off", AMBIGUOUS, sdist(end=ME.in_file()[:515])
    yield "A11 padding cut off", AMBIGUOUS, sdist(end=ME.in_file()[:-1])
    yield "A11 header cut off", AMBIGUOUS, sdist(end=ME.in_file()[:511])
    yield "A11 text in the padding", AMBIGUOUS, sdist(replace(ME, padding=b"evil".rjust(502)))
    for name, fields in {
        "checksum": {"checksum": b"000001\0 "},
        "checksum without digits": {"checksum": b"        "},
        "size without digits": {"size": b"\0"},
        "size of other digits": {"size": b"0000000001a\0"},
        "size of eights": {"size": b"00000000018\0"},
        "size with a space in front": {"size": b"         12\0"},
        "size with a sign": {"size": b"-0000000012\0"},
        "size without an end": {"size": b"000000000012"},
        "size that goes on": {"size": b"12\0000000000\0"},
        "size in base 256": {"size": b"\x80" + bytes(10) + b"\n"},
        "negative size in base 256": {"size": b"\xff" * 12},
        "mode": {"mode": b"rw-r--r--"[:8]},
        "time": {"mtime": b"yesterday\0"},
        "user number": {"uid": b"root\0"},
        "group number": {"gid": b"\x80\0\0\0\0\0\0\1"},
        "device": {"major": b"0x1\0"},
        "other device": {"minor": b"1_0\0"},
        "magic without a version": {"magic": b"ustar\0\0\0"},
        "magic of old": {"magic": bytes(8)},
        "magic of nobody": {"magic": b"USTAR\x0000"},
        "fields of GNU": {"magic": GNU, "prefix": b"\x01"},
        "fields behind the prefix": {"rest": b"tar\0"},
        "user with more": {"user": b"root\0evil"},
        "group with more": {"group": b"root\0evil"},
    }.items():
        yield f"A12 {name}", AMBIGUOUS, sdist(replace(ME, fields=fields))
    yield "A12 GNU's header for PAX", AMBIGUOUS, sdist(replace(pax(path=ME.name), magic=GNU), ME)
    of_posix = replace(long_name(LONG), magic=ME.magic)
    yield (
        "A12 POSIX header for a long name",
        AMBIGUOUS,
        sdist(of_posix, replace(ME, name=LONG[:100])),
    )
    yield "A12 Solaris", AMBIGUOUS, sdist(replace(pax(path=EVIL), type=b"X"), ME)


def _link(type_: bytes, target: bytes, name: bytes = b"frob-1.0/link") -> Part:
    return Part(name=name, content=b"", type=type_, fields={"link": target})


def _links() -> Iterator[tuple[str, DefectKind, bytes]]:
    """What would be made outside of the folder, or through which something would."""
    through = replace(ME, name=b"frob-1.0/link/evil.py")
    yield "A14 link out", UNSAFE, sdist(_link(b"2", b"../../evil"))
    yield "A14 link within", UNSAFE, sdist(ME, _link(b"2", b"who.py"))
    yield "A14 absolute link", UNSAFE, sdist(_link(b"2", b"/etc/passwd"))
    yield "A14 hard link out", UNSAFE, sdist(_link(b"1", b"/etc/passwd"))
    yield "A14 hard link within", UNSAFE, sdist(ME, _link(b"1", ME.name))
    yield "A14 through a link", UNSAFE, sdist(_link(b"2", b"/tmp"), through)
    up = _link(b"2", b"..", b"frob-1.0/..")
    yield "A14 link upwards", UNSAFE, sdist(up)
    chmod = (_link(b"2", b"/etc"), folder(b"frob-1.0/link/"))
    yield "A14 a folder of the same name", UNSAFE, sdist(*chmod)
    yield "A14 a link by PAX", UNSAFE, sdist(pax(linkpath=b"/etc"), _link(b"2", b"x"))
    for type_, what in {b"3": "character device", b"4": "block device", b"6": "pipe"}.items():
        yield f"A14 {what}", UNSAFE, sdist(_link(type_, b""))
    for mode in (b"0004755\0", b"0002755\0", b"0120777\0", b"0060644\0"):
        yield f"A14 mode {mode!r}", UNSAFE, sdist(replace(ME, fields={"mode": mode}))


def _names() -> Iterator[tuple[str, DefectKind, bytes]]:
    """Two names for one file, one name for two, and names that lead elsewhere."""
    decomposed = unicodedata.normalize("NFD", "frob-1.0/\xe9.py").encode()
    for name, kind, one, other in (
        ("the same", AMBIGUOUS, b"who.py", b"who.py"),
        ("case", UNSAFE, b"who.py", b"Who.py"),
        ("a dot segment", UNSAFE, b"who.py", b"./who.py"),
        ("two slashes", UNSAFE, b"d/who.py", b"d//who.py"),
        ("Unicode forms", UNSAFE, "\xe9.py".encode(), decomposed.removeprefix(b"frob-1.0/")),
        ("below a file", UNSAFE, b"who", b"who/a.py"),
    ):
        two = (replace(ME, name=b"frob-1.0/" + each) for each in (one, other))
        yield f"A15 {name}", kind, sdist(*two)
    yield "A15 a folder twice", AMBIGUOUS, sdist(folder())
    yield "A15 by PAX", AMBIGUOUS, sdist(ME, pax(path=ME.name), ME)
    yield "A15 a slash behind a file", AMBIGUOUS, sdist(replace(ME, name=b"frob-1.0/who/"))
    old = Part(name=b"frob-1.0/who/", type=b"\0")
    yield "A15 a slash behind an old file", AMBIGUOUS, sdist(old)
    slashed = (b"frob-1.0/" + b"d" * 90 + b"/").ljust(100, b"e")[:99] + b"/"
    yield (
        "A15 cut at a slash",
        AMBIGUOUS,
        sdist(long_name(slashed + b"who.py"), Part(name=slashed, type=b"\0", magic=GNU)),
    )
    yield "A16 no name", AMBIGUOUS, sdist(replace(ME, name=b""))
    no_name = replace(ME, name=b"", fields={"prefix": b"frob-1.0"})
    yield "A16 only a prefix", AMBIGUOUS, sdist(no_name)
    yield "A16 NUL in a name", AMBIGUOUS, sdist(replace(ME, name=b"frob-1.0/a\0.py"))
    yield "A16 NUL in a prefix", AMBIGUOUS, sdist(replace(ME, fields={"prefix": b"a\0b"}))
    for name, prefix in {
        "a dot": b".",
        "the way out": b"../../..",
        "the root": b"/",
        "a slash at its end": b"frob-1.0/",
    }.items():
        yield (
            f"A16 prefix is {name}",
            UNSAFE,
            sdist(replace(ME, name=b"who.py", fields={"prefix": prefix})),
        )
    yield "A16 absolute", UNSAFE, sdist(replace(ME, name=b"/etc/evil"))
    safe = replace(ME, fields={"prefix": b"../../.."})
    yield "A16 a safe path by PAX", AMBIGUOUS, sdist(pax(path=ME.name), safe)
    yield "A16 an evil path by PAX", AMBIGUOUS, sdist(pax(path=EVIL), ME)
    yield "A16 an evil long name", AMBIGUOUS, sdist(long_name(EVIL), replace(ME, magic=GNU))


def _gzips() -> Iterator[tuple[str, DefectKind, bytes]]:
    """What can be wrong around the archive."""
    good = sdist_tar(ME)
    half = len(good) // 1024 * 512
    two = gzipped(good[:half]) + gzipped(good[half:])
    head = b"\x1f\x8b\x08%c\0\0\0\0\2\xff"
    yield "A17 two members", AMBIGUOUS, two
    yield "A17 an empty second member", AMBIGUOUS, gzipped(good) + gzipped(b"")
    yield "A17 something behind", AMBIGUOUS, gzipped(good, after=b"evil")
    yield "A17 a zero behind", AMBIGUOUS, gzipped(good, after=b"\0")
    yield "A17 something in front", AMBIGUOUS, b"\0" + gzipped(good)
    yield "A17 wrong CRC", AMBIGUOUS, gzipped(good, crc=1)
    yield "A17 wrong size", AMBIGUOUS, gzipped(good, size=len(good) - 1)
    yield "A17 no trailer", AMBIGUOUS, gzipped(good)[:-8]
    yield "A17 half a trailer", AMBIGUOUS, gzipped(good)[:-4]
    yield "A17 cut off", AMBIGUOUS, gzipped(good)[:-20]
    yield "A17 damaged", AMBIGUOUS, gzipped(good, stream=b"\xff" * 40)
    for name, flag, field in (
        ("an extra field", 4, b"\4\0evil"),
        ("a comment", 16, b"evil\0"),
        ("a CRC of the header", 2, b"\0\0"),
        ("reserved flag", 32, b""),
        ("reserved flag of old", 128, b""),
    ):
        yield f"A17 {name}", AMBIGUOUS, gzipped(good, header=head % flag + field)
    yield "A17 a long name", AMBIGUOUS, gzipped(good, header=head % 8 + b"a" * 300 + b"\0")
    other = b"\x1f\x8b\x09\0\0\0\0\0\2\xff"
    yield "A17 another method", AMBIGUOUS, gzipped(good, header=other)
    yield (
        "A17 a ratio beyond all measure",
        OVERSIZED,
        gzipped(good[:-1024] + bytes(70 << 20), level=1),
    )
    yield "A17 no gzip file", AMBIGUOUS, good
    yield "A17 a bare tar archive too", AMBIGUOUS, _bare_too(good)
    yield "A17 nothing", AMBIGUOUS, b""
    yield "A17 the beginning of a gzip file", AMBIGUOUS, b"\x1f\x8b\x08\0"


def _bare_too(good: bytes) -> bytes:
    """A gzip file that is also a tar archive: its stored data lie where the magic should."""
    name = b"\x1f\x8b\x08\x08\0\0\0\0\2\xff".ljust(257, b"a")
    return gzipped(good, header=name + b"ustar\0")


def _projects() -> Iterator[tuple[str, DefectKind, bytes]]:
    """What a source distribution is, and this one is not."""
    beside = replace(ME, name=b"evil-1.0/who.py")
    yield "A18 another folder", MISMATCH, sdist(beside)
    yield "A18 a file outside", MISMATCH, sdist(replace(ME, name=b"setup.py"))
    yield "A18 no PKG-INFO", MISMATCH, sdist(ME, info=None)
    within = replace(ME, name=b"frob-1.0/frob.egg-info/PKG-INFO", content=PKG_INFO)
    yield "A18 PKG-INFO elsewhere", MISMATCH, sdist(within, info=None)
    yield "A18 another name", MISMATCH, sdist(info=PKG_INFO.replace(b"frob", b"evil"))
    yield "A18 another version", MISMATCH, sdist(info=PKG_INFO.replace(b"1.0", b"2.0"))
    yield "A18 two names", MISMATCH, sdist(info=PKG_INFO + b"Name: evil\n")
    yield "A18 nothing", MISMATCH, gzipped(tar())
    yield (
        "A19 a folder that begins alike",
        MISMATCH,
        sdist(replace(ME, name=b"frob-1.0-evil/who.py")),
    )
    yield "A19 out and back in", UNSAFE, sdist(replace(ME, name=b"frob-1.0/../frob-1.0-evil/a"))
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as stream:
        stream.writestr("frob-1.0/PKG-INFO", PKG_INFO)
    archive = stored.getvalue()
    yield "A30 a ZIP archive", AMBIGUOUS, archive
    yield "A30 a ZIP archive behind", AMBIGUOUS, gzipped(sdist_tar(ME), after=archive)
    # The trailer of the gzip file is the comment of the ZIP archive.
    commented = archive[:-2] + b"\x08\0"
    hidden = Part(name=b"frob-1.0/a.bin", content=commented, padding=b"")
    ended = sdist_tar(ME) + hidden.header() + commented
    yield "A30 a ZIP archive within", AMBIGUOUS, gzipped(ended, level=0)


def _filenames() -> Iterator[Case]:
    good = sdist(ME)
    for name in (
        "frob-2.0.tar.gz",
        "evil-1.0.tar.gz",
        "frob-1.0.zip",
        "frob-1.0.tgz",
        "frob-1.0.tar.bz2",
        "frob-1.0.TAR.GZ",
        "frob-1.0",
        "frob.tar.gz",
        "-1.0.tar.gz",
        "frob-.tar.gz",
        "",
        ".tar.gz",
        f"{'f' * 300}-1.0.tar.gz",
    ):
        yield f"A18 called {name[:20]}", MISMATCH, good, name
    for name in (
        "%252e%252e%252ffrob-1.0.tar.gz",
        "..%2ffrob-1.0.tar.gz",
        "../frob-1.0.tar.gz",
        "..\\frob-1.0.tar.gz",
        "frob-1.0.tar.gz%00",
        "frob-1%2e0.tar.gz",
    ):
        yield f"A20 called {name}", MISMATCH, good, name


CASES: Final = tuple(_cases())
