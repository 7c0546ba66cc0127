"""Which word of a command line is pip's command: an option's value must never pass for one."""

from __future__ import annotations

import pytest

from guard.cli.pip_options import kept
from guard.errors import UnsupportedError
from guard.wrappers.pip_words import split


@pytest.mark.parametrize(
    ("line", "command", "harmless"),
    [
        ("", None, True),
        ("--version", None, True),
        ("-V", None, True),
        ("list --outdated", "list", True),
        ("-qq list", "list", True),
        ("--isolated freeze", "freeze", True),
        ("uninstall -y x", "uninstall", True),
        ("cache purge", "cache", True),
        ("install --help", "install", True),
        ("install x", "install", False),
        ("install x --help", "install", False),
        ("--log list install evil", "install", False),
        ("--log=list install evil", "install", False),
        ("--python .venv list", "list", True),
        ("--cert list --proxy show download evil", "download", False),
        ("wheel x", "wheel", False),
        ("something-new x", "something-new", False),
    ],
)
def test_the_command(line: str, command: str | None, harmless: bool) -> None:
    asked = split(line.split())
    assert (asked.command, asked.harmless) == (command, harmless)


@pytest.mark.parametrize("line", ["--lo list install evil", "-x list", "-qx list", "- list", "--"])
def test_an_unknown_option_before_the_command_is_refused(line: str) -> None:
    with pytest.raises(UnsupportedError):
        split(line.split())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("x y==1", "x y==1"),
        ("-U x", "-U x"),
        ("-qUr a.txt", "-q -U -ra.txt"),
        ("-ra.txt --pre", "-ra.txt --pre"),
        ("--index-url http://a x", "--index-url=http://a x"),
        ("-i --pre x", "-i--pre x"),
        ("-v --no-input --progress-bar off --progress-bar=on x", "x"),
        ("x -- --user", "x -- --user"),
    ],
)
def test_options_that_are_kept(line: str, words: str) -> None:
    assert kept(line.split()) == words.split()


@pytest.mark.parametrize(
    "line",
    [
        "--user x", "--root / x", "--no-build-isolation x", "--trusted-host a x", "--src d x",
        "--python-version 3.9 x", "--upgr x", "--policy observe x", "-p 3 x", "--system x",
        "--installer uv x", "--pre=yes x", "-I x", "-Up x", "--group dev", "x -r",
    ],
)  # fmt: skip
def test_every_other_option_is_refused_by_name(line: str) -> None:
    with pytest.raises(UnsupportedError, match="`pip install -"):
        kept(line.split())
