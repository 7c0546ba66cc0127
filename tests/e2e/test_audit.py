"""`guard audit` of an environment: what came past the guard, and what was changed since."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.advisory.records import a_record
from tests.e2e.guarded import (
    LONG_AGO,
    TIMEOUT,
    Environment,
    Guard,
    Ran,
    ago,
    at,
    scrubbed,
    untouched,
)
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel

FROB = a_wheel("frob", "1.0", requires=["dep"])
DEP = a_wheel("dep", "1.0", entry_points={"console_scripts": {"dep": "dep:main"}})
OTHER = a_wheel("other", "1.0")


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    for wheel in (FROB, DEP, OTHER):
        index.add(wheel, uploaded=LONG_AGO)
    return index


@pytest.fixture
def guarded(target: Environment, guard: Guard, index: LoopbackIndex) -> Environment:
    """An environment into which the guard has installed something."""
    assert guard.install("frob", into=target, index=index).code == 0
    return target


@pytest.fixture
def pip(pip_template: Path, guarded: Environment, index: LoopbackIndex) -> Callable[..., None]:
    """Plain pip, past the guard, from outside of the environment."""

    def install(*words: str) -> None:
        python = pip_template / "bin" / "python"
        command: list[str | Path] = [
            python,
            "-m",
            "pip",
            "--python",
            guarded.python,
            "install",
            "--quiet",
        ]
        subprocess.run(
            [*command, "--no-deps", "--no-cache-dir", "--index-url", index.url, *words],
            check=True,
            timeout=TIMEOUT,
            env=scrubbed(),
        )

    return install


def audit(guard: Guard, environment: Environment, index: LoopbackIndex, *words: str) -> Ran:
    with untouched(environment):
        return guard("audit", *words, "--python", environment.python, *at(index))


def found(ran: Ran) -> dict[str, set[str]]:
    """The rules that object to each distribution of our own."""
    candidates = ran.report["candidates"]
    return {
        each["name"]: {finding["rule"] for finding in each["findings"]}
        for each in candidates
        if each["name"] not in {"pip", "setuptools"}
    }


def test_what_the_guard_installed_is_as_it_was_let_in(
    guarded: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    ran = audit(guard, guarded, index, "--output-format", "json")
    assert found(ran) == {"frob": set(), "dep": set()}
    [frob] = [each for each in ran.report["candidates"] if each["name"] == "frob"]
    assert frob["installation"]["admitted"] == frob["filename"] == FROB.filename
    assert frob["installation"]["wheel"] == FROB.filename
    assert frob["sha256"] == FROB.sha256


def test_what_the_environments_own_pip_installed_for_the_guard_is_let_in_too(
    pip_target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    assert guard.install("frob", into=pip_target, index=index).code == 0
    ran = audit(guard, pip_target, index, "--output-format", "json")
    assert found(ran) == {"frob": set(), "dep": set()}


def test_what_plain_pip_installed_past_the_guard_is_named(
    guarded: Environment, guard: Guard, index: LoopbackIndex, pip: Callable[..., None]
) -> None:
    pip("other")
    ran = audit(guard, guarded, index)
    assert ran.code == 0, ran.said
    assert "installed past the guard: no file of other 1.0 was ever let in" in ran.out
    assert ran.finding("unguarded-install").splitlines()[1:] == [
        "  --> other 1.0",
        "   = INSTALLER: pip",
        "   = help: guard rule unguarded-install",
    ]
    assert ran.out.endswith("\n3 distributions, advisories 1 hour old: 3 admitted\n")


def test_where_approval_is_required_it_is_denied(
    guarded: Environment, guard: Guard, index: LoopbackIndex, pip: Callable[..., None]
) -> None:
    assert guard("approve", "frob", "--yes", "--reason", "we use it", *at(index)).code == 0
    pip("other")
    (guard.work / "guard.toml").write_text('approval = "required"\n')
    ran = audit(guard, guarded, index)
    assert ran.code == 77, ran.said
    assert ran.finding("unapproved-file").startswith(
        "denied[unapproved-file]: nobody has approved other 1.0\n"
    )
    assert "denied[unguarded-install]: installed past the guard" in ran.out
    assert ran.out.endswith(": 2 admitted, 1 denied\n")


def test_pip_takes_another_file_of_the_release_that_was_let_in(
    guarded: Environment, guard: Guard, index: LoopbackIndex, pip: Callable[..., None]
) -> None:
    index.add(a_wheel("dep", "1.0", files={"dep.py": "evil = True\n"}), uploaded=LONG_AGO)
    pip("--force-reinstall", "dep")
    ran = audit(guard, guarded, index)
    assert "its RECORD is not that of dep-1.0-py3-none-any.whl, which was let in" in ran.out


def test_an_edited_file_is_named(guarded: Environment, guard: Guard, index: LoopbackIndex) -> None:
    path = guarded.packages / "frob.py"
    content = path.read_text() + "evil = True\n"
    path.unlink()  # it may be a link into a cache
    path.write_text(content)
    ran = audit(guard, guarded, index)
    assert ran.code == 77, ran.said
    block = ran.finding("altered-file")
    assert "frob 1.0" in block
    assert "where: 'frob.py': its sha256 is " in block


def test_an_injected_hook_is_named_and_does_not_run(
    guarded: Environment, guard: Guard, index: LoopbackIndex, tmp_path: Path
) -> None:
    marker = tmp_path / "marker"
    line = f"import pathlib; pathlib.Path({str(marker)!r}).touch()"
    (guarded.packages / "zzz.pth").write_text(f"{line}\n")
    ran = audit(guard, guarded, index)
    assert ran.code == 77, ran.said
    assert "site-packages/zzz.pth belongs to no distribution" in ran.finding("unowned-file")
    assert "what is nobody's: denied" in ran.out
    assert not marker.exists()
    guarded.starts()
    assert marker.exists(), "it would have run in any Python of the environment"


def test_what_is_read_and_allowed_may_stay(
    guarded: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    (guarded.packages / "ours.pth").write_text("import os\n")
    ran = audit(guard, guarded, index)
    allowing = ran.finding("unowned-file").partition("if you have read it: ")[2].splitlines()[0]
    policy = guard.work / "allowing.toml"
    policy.write_text(f'extends = "default"\n{allowing}\n')
    assert audit(guard, guarded, index, "--policy", str(policy)).code == 0


def test_what_happened_since_is_asked_of_the_index(
    guarded: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.add(DEP, uploaded=LONG_AGO, yanked="it burns")
    index.remove(FROB.filename)
    index.add(a_wheel("frob", "2.0"), uploaded=LONG_AGO)
    guard.knows(a_record("PYSEC-2026-1", ("introduced", "0"), project="dep", modified=ago()))
    ran = audit(guard, guarded, index, "--output-format", "json", "--refresh")
    assert ran.code == 77, ran.said
    assert found(ran) == {
        "frob": {"vanished-file"},
        "dep": {"yanked-file", "known-vulnerability"},
    }


def test_what_is_too_fresh_is_what_one_wants_to_hear(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    fresh = a_wheel("fresh", "1.0")
    index.add(fresh, uploaded=ago(minutes=60))
    target.holds(fresh)
    ran = audit(guard, target, index)
    assert ran.code == 77
    assert "uploaded 1 hour ago" in ran.finding("fresh-upload")


def test_a_name_that_no_index_has_is_denied(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    target.holds(a_wheel("stranger", "1.0"))
    ran = audit(guard, target, index)
    assert ran.code == 77
    assert "stranger 1.0" in ran.finding("vanished-file")


def test_offline_what_can_be_decided_is(
    guarded: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    """Hashes, hooks and advisories need no network; what the index says is undecided."""
    guard.knows(a_record("MAL-2026-1", versions=("1.0",), project="dep", modified=ago()))
    (guarded.packages / "frob.py").unlink()
    (guarded.packages / "frob.py").write_text("evil = True\n")
    nobody = guard.folder / "fresh-cache"  # no page was ever seen here
    index.forget_requests()
    ran = guard(
        "audit",
        "--offline",
        "--output-format",
        "json",
        "--python",
        guarded.python,
        *at(index),
        GUARD_CACHE_DIR=str(nobody),
    )
    assert ran.code == 77, ran.said
    assert index.requests == []
    rules = found(ran)
    assert "altered-file" in rules["frob"]
    assert "known-malware" in rules["dep"]
    for candidate in ran.report["candidates"]:
        unknown = {each["rule"] for each in candidate["findings"] if each["unknown"]}
        assert {"fresh-upload", "vanished-file", "yanked-file"} <= unknown
        reasons = {each["message"] for each in candidate["findings"] if each["unknown"]}
        assert any("offline, and not seen within the last 7 days" in each for each in reasons)


def test_offline_with_nothing_against_it_it_is_undecided(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    target.holds(OTHER)
    ran = audit(guard, target, index, "--offline")
    assert ran.code == 69, ran.said
    assert "1 distribution, advisories 1 hour old: 1 undecided" in ran.out


def test_a_full_audit_compares_with_the_file_of_the_index(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    hook = a_wheel("hook", "1.0", files={"hook.py": "", "hook.pth": "import hook\n"})
    index.add(hook, uploaded=LONG_AGO)
    target.holds(OTHER, hook)
    ran = audit(guard, target, index, "--full", "--output-format", "json")
    assert ran.code == 77
    rules = found(ran)
    assert rules == {"other": {"unguarded-install"}, "hook": {"unguarded-install", "startup-hook"}}
    [other] = [each for each in ran.report["candidates"] if each["name"] == "other"]
    assert other["installation"]["wheel"] == OTHER.filename
    assert other["installation"]["admitted"] is None, "an audit lets nothing in"
    again = audit(guard, target, index, "--output-format", "json")
    assert found(again) == rules, "what was only looked at was not let in"


def test_a_url_past_the_guard_is_named(
    guarded: Environment, guard: Guard, index: LoopbackIndex, pip: Callable[..., None]
) -> None:
    url = index.file_url(OTHER.filename)
    pip(url)
    ran = audit(guard, guarded, index)
    assert ran.code == 77
    assert url in ran.finding("direct-url")


@pytest.mark.parametrize("format_", ["text", "json", "sarif", "github"])
def test_a_token_in_a_url_is_in_no_report(
    format_: str,
    guarded: Environment,
    guard: Guard,
    index: LoopbackIndex,
    pip: Callable[..., None],
) -> None:
    url = index.file_url(OTHER.filename)
    pip(url)
    (said,) = guarded.packages.glob("*/direct_url.json")
    said.write_text(said.read_text().replace(url, f"{url}?token=s3cret"))
    ran = audit(guard, guarded, index, "--output-format", format_)
    assert ran.code == 77
    assert "direct-url" in ran.out
    assert "s3cret" not in ran.said
    checked = guard("check", f"frob @ {url}?token=s3cret", "--output-format", format_, *at(index))
    assert checked.code != 0
    assert "s3cret" not in checked.said


def test_without_an_environment_there_is_nothing_to_audit(guard: Guard) -> None:
    ran = guard("audit")
    assert ran.code == 2
    assert "no active virtual environment" in ran.err


def test_an_environment_by_its_variable(
    guarded: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    ran = guard("audit", *at(index), VIRTUAL_ENV=str(guarded.path))
    assert ran.code == 0, ran.said


def test_metadata_that_nobody_can_read_stops_no_audit(
    guarded: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    info = guarded.packages / "odd-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_bytes(os.urandom(64))
    ran = audit(guard, guarded, index, "--output-format", "json")
    assert ran.code == 77
    assert "altered-file" in found(ran)["odd"]


def test_annotations_of_github_have_no_line_break_of_a_strangers(
    guarded: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    (guarded.packages / "x\n::error::.pth").write_text("import os\n")
    ran = audit(guard, guarded, index, "--output-format", "github")
    assert ran.code == 77
    assert all(line.startswith("::") for line in ran.out.splitlines())
    assert not any(line.startswith("::error::") for line in ran.out.splitlines())


def test_the_report_for_code_scanning(
    guarded: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    (guarded.packages / "zzz.pth").write_text("import os\n")
    ran = audit(guard, guarded, index, "--output-format", "sarif")
    [run] = json.loads(ran.out)["runs"]
    assert "unowned-file" in {each["ruleId"] for each in run["results"]}
    assert run["invocations"][0]["exitCode"] == ran.code == 77


def test_quiet_says_nothing_of_what_is_well(
    guarded: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    assert audit(guard, guarded, index, "--quiet").out == ""
