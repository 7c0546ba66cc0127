"""The indexes of a wrapped uv: all that it would ask, and how the guard asks in its stead."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from guard.errors import UnsupportedError
from guard.install import configuration
from guard.install.configuration import Configuration, UvIndexes
from guard.request import IndexOptions


def configured(asked: IndexOptions, tables: Iterable[Mapping[str, object]]) -> Configuration:
    """Return uv's configuration, with the indexes of a command line and of a project's `tables`.

    Raises `UnsupportedError` for one that uv would read without the gateway.
    """
    environment = {}
    if asked.index_url:
        environment["UV_DEFAULT_INDEX"] = asked.index_url
    if asked.extra_index_urls:
        environment["UV_INDEX"] = " ".join(asked.extra_index_urls)
    found = configuration.for_uv(UvIndexes(environment=environment), python=Path(sys.executable))
    indexes = {index.url: index for index in found.indexes}
    for index in configuration.of_tables(tables):
        indexes.setdefault(index.url, index)
    for index in indexes.values():
        if index.flat or not index.url.startswith(("http://", "https://")):
            raise UnsupportedError(
                f"the index `{index.url}` is not supported behind the gateway",
                reason="it is read without project pages, or from a folder",
                hint="serve it as a Simple API index, or use `guard install`",
            )
    return replace(found, indexes=tuple(indexes.values()))
