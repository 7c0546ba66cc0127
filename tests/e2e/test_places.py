"""Where files go, and what is only said: folders, prefixes, dry runs, pip's report."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.e2e.guarded import (
    LONG_AGO,
    Environment,
    Guard,
    ago,
    assert_paragraph,
    at,
    installed_in,
    tree,
    untouched,
)
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel

FROB = a_wheel("frob", "1.0", requires=["dep"], extras={"fast": ["speed"]})
DEP = a_wheel("dep", "1.0")


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    for wheel in (FROB, DEP, a_wheel("speed", "1.0")):
        index.add(wheel, uploaded=LONG_AGO)
    return index


def test_a_folder_instead_of_the_environment(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    either.holds(DEP)
    folder = guard.work / "vendored"
    with untouched(either):
        ran = guard.install("frob", "--target", "vendored", into=either, index=index)
    assert ran.code == 0, ran.said
    assert installed_in(folder) == {"frob": "1.0", "dep": "1.0"}


def test_a_folder_that_has_it_already(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    command = ("frob", "--target", guard.work / "vendored")
    assert guard.install(*command, into=target, index=index).code == 0
    before = tree(guard.work / "vendored")
    ran = guard.install(*command, into=target, index=index)
    assert (ran.code, tree(guard.work / "vendored")) == (0, before)
    assert "Nothing to do" in ran.err
    index.add(a_wheel("dep", "2.0"), uploaded=LONG_AGO)
    assert guard.install(*command, "-U", "--refresh", into=target, index=index).code == 0
    assert installed_in(guard.work / "vendored") == {"frob": "1.0", "dep": "2.0"}


def test_a_prefix_instead_of_the_environment(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    with untouched(either):
        ran = guard.install("frob", "--prefix", "prefix", into=either, index=index)
    assert ran.code == 0, ran.said
    (folder,) = (guard.work / "prefix").glob("lib/python3*/site-packages")
    assert installed_in(folder) == {"frob": "1.0", "dep": "1.0"}


def test_only_one_of_target_and_prefix(target: Environment, guard: Guard) -> None:
    ran = guard.install("frob", "--prefix", "a", "--target", "b", into=target)
    assert_paragraph(ran, 2, "--target", "--prefix")


def test_a_dry_run_judges_and_installs_nothing(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    with untouched(target):
        ran = guard.install("frob", "--dry-run", into=target, index=index)
    assert (ran.code, ran.out) == (0, "")
    assert ": admitted; nothing was installed (--dry-run)" in ran.err


def test_without_dependencies(target: Environment, guard: Guard, index: LoopbackIndex) -> None:
    assert guard.install("frob", "--no-deps", into=target, index=index).code == 0
    assert target.installed() == {"frob": "1.0"}


def test_extras(target: Environment, guard: Guard, index: LoopbackIndex) -> None:
    assert guard.install("frob[fast]", into=target, index=index).code == 0
    assert target.installed() == {"frob": "1.0", "dep": "1.0", "speed": "1.0"}


def test_the_report_is_the_one_that_pip_writes(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    command = ("frob", "--dry-run", "--report")
    ran = guard.install(*command, "report.json", into=either, index=index)
    assert ran.code == 0, ran.said
    report = json.loads((guard.work / "report.json").read_text())
    assert report["version"] == "1"
    assert report["environment"]["python_version"] == f"3.{sys.version_info.minor}"
    items = {item["metadata"]["name"]: item for item in report["install"]}
    assert items.keys() == {"frob", "dep"}
    assert items["frob"] == {
        "download_info": {
            "url": index.file_url(FROB.filename),
            "archive_info": {
                "hash": f"sha256={FROB.sha256}",
                "hashes": {"sha256": FROB.sha256},
            },
        },
        "is_direct": False,
        "is_yanked": False,
        "requested": True,
        "metadata": {
            "metadata_version": "2.2",
            "name": "frob",
            "version": "1.0",
            "requires_dist": ["dep", 'speed ; extra == "fast"'],
            "provides_extra": ["fast"],
        },
    }
    assert items["dep"]["requested"] is False


def test_a_report_of_nothing_is_a_report(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    target.holds(DEP)
    ran = guard.install("dep", "--report", "report.json", into=target, index=index)
    assert ran.code == 0, ran.said
    assert json.loads((guard.work / "report.json").read_text())["install"] == []


def test_the_report_goes_to_stdout_as_pip_has_it(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    ran = guard.install("dep", "--report", "-", into=target, index=index)
    assert ran.code == 0, ran.said
    assert [item["metadata"]["name"] for item in ran.report["install"]] == ["dep"]
    assert not (guard.work / "-").exists()


def test_a_denied_plan_has_no_report(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.add(DEP, uploaded=ago(days=1))
    ran = guard.install("dep", "--report", "report.json", into=target, index=index)
    assert ran.code == 77, ran.said
    assert not (guard.work / "report.json").exists()


def test_a_report_that_cannot_be_written_installs_nothing(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    with untouched(target):
        ran = guard.install("dep", "--report", "no/such/folder/r", into=target, index=index)
    assert_paragraph(ran, 2, "no/such/folder/r", "could not be written")


def test_options_may_stand_between_requirements(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    ran = guard("install", "dep", *at(index), "speed", "--python", target.python, "-U", "frob")
    assert ran.code == 0, ran.said
    assert target.installed() == {"frob": "1.0", "dep": "1.0", "speed": "1.0"}


def test_wheels_only_is_what_the_guard_does_anyway(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    ran = guard.install("dep", "--only-binary", ":all:", into=target, index=index)
    assert ran.code == 0, ran.said


@pytest.mark.parametrize("given", ["active", "below", "named"])
def test_the_environment_is_found_as_uv_finds_it(
    given: str, target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    settings: dict[str, str] = {}
    words: tuple[str, ...] = ()
    if given == "active":
        settings = {"VIRTUAL_ENV": str(target.path)}
    elif given == "below":
        Path(guard.work / ".venv").symlink_to(target.path)
    else:
        words = ("--python", str(target.path))
    ran = guard("install", "dep", *at(index), *words, **settings)
    assert ran.code == 0, ran.said
    assert target.installed() == {"dep": "1.0"}


def test_without_an_environment_nothing_is_guessed(guard: Guard, index: LoopbackIndex) -> None:
    ran = guard("install", "dep", *at(index))
    assert_paragraph(ran, 2, "no environment to install into", "--system")
    assert index.requests == []
