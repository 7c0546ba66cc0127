"""`guard check`: the same judgement, and nothing is installed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from tests.e2e.guarded import LONG_AGO, Environment, Guard, ago, assert_paragraph, at, to, untouched
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel, an_sdist

FROB = a_wheel("frob", "1.0", requires=["dep"])
DEP = a_wheel("dep", "1.0")


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    index.add(FROB, uploaded=LONG_AGO)
    index.add(DEP, uploaded=LONG_AGO)
    return index


def test_a_requirement_is_judged_with_all_that_it_needs(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    target.holds(DEP)
    with untouched(target):
        ran = guard("check", "frob", *to(target), *at(index))
    assert (ran.code, ran.out) == (0, "2 files judged, advisories 1 hour old: admitted\n")


def test_requirements_files_are_judged(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    (guard.work / "r.txt").write_text("frob==1.0\n")
    index.add(DEP, uploaded=ago(days=1))
    ran = guard("check", "-r", "r.txt", *to(target), *at(index))
    assert ran.code == 77
    assert ran.finding("fresh-upload") == snapshot("""\
denied[fresh-upload]: uploaded 1 day ago, younger than 7 days
  --> dep-1.0-py3-none-any.whl
   = policy: rules.fresh-upload.age = "7 days"
   = help: guard rule fresh-upload\
""")
    assert "No solution found when resolving dependencies" in ran.out
    assert ran.out.endswith(": 1 denied; nothing was installed\n")


def test_without_an_environment_the_guards_own_python_is_meant(
    guard: Guard, index: LoopbackIndex
) -> None:
    ran = guard("check", "frob", *at(index))
    assert ran.code == 0, ran.said


def test_a_local_wheel_is_judged_by_what_can_be_known_of_it(guard: Guard) -> None:
    FROB.write_to(guard.work)
    ran = guard(
        "check", FROB.filename, "--output-format", "json", "--index-url", "http://127.0.0.1:9"
    )
    assert ran.code == 0, ran.said
    (candidate,) = ran.report["candidates"]
    assert candidate["sha256"] == FROB.sha256
    assert (candidate["index"], candidate["upload_time"]) == (None, None)
    assert candidate["findings"] == []


def test_a_local_wheel_can_be_denied(guard: Guard) -> None:
    DEP.write_to(guard.work)
    (guard.work / "guard.toml").write_text('[[deny]]\nname = "dep"\nreason = "no"\n')
    ran = guard("check", f"./{DEP.filename}", "--policy", "guard.toml")
    assert_paragraph(ran, 77, "denied[denied-release]: denied by the policy: no", DEP.filename)


def test_a_local_source_distribution_is_denied_unbuilt(guard: Guard) -> None:
    sdist = an_sdist("raw", "1.0", payload=guard.work / "marker")
    sdist.write_to(guard.work)
    ran = guard("check", sdist.filename)
    assert_paragraph(ran, 77, "denied[source-distribution]")
    assert not (guard.work / "marker").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["gone-1.0-py3-none-any.whl"], "there is no file `gone-1.0-py3-none-any.whl`"),
        (["nonsense.whl"], "is not the name of a wheel"),
        ([DEP.filename, "frob"], "judged separately"),
    ],
)
def test_what_is_no_local_wheel(words: list[str], said: str, guard: Guard) -> None:
    DEP.write_to(guard.work)
    (guard.work / "nonsense.whl").touch()
    assert_paragraph(guard("check", *words), 2, said)


def test_a_local_wheel_of_which_the_bytes_are_gone(guard: Guard, tmp_path: Path) -> None:
    (guard.work / DEP.filename).symlink_to(tmp_path / "nowhere")
    assert_paragraph(guard("check", DEP.filename), 2, "there is no file")


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
def test_data_goes_to_stdout_and_everything_else_to_stderr(
    form: str, target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.add(a_wheel("frob", "2.0"), uploaded=ago(days=1))
    ran = guard("check", "frob", "--output-format", form, *to(target), *at(index))
    assert ran.code == 0, ran.said
    assert "frob 2.0" in ran.out or '"2.0"' in ran.out
    assert "Resolving" in ran.err
    assert "frob" not in ran.err
    if form == "json":
        assert json.loads(ran.out)["decision"] == "admitted"


def test_github_is_told_in_its_own_words(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.add(DEP, uploaded=LONG_AGO, yanked="bad%\n::error::worse")
    words = ("dep==1.0", "--policy", "strict", "--output-format", "github")
    ran = guard("check", *words, *to(target), *at(index))
    assert ran.code == 77
    assert ran.out == snapshot("""\
