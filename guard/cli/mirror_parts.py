"""Opens a mirror: its database, its store, and the judge that it shares with the command line."""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import math
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import guard
from guard.cli.session import Session, advisories_folder, cache_folder, policy_files, state_folder
from guard.errors import MirrorError, SourceError
from guard.gateway.indexes import configured
from guard.gateway.tool import Tool
from guard.install.configuration import Configuration
from guard.mirror.database import Database, open_database
from guard.mirror.database.engine import at
from guard.mirror.database.migrating import migrate
from guard.mirror.database.projects import Projects
from guard.mirror.judging import Judge, Outside
from guard.mirror.kept import KeptPages
from guard.mirror.mirror import Mirror
from guard.mirror.people.approvals import in_force
from guard.mirror.records import PRIVATE
from guard.mirror.server.app import Parts, parts
from guard.mirror.settings import Settings
from guard.mirror.shelf import Shelf
from guard.mirror.store import open_store
from guard.mirror.upstream import LIMITS, POOLED, Upstream
from guard.mirror.watch.denials import Denials, beneath
from guard.mirror.watch.feeding import Following
from guard.mirror.watch.snapshots import Snapshots
from guard.model import Index
from guard.policy import effective
from guard.private import private_folder
from guard.progress import Silent
from guard.quarantine import Quarantine
from guard.request import IndexOptions, Request, Wanted
from guard.sources.cache import PageCache
from guard.sources.http import Connection, FetchError
from guard.sources.pages import Pages

_WORKERS = 32
"""Threads that judge: most of them wait for an upstream."""


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Return what the command line and the environment say.

    Passwords come from the latter alone.
    """
    data = arguments.data or state_folder() / "mirror"
    return Settings(
        data=Path(data).absolute(),
        database=arguments.database or os.environ.get("GUARD_MIRROR_DATABASE") or None,
        store=arguments.store or os.environ.get("GUARD_MIRROR_STORE") or None,
        presigned=getattr(arguments, "presigned", False),
        accel_redirect=getattr(arguments, "accel_redirect", None),
        host=getattr(arguments, "host", "127.0.0.1"),
        port=getattr(arguments, "port", 0),
        public_url=(getattr(arguments, "public_url", None) or "").rstrip("/") or None,
        index_url=getattr(arguments, "index_url", None),
        extra_index_urls=tuple(getattr(arguments, "extra_index_url", ())),
        offline=getattr(arguments, "offline", False),
        policy=getattr(arguments, "policy", None),
        uploads=getattr(arguments, "uploads", False),
        anonymous=not getattr(arguments, "login", False),
        approvers=getattr(arguments, "approvers", 1),
        identities=getattr(arguments, "identities", None),
        requests=getattr(arguments, "automatic_requests", False),
    )


def mirror_of(settings: Settings) -> Mirror:
    """Return the database and the store of a mirror. Raises `MirrorError`."""
    try:
        private_folder(settings.data)
    except OSError as error:
        raise MirrorError(
            f"the mirror's folder `{settings.data}` could not be used", reason=error.strerror
        ) from None
    return Mirror(
        settings=settings,
        database=_migrated(settings),
        store=open_store(settings.store or settings.data / "store"),
        clock=lambda: datetime.now(UTC),
        holder=secrets.token_hex(16),
    )


def database_of(settings: Settings) -> Database:
    """Return the database as it is. Raises `MirrorError` and `UsageError`."""
    if settings.database is not None:
        return open_database(settings.database)
    return at(settings.data / "mirror.sqlite")


def _migrated(settings: Settings) -> Database:
    database = database_of(settings)
    migrate(database)
    return database


@contextlib.contextmanager
def opened(
    settings: Settings,
    *,
    cache: PageCache | None = None,
    origins: Sequence[str] = (),
    refresh: bool = False,
) -> Iterator[Parts]:
    """Yield a mirror with its judge, ready to serve.

    `cache` is where pages are kept; `origins` are the upstreams of a mirror that has none. With
    `refresh`, every page is asked for again, however young it is.
    """
    mirror = mirror_of(settings)
    pool = concurrent.futures.ThreadPoolExecutor(_WORKERS, thread_name_prefix="guard")
    cache = cache or KeptPages(pages_folder(settings))
    session = _session(mirror, pool, cache, origins)
    try:
        with contextlib.closing(_upstream(session)) as upstream:
            own = parts(mirror, _judge(mirror, session, upstream, cache, refresh=refresh))
            with contextlib.closing(own):
                yield own
    finally:
        session.close()
        pool.shutdown(wait=False, cancel_futures=True)
        mirror.close()


def pages_folder(settings: Settings) -> Path:
    """Return where pages are kept: a bundle's apart from those of the network.

    Those of the command line are kept in another form, in a folder of their own.
    """
    return settings.data / "pages" if settings.offline else cache_folder() / "mirror-pages"


def quarantine() -> Quarantine:
    """Return the quarantine, which the mirror shares with the command line."""
    return Quarantine(cache_folder() / "quarantine")


def _session(
    mirror: Mirror,
    pool: concurrent.futures.ThreadPoolExecutor,
    cache: PageCache,
    origins: Sequence[str],
) -> Session:
    settings = mirror.settings
    policy, layers = effective(policy_files(settings.policy, None))
    return Session(
        policy=policy,
        layers=layers,
        request=Request(offline=settings.offline),
        wanted=Wanted(),
        installer=Tool(_configuration(mirror, origins)),
        progress=Silent(),
        pool=pool,
        now=datetime.now(UTC),
        stale=_stale(settings),
        page_cache=cache,
    )


def _upstream(session: Session) -> Upstream:
    """Return what asks for pages, as pip or uv would be let in."""
    configuration = session.installer.configuration()
    connection = Connection(
        ca_bundle=configuration.ca_bundle,
        proxy=configuration.proxy,
        user_agent=f"wheelguard/{guard.__version__}",
        pooled=POOLED,
    )
    try:
        return Upstream(connection=connection, credentials=configuration.credentials, limits=LIMITS)
    except FetchError as error:
        raise SourceError("no connection can be trusted", reason=str(error)) from None


def _configuration(mirror: Mirror, origins: Sequence[str]) -> Configuration:
    settings = mirror.settings
    if settings.offline:
        urls = dict.fromkeys([*origins, *Projects(mirror.database).owners()])
        return Configuration(indexes=tuple(Index(url=url) for url in urls if url != PRIVATE))
    asked = IndexOptions(index_url=settings.index_url, extra_index_urls=settings.extra_index_urls)
    return configured(asked, ())


def _stale(settings: Settings) -> float:
    """Return for how many seconds a page holds on that cannot be asked for."""
    return math.inf if settings.offline else settings.stale_age.total_seconds()


def _judge(
    mirror: Mirror, session: Session, upstream: Upstream, cache: PageCache, *, refresh: bool
) -> Judge:
    settings = mirror.settings
    admission = session.admission
    shelf = Shelf(admission.quarantine.root, mirror.store)
    pages = Pages(
        upstream, cache, offline=settings.offline, refresh=refresh, stale=_stale(settings)
    )
    denials = Denials(mirror.database)
    outside = Outside(
        admission=replace(admission, quarantine=shelf, installed=dict, target=lambda: None),
        pages=pages,
        indexes=admission.index.indexes,
        policy=lambda: effective(policy_files(settings.policy, None))[0],
        advisories=Following(mirror, settings.data / "advisories", Snapshots(advisories_folder())),
        beneath=lambda policy: beneath(policy, denials.in_force()),
    )
    return Judge(outside, lambda: in_force(mirror.database), mirror.clock)
