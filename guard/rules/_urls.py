"""URL globs, compared part by part."""

from __future__ import annotations

from fnmatch import fnmatchcase
from urllib.parse import unquote, urlsplit


def url_matches(glob: str, url: str) -> bool:
    """Tell whether the anchored `glob` covers `url`: parts are compared, never the text.

    `*` stays within one path segment, `**` covers any number of whole ones. A URL with credentials, a
    query, or dot segments in any spelling is covered by nothing.
    """
    want, have = urlsplit(glob), urlsplit(url)
    try:
        same_place = (want.scheme, want.hostname, want.port) == (
            have.scheme,
            have.hostname,
            have.port,
        )
    except ValueError:  # a port that is no number
        return False
    if not same_place or have.query or have.username is not None or have.password is not None:
        return False
    segments = [unquote(segment) for segment in have.path.split("/")]
    if any(s in {".", ".."} or "/" in s or "\\" in s or "%" in s for s in segments):
        return False
    return _segments_match(want.path.split("/"), segments)


def _segments_match(globs: list[str], segments: list[str]) -> bool:
    if not globs:
        return not segments
    first, *rest = globs
    if first == "**":
        return any(_segments_match(rest, segments[i:]) for i in range(len(segments) + 1))
    return (
        bool(segments) and fnmatchcase(segments[0], first) and _segments_match(rest, segments[1:])
    )
