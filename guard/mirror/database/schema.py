"""The tables: one schema for SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC, as microseconds since 1970: both engines order and compare it alike."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:  # noqa: ARG002, ANN401 - SQLAlchemy's
        """Return what is stored."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:  # noqa: ARG002, ANN401 - SQLAlchemy's
        """Return what was stored."""
        return None if value is None else _EPOCH + value * _MICROSECOND


_SHA256: Final = String(64)
NAME_LENGTH: Final = 255
_NAME: Final = String(NAME_LENGTH)
_NUMBER: Final = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only where they are called INTEGER."""

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

projects: Final = Table(
    "projects",
    METADATA,
    Column("name", _NAME, primary_key=True),
    Column("owner", Text, nullable=False),  # one index for each name, from the first time on
    Column("first_seen", Moment, nullable=False),
)

files: Final = Table(
    "files",
    METADATA,
    Column("sha256", _SHA256, primary_key=True),
    Column("filename", _NAME, primary_key=True),
    Column("project", _NAME, nullable=False),
    Column("version", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("origin", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("listed_size", BigInteger),
    Column("upload_time", Moment),
    Column("requires_python", Text),
    Column("state", String(16), nullable=False),
    Column("epoch", String(64)),
    Column("judged_at", Moment),
    Column("valid_until", Moment),
    Column("findings", Text, nullable=False),  # JSON
    Column("size", BigInteger),  # NULL: its bytes are not in the store
    Column("metadata_sha256", _SHA256),
    Column("provenance_sha256", _SHA256),
    Column("receipt_sha256", _SHA256),
    Index(None, "project"),
    Index(None, "state", "epoch"),
)

decisions: Final = Table(  # every one that differs from the one before; the last is in `files`
    "decisions",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("sha256", _SHA256, nullable=False),
    Column("filename", _NAME, nullable=False),
    Column("state", String(16), nullable=False),
    Column("epoch", String(64), nullable=False),
    Column("judged_at", Moment, nullable=False),
    Column("findings", Text, nullable=False),
    Index(None, "sha256", "filename"),
)

changes: Final = Table(  # what replicas poll to know which rendered pages are old
    "changes",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("project", _NAME),  # NULL: all of them
    Column("at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

leases: Final = Table(  # who is about to do what nobody should do twice
    "leases",
    METADATA,
    Column("key", String(400), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("until", Moment, nullable=False),
)

jobs: Final = Table(  # the embedded queue; Procrastinate has tables of its own
    "jobs",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("kind", String(32), nullable=False),
    Column("key", String(400), nullable=False),
    Column("payload", Text, nullable=False),  # JSON
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due", Moment, nullable=False),
    Column("claimed_by", String(64)),
    Column("claimed_until", Moment),
    Column("failed_at", Moment),  # given up: nobody claims it again
    Column("error", Text),
    Index(None, "due"),
    sqlite_autoincrement=True,
)
Index(  # one job of a kind waits for a key; while it runs, another may come to wait
    "ux_jobs_waiting",
    jobs.c.kind,
    jobs.c.key,
    unique=True,
    sqlite_where=jobs.c.claimed_by.is_(None) & jobs.c.failed_at.is_(None),
    postgresql_where=jobs.c.claimed_by.is_(None) & jobs.c.failed_at.is_(None),
)

people: Final = Table(
    "people",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("name", _NAME, nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("subject", Text, unique=True),  # OIDC: issuer and subject
    Column("disabled", Boolean, nullable=False, server_default="0"),
    Column("created_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)

tokens: Final = Table(
    "tokens",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("person", _NUMBER, ForeignKey("people.number"), nullable=False),
    Column("hash", _SHA256, nullable=False, unique=True),  # of 256 random bits: no salt is needed
    Column("label", _NAME, nullable=False),
    Column("parent", _NUMBER, ForeignKey("tokens.number")),  # a session ends with its token
    Column("scope", String(16), nullable=False),  # a role that it is limited to
    Column("created_at", Moment, nullable=False),
    Column("expires", Moment),
    Column("revoked_at", Moment),
    sqlite_autoincrement=True,
)

requests: Final = Table(
    "requests",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("project", _NAME, nullable=False),
    Column("version", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("requested_by", _NUMBER, ForeignKey("people.number"), nullable=False),
    Column("requested_at", Moment, nullable=False),
    Column("state", String(16), nullable=False),  # open, approved, rejected, withdrawn
    Column("closed_at", Moment),
    Column("expires", Moment),
    Column("examined", Text),  # JSON: what was found as if it were approved; NULL: nobody looked
    Index(None, "state"),
    Index(None, "project"),
    sqlite_autoincrement=True,
)

votes: Final = Table(
    "votes",
    METADATA,
    Column("request", _NUMBER, ForeignKey("requests.number"), primary_key=True),
    Column("person", _NUMBER, ForeignKey("people.number"), primary_key=True),
    Column("approves", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("accepts", Text, nullable=False),  # JSON: the rules that are set aside
    Column("seen", _SHA256, nullable=False),  # a digest of what the voter was shown
    Column("at", Moment, nullable=False),
)

approvals: Final = Table(
    "approvals",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("project", _NAME, nullable=False),
    Column("version", Text, nullable=False),
    Column("request", _NUMBER, ForeignKey("requests.number")),
    Column("document", Text, nullable=False),  # JSON of guard.approval.Approval
    Column("approved_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Index(None, "project"),
    sqlite_autoincrement=True,
)

audit: Final = Table(  # append only; each row has the digest of the one before
    "audit",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),  # JSON
    Column("previous", _SHA256, nullable=False),
    Column("digest", _SHA256, nullable=False),
)

rounds: Final = Table(  # each time that everything held was to be judged again
    "rounds",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("key", String(128), nullable=False, unique=True),  # one round for one reason
    Column("kind", String(16), nullable=False),  # standpoint, day, upstreams, asked
    Column("epoch", _SHA256, nullable=False),
    Column("project", _NAME),  # NULL: all of them
    Column("since", Moment, nullable=False),  # what was judged later, by this epoch, is left alone
    Column("began_at", Moment, nullable=False),
    Column("ended_at", Moment),  # NULL: it goes on, or whoever did it is no more
    Column("judged", Integer, nullable=False, server_default="0"),
    Column("revoked", Integer, nullable=False, server_default="0"),
    Column("restored", Integer, nullable=False, server_default="0"),
    Column("undecided", Integer, nullable=False, server_default="0"),
    sqlite_autoincrement=True,
)

observations: Final = Table(  # what upstreams said last of what is held
    "observations",
    METADATA,
    Column("project", _NAME, primary_key=True),
    Column("digest", _SHA256),  # NULL: it could never be asked
    Column("seen_at", Moment),
    Column("trouble", Text),  # NULL: its upstream answered
)

denials: Final = Table(  # what was stopped by hand: each is a [[deny]] of the policy
    "denials",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("project", _NAME, nullable=False),
    Column("versions", Text),  # NULL: every one
    Column("reason", Text, nullable=False),
    Column("denied_by", Text, nullable=False),
    Column("denied_at", Moment, nullable=False),
    Column("lifted_by", Text),
    Column("lifted_at", Moment),
    sqlite_autoincrement=True,
)

notices: Final = Table(  # what people are told of
    "notices",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("event", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    Column("data", Text, nullable=False),  # JSON
    sqlite_autoincrement=True,
)

snapshots: Final = Table(  # of advisories: the file of each is in the store
    "snapshots",
    METADATA,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("sha256", _SHA256, nullable=False),
    Column("export", _SHA256, nullable=False),  # what it was made of
    Column("as_of", Moment, nullable=False),
    Column("fetched_at", Moment, nullable=False),
    Column("tried_at", Moment, nullable=False),  # when somebody last found nothing newer
    sqlite_autoincrement=True,
)

deliveries: Final = Table(  # how far each receiver has been told
    "deliveries",
    METADATA,
    Column("target", String(128), primary_key=True),
    Column("number", _NUMBER, nullable=False),  # the last notice that it has
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due", Moment, nullable=False),
    Column("error", Text),
    Column("lost", Integer, nullable=False, server_default="0"),  # notices given up
)
