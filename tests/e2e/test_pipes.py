"""Pipes in the places of files: nobody ever writes to them, and nothing waits for that."""

from __future__ import annotations

import os
import sys

import pytest

from tests.e2e.guarded import Environment, Guard, Ran, assert_paragraph, to
from tests.fakes import LoopbackIndex

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes")

SETTINGS = {"UV_PYTHON": sys.executable, "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple"}


def pipe(guard: Guard, name: str) -> None:
    path = guard.work / name
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)


def assert_refused(ran: Ran, name: str, code: int = 2) -> None:
    assert_paragraph(ran, code, name, "it is a pipe or a device, and no file")


@pytest.mark.parametrize("words", [("lock",), ("add", "frob")])
@pytest.mark.parametrize(
    "name", ["pyproject.toml", "uv.toml", "uv.lock", "libs/one/pyproject.toml"]
)
def test_a_project_of_uv(name: str, words: tuple[str, ...], guard: Guard) -> None:
    pipe(guard, name)
    if name != "pyproject.toml":
        (guard.work / "pyproject.toml").write_text(
            '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\n'
            '[tool.uv.workspace]\nmembers = ["libs/*"]\n'
        )
    assert_refused(guard("uv", *words, **SETTINGS), name)


def test_the_configuration_of_uv(target: Environment, guard: Guard) -> None:
    pipe(guard, "uv.toml")
    assert_refused(guard.install("frob", into=target, **SETTINGS), "uv.toml")
    (guard.work / "uv.toml").unlink()
    pipe(guard, "own.toml")
    named = {**SETTINGS, "UV_CONFIG_FILE": "own.toml"}
    assert_refused(guard.install("frob", into=target, **named), "own.toml")


def test_the_configuration_of_pip(pip_target: Environment, guard: Guard) -> None:
    pipe(guard, "pip.conf")
    named = {"PIP_CONFIG_FILE": str(guard.work / "pip.conf")}
    assert_refused(guard.install("frob", into=pip_target, **named), "pip.conf")


@pytest.mark.parametrize("option", ["-r", "-c"])
def test_requirements(option: str, target: Environment, guard: Guard) -> None:
    pipe(guard, "pipe.txt")
    (guard.work / "r.txt").write_text(f"{option} pipe.txt\n")
    for words in (("-r", "r.txt"), (option, "pipe.txt", "frob")):
        assert_refused(guard.install(*words, into=target, **SETTINGS), "pipe.txt")
    assert_refused(guard("uv", "pip", "compile", "r.txt", **SETTINGS), "pipe.txt")


def test_a_device(target: Environment, guard: Guard, index: LoopbackIndex) -> None:
    ran = guard.install("-r", "/dev/zero", into=target, index=index)
    assert_refused(ran, "/dev/zero")
    ran = guard("check", "-r", os.devnull, *to(target), "--index-url", index.url)
    assert "it is a pipe or a device" not in ran.said


def test_the_policy(target: Environment, guard: Guard, index: LoopbackIndex) -> None:
    pipe(guard, "guard.toml")
    assert_refused(guard.install("frob", into=target, index=index), "guard.toml", code=78)
    named = {"GUARD_POLICY": str(guard.work / "guard.toml")}
    assert_refused(guard.install("frob", into=target, index=index, **named), "guard.toml", 78)
