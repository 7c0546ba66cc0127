"""The commands about people, as an admin types them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.e2e.guarded import Guard, assert_paragraph
from tests.mirror.backends import Kept, embedded_only


@pytest.fixture
def guard(guard: Guard, kept: Kept) -> Guard:
    """The command, told by its environment where the mirror keeps things."""
    return replace(guard, settings=kept.variables(guard.folder))


def test_people_and_their_tokens(guard: Guard) -> None:
    data = ("--data", guard.folder / "data")
    assert guard("mirror", "person", "add", "alice", "--role", "approver", *data).code == 0
    assert_paragraph(guard("mirror", "person", "add", "alice", *data), 2, "already")
    ran = guard(
        "mirror", "token", "create", "alice", "--label", "laptop", "--expires", "P9D", *data
    )
    assert ran.err == "token 1 for alice, shown this once:\n"
    assert ran.out.startswith("wgm_")
    secret = ran.out.strip()
    ran = guard("mirror", "token", "list", "--output-format", "json", *data)
    (token,) = ran.report["tokens"]
    assert (token["person"], token["label"], token["status"]) == ("alice", "laptop", "valid")
    assert guard("mirror", "token", "revoke", "1", *data).code == 0
    assert "revoked" in guard("mirror", "token", "list", *data).out
    assert guard("mirror", "person", "role", "alice", "reader", *data).err == "alice  reader\n"
    assert guard("mirror", "person", "disable", "alice", *data).err == "alice  reader  disabled\n"
    asked = ("mirror", "request", "frob==1.0", "--reason", "why", "--person", "alice", *data)
    assert_paragraph(guard(*asked), 2, "nobody called `alice`")
    assert guard("mirror", "person", "enable", "alice", *data).code == 0
    assert_paragraph(guard(*asked), 77, "this takes the role requester")
    everything = [path.read_bytes() for path in guard.folder.rglob("*") if path.is_file()]
    assert not any(secret.encode() in content for content in everything)


def test_the_log_is_exported_and_verified(guard: Guard) -> None:
    data = ("--data", guard.folder / "data")
    for name in ("alice", "bob"):
        guard("mirror", "person", "add", name, "--role", "requester", *data)
    ran = guard("mirror", "request", "frob==1.0", "--reason", "why", "--person", "bob", *data)
    assert ran.err == "request 1\n"
    ran = guard("mirror", "log", "--output-format", "jsonl", *data)
    entries = [json.loads(line) for line in ran.out.splitlines()]
    assert [entry["action"] for entry in entries] == ["person add", "person add", "request"]
    export = guard.work / "log.jsonl"
    export.write_text(ran.out)
    head = entries[-1]["digest"]
    for where in (data, ("--file", export)):
        ran = guard("mirror", "log", "--verify", "--head", entries[0]["digest"], *where)
        assert ran.out == f"3 entries: as they were written; head {head}\n"
    export.write_text(ran.out)
    assert_paragraph(guard("mirror", "log", "--verify", "--file", export), 70, "is no export")
    lines = [json.dumps(entry) for entry in entries]
    export.write_text("\n".join([lines[0], lines[2]]))
    ran = guard("mirror", "log", "--verify", "--file", export)
    assert_paragraph(ran, 70, "was changed by something else", "entry 3 does not follow")
    ran = guard("mirror", "log", "--verify", "--head", "0" * 64, *data)
    assert_paragraph(ran, 70, "no entry has the digest")


@embedded_only
def test_nobody_opens_a_mirror_to_the_world_without_a_login(guard: Guard) -> None:
    ran = guard("mirror", "serve", "--host", "0.0.0.0", "--data", guard.folder / "data")  # noqa: S104
    assert_paragraph(ran, 2, "would open the mirror to others without a login", "--login")
