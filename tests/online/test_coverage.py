"""The tables against the tools themselves: the lowest version of each, and the newest."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import uv

from guard.wrappers.coverage import table
from tests.wrappers import helps
from tests.wrappers.compared import missing
from tests.wrappers.pips import PipReads

pytestmark = pytest.mark.online

UV: Final = uv.find_uv_bin()
_DESCRIBES: Final = Path(__file__).parents[1] / "wrappers" / "argparse_reads.py"
Found = dict[tuple[str, ...], dict[str, bool]]


def _versions(*tools: str) -> list[tuple[str, str]]:
    return [
        pair
        for name in tools
        for pair in ((name, f"{name}=={table(name).versions[0]}"), (name, name))
    ]


def _installed(wanted: str, folder: Path) -> Path:
    """An environment with what is `wanted`, from the index that is configured."""
    made = folder / "environment"
    for command in (
        ["venv", "--quiet", "--python", sys.executable, str(made)],
        ["pip", "install", "--quiet", "--python", str(made), wanted],
    ):
        subprocess.run([UV, *command], check=True, env=_configured())
    return made


def _configured() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}


@pytest.mark.parametrize(("tool", "wanted"), _versions("pip"))
def test_pip(tool: str, wanted: str, tmp_path: Path) -> None:
    environment = _installed(wanted, tmp_path)
    reads = PipReads(next(environment.glob("lib/python*/site-packages")))
    found = reads.found()
    reads.close()
    assert len(found) > 15
    assert missing(tool, found) == []
    program = [environment / "bin" / "pip"]
    texts = dict(helps.walk(program, tmp_path, "Commands:"))
    assert missing(tool, {path: helps.options(text) for path, text in texts.items()}) == []
    assert set(texts) >= set(found) - {("help",)}


@pytest.mark.parametrize(("tool", "wanted"), _versions("uv"))
def test_uv_and_uvx(tool: str, wanted: str, tmp_path: Path) -> None:
    programs = _installed(wanted, tmp_path) / "bin"
    script = helps.run([programs / "uv", "generate-shell-completion", "bash"], tmp_path)
    assert len(helps.completion(script)) > 60
    assert missing(tool, helps.completion(script)) == []
    uvx = helps.options(helps.run([programs / "uvx", "--help"], tmp_path))
    assert missing("uvx", {(): uvx}) == []


@pytest.mark.parametrize(("tool", "wanted"), _versions("pipx", "pdm"))
def test_pipx_and_pdm(tool: str, wanted: str, tmp_path: Path) -> None:
    python = _installed(wanted, tmp_path) / "bin" / "python"
    tables = json.loads(helps.run([python, _DESCRIBES, tool], tmp_path))
    assert len(tables) > 20
    assert sum(map(len, tables.values())) > 200
    assert missing(tool, {tuple(path.split()): names for path, names in tables.items()}) == []
    title = {"pipx": "subcommands:", "pdm": "Commands:"}[tool]
    texts = dict(helps.walk([python.with_name(tool)], tmp_path, title))
    assert len(texts) > 20
    named = {
        path: _as_described(helps.options(text), tables[" ".join(path)])
        for path, text in texts.items()
    }
    assert missing(tool, named) == []


def _as_described(named: dict[str, bool], known: dict[str, bool]) -> dict[str, bool]:
    """What the help names; whether it takes a value is not always to be seen there."""
    return {name: known.get(name, valued) for name, valued in named.items()}


@pytest.mark.parametrize(("tool", "wanted"), _versions("poetry"))
def test_poetry(tool: str, wanted: str, tmp_path: Path) -> None:
    program = _installed(wanted, tmp_path) / "bin" / tool
    found = dict(_of_poetry(program, tmp_path))
    assert len(found) > 35
    assert missing(tool, found) == []


def _of_poetry(program: Path, home: Path) -> Iterator[tuple[tuple[str, ...], dict[str, bool]]]:
    listed = helps.run([program, "list"], home)
    yield (), helps.options(listed)
    commands = listed.partition("Available commands:")[2]
    for name in re.findall(r"^ {2}([a-z]+(?: [a-z]+)*)(?= {2,})", commands, re.MULTILINE):
        if name != "self show plugins":  # two words of it are a command, and the third is a name
            path = tuple(name.split())
            text = helps.run([program, *path, "--help"], home)
            yield path, helps.options(text.partition("\nHelp:")[0])
