"""What tools say of themselves: the options and the commands in their help."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

Options = Mapping[str, bool]
"""Every name of an option, and whether it takes a value."""

_TIMEOUT: Final = 60
_ROW: Final = re.compile(r"^ {1,8}(-{1,2}[A-Za-z?].*)$")
_NAME: Final = re.compile(r"(?<![\w<\[{,-])--?[A-Za-z][\w-]*")
_NOISE: Final = re.compile(r"[\s,]|\.\.\.|\|v+")


def run(command: Sequence[str | Path], home: Path) -> str:
    """What a command prints, in an empty home and with nothing configured."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    settings = {"HOME": str(home), "NO_COLOR": "1", "COLUMNS": "400", "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(
        list(map(str, command)),
        cwd=home,
        env=kept | settings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    return done.stdout


def options(text: str) -> dict[str, bool]:
    """The options of a help text: rows that begin with a hyphen, up to two spaces."""
    found: dict[str, bool] = {}
    for line in text.splitlines():
        row = _ROW.match(line)
        if row:
            column = re.split(r" {2,}", row[1])[0]
            names = _NAME.findall(column)
            rest = _NOISE.sub("", _NAME.sub("", column))
            found |= dict.fromkeys(names, bool(rest))
    return found


def section(text: str, title: str) -> list[str]:
    """The first words of the rows below `title`, one for each command."""
    body = re.search(rf"^{title}\n((?:[ ].*\n|\n(?=[ ]))*)", text, re.MULTILINE)
    return re.findall(r"^ {2,4}([a-z][\w-]*)(?= |$)", body[1], re.MULTILINE) if body else []


def walk(
    tool: Sequence[str | Path], home: Path, title: str
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every command that the help names, with its own help; the tool itself first."""
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        path = waiting.pop()
        text = run([*tool, *path, "--help"], home)
        yield path, text
        waiting += [(*path, name) for name in section(text, title) if name != "help"]


def completion(script: str) -> dict[tuple[str, ...], dict[str, bool]]:
    """Every command of a bash completion that clap wrote, and every option: hidden ones too."""
    paths: dict[str, tuple[str, ...]] = {}
    for parent, word, label in re.findall(
        r'^ +(\w+),([\w-]+)\)\n +cmd="(\w+)"', script, re.MULTILINE
    ):
        paths[label] = (*paths.get(parent, ()), word)
    found = {}
    for block in re.split(r"^ {8}(?=\w+\)$)", script, flags=re.MULTILINE)[1:]:
        label, _, body = block.partition(")")
        words = re.search(r'opts="([^"]*)"', body)
        if words and "help" not in paths.get(label, ()):
            valued = set(re.findall(r"^ {16}(-[\w-]+)\)$", body, re.MULTILINE))
            names = [word for word in words[1].split() if word.startswith("-")]
            found[paths.get(label, ())] = {name: name in valued for name in names}
    return found
