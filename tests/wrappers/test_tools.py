"""The real tool is found past our shims, and never where PATH means the current folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from guard.errors import GuardError, InstallerError, TargetError, UnsupportedError
from guard.shell import shims
from guard.wrappers.interpreter import interpreter_of
from guard.wrappers.tools import Tool, find
from tests.e2e.guarded import Environment


def program(path: Path, text: str = "#!/bin/sh\nexit 0\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    shims.write_program(path, text.encode(), mode=0o755)
    return path


def joined(*folders: str | Path) -> str:
    return os.pathsep.join(map(str, folders))


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    shims.write(tmp_path / "shims")
    return tmp_path / "shims"


@pytest.fixture
def real(tmp_path: Path) -> Path:
    return program(tmp_path / "real" / "uv")


def test_past_the_shims_wherever_they_are(tmp_path: Path, ours: Path, real: Path) -> None:
    linked = tmp_path / "linked"
    linked.symlink_to(ours)
    other = tmp_path / "other"
    other.mkdir()
    (other / "uv").symlink_to(ours / "uv")
    path = joined(ours, ours, linked, other, f"{ours}/", tmp_path / "none", real.parent)
    assert find("uv", path=path) == Tool(name="uv", path=real)


def test_what_is_no_program_is_no_tool(tmp_path: Path, real: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "uv").write_text("not executable")
    (tmp_path / "folder" / "uv").mkdir(parents=True)
    path = joined(tmp_path / "plain", tmp_path / "folder", real.parent)
    assert find("uv", path=path).path == real


@pytest.mark.parametrize("entry", ["", ".", "bin", "./bin", "../here/bin"])
def test_a_tool_of_the_current_folder_is_refused(
    tmp_path: Path, real: Path, entry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    program(here / entry / "uv")
    monkeypatch.chdir(here)
    with pytest.raises(UnsupportedError, match="not absolute"):
        find("uv", path=joined(entry, real.parent))
    assert find("uv", path=joined(real.parent, entry)).path == real


def test_an_empty_entry_with_nothing_in_it_is_no_matter(
    tmp_path: Path, real: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find("uv", path=joined("", ".", real.parent)).path == real


@pytest.mark.parametrize("path", ["", "/nowhere"])
def test_none_at_all_is_what_a_shell_says(ours: Path, path: str) -> None:
    with pytest.raises(InstallerError, match="there is no `uv`") as missing:
        find("uv", path=joined(ours, path) if path else str(ours))
    assert missing.value.exit_code == 127


def test_a_path_names_the_tool_itself(real: Path, ours: Path, tmp_path: Path) -> None:
    assert find(str(real)).path == real
    for wrong in (ours / "uv", tmp_path / "none", tmp_path):
        with pytest.raises(InstallerError):
            find(str(wrong))


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("pip 26.3 from /a/pip (python 3.11)", "26.3"),
        ("uv 0.13.9 (abc 2026-01-01)", "0.13.9"),
        ("Poetry (version 2.1.1)", "2.1.1"),
        ("PDM, version 2.22.3", "2.22.3"),
        ("1.7.1", "1.7.1"),
    ],
)
def test_the_version(tmp_path: Path, said: str, version: str) -> None:
    path = program(tmp_path / "tool", f"#!/bin/sh\necho '{said}'\n")
    assert Tool(name="tool", path=path).version == version


@pytest.mark.parametrize("text", ["#!/bin/sh\nexit 3\n", "#!/bin/sh\necho no\n", "#!/none\n"])
def test_a_tool_that_cannot_say_its_version(tmp_path: Path, text: str) -> None:
    with pytest.raises(GuardError):
        _ = Tool(name="tool", path=program(tmp_path / "tool", text)).version


def test_the_interpreter_is_the_one_that_the_script_names(
    tmp_path: Path, pip_target: Environment
) -> None:
    own = find(str(pip_target.path / "bin" / "pip"))
    assert interpreter_of(own).parent.samefile(_shebang(own.path).parent)
    copied = program(tmp_path / "copied" / "pip", f"#!{pip_target.python}\nimport pip\n")
    assert interpreter_of(find(str(copied))) == pip_target.python
    long = f"#!/bin/sh\n'''exec' \"{pip_target.python}\" \"$0\" \"$@\"\n' '''\nimport pip\n"
    trampoline = program(tmp_path / "long" / "pip", long)
    assert interpreter_of(find(str(trampoline))) == pip_target.python


def test_the_script_of_a_version_manager_is_asked(tmp_path: Path, pip_target: Environment) -> None:
    bin_ = pip_target.path / "bin"
    pip = program(tmp_path / "shims" / "pip", f'#!/bin/sh\nexec {bin_}/python -m pip "$@"\n')
    program(tmp_path / "shims" / "python", f'#!/bin/sh\nexec {bin_}/python "$@"\n')
    assert interpreter_of(find(str(pip))) == pip_target.python


@pytest.mark.parametrize("text", ["#!/bin/sh\necho pip 1.0\n", "#!/usr/bin/env python3\n1/0\n"])
def test_a_script_that_may_install_anywhere_is_refused(
    tmp_path: Path, pip_target: Environment, text: str
) -> None:
    pip = program(tmp_path / "a" / "pip", text)
    program(tmp_path / "a" / "python", f'#!/bin/sh\nexec {pip_target.python} "$@"\n')
    with pytest.raises((TargetError, InstallerError)):
        interpreter_of(find(str(pip)))


def _shebang(path: Path) -> Path:
    return Path(path.read_text().splitlines()[0].removeprefix("#!"))
