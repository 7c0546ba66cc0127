"""Pythons that a checkout brings along: the bare tools start them, and the guarded ones do not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.e2e.guarded import Guard, assert_paragraph
from tests.online.others.tools import Sides, sides

pytestmark = pytest.mark.online

_PROJECT = """\
[project]
name = "shop"
version = "1.0"
requires-python = ">=3.11"
[tool.poetry]
package-mode = false
[tool.pdm]
distribution = false
"""


@pytest.mark.parametrize(
    ("tool", "words", "file", "text", "environ"),
    [
        ("pdm", "lock", ".pdm-python", "mine/bin/python", {}),
        ("pdm", "info", "pdm.toml", '[venv]\nlocation = "FOLDER/envs"\n', {}),
        ("poetry", "lock", "readme", "", {"PATH": "mine/bin:/usr/bin:/bin"}),
        ("pipx", "install say", "readme", "", {"PIPX_DEFAULT_PYTHON": "mine/bin/python"}),
    ],
)
def test_a_python_of_the_checkout(
    tool: str,
    words: str,
    file: str,
    text: str,
    environ: dict[str, str],
    guard: Guard,
    programs: dict[str, Path],
) -> None:
    pair = sides(guard, programs[tool])
    marker = guard.folder / "marker"
    fake = f'#!/bin/sh\ntouch "{marker}"\nexec "{sys.executable}" "$@"\n'
    pair.write("pyproject.toml", _PROJECT)
    for folder in (pair.work, pair.bare_folder):
        (folder / file).write_text(text.replace("FOLDER", str(folder)))
        for place in ("mine", f"envs/{_named_by_pdm(folder)}"):
            python = folder / place / "bin" / "python"
            python.parent.mkdir(parents=True)
            python.write_text(fake)
            python.chmod(0o755)
            (folder / place / "pyvenv.cfg").write_text("home = /usr/bin\n")
    if path := environ.get("PATH"):
        environ = {"PATH": f"{path}:{programs[tool].parent}"}
    _bare(pair, words, environ)
    assert marker.exists()
    marker.unlink()
    ran = guard(tool, *words.split(), **{"PATH": pair.path(), **environ})
    assert_paragraph(ran, 2, "is not used")
    assert not marker.exists()


def _named_by_pdm(folder: Path) -> str:
    from guard.gateway.pdm_project import of_pdm  # noqa: PLC0415 - for this alone

    project = of_pdm(folder, {})
    assert project is not None
    return project.environments.replace("*", "x")


def _bare(pair: Sides, words: str, environ: dict[str, str]) -> None:
    pair.bare(*words.split(), **environ)
