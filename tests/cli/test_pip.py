"""`guard pip …` and `guard python -m pip …`, as typed in an environment that has its own pip."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from guard.cli.bypass import bypassed
from guard.errors import EvidenceError, PolicyError
from guard.shell import shims
from tests.e2e.guarded import (
    LONG_AGO,
    TIMEOUT,
    Environment,
    Guard,
    Ran,
    ago,
    assert_paragraph,
    cloned,
    installed_in,
    untouched,
    with_its_own_pip,
)
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel

OLD, YOUNG = a_wheel("six", "1.16.0"), a_wheel("six", "1.17.0")


class Typed:
    """A command line that is typed where the environment is active."""

    def __init__(self, guard: Guard, environment: Environment, index: LoopbackIndex) -> None:
        self._guard = guard
        self.environment = environment
        self._url = index.url

    def __call__(self, *words: str | Path, **settings: str) -> Ran:
        own = {
            "PATH": f"{self.environment.path / 'bin'}:/usr/bin:/bin",
            "PIP_INDEX_URL": self._url,
        }
        return self._guard(*words, **own | settings)


@pytest.fixture
def typed(guard: Guard, pip_template: Path, pip_target: Environment, index: LoopbackIndex) -> Typed:
    with_its_own_pip(pip_template, pip_target)
    index.add(OLD, uploaded=LONG_AGO)
    index.add(YOUNG, uploaded=ago(minutes=30))
    return Typed(guard, pip_target, index)


def test_what_is_installed_is_judged_and_comes_where_that_pip_installs(typed: Typed) -> None:
    ran = typed("pip", "install", "--disable-pip-version-check", "--no-input", "six")
    assert ran.code == 0, ran.said
    assert typed.environment.installed() == {"six": "1.16.0"}
    assert "1.17.0" in ran.said


@pytest.mark.parametrize(
    "words",
    [("pip",), ("pip3",), ("python", "-m", "pip"), ("python", "-Im", "pip"), ("python3", "-mpip")],
    ids=" ".join,
)
def test_a_young_release_is_denied_however_pip_is_called(
    typed: Typed, words: tuple[str, ...]
) -> None:
    with untouched(typed.environment):
        ran = typed(*words, "install", "six==1.17.0")
    assert_paragraph(ran, 77, "denied[fresh-upload]")


@pytest.mark.parametrize("name", ["pip", "python"])
def test_by_path(typed: Typed, name: str) -> None:
    words = ("-m", "pip") if name == "python" else ()
    path = typed.environment.path / "bin" / name
    assert typed(path, *words, "install", "six==1.17.0", PATH="/usr/bin:/bin").code == 77


@pytest.mark.parametrize(
    "line",
    ["--version", "list", "freeze --all", "check", "config list", "help install", "cache dir"],
)
def test_what_installs_nothing_is_the_real_pip_s(typed: Typed, line: str) -> None:
    with untouched(typed.environment):
        own = typed("pip", *line.split())
    assert own.code == 0, own.said
    assert own.out


def test_what_passes_through_costs_one_start_of_python(guard: Guard) -> None:
    shims.write_program(guard.work / "pip", b"#!/bin/sh\nexit 5\n", mode=0o755)
    interpreter, *words = guard.command("pip", "list")
    done = subprocess.run(
        [interpreter, "-X", "importtime", *words],
        env=guard.environment(PATH=f"{guard.work}:/usr/bin:/bin"),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 5
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "guard.cli.pip_" in imported
    costly = {"argparse", "dataclasses", "subprocess", "packaging", "guard.model", "msgspec"}
    assert not imported & costly


def test_the_real_pip_s_exit_code_is_kept(typed: Typed) -> None:
    assert typed("pip", "show", "absent").code == 1


@pytest.mark.parametrize(
    "line",
    [
        "install six<1.17",
        "install -U -r wanted.txt -c held.txt",
        "install --no-deps --force-reinstall six==1.16.0",
        "install --target there --no-compile six<1.17",
        "install --dry-run six<1.17",
        "install six<1.17 --require-virtualenv",
        "install absent",
    ],
)
def test_it_leaves_what_pip_leaves(
    typed: Typed, guard: Guard, pip_template: Path, index: LoopbackIndex, tmp_path: Path, line: str
) -> None:
    its = Environment(cloned(pip_template, tmp_path / "its"), installer="pip")
    other = tmp_path / "other"
    other.mkdir()
    for folder in (guard.work, other):
        (folder / "wanted.txt").write_text("six\n")
        (folder / "held.txt").write_text("six<1.17\n")
    for environment in (typed.environment, its):
        environment.holds(a_wheel("six", "1.15.0"))
    done = subprocess.run(
        [its.python, "-m", "pip", *line.split()],
        cwd=other,
        env=guard.environment(PIP_INDEX_URL=index.url),
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    ran = typed("pip", *line.split())
    assert ran.code == done.returncode, ran.said
    assert typed.environment.installed() == its.installed()
    assert installed_in(guard.work / "there") == installed_in(other / "there")


def test_the_report_alone_goes_to_stdout(typed: Typed) -> None:
    with untouched(typed.environment):
        ran = typed("pip", "install", "-q", "--dry-run", "--report", "-", "six")
    assert ran.code == 0, ran.said
    (item,) = ran.report["install"]
    assert item["metadata"]["version"] == "1.16.0"


@pytest.mark.parametrize("words", ["download -d", "wheel --no-deps -w"])
def test_files_are_judged_and_copied(typed: Typed, guard: Guard, words: str) -> None:
    command, *options = words.split()
    with untouched(typed.environment):
        ran = typed("pip", command, *options, "files", "six")
        denied = typed("pip", command, *options, "others", "six==1.17.0")
    assert ran.code == 0, ran.said
    assert [path.name for path in (guard.work / "files").iterdir()] == [OLD.filename]
    assert_paragraph(denied, 77, "denied[fresh-upload]")
    assert not (guard.work / "others").exists()


def test_a_lock_is_made_anew(typed: Typed, guard: Guard) -> None:
    lock = guard.work / "pylock.toml"
    with untouched(typed.environment):
        assert typed("pip", "lock", "six<1.16.1").code == 0
        older = lock.read_text()
        ran = typed("python", "-m", "pip", "lock", "six")
    assert ran.code == 0, ran.said
    assert OLD.sha256 in older
    assert OLD.sha256 in lock.read_text()
    assert typed("pip", "lock", "six==1.17.0").code == 77
    assert OLD.sha256 in lock.read_text()


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("lock", 2, "nothing was asked for"),
        ("lock -o - six", 2, "is no name for a lock file"),
        ("lock -o lock.txt six", 2, "is no name for a lock file"),
        ("wheel .", 77, "denied[source-distribution]"),
        ("download -e .", 2, "pip download -e"),
    ],
)
def test_what_comes_to_no_file(typed: Typed, guard: Guard, line: str, code: int, said: str) -> None:
    (guard.work / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1"\n')
    assert_paragraph(typed("pip", *line.split()), code, said)
    assert [path.name for path in guard.work.iterdir()] == ["pyproject.toml"]


@pytest.mark.parametrize("line", ["install six", "--python ENV install six"])
def test_the_environment_that_pip_is_told(
    typed: Typed, pip_template: Path, tmp_path: Path, line: str
) -> None:
    other = Environment(cloned(pip_template, tmp_path / "other"), installer="pip")
    ran = typed("pip", *line.replace("ENV", str(other.path)).split())
    assert ran.code == 0, ran.said
    into, apart = (other, typed.environment) if "ENV" in line else (typed.environment, other)
    assert into.installed() == {"six": "1.16.0"}
    assert apart.installed() == {}


@pytest.mark.parametrize(
    "line",
    [
        "new-command six", "install --user six", "install --no-build-isolation six",
        "--lo list install six", "install -t", "lock -C a=b six",
        "download --no-binary six six", "download --platform win_amd64 six",
        "install --ignore-installed six", "install --new-option six",
    ],
)  # fmt: skip
def test_the_rest_is_refused(typed: Typed, line: str) -> None:
    with untouched(typed.environment):
        ran = typed("pip", *line.split())
    assert_paragraph(ran, 2, "pip")


def test_python_is_python_for_everything_else(typed: Typed, guard: Guard) -> None:
    (guard.work / "pipeline.py").write_text("import sys\nprint(sys.argv)\nsys.exit(7)\n")
    ran = typed("python", "pipeline.py", "-m", "pip", "install", "a b")
    assert (ran.code, ran.out) == (7, "['pipeline.py', '-m', 'pip', 'install', 'a b']\n")


@pytest.mark.parametrize("module", ["pipx", "poetry", "pip._internal", "pip._internal.cli.main"])
def test_other_modules_that_install_are_refused(typed: Typed, module: str) -> None:
    assert_paragraph(typed("python", "-m", module, "install", "six"), 2, "is not judged")


def test_a_pip_of_the_current_folder_is_refused(typed: Typed, guard: Guard) -> None:
    shims.write_program(guard.work / "pip", b"#!/bin/sh\ntouch ran\n", mode=0o755)
    bin_ = typed.environment.path / "bin"
    for path in (f".:{bin_}", f":{bin_}"):
        assert_paragraph(typed("pip", "list", PATH=path), 2, "not absolute")
    assert not (guard.work / "ran").exists()


def test_no_pip_is_what_a_shell_says(typed: Typed, tmp_path: Path) -> None:
    ran = typed("pip", "list", PATH=str(tmp_path))
    assert_paragraph(ran, 127, "there is no `pip` on PATH")


def test_a_pip_that_is_configured_for_another_python_is_refused(typed: Typed) -> None:
    ran = typed("pip", "install", "six", PIP_PYTHON="/usr/bin/python3")
    assert_paragraph(ran, 2, "python = /usr/bin/python3")


@pytest.mark.parametrize("option", [(), ("--require-virtualenv",)])
def test_require_virtualenv_holds(typed: Typed, tmp_path: Path, option: tuple[str, ...]) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "python3").symlink_to("/usr/bin/env")
    shims.write_program(outside / "pip", f"#!{outside / 'python3'}\n".encode(), mode=0o755)
    configured = {} if option else {"PIP_REQUIRE_VIRTUALENV": "1"}
    ran = typed("pip", *option, "install", *option, "six", PATH=str(outside), **configured)
    assert_paragraph(ran, 2, "is not in a virtual environment")


def journal(guard: Guard) -> list[dict[str, object]]:
    path = guard.state / "journal.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_bypass_is_for_one_command_and_recorded(typed: Typed, guard: Guard) -> None:
    option = "--extra-index-url=http://user:secret@127.0.0.1:9/simple/"
    ran = typed("pip", "install", "--no-index", option, "six", GUARD_BYPASS="the  index is\ndown")
    assert ran.code == 1, ran.said  # the real pip's: it found nothing
    assert "goes past the guard, and this is recorded: the index is down" in ran.err
    (event,) = journal(guard)
    assert event["reason"] == "the index is down"
    assert (event["command"], event["event"]) == ("bypass", "passed")
    assert event["asked"] == [
        "pip", "install", "--no-index",
        "--extra-index-url=http://127.0.0.1:9/simple/", "six",
    ]  # fmt: skip
    assert "secret" not in ran.err.partition("\n")[0]


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (("--proxy", "me:secret@proxy.example.com:80"), ["--proxy", "proxy.example.com:80"]),
        (("--proxy=http://me:secret@proxy.example.com",), ["--proxy=http://proxy.example.com"]),
        (("--token", "secret"), ["--token", "…"]),
        (("--password=secret", "x"), ["--password=…", "x"]),
        (("--client-secret", "--secret"), ["--client-secret", "…"]),
    ],
)
def test_the_value_of_an_option_for_a_secret_is_not_recorded(
    guard: Guard, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...], kept: list[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("GUARD_STATE_DIR", str(guard.state))
    monkeypatch.setenv("GUARD_BYPASS", "a reason")
    assert bypassed(["pip", "install", *words], system=guard.folder / "none")
    (event,) = journal(guard)
    assert event["asked"] == ["pip", "install", *kept]
    assert ":secret" not in capsys.readouterr().err


def test_what_a_bypassed_command_starts_is_not_bypassed(typed: Typed, guard: Guard) -> None:
    shims.write_program(
        guard.work / "pip", b'#!/bin/sh\necho "bypass: ${GUARD_BYPASS-none}"\n', mode=0o755
    )
    ran = typed("pip", "install", "x", PATH=str(guard.work), GUARD_BYPASS="why not")
    assert ran.out == "bypass: none\n"


def test_what_would_be_refused_can_be_bypassed(typed: Typed, guard: Guard) -> None:
    ran = typed("pip", "wheel", "--no-index", "six", GUARD_BYPASS="a build")
    assert ran.code == 1
    assert len(journal(guard)) == 1


@pytest.mark.parametrize("reason", ["", " ", "\n\t"])
def test_without_a_reason_nothing_is_bypassed(
    typed: Typed, guard: Guard, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUARD_STATE_DIR", str(guard.state))
    monkeypatch.setenv("GUARD_BYPASS", reason)
    assert not bypassed(["pip", "install", "x"], system=guard.folder / "none")
    assert journal(guard) == []


def test_a_harmless_command_needs_no_bypass(typed: Typed, guard: Guard) -> None:
    assert typed("pip", "list", GUARD_BYPASS="why not").code == 0
    assert journal(guard) == []


def test_what_cannot_be_recorded_does_not_run(typed: Typed, guard: Guard) -> None:
    (guard.state / "journal.lock").mkdir(parents=True)
    with untouched(typed.environment):
        ran = typed("pip", "install", "six==1.17.0", GUARD_BYPASS="why not")
    assert_paragraph(ran, 70, "journal.jsonl` could not be written")


@pytest.mark.parametrize(("lockdown", "allowed"), [("true", False), ("false", True)])
def test_a_lockdown_cannot_be_bypassed(
    guard: Guard, monkeypatch: pytest.MonkeyPatch, lockdown: str, allowed: bool
) -> None:
    system = guard.folder / "system.toml"
    system.write_text(f"lockdown = {lockdown}\n")
    monkeypatch.setenv("GUARD_STATE_DIR", str(guard.state))
    monkeypatch.setenv("GUARD_BYPASS", "a reason")
    assert bypassed(["pip", "install", "x"], system=system) is allowed
    assert len(journal(guard)) == allowed
    assert "GUARD_BYPASS" not in os.environ


def test_a_system_policy_that_cannot_be_read_bypasses_nothing(
    guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = guard.folder / "system.toml"
    system.write_text("lockdown = \n")
    monkeypatch.setenv("GUARD_STATE_DIR", str(guard.state))
    monkeypatch.setenv("GUARD_BYPASS", "a reason")
    with pytest.raises(PolicyError):
        bypassed(["pip", "install", "x"], system=system)
    assert journal(guard) == []


def test_a_journal_that_is_not_ours_bypasses_nothing(
    guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = guard.folder / "file"
    state.write_text("")
    monkeypatch.setenv("GUARD_STATE_DIR", str(state))
    monkeypatch.setenv("GUARD_BYPASS", "a reason")
    with pytest.raises(EvidenceError):
        bypassed(["pip", "install", "x"], system=guard.folder / "none")
