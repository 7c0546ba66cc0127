"""HTTP clients and page sources that never wait."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from guard.artifact import wheel
from guard.artifact.content import Content
from guard.artifact.source import Scanner
from guard.model import Credentials, Index, index_url
from guard.sources.cache import PageCache
from guard.sources.contents import Contents
from guard.sources.http import Http, Limits
from guard.sources.index import IndexSource
from guard.sources.pages import Pages
from tests.fakes import LoopbackIndex

IMPATIENT: Final = Limits(connect=5, read=5, total=60, retries=3, backoff=0)


@cache
def a_client(limits: Limits = IMPATIENT) -> Http:
    """A client that retries at once; the same one for all, because making one takes its time."""
    return Http(limits=limits)


def a_client_with(credentials: Callable[[str], Credentials | None]) -> Http:
    """A client that has a password for somebody."""
    return Http(credentials=credentials, limits=IMPATIENT)


def some_pages(folder: Path, *, offline: bool = False, refresh: bool = False) -> Pages:
    """Pages that are kept in `folder`; each call is a new run of the guard."""
    return Pages(a_client(), PageCache(folder), offline=offline, refresh=refresh)


def a_source(
    folder: Path, *indexes: Index, offline: bool = False, refresh: bool = False
) -> IndexSource:
    """What a new run of the guard knows of `indexes`."""
    return IndexSource(some_pages(folder, offline=offline, refresh=refresh), indexes)


class InProcess:
    """Reads artifacts where the test runs; their texts only with a `scanner`."""

    def __init__(self, scanner: Scanner | None = None) -> None:
        self._scanner = scanner

    def read(self, path: Path) -> Content:
        return wheel.inspect(path, path.name, self._scanner)

    def close(self) -> None:
        """There is nothing to end."""


def some_contents(
    folder: Path, *, use_results: bool = True, scanner: Scanner | None = None
) -> Contents:
    """Contents that are kept in `folder`, read without a process of their own."""
    return Contents(folder, InProcess(scanner), version="tests", use_results=use_results)


def the_index(index: LoopbackIndex) -> Index:
    """How pip or uv is configured to use the fake."""
    return Index(url=index_url(index.url))
