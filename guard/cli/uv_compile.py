"""`guard uv pip compile`: uv itself resolves and writes, and sees what the policy lets in."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from guard import plan
from guard.cli.uv_words import Plan
from guard.errors import UnsupportedError
from guard.gateway import project
from guard.install import uv_configuration
from guard.request import Request, Wanted, read
from guard.wrappers.coverage import Classified

_BUILT: Final = frozenset({"setup.py", "setup.cfg"})
_INDEXES: Final = frozenset(
    {"extra-index-url", "find-links", "index", "index-url", "no-index", "torch-backend"}
)
_FILES: Final = ("--constraints", "--overrides", "--excludes", "--build-constraints")


def plan_of(words: Sequence[str], found: Classified) -> Plan:
    """Return how uv's `words` are run behind the gateway.

    Raises `UnsupportedError` where a file names what is on no index, or would have to be built.
    """
    _refuse_configured()
    files = [Path(word) for word in found.positionals]
    for file in files:
        _refuse_unread(file)
        if file.suffix == ".toml":
            project.of_project(file.absolute().parent)  # its sources are looked at, too
    wanted = read(Request(requirement_files=tuple(files)))
    others = read(Request(requirement_files=tuple(map(Path, found.values(*_FILES)))))
    _refuse_elsewhere([wanted, others])
    urls = [*found.values("--default-index", "--index-url")]
    more = [*found.values("--index", "--extra-index-url")]
    for options in (*wanted.indexes, *others.indexes):
        urls += [options.index_url] if options.index_url else []
        more += options.extra_index_urls
    return Plan(
        prepare=tuple(words),
        index_url=next(iter(urls), None),
        extra_index_urls=(*more, *urls[1:]),
        requirements=tuple(wanted.requirements),
        writes=tuple(map(Path, found.values("--output-file"))),
        project=any(file.suffix == ".toml" for file in files),
        refresh=found.has("--refresh") or found.has("--refresh-package"),
    )


def _refuse_configured() -> None:
    """Refuse indexes that are configured for `uv pip` alone."""
    for table in uv_configuration.tables(os.environ, folder=Path.cwd()):
        pip = table.get("pip")
        for name in sorted(_INDEXES & (pip.keys() if isinstance(pip, dict) else set())):
            raise UnsupportedError(
                f"`{name}` in [pip] of uv's configuration is not supported behind the gateway",
                reason="the other commands of uv have other indexes",
                hint=f"say `{name}` outside of [pip], or name the index on the command line",
            )


def _refuse_unread(file: Path) -> None:
    if file.name in _BUILT or str(file) == "-" or plan.is_lock(file):
        raise UnsupportedError(
            f"`uv pip compile {file}` is not supported",
            reason="what it asks for cannot be read before uv does",
            hint="name a requirements file or a pyproject.toml",
        )


def _refuse_elsewhere(files: Sequence[Wanted]) -> None:
    """Refuse what the gateway could not serve: paths, URLs and folders of files."""
    found = any(wanted.direct or any(o.find_links for o in wanted.indexes) for wanted in files)
    if found:
        raise UnsupportedError(
            "a requirements file with URLs, paths or `--find-links` is not supported behind the "
            "gateway",
            reason="what is on no index is not judged there",
            hint="`guard lock -r FILE` judges it, and writes a lock",
        )
