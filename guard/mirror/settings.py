"""How one mirror is set up: what the command line, its file and the environment said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Read once, at the start."""

    data: Path
    """The mirror's private folder: database, store and caches, where these are not elsewhere."""

    database: str | None = None
    """SQLAlchemy's address of a PostgreSQL; `None`: SQLite in `data`."""

    store: str | None = None
    """`s3://bucket/prefix`; `None`: a folder in `data`."""

    presigned: bool = False
    """Whether S3 itself sends files that may be sent, by addresses that last for a minute."""

    host: str = "127.0.0.1"
    port: int = 8765
    public_url: str | None = None
    """How clients reach it, where that is not host and port: no trailing slash."""

    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    """The upstreams; without any, those that the user's pip or uv is configured with."""

    offline: bool = False
    """Whether there is no upstream to ask: what there is, bundles have brought."""

    policy: str | None = None
    """The policy file or preset; without one, those that count for the CLI."""

    anonymous: bool = True
    """Whether pages and files may be read without a token. Never on an address open to others."""

    approvers: int = 1
    """How many people have to approve, none of them the one who requests."""

    identities: Path | None = None
    """Who else is believed about people and CI; without one, `identities.toml` in `data`."""

    requests: bool = False
    """Whether what is denied is asked for by itself."""

    uploads: bool = False
    """Whether private projects may be uploaded."""

    accel_redirect: str | None = None
    """Where the nginx in front has the store, as a location of its own; no slash at the end."""

    page_age: timedelta = timedelta(minutes=10)
    """How long an upstream's page is taken for what it says, where the upstream does not say."""

    stale_age: timedelta = timedelta(days=7)
    """How long what was admitted is served on while upstreams cannot be asked."""
