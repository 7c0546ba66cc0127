"""Completions, asked of the real shells for what may follow a command line."""

from __future__ import annotations

import argparse
import shutil
import subprocess
from pathlib import Path

import pytest

from guard.cli.parser import parser
from guard.shell.completions import completions, rows
from tests.e2e.guarded import TIMEOUT, Guard

_ASK = {
    "bash": """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _wheelguard
printf '%s\\n' "${COMPREPLY[@]}"
""",
    "zsh": """
compdef() { : }
_files() { print -- '<files>' }
compadd() { shift; for each in "$@"; do [[ $each == $last* ]] && print -r -- $each; done; : }
source "$1"; shift
words=("$@"); CURRENT=$#; last=$words[-1]; _wheelguard
""",
    "fish": """
source $argv[1]
complete -C (string join ' ' -- $argv[2..])
""",
}


@pytest.fixture(params=["bash", "zsh", "fish"])
def shell(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if shutil.which(name) is None:
        pytest.skip(f"there is no {name} here")
    return name


def offered(shell: str, folder: Path, *line: str) -> set[str]:
    """What `shell` would offer for the last word of the line."""
    file, ask = folder / "completions", folder / "ask"
    file.write_text(completions(parser(), shell))
    ask.write_text(_ASK[shell])
    done = subprocess.run(
        [shell, str(ask), str(file), *line],
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=True,
    )
    assert done.stderr == ""
    return {word.partition("\t")[0] for word in done.stdout.splitlines()} - {""}


def test_commands(shell: str, tmp_path: Path) -> None:
    assert offered(shell, tmp_path, "guard", "in") == {"install", "inspect"}


def test_commands_below_a_command(shell: str, tmp_path: Path) -> None:
    assert offered(shell, tmp_path, "guard", "shell", "un") == {"uninstall"}
    assert offered(shell, tmp_path, "guard", "--version", "feed", "im") == {"import"}


def test_options(shell: str, tmp_path: Path) -> None:
    assert offered(shell, tmp_path, "guard", "install", "six", "--uploaded") == {
        "--uploaded-prior-to"
    }
    assert "--undo" in offered(shell, tmp_path, "guard", "shell", "adopt", "--")


def test_values(shell: str, tmp_path: Path) -> None:
    assert offered(shell, tmp_path, "guard", "check", "--output-format", "s") == {"sarif"}
    assert offered(shell, tmp_path, "guard", "shell", "completions", "z") == {"zsh"}


def test_every_command_and_option_has_its_row() -> None:
    found = {row.path: row for row in rows(parser())}
    assert {"guard", "guard install", "guard policy", "guard policy show"} <= set(found)
    assert "--require-hashes" in found["guard install"].options
    assert "-r" in found["guard install"].values
    assert "--pre" not in found["guard install"].values


def test_help_with_quotes_can_be_read_and_runs_nothing(tmp_path: Path) -> None:
    hostile = argparse.ArgumentParser(prog="guard")
    hostile.add_argument("--it", choices=("a'b", "$(touch planted)"), help="it's `touch planted`")
    for name in ("bash", "zsh", "fish"):
        if shutil.which(name) is None:
            continue
        text = completions(hostile, name).replace("compdef _wheelguard", ": _wheelguard")
        subprocess.run([name, "-c", text], cwd=tmp_path, check=True, timeout=TIMEOUT)
    assert list(tmp_path.iterdir()) == []


def test_they_are_printed(guard: Guard) -> None:
    ran = guard("shell", "completions", "fish")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == completions(parser(), "fish")
