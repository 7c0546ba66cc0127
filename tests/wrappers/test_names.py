"""Which words are pip's and Python's, and what `python -m` was asked for."""

from __future__ import annotations

import pytest

from guard.wrappers.names import is_pip, is_python, module_asked_for


@pytest.mark.parametrize("word", ["pip", "pip3", "pip3.13", "/a/bin/pip3", "./pip", "pip.exe"])
def test_pip(word: str) -> None:
    assert is_pip(word)
    assert not is_python(word)


@pytest.mark.parametrize("word", ["pipx", "pip-audit", "pip3x", "", "install", "-p", "a/pip/b"])
def test_not_pip(word: str) -> None:
    assert not is_pip(word)


@pytest.mark.parametrize("word", ["python", "python3", "python3.11", ".venv/bin/python"])
def test_python(word: str) -> None:
    assert is_python(word)


@pytest.mark.parametrize("word", ["pythonw", "python-config", "python3-config", "ipython"])
def test_not_python(word: str) -> None:
    assert not is_python(word)


@pytest.mark.parametrize(
    ("line", "module", "rest"),
    [
        ("-m pip install x", "pip", "install x"),
        ("-mpip install x", "pip", "install x"),
        ("-Im pip install x", "pip", "install x"),
        ("-IBmpip install x", "pip", "install x"),
        ("-W error -m pip list", "pip", "list"),
        ("-Werror -X dev -mpip list", "pip", "list"),
        ("-Xm -m uv sync", "uv", "sync"),
        ("-EWm -m uv sync", "uv", "sync"),
        ("--check-hash-based-pycs always -m pip list", "pip", "list"),
        ("-m pip._internal list", "pip._internal", "list"),
        ("-m pip", "pip", ""),
    ],
)
def test_the_module_that_python_runs(line: str, module: str, rest: str) -> None:
    words = line.split()
    asked = module_asked_for(words)
    assert asked is not None
    assert asked[0] == module
    assert words[asked[1] :] == rest.split()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "-",
        "setup.py -m pip",
        "-c pass -m pip",
        "-cpass -m pip",
        "-Ic pass",
        "-m",
        "-W -m",
        "-V",
    ],
)
def test_no_module(line: str) -> None:
    assert module_asked_for(line.split()) is None
