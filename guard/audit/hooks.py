"""What the files of an environment run at every start of Python, as they are now."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from guard.artifact import startup
from guard.artifact.content import HookKind, StartupHook
from guard.audit.distribution import Distribution
from guard.audit.files import digest, read
from guard.audit.recorded import places

_FINDER: Final = re.compile(r"import (__editable___\w+_finder); \1\.install\(\)")
"""As setuptools writes it for an editable install that takes more than a path."""


def hooks(
    distribution: Distribution, site: Sequence[Path]
) -> tuple[tuple[StartupHook, ...], tuple[str, ...]]:
    """Return what a distribution runs at every start, and its paths in a site folder if it does.

    Raises `OSError`.
    """
    own = {
        place.relative_to(root).as_posix(): place
        for _, place in places(distribution)
        for root in site
        if place.is_relative_to(root)
    }
    owned = startup.owned(own)
    found = [
        hook
        for path, place in own.items()
        for hook in hooks_of(path, place, owned)
        if not _is_editables(distribution, hook)
    ]
    return tuple(found), tuple(own) if found else ()


def hooks_of(path: str, place: Path, owned: Mapping[str, bool]) -> Iterator[StartupHook]:
    """Yield what one file runs that lies at `path` in a site folder. Raises `OSError`."""
    if startup.runs_at_start(path):
        try:
            _, found = digest(place, "sha256")
        except (FileNotFoundError, NotADirectoryError):
            return
        yield StartupHook(
            kind=HookKind.MODULE, text=path, sha256=found.hex(), member=path, offset=None
        )
    elif "/" not in path and path.casefold().endswith(startup.SUFFIXES):
        content = read(place, startup.LIMIT) or b""
        for line in startup.lines(path, content, owned):
            yield StartupHook(
                kind=line.kind,
                text=line.text,
                sha256=line.sha256,
                line=line.number,
                member=path,
                offset=None,
            )


def _is_editables(distribution: Distribution, hook: StartupHook) -> bool:
    """Tell whether a hook only makes the user's own source tree importable, where it lies."""
    direct = distribution.direct
    if direct is None or not direct.editable:
        return False
    if hook.kind is HookKind.LINE:
        return _FINDER.fullmatch(hook.text) is not None
    tree = Path(os.path.normpath(unquote(urlsplit(direct.url).path)))
    path = Path(os.path.normpath(hook.text))
    return hook.kind is HookKind.PATH and path.is_relative_to(tree)
