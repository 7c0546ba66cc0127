"""What is wrong with a command line, a file it names, or a place, is said in one paragraph."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.guarded import (
    LONG_AGO,
    Environment,
    Guard,
    assert_paragraph,
    at,
    untouched,
)
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    index.add(a_wheel("frob", "1.0"), uploaded=LONG_AGO)
    return index


@pytest.fixture
def refused(target: Environment, index: LoopbackIndex, guard: Guard) -> Iterator[None]:
    """Nothing is installed, nothing is asked of the index, and nothing is left behind."""
    with untouched(target):
        yield
    assert index.requests == []
    guard.assert_consistent()


@pytest.mark.usefixtures("refused")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--frobnicate", "frob"], ["unrecognized arguments: --frobnicate"]),
        (["frob", "--config-settings", "a=b"], ["unrecognized arguments"]),
        (["--output-format", "sarif2", "frob"], ["--output-format", "invalid choice"]),
        (["--installer", "conda", "frob"], ["--installer", "invalid choice"]),
        ([], ["nothing was asked for", "-r"]),
        (["frob=>1"], ["`frob=>1` is not a requirement", "name==1.2"]),
        (["frob>=1 <2"], ["is not a requirement"]),
        (["!"], ["`!` is not a requirement"]),
        (["frob --no-binary :all:"], ["--no-binary", "not supported for one requirement"]),
        (["frob --hash=md5:00"], ["is no sha256"]),
        (["-r", "missing.txt"], ["missing.txt", "could not be read", "No such file"]),
        (["-c", "missing.txt", "frob"], ["missing.txt", "could not be read"]),
        (["-r", "."], ["could not be read"]),
        (["-r", "odd.txt"], ["odd.txt`, line 2", "`frob ==`"]),
        (["-r", "options.txt"], ["options.txt`, line 1", "`--pip-option`", "not supported"]),
        (["-r", "latin.txt"], ["latin.txt", "is not UTF-8"]),
        (["-r", "no.toml"], ["no.toml", "is not TOML"]),
        (["--uploaded-prior-to", "soon", "frob"], ["--uploaded-prior-to", "'soon'", "7 days"]),
        (["--no-binary", "frob", "frob"], ["--no-binary", "not supported"]),
        (["-p", "/no/such/python", "frob"], ["/no/such/python", "there is no Python at"]),
        (["-p", "9.9", "frob"], ["there is no Python `9.9`", "--python"]),
        (["-p", "sub", "frob"], ["there is no Python in"]),
        (["--policy", "strictest", "frob"], ["strictest", "observe, default, strict"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_bad_command_line(
    words: list[str], said: list[str], target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    (guard.work / "sub").mkdir()
    (guard.work / "odd.txt").write_text("frob\nfrob ==\n")
    (guard.work / "options.txt").write_text("--pip-option\n")
    (guard.work / "latin.txt").write_bytes(b"# \xe9\n")
    (guard.work / "no.toml").write_text("= 3")
    python = () if "-p" in words else ("--python", target.python)
    ran = guard("install", *words, *python, *at(index))
    assert_paragraph(ran, 78 if "--policy" in words else 2, *said)


@pytest.mark.usefixtures("refused")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules = 3", ["rules"]),
        ("[rules.fresh-uploads]\n", ["rules.fresh-uploads", "did you mean `fresh-upload`?"]),
        ("[rules.fresh-upload]\nage = 7\n", ["rules.fresh-upload.age", "7 days"]),
        ("[rules.fresh-upload]\nages = '7 days'\n", ["rules.fresh-upload.ages", "`age`"]),
        ("= no", ["not TOML"]),
        ('extends = "lax"', ["extends", "'lax'"]),
        ("[[exempt]]\nname = '*'\nrule = 'fresh-upload'\nreason = 'x'\n", ["exempt[0]"]),
    ],
)
@pytest.mark.parametrize("named_by", ["option", "variable"])
def test_a_bad_policy(
    text: str,
    said: list[str],
    named_by: str,
    target: Environment,
    guard: Guard,
    index: LoopbackIndex,
) -> None:
    (guard.work / "guard.toml").write_text(text)
    words = ("--policy", "guard.toml") if named_by == "option" else ()
    settings = {"GUARD_POLICY": "guard.toml"} if named_by == "variable" else {}
    ran = guard.install("frob", *words, into=target, index=index, **settings)
    assert_paragraph(ran, 78, "guard.toml", *said)


@pytest.mark.usefixtures("refused")
def test_a_variable_that_names_no_policy(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    ran = guard.install("frob", into=target, index=index, GUARD_POLICY="no/policy.toml")
    assert_paragraph(ran, 78, "no/policy.toml", "could not be read", "No such file")


@pytest.mark.usefixtures("refused")
def test_a_target_without_pip(target: Environment, guard: Guard, index: LoopbackIndex) -> None:
    ran = guard("install", "frob", *at(index), "--python", target.python, "--installer", "pip")
    assert_paragraph(ran, 2, "has no pip", "leave out `--installer pip`")


def test_a_target_without_pip_and_a_lock(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    wheel = a_wheel("frob", "1.0")
    (guard.work / "pylock.toml").write_text(
        f'lock-version = "1.0"\ncreated-by = "t"\n[[packages]]\nname = "frob"\nversion = "1.0"\n'
        f'wheels = [{{ url = "{index.file_url(wheel.filename)}", '
        f'hashes = {{ sha256 = "{wheel.sha256}" }} }}]\n'
    )
    words = ("install", "-r", "pylock.toml", "--python", target.python, "--installer", "pip")
    with untouched(target):
        assert_paragraph(guard(*words, *at(index)), 2, "has no pip")


@pytest.mark.parametrize("name", ["VIRTUAL_ENV", "--python"])
def test_an_environment_whose_python_is_gone(name: str, target: Environment, guard: Guard) -> None:
    target.python.unlink()
    for other in target.path.glob("bin/python*"):
        other.unlink()
    words = ("--python", target.path) if name == "--python" else ()
    settings = {name: str(target.path)} if not words else {}
    ran = guard("install", "frob", *words, **settings)
    assert_paragraph(ran, 2, "there is no Python in", str(target.path), name)


def test_a_python_that_is_none(guard: Guard) -> None:
    broken = guard.work / "python"
    broken.write_text("#!/bin/sh\necho 'no such thing' >&2\nexit 3\n")
    broken.chmod(0o755)
    ran = guard("install", "frob", "--python", broken, "--index-url", "http://127.0.0.1:9/")
    assert ran.code == 2, ran.said
    assert "Traceback" not in ran.said
    assert str(broken) in ran.said


@pytest.mark.parametrize("name", ["uv.toml", "pip.conf"])
def test_a_configuration_that_its_tool_does_not_accept(
    name: str, target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    (guard.work / name).write_text("nonsense = 3\n")
    settings = {"PIP_CONFIG_FILE": name} if name == "pip.conf" else {}
    with untouched(target):
        ran = guard.install("frob", into=target, index=index, **settings)
    assert_paragraph(ran, 2, name, "nothing was installed")


@pytest.mark.parametrize("command", ["", "frobnicate", "policy", "quarantine"])
def test_a_command_that_is_none(command: str, guard: Guard) -> None:
    ran = guard(*command.split())
    assert_paragraph(ran, 2, "usage: guard")


def test_the_message_is_json_too_where_json_was_asked_for(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    ran = guard.install("frob==", "--output-format", "json", into=target, index=index)
    assert ran.code == 2
    assert ran.report["decision"] is None
    assert ran.report["error"]["kind"] == "usage"
    assert "frob==" in ran.report["error"]["message"]