::error title=yanked-file%3A dep-1.0-py3-none-any.whl::yanked by its project: bad%25\\n::error::worse · policy: rules.yanked-file.pinned-level = "deny"
::notice title=guard::1 file judged: denied
""")  # noqa: E501 - a command is one line


def test_code_scanning_is_told_in_sarif(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.add(a_wheel("frob", "2.0", files={"evil.pth": "import os\n"}), uploaded=LONG_AGO)
    ran = guard("check", "frob==2.0", "--output-format", "sarif", *to(target), *at(index))
    assert ran.code == 77
    [run] = ran.report["runs"]
    assert run["invocations"][0]["exitCode"] == 77
    [result] = run["results"]
    assert (result["ruleId"], result["level"]) == ("startup-hook", "error")
    [location] = result["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "frob-2.0-py3-none-any.whl"
    assert location["logicalLocations"][0]["fullyQualifiedName"] == "evil.pth"


def test_code_scanning_is_told_that_nothing_was_judged(target: Environment, guard: Guard) -> None:
    words = ("--index-url", "http://127.0.0.1:9", "--output-format", "sarif")
    ran = guard("check", "frob", *words, *to(target))
    assert ran.code == 69
    [invocation] = ran.report["runs"][0]["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 69)
    assert invocation["toolExecutionNotifications"][0]["level"] == "error"


def test_a_local_wheel_is_judged_by_what_is_inside(guard: Guard) -> None:
    evil = a_wheel("frob", "1.0", files={"evil.pth": "import os\n", "bin/x.png": b"\x7fELF" * 9})
    evil.write_to(guard.work)
    ran = guard("check", evil.filename)
    assert_paragraph(ran, 77, "denied[startup-hook]", "evil.pth")
    broken = a_wheel("broken", "1.0", record=False)
    broken.write_to(guard.work)
    assert_paragraph(guard("check", broken.filename), 77, "denied[record-mismatch]")


def test_quiet_is_quiet_until_there_is_something_to_say(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    words = (*to(target), *at(index), "--quiet")
    quiet = guard("check", "frob", *words)
    assert (quiet.code, quiet.said) == (0, "")
    index.status("dep", "archived", "see other-dep")
    warned = guard("check", "dep", "--refresh", *words)
    assert warned.code == 0
    assert "warning[archived-project]" in warned.out
    assert warned.err == ""
    denied = guard("check", "dep", "--policy", "strict", *words)
    assert denied.code == 77
    assert "denied[archived-project]" in denied.out


def test_there_is_no_colour_where_nobody_sees_it(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.status("dep", "archived")
    for settings in ({}, {"FORCE_COLOR": "1"}, {"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}):
        for name in ("dep", "nonesuch"):
            ran = guard("check", name, *to(target), *at(index), **settings)
            assert "\x1b" not in ran.said
            assert "\\x1b" not in ran.said
            assert "DEBUG" not in ran.said


def test_that_there_are_no_advisories_yet_is_not_worth_breaking_a_silence_for(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    shutil.rmtree(guard.state / "advisories")
    words = ("check", "frob", *to(target), *at(index))
    assert "no advisories were asked: there are none here yet" in guard(*words).out
    quiet = guard(*words, "--quiet")
    assert (quiet.code, quiet.said) == (0, "")
