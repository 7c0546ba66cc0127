"""URL globs, compared part by part."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from guard.globs import segments_match


def check_url_glob(glob: str) -> None:
    """Refuse a glob that is no absolute URL, and so would never match. Raises `ValueError`."""
    try:
        parts = urlsplit(glob)
        absolute = parts.scheme == "file" or (parts.hostname and parts.port != 0)
    except ValueError:
        absolute = False
    if not absolute:
        raise ValueError(f"expected the glob of an absolute URL, not {glob!r}")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(f"no URL with a query, fragment or credentials is allowed: {glob!r}")


def url_matches(glob: str, url: str) -> bool:
    """Tell whether the anchored `glob` covers `url`: parts are compared, never the text.

    `*` stays within one path segment, `**` covers any number of whole ones. A URL with
    credentials, a query, or dot segments in any spelling is covered by nothing.
    """
    try:
        want, have = urlsplit(glob), urlsplit(url)
        same_place = (want.scheme, want.hostname, want.port) == (
            have.scheme,
            have.hostname,
            have.port,
        )
    except ValueError:  # no URL at all, or a port that is no number
        return False
    if not same_place or have.query or have.username is not None or have.password is not None:
        return False
    segments = [unquote(segment) for segment in have.path.split("/")]
    if any(s in {".", ".."} or "/" in s or "\\" in s or "%" in s for s in segments):
        return False
    return segments_match(want.path.split("/"), segments)
