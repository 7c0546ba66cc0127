"""`guard shell status`: what is covered is said, and so is what is not."""

from __future__ import annotations

import pytest

from guard.shell import shims
from guard.wrappers.names import TOOLS
from tests.e2e.guarded import Guard, Ran


@pytest.fixture
def usual(guard: Guard) -> str:
    """A PATH on which there are real tools."""
    for name in ("pip", "uv"):
        shims.write_program(guard.work / name, b"#!/bin/sh\nexit 0\n", mode=0o755)
    return str(guard.work)


def status(guard: Guard, path: str) -> Ran:
    return guard("shell", "status", "--output-format", "json", PATH=path)


def test_before_anything_is_installed(guard: Guard, usual: str) -> None:
    ran = status(guard, usual)
    assert ran.code == 69
    report = ran.report
    assert (report["schema"], report["covered"], report["on_path"]) == (1, False, "absent")
    tools = {tool["name"]: tool for tool in report["tools"]}
    assert list(tools) == list(TOOLS)
    assert tools["uv"] == {
        "name": "uv", "first": f"{usual}/uv", "covered": False, "real": f"{usual}/uv",
    }  # fmt: skip
    assert tools["poetry"]["first"] is None
    assert {file["block"] for file in report["files"]} == {"absent"}
    assert report["faults"]
    text = guard("shell", "status", PATH=usual)
    assert "BAD  no startup file has the block" in text.out
    assert f"BAD  uv in a script: {usual}/uv, past the guard" in text.out


def test_with_the_shims_first(guard: Guard, usual: str) -> None:
    (guard.folder / "home").mkdir()
    guard("shell", "install", "--shell", "zsh")
    ran = status(guard, f"{guard.state / 'shims'}:{usual}")
    assert ran.code == 0, ran.said
    report = ran.report
    assert (report["covered"], report["on_path"], report["faults"]) == (True, "first", [])
    tools = {tool["name"]: tool for tool in report["tools"]}
    assert tools["uv"]["covered"]
    assert tools["uv"]["real"] == f"{usual}/uv"
    assert any("python -m pip" in line for line in report["not_covered"])


def test_with_something_before_the_shims(guard: Guard, usual: str) -> None:
    (guard.folder / "home").mkdir()
    guard("shell", "install", "--shell", "zsh")
    ran = status(guard, f"{usual}:{guard.state / 'shims'}")
    assert (ran.code, ran.report["on_path"]) == (69, "later")
    tools = {tool["name"]: tool for tool in ran.report["tools"]}
    assert (tools["uv"]["covered"], tools["poetry"]["covered"]) == (False, True)


def test_a_shim_that_was_changed_is_named(guard: Guard, usual: str) -> None:
    (guard.folder / "home").mkdir()
    guard("shell", "install", "--shell", "zsh")
    (guard.state / "shims" / "pip").unlink()
    ran = guard("shell", "status", PATH=f"{guard.state / 'shims'}:{usual}")
    assert ran.code == 69
    assert "is missing" in ran.out
