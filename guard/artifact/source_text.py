"""What kind of text a member is, by its name and beginning, and how Python would decode it.

Essential reading: PEP 263 (the declaration of an encoding), the import system's `decode_source`.
"""

from __future__ import annotations

import enum
import posixpath
import re
import unicodedata
from collections.abc import Mapping
from typing import Final

LARGEST: Final = 64 << 20
"""Bytes of a member that is read; no honest module comes near, and a payload needs far less."""

_LARGEST_NATIVE: Final = 1 << 20


class Kind(enum.StrEnum):
    """How a member would come to run; the value of `kind` in a rule."""

    PYTHON = "python"
    STARTUP = "startup"
    """A `.pth` file. Its lines of code are `python` to a rule."""

    SCRIPT = "script"
    JAVASCRIPT = "javascript"
    MEDIA = "media"
    """A format that nobody reads as text: pictures, sounds, fonts, archives, databases."""

    TEXT = "text"
    NATIVE = "native"


def _extensions(kind: Kind, names: str) -> dict[str, Kind]:
    return dict.fromkeys((f".{name}" for name in names.split()), kind)


_KINDS: Final = {
    ".pth": Kind.STARTUP,
    **_extensions(Kind.PYTHON, "py pyw"),
    **_extensions(Kind.JAVASCRIPT, "js mjs cjs jsx ts mts cts"),
    **_extensions(
        Kind.SCRIPT,
        "sh bash zsh ksh fish command ps1 psm1 bat cmd vbs vbe wsf hta php pl rb lua",
    ),
    **_extensions(
        Kind.MEDIA,
        "png jpg jpeg gif bmp ico icns tif tiff webp avif wav mp3 ogg flac aac m4a mp4 avi webm "
        "mov ttf otf eot woff woff2 gz bz2 xz zst zip tar whl egg pyz pyzw bin dat db sqlite pdf "
        "npy npz",
    ),
    **_extensions(Kind.NATIVE, "so pyd dll dylib exe a lib o obj pyc pyo node wasm"),
}
_NATIVE_HEADS: Final = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"!<arch>")

_OTHER: Final = rb"(?:\w|\xf0\x9d[\x90-\x9f][\x80-\xbf]|\xef\xbd[\x81-\x9a]){1,20}[ \t]*[.(]"
_STRANGE: Final = {
    b"\xf0": re.compile(rb"\xf0\x9d[\x90-\x9f][\x80-\xbf]" + _OTHER),
    b"\xef": re.compile(rb"\xef\xbd[\x81-\x9a]" + _OTHER),
}
"""Mathematical and wide letters of a name that goes on and is called, or asked for an attribute.

By the byte that they begin with: that is found many times as fast as any two."""

_UNSEEN: Final = {
    b"\xe2": re.compile(
        rb"\xe2(?:\x80(?:[\xaa-\xae]|[\x8b-\x8f](?:\xe2\x80[\x8b-\x8f]){7})"  # order; no width
        rb"|\x81(?:[\xa6-\xa9]|[\xa0-\xa4](?:\xe2\x81[\xa0-\xa4]){7}))"
    ),
    b"\xef": re.compile(rb"\xef\xb8[\x80-\x8f](?:\xef\xb8[\x80-\x8f]){3}"),  # selectors
    b"\xf3": re.compile(rb"\xf3\xa0[\x80-\x87][\x80-\xbf](?:\xf3\xa0[\x80-\x87][\x80-\xbf]){7}"),
}
"""What turns the order of the characters after it, and rows of what is not shown at all."""

_HEAD: Final = re.compile(rb"[^\r\n]*(?:\r\n?|\n)?[^\r\n]*")
_COOKIE: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:[ \t\f]*(?:#[^\r\n]*)?(?:\r\n?|\n))?"
    rb"[ \t\f]*#[^\r\n]*?coding[:=][ \t]*([-\w.]+)"
)
"""PEP-263: in a comment of the first line, or of the second if the first has nothing else."""

_SHIFTING: Final = re.compile(r"(?:iso_?2022|hz|utf_?7|u7)")
"""Encodings in which bytes below 128 need not be the characters that they are in ASCII."""

_PLAIN: Final = re.compile(
    r"(?:utf_?8(?:_sig)?|u8|us_?ascii|ascii|646|(?:iso_?)?latin_?[\d_]*|l1|iso_?ir_\d+"
    r"|iso_?8859_?\d*(?:_\d+)?|cp_?\d+|windows_\d+|koi8_?[rut]|mac_?\w+|gbk?|gb2312|gb18030|euc_\w+"
    r"|eucjp|s_?jis|shift_?jis\w*|sjis\w*|big5\w*|tis_620|kz1048|ptcp154|iso2022_\w+|iso_2022_\w+)"
)
_UTF8: Final = "utf_8"
_READABLE: Final = {
    "utf7": "utf-7",
    "u7": "utf-7",
    "utf16": "utf-16",
    "utf16le": "utf-16-le",
    "utf16be": "utf-16-be",
    "utf32": "utf-32",
    "rot13": "rot13",
    "unicodeescape": "unicode_escape",
    "rawunicodeescape": "raw_unicode_escape",
}


