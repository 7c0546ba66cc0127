"""On top of an existing environment the guard behaves like the tool that it guards."""

from __future__ import annotations

import pytest

from tests.e2e.guarded import LONG_AGO, Environment, Guard, ago, untouched
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel

FROB = {version: a_wheel("frob", version, requires=["dep"]) for version in ("1.0", "2.0")}
DEP = {version: a_wheel("dep", version) for version in ("1.0", "2.0")}
OTHER = a_wheel("other", "1.0")


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    """Two releases of an application and of what it needs, and a project of its own."""
    for wheel in (*FROB.values(), *DEP.values(), OTHER):
        index.add(wheel, uploaded=LONG_AGO)
    return index


@pytest.fixture
def settled(either: Environment) -> Environment:
    """An environment with older releases in it."""
    either.holds(FROB["1.0"], DEP["1.0"], OTHER)
    assert either.installed() == {"frob": "1.0", "dep": "1.0", "other": "1.0"}
    return either


def only(name: str, tree: dict[str, str]) -> dict[str, str]:
    return {path: held for path, held in tree.items() if name in path}


def without(name: str, tree: dict[str, str]) -> dict[str, str]:
    passing = (name, "__pycache__")
    return {path: held for path, held in tree.items() if not any(p in path for p in passing)}


def test_what_is_satisfied_stays(settled: Environment, guard: Guard, index: LoopbackIndex) -> None:
    with untouched(settled):
        ran = guard.install("frob", "dep", into=settled, index=index)
    assert (ran.code, ran.out) == (0, "")
    assert "Nothing to do: everything asked for is installed already" in ran.err
    assert not [seen for seen in index.requests if seen.path.startswith("/files/")]


def test_an_upgrade_is_of_what_was_named(
    settled: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    before = settled.tree()
    assert guard.install("-U", "frob", into=settled, index=index).code == 0
    # pip upgrades what a named project needs only if it must; uv upgrades it too.
    dep = {"uv": "2.0", "pip": "1.0"}[settled.installer]
    assert settled.installed() == {"frob": "2.0", "dep": dep, "other": "1.0"}
    assert only("other", settled.tree()) == only("other", before) != {}


def test_one_dependency_can_be_replaced_alone(
    settled: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    before = settled.tree()
    ran = guard.install("dep==2.0", into=settled, index=index)
    assert ran.code == 0, ran.said
    assert settled.installed() == {"frob": "1.0", "dep": "2.0", "other": "1.0"}
    assert without("dep", settled.tree()) == without("dep", before)


@pytest.mark.parametrize("either", ["uv"], indirect=True)
def test_a_new_requirement_brings_what_it_lacks_and_nothing_else(
    settled: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.add(a_wheel("app", "3.0", requires=["frob", "lib"]), uploaded=LONG_AGO)
    index.add(a_wheel("lib", "1.0"), uploaded=LONG_AGO)
    ran = guard.install("app", into=settled, index=index)
    assert ran.code == 0, ran.said
    assert settled.installed() == {
        "app": "3.0",
        "lib": "1.0",
        "frob": "1.0",
        "dep": "1.0",
        "other": "1.0",
    }
    assert "2 files judged" in ran.err


def test_a_project_that_left_its_index_stays_installed(
    settled: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.remove(OTHER.filename)
    with untouched(settled):
        assert guard.install("other", "dep", into=settled, index=index).code == 0
    assert guard.install("other", "dep==2.0", into=settled, index=index).code == 0
    assert settled.installed() == {"frob": "1.0", "dep": "2.0", "other": "1.0"}


def test_reinstalling_mends_what_is_installed(
    settled: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    module = settled.packages / "dep.py"
    module.unlink()
    ran = guard.install("--reinstall", "dep==1.0", into=settled, index=index)
    assert ran.code == 0, ran.said
    assert module.read_text() == "__version__ = '1.0'\n"
    assert settled.installed()["dep"] == "1.0"


@pytest.mark.parametrize("either", ["uv"], indirect=True)
def test_an_installed_release_that_is_denied_today_is_not_touched(
    settled: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.add(DEP["1.0"], uploaded=LONG_AGO, yanked="it breaks")
    with untouched(settled):
        assert guard.install("dep", into=settled, index=index).code == 0
    assert guard.install("-U", "dep", into=settled, index=index).code == 0
    assert settled.installed()["dep"] == "2.0"


def test_whoever_wants_newer_releases_is_told_why_there_are_none(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    either.holds(DEP["2.0"])
    index.add(a_wheel("dep", "3.0"), uploaded=ago(days=1))
    with untouched(either):
        ran = guard.install("-U", "dep", into=either, index=index)
    assert ran.code == 0, ran.said
    assert "dep 3.0 (fresh-upload: uploaded 1 day ago, younger than 7 days)" in ran.err
    assert "Nothing to do" in ran.err


def test_only_the_package_that_was_named_for_it_is_upgraded(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    target.holds(FROB["1.0"], DEP["1.0"])
    assert guard.install("frob", "-P", "dep", into=target, index=index).code == 0
    assert target.installed() == {"frob": "1.0", "dep": "2.0"}


def test_pip_has_no_such_upgrade_and_the_guard_does_not_pretend(
    pip_target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    ran = guard.install("frob", "-P", "dep", into=pip_target, index=index)
    assert ran.code == 2
    assert "--upgrade-package" in ran.err
