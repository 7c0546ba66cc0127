"""Paths that mean the same file on every system, and never one outside of their folder.

A pure function over names and modes: of a ZIP file, a source archive or a RECORD. What is refused
is what some system reads differently: Windows has drives, streams, devices and drops trailing dots
and spaces; macOS and Windows fold case, macOS also Unicode forms; Python folds identifiers (NFKC).
"""

from __future__ import annotations

import itertools
import re
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from guard.artifact.defect import Defect, DefectKind

_SHOWN: Final = 100
# What a file system takes: of one segment, of all of them (the smallest PATH_MAX), and how deep.
# The longest real paths have 250 bytes, the deepest 20 segments.
_LONGEST_SEGMENT: Final = 255
_LONGEST: Final = 1_024
_DEEPEST: Final = 64

_DEVICE: Final = r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$)"
# A plain name is ASCII without separators of Windows, each segment neither empty nor a device, and
# none with a dot or space at its end or "._" in front. Nearly all are plain: nothing else looks at
# them.
_SEGMENT: Final = rf"(?!\._|{_DEVICE}[ ]*(?:[./]|\Z))[ -.0-9;-\[\]-~]++(?<![. ])"
_PLAIN: Final = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*+/?")
_WAY_OUT: Final = (r"(?:^|[/\\])\.\.(?:[/\\]|\Z)", "a way out of the folder")
_BACKSLASH: Final = (r"\\", "a backslash: a separator on Windows, part of the name elsewhere")
_AS_A_DEVICE: Final = (rf"(?:^|/){_DEVICE} *(?:[./]|\Z)", "a Windows device")


def _compiled(*reasons: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), reason) for pattern, reason in reasons)


# In the order in which they are named.
_COMPLAINTS: Final = _compiled(
    (r"[\x00-\x1f\x7f-\x9f]", "a control character"),
    (r"^[A-Za-z]:", "a Windows drive"),
    (r"^(?:\\\\|//)", "a Windows network share"),
    (r"^/", "an absolute path"),
    _WAY_OUT,
    _BACKSLASH,
    (r":", "a colon, which opens another stream of the file on Windows"),
    (r"//|(?:^|/)\.(?:/|\Z)", "another spelling of a shorter path"),
    (r"[. ](?:/|\Z)", "a trailing dot or space, which Windows drops"),
    (r"(?:^|/)\._", "an AppleDouble file, which macOS merges into the one that it is named for"),
    _AS_A_DEVICE,
)
# A full-width colon or an ellipsis in a title is harmless, so only these count once normalized.
_ONCE_NORMALIZED: Final = _compiled(_WAY_OUT, _BACKSLASH, _AS_A_DEVICE)
# Control, format (bidirectional and zero-width), surrogate, private use, line and paragraph
# separators. Unassigned characters are not among them: Pythons disagree about which those are.
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_SPECIAL: Final = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
}


def shown(name: str) -> str:
    """Return `name` as a message may show it: quoted, escaped and short."""
    return repr(name) if len(name) <= _SHOWN else f"{name[:_SHOWN]!r}…"


def unsafe_paths(paths: Iterable[tuple[str, int]]) -> Iterator[Defect]:
    """Yield what is wrong with `paths`, each a name and a Unix mode (0: none), and between them.

    Segments are separated by slashes; the name of a folder ends in one.
    """
    names = []
    harmless = {0}
    for name, mode in paths:
        names.append(name)
        if reason := _excess(name) or (None if _PLAIN.fullmatch(name) else _complaint(name)):
            yield _defect(name, reason)
        if mode not in harmless:
            if reason := _hostile_mode(name, mode):
                yield _defect(name, reason)
            elif not mode & stat.S_ISGID:  # which depends on the name
                harmless.add(mode)
    yield from _clashes(names)


def _excess(name: str) -> str | None:
    if len(name) < _DEEPEST:
        return None  # whatever it is made of
    length = len(name.encode("utf-8", "surrogatepass"))
    if length > _LONGEST:
        return f"{length} bytes long, more than {_LONGEST}"
    segments = name.removesuffix("/").split("/")
    if len(segments) > _DEEPEST:
        return f"{len(segments)} segments deep, more than {_DEEPEST}"
    longest = max(len(segment.encode("utf-8", "surrogatepass")) for segment in segments)
    if longest > _LONGEST_SEGMENT:
        return f"a segment of {longest} bytes, more than {_LONGEST_SEGMENT}"
    return None


def _complaint(name: str) -> str | None:
    """Return why `name` is refused, also in the form that Python and some systems fold it to."""
    if reason := _first(_COMPLAINTS, name):
        return reason
    for character in name:
        if unicodedata.category(character) in _INVISIBLE:
            return f"an invisible or reordering character, U+{ord(character):04X}"
    normalized = unicodedata.normalize("NFKC", name)
    if reason := _first(_ONCE_NORMALIZED, normalized):
        return f"{reason} once it is normalized to {shown(normalized)}"
    if normalized.count("/") != name.count("/"):
        return f"a slash appears once it is normalized to {shown(normalized)}"
    return None


def _first(complaints: tuple[tuple[re.Pattern[str], str], ...], name: str) -> str | None:
    return next((reason for pattern, reason in complaints if pattern.search(name)), None)


def _hostile_mode(name: str, mode: int) -> str | None:
    kind = stat.S_IFMT(mode)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return _SPECIAL.get(kind, f"a file of type {kind:#o}")
    if mode & stat.S_ISUID:
        return "a file that would run as its owner (setuid)"
    # Folders inherit this bit from the one they were made in, and no installer applies it.
    if mode & stat.S_ISGID and not name.endswith("/"):
        return "a file that would run as its group (setgid)"
    return None


def _clashes(names: Sequence[str]) -> Iterator[Defect]:
    """Yield the names that share a path on some system: files, and the folders that they imply.

    Sorted by what a case- and form-folding system makes of them, with the separator before every
    other character, two paths that clash or that one contains are neighbours.
    """
    for (one_key, one), (other_key, other) in itertools.pairwise(_by_key(names)):
        if not other_key.startswith(one_key):
            continue
        if other_key == one_key:
            yield _clash(one, other)
        elif other_key[len(one_key)] == "\0" and not one.endswith("/"):
            yield _defect(other, f"below {shown(one)}, which is a file")
    folders = {name[: name.rfind("/") + 1]: name for name in names}
    for (_, one), (_, other) in itertools.pairwise(_by_key(folders)):
        if _spelled_twice(one, other):
            reason = f"in a folder that is spelled otherwise in {shown(folders[one])}"
            yield _defect(folders[other], reason)


def _by_key(names: Iterable[str]) -> list[tuple[str, str]]:
    return sorted((_folded(name), name) for name in set(names))


def _folded(name: str) -> str:
    name = name.removesuffix("/").replace("/", "\0")
    # Normalization takes quadratic time, and a name that is too long has its defect already.
    if name.isascii() or len(name) > _LONGEST:
        return name.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _clash(one: str, other: str) -> Defect:
    if one.removesuffix("/") == other.removesuffix("/"):
        return _defect(other, "both a file and a folder")
    return _defect(
        other, f"a twin of {shown(one)}: the same path where case or Unicode forms are folded"
    )


def _spelled_twice(one: str, other: str) -> bool:
    """Tell whether two folders have one in common that they spell differently."""
    for mine, yours in zip(one.split("/"), other.split("/"), strict=False):
        if mine != yours:
            return _folded(mine) == _folded(yours)
    return False


def _defect(name: str, reason: str) -> Defect:
    return Defect(kind=DefectKind.UNSAFE_PATH, message=reason, member=name)
