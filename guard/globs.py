"""Anchored globs over whole path segments: never regular expressions, never a part of a text."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase


def path_matches(glob: str, path: str) -> bool:
    """Tell whether `glob` covers the whole of `path`: `*` stays within a segment, `**` does not."""
    return segments_match(glob.split("/"), path.split("/"))


def segments_match(globs: Sequence[str], segments: Sequence[str]) -> bool:
    """Tell whether `globs` cover all of `segments`, one by one; `**` covers any number of them."""
    if not globs:
        return not segments
    first, *rest = globs
    if first == "**":
        return any(segments_match(rest, segments[i:]) for i in range(len(segments) + 1))
    return bool(segments) and fnmatchcase(segments[0], first) and segments_match(rest, segments[1:])
