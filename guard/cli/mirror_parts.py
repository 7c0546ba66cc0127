"""Opens a mirror: its database, its store, and the judge that it shares with the command line."""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import guard
from guard.approval import Approvals
from guard.cli.session import Session, advisories_folder, cache_folder, policy_files, state_folder
from guard.errors import MirrorError, SourceError
from guard.gateway.indexes import configured
from guard.gateway.tool import Tool
from guard.mirror.database import Database, open_database
from guard.mirror.database.engine import at
from guard.mirror.database.schema import METADATA
from guard.mirror.judging import Judge, Outside
from guard.mirror.mirror import Mirror
from guard.mirror.server.app import Parts, parts
from guard.mirror.settings import Settings
from guard.mirror.shelf import Shelf
from guard.mirror.store import open_store
from guard.mirror.upstream import LIMITS, POOLED, Upstream
from guard.policy import effective
from guard.private import private_folder
from guard.progress import Silent
from guard.request import IndexOptions, Request, Wanted
from guard.sources.advisories import AdvisorySource
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
        host=getattr(arguments, "host", "127.0.0.1"),
        port=getattr(arguments, "port", 0),
        public_url=(getattr(arguments, "public_url", None) or "").rstrip("/") or None,
        index_url=getattr(arguments, "index_url", None),
        extra_index_urls=tuple(getattr(arguments, "extra_index_url", ())),
        policy=getattr(arguments, "policy", None),
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
        database=_database(settings),
        store=open_store(settings.store or settings.data / "store"),
        clock=lambda: datetime.now(UTC),
        holder=secrets.token_hex(16),
    )


def _database(settings: Settings) -> Database:
    if settings.database is not None:
        return open_database(settings.database)
    database = at(settings.data / "mirror.sqlite")
    METADATA.create_all(database.engine)
    return database


@contextlib.contextmanager
def opened(settings: Settings) -> Iterator[Parts]:
    """Yield a mirror with its judge, ready to serve."""
    mirror = mirror_of(settings)
    pool = concurrent.futures.ThreadPoolExecutor(_WORKERS, thread_name_prefix="guard")
    session = _session(settings, pool)
    try:
        with contextlib.closing(_upstream(session)) as upstream:
            own = parts(mirror, _judge(mirror, session, upstream))
            with contextlib.closing(own):
                yield own
    finally:
        session.close()
        pool.shutdown(wait=False, cancel_futures=True)
        mirror.close()


def _session(settings: Settings, pool: concurrent.futures.ThreadPoolExecutor) -> Session:
    asked = IndexOptions(index_url=settings.index_url, extra_index_urls=settings.extra_index_urls)
    policy, layers = effective(policy_files(settings.policy, None))
    return Session(
        policy=policy,
        layers=layers,
        request=Request(),
        wanted=Wanted(),
        installer=Tool(configured(asked, ())),
        progress=Silent(),
        pool=pool,
        now=datetime.now(UTC),
        stale=settings.stale_age.total_seconds(),
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


def _judge(mirror: Mirror, session: Session, upstream: Upstream) -> Judge:
    settings = mirror.settings
    admission = session.admission
    quarantine = Shelf(admission.quarantine.root, mirror.store)
    pages = Pages(
        upstream,
        PageCache(cache_folder() / "pages"),
        stale=settings.stale_age.total_seconds(),
    )
    outside = Outside(
        admission=replace(admission, quarantine=quarantine, installed=dict, target=lambda: None),
        pages=pages,
        indexes=admission.index.indexes,
        policy=lambda: effective(policy_files(settings.policy, None))[0],
        advisories=lambda: AdvisorySource(advisories_folder()),
    )
    return Judge(outside, Approvals, mirror.clock)
