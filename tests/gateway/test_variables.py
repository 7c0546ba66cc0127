"""Variables of uv behind the gateway: the real uv does with them what the bare one does."""

from __future__ import annotations

import shutil

import pytest

from tests.e2e.guarded import LONG_AGO, Guard, assert_paragraph
from tests.fakes import LoopbackIndex
from tests.gateway.uv_projects import a_project, bare, beside, files, installed, settings
from tests.wheels import a_wheel

_MORE = """\
[project.optional-dependencies]
all = ["extra"]
[dependency-groups]
dev = ["developing"]
docs = ["writing"]
[tool.uv]
default-groups = ["dev", "docs"]
"""


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    for name in ("frob", "extra", "developing", "writing"):
        index.add(a_wheel(name, "1.0"), uploaded=LONG_AGO)
    return index


@pytest.mark.parametrize(
    ("name", "value", "missing"),
    [
        ("UV_NO_DEV", "1", {"developing-1.0.dist-info"}),
        (
            "UV_NO_DEFAULT_GROUPS",
            "1",
            {"developing-1.0.dist-info", "writing-1.0.dist-info"},
        ),
        ("UV_NO_GROUP", "docs", {"writing-1.0.dist-info"}),
        ("UV_DEV", "1", {"writing-1.0.dist-info"}),
    ],
)
def test_a_variable_that_is_kept_is_honoured(
    name: str, value: str, missing: set[str], guard: Guard, index: LoopbackIndex
) -> None:
    told = settings(index, **{name: value})
    more = _MORE.replace('["dev", "docs"]', "[]") if name == "UV_DEV" else _MORE
    project, other = a_project(guard, "frob", more=more), beside(guard)
    shutil.copy(project, other)
    ran = guard("uv", "sync", **told)
    assert ran.code == 0, ran.said
    assert bare(guard, other, ["sync"], **told).code == 0
    assert installed(guard.work) == installed(other)
    everything = {f"{each}-1.0.dist-info" for each in ("frob", "developing", "writing")}
    assert installed(guard.work) == everything - missing
    assert files(guard.work) == files(other)


def test_offline_asks_nobody(guard: Guard, index: LoopbackIndex) -> None:
    a_project(guard, "frob")
    ran = guard("uv", "sync", **settings(index, UV_OFFLINE="1"))
    assert ran.code != 0
    assert "offline" in ran.said or "network was disabled" in ran.said
    assert not installed(guard.work)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UV_PROJECT", "../elsewhere"),
        ("UV_WORKING_DIR", "../elsewhere"),
        ("UV_ISOLATED", "1"),
        ("UV_NO_CONFIG", "true"),
        ("UV_NO_BINARY", "1"),
    ],
)
@pytest.mark.parametrize("words", ["sync", "run python -c 0", "lock"])
def test_a_variable_that_is_refused_is_named_and_nothing_changes(
    words: str, name: str, value: str, guard: Guard, index: LoopbackIndex
) -> None:
    a_project(guard, "frob")
    before = files(guard.work)
    ran = guard("uv", *words.split(), **settings(index, **{name: value}))
    assert_paragraph(ran, 2, f"`{name}` is not supported behind the gateway")
    assert (files(guard.work), installed(guard.work)) == (before, set())


def test_a_word_for_no_is_no(guard: Guard, index: LoopbackIndex) -> None:
    a_project(guard, "frob")
    ran = guard("uv", "lock", **settings(index, UV_NO_CONFIG="0", UV_ISOLATED="false"))
    assert ran.code == 0, ran.said
