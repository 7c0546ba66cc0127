"""What the database itself forbids, whoever asks: triggers, made together with their tables.

The audit log only grows. Nobody votes on a request of their own, and no request changes hands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import DDL, Table, event

from guard.mirror.database import schema

_APPEND_ONLY: Final = "the audit log is only ever added to"
_OWN_VOTE: Final = "nobody votes on a request of their own"
_OWNER: Final = "a request stays with whoever made it"


def _sqlite(name: str, when: str, condition: str, message: str) -> str:
    return f"CREATE TRIGGER {name} {when} {condition}BEGIN SELECT RAISE(ABORT, '{message}'); END"


_OWN: Final = "WHEN NEW.person = (SELECT requested_by FROM requests WHERE number = NEW.request) "

_SQLITE: Final[Mapping[str, Sequence[str]]] = {
    "audit": (
        _sqlite("audit_no_update", "BEFORE UPDATE ON audit", "", _APPEND_ONLY),
        _sqlite("audit_no_delete", "BEFORE DELETE ON audit", "", _APPEND_ONLY),
        # INSERT OR REPLACE deletes without asking the trigger above.
        _sqlite(
            "audit_no_replace",
            "BEFORE INSERT ON audit",
            "WHEN EXISTS (SELECT 1 FROM audit WHERE number >= NEW.number) ",
            _APPEND_ONLY,
        ),
    ),
    "votes": (
        _sqlite("votes_not_own", "BEFORE INSERT ON votes", _OWN, _OWN_VOTE),
        _sqlite("votes_not_own_later", "BEFORE UPDATE ON votes", _OWN, _OWN_VOTE),
    ),
    "requests": (
        _sqlite(
            "requests_owner",
            "BEFORE UPDATE ON requests",
            "WHEN NEW.requested_by <> OLD.requested_by ",
            _OWNER,
        ),
    ),
}


def _function(name: str, body: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {body} RETURN NEW; END $$"
    )


def _raise(message: str) -> str:
    return f"RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation';"


_POSTGRESQL: Final[Mapping[str, Sequence[str]]] = {
    "audit": (
        _function("guard_audit_kept", _raise(_APPEND_ONLY)),
        (
            "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit "
            "FOR EACH ROW EXECUTE FUNCTION guard_audit_kept()"
        ),
        (
            "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION guard_audit_kept()"
        ),
    ),
    "votes": (
        _function(
            "guard_votes_not_own",
            "IF NEW.person = (SELECT requested_by FROM requests WHERE number = NEW.request) "  # noqa: S608 - constants
            f"THEN {_raise(_OWN_VOTE)} END IF;",
        ),
        (
            "CREATE TRIGGER votes_not_own BEFORE INSERT OR UPDATE ON votes "
            "FOR EACH ROW EXECUTE FUNCTION guard_votes_not_own()"
        ),
    ),
    "requests": (
        _function(
            "guard_requests_owner",
            f"IF NEW.requested_by <> OLD.requested_by THEN {_raise(_OWNER)} END IF;",
        ),
        (
            "CREATE TRIGGER requests_owner BEFORE UPDATE ON requests "
            "FOR EACH ROW EXECUTE FUNCTION guard_requests_owner()"
        ),
    ),
}

STATEMENTS: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "sqlite": _SQLITE,
    "postgresql": _POSTGRESQL,
}
"""What makes the triggers of each engine, by table: also for migrations, which make none of them
by themselves."""


def _listen(table: Table) -> None:
    for dialect, tables in STATEMENTS.items():
        for statement in tables[table.name]:
            ddl: DDL = DDL(statement)  # type: ignore[no-untyped-call]
            event.listen(table, "after_create", ddl.execute_if(dialect=dialect))


for _table in (schema.audit, schema.votes, schema.requests):
    _listen(_table)