_RUNS: Final = frozenset({Kind.PYTHON, Kind.STARTUP, Kind.SCRIPT, Kind.JAVASCRIPT})


def kind_of(name: str) -> Kind:
    """Return the kind that the name of a member says."""
    extension = name[name.rfind(".") :]
    return _KINDS.get(extension) or _KINDS.get(extension.lower(), Kind.TEXT)


def kind_by_content(kind: Kind, name: str, data: bytes) -> Kind:
    """Return the kind of what has no extension of its own, by the program that it names."""
    if kind is Kind.NATIVE:
        return kind if data.startswith(_NATIVE_HEADS) else Kind.MEDIA
    if kind is not Kind.TEXT or not data.startswith(b"#!") or "." in posixpath.basename(name):
        return kind
    line = data[: data.find(b"\n")] if b"\n" in data[:256] else data[:256]
    return Kind.PYTHON if b"python" in line else Kind.SCRIPT


def wanted(kind: Kind, size: int) -> bool:
    """Tell whether so large a member of that kind is read."""
    return 0 < size <= (_LARGEST_NATIVE if kind is Kind.NATIVE else LARGEST)


def unread(name: str, size: int) -> bool:
    """Tell whether a member is code that would run as it is, and too large to be read."""
    return size > LARGEST and kind_of(name) in _RUNS


def decoded(data: bytes) -> tuple[bytes, str | None]:
    """Return a Python source in UTF-8, and why nobody could read it as it is, or `None`.

    A source that cannot be decoded stays as it is. Its lines end as Python would have them end.
    """
    text, problem = _decoded(data)
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return text, problem


def _decoded(data: bytes) -> tuple[bytes, str | None]:
    name = _encoding(data)
    if name is not _UTF8 and not _PLAIN.fullmatch(name):
        return _read(data, name), f"a Python source in the encoding {name[:40]!r}"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _read(data, "utf_16"), "a Python source in UTF-16"
    unicode = name.startswith(("utf", "u8", "ascii", "us_ascii", "646"))
    ascii_ = data.isascii() and (name is _UTF8 or _SHIFTING.match(name) is None)
    if ascii_ or (unicode and _is_unicode(data)):
        problem = "bytes of value zero in a Python source" if b"\0" in data else None
        return data.removeprefix(b"\xef\xbb\xbf"), problem
    if name.startswith(("utf", "u8")):
        return data, "a Python source that is not in the encoding that it is to have"
    try:
        return data.decode(name).encode(), None
    except (UnicodeDecodeError, LookupError):
        return data, f"a Python source that is not in {name[:40]!r}, as it says"


def _encoding(data: bytes) -> str:
    """PEP-263: return the encoding that a source declares, with underscores, or else UTF-8."""
    head = _HEAD.match(data)
    if head is None or b"coding" not in head[0]:
        return _UTF8
    cookie = _COOKIE.match(head[0])
    return cookie[1].decode("ascii", "replace").lower().replace("-", "_") if cookie else _UTF8


def _is_unicode(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _read(data: bytes, name: str) -> bytes:
    """Return what a source says in one of the encodings that are used to hide it."""
    codec = _READABLE.get(name.replace("_", ""))
    if codec is None:
        return data
    if codec == "rot13":
        return data.translate(_ROTATED)
    try:
        return data.decode(codec).encode("utf-8", "surrogatepass")
    except (UnicodeError, ValueError):
        return data


_LETTERS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SHIFTED: Final = _LETTERS[13:] + _LETTERS[:13]
_ROTATED: Final = bytes.maketrans(_LETTERS + _LETTERS.lower(), _SHIFTED + _SHIFTED.lower())


def strange_letters(text: bytes) -> int | None:
    """Return where a name begins that Python reads as ASCII and is written in other letters."""
    return _first(_STRANGE, text)


def _first(patterns: Mapping[bytes, re.Pattern[bytes]], text: bytes) -> int | None:
    for start, pattern in patterns.items():
        if start in text and (found := pattern.search(text)) is not None:
            return found.start()
    return None


def readable(text: bytes) -> bytes:
    """Return a source with its names as Python reads them (PEP 3131)."""
    return unicodedata.normalize("NFKC", text.decode("utf-8", "replace")).encode()


def unseen(text: bytes) -> int | None:
    """Return where there are characters that are not shown, or that turn the order of others."""
    return _first(_UNSEEN, text)


def code_lines(data: bytes) -> bytes:
    """Return the lines of a `.pth` file that are run, each where it was."""
    lines = re.split(rb"\r\n?|\n", data)
    return b"\n".join(line if line.startswith((b"import ", b"import\t")) else b"" for line in lines)
