"""A script that says itself what it needs (PEP 723)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.days import shop
from tests.e2e.days.day import Day, day, evening, settings
from tests.e2e.guarded import Guard
from tests.fakes import LoopbackIndex

_SCRIPT = """\
#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "frob",
# ]
# ///
import importlib.metadata as about
import os
import sys

print(*sorted(f"{each.name}=={each.version}" for each in about.distributions()))
sys.exit(int(os.environ.get("CODE", "0")))
"""


@pytest.fixture(scope="module")
def outer() -> Iterator[LoopbackIndex]:
    with LoopbackIndex() as index:
        shop.stock(index, *shop.OLD)
        yield index


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, outer: LoopbackIndex) -> Guard:
    folder = tmp_path_factory.mktemp("script")
    here = evening(folder, settings(folder, outer))
    for name in ("free.py", "locked.py"):
        (here.work / name).write_text(_SCRIPT)
        (here.work / name).chmod(0o755)
    ran = Day.bare(here, "uv", "lock", "--script", "locked.py")
    assert ran.code == 0, ran.said
    shop.stock(outer, *shop.NEWER)
    return here


@pytest.fixture
def script(desk: Guard, outer: LoopbackIndex) -> Iterator[Day]:
    with day(desk, outer, fresh=shop.FRESH) as today:
        yield today


@pytest.mark.parametrize(
    ("name", "has"), [("free.py", "dep==1.1 frob==1.1\n"), ("locked.py", "dep==1.0 frob==1.0\n")]
)
def test_it_is_run(script: Day, name: str, has: str) -> None:
    for words in (("run", name), ("run", "--script", name)):
        said = script.both("uv", *words)
        assert said.bare.out == said.wrapped.out == has
    script.both("uv", "run", "-q", name, "--with-its-own", "words", code=7, CODE="7")


def test_something_is_added_and_removed(script: Day) -> None:
    for name in ("free.py", "locked.py"):
        script.both("uv", "add", "--script", name, "tidy<1", "speed")
        script.both("uv", "remove", "--script", name, "frob")
    said = script.both("uv", "run", "locked.py")
    assert said.bare.out == said.wrapped.out == "speed==1.0 tidy==0.9\n"


def test_it_is_locked_and_upgraded(script: Day) -> None:
    script.both("uv", "lock", "--script", "free.py")
    assert "frob-1.1" in script.text("free.py.lock")
    script.both("uv", "lock", "--script", "locked.py", "--upgrade-package", "dep")
    lock = script.text("locked.py.lock")
    assert ("dep-1.1" in lock, "frob-1.0" in lock) == (True, True)
    script.both("uv", "sync", "--script", "locked.py", "--locked")


def test_it_is_shown(script: Day) -> None:
    for words in (("tree", "--script", "locked.py"), ("export", "--script", "locked.py")):
        said = script.both("uv", *words)
        assert said.bare.out == said.wrapped.out
        assert "frob" in said.bare.out


def test_a_new_one_is_begun(script: Day) -> None:
    script.both("uv", "init", "--script", "new.py")
    script.both("uv", "add", "--script", "new.py", "probe")
    script.both("uv", "run", "new.py")


def test_what_is_too_fresh_is_denied(script: Day) -> None:
    for words in (("add", "--script", "free.py", "frob==2.0"), ("lock", "--script", "free.py")):
        if words[0] == "lock":
            script.write("free.py", _SCRIPT.replace('"frob"', '"frob>=2"'))
        ran = script.denied("uv", *words)
        assert "2.0 (fresh-upload: uploaded" in ran.err
    ran = script.denied("uv", "run", "free.py")
    assert ran.out == ""


def test_a_lock_that_somebody_made_without_it_is_denied(script: Day) -> None:
    with script.turn("wrapped") as here, script.morning("wrapped"):
        assert script.bare(here, "uv", "lock", "--script", "free.py").code == 0
    ran = script.denied("uv", "run", "free.py")
    assert "denied[fresh-upload]" in ran.err
    assert ran.out == ""
