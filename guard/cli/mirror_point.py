"""`guard mirror point`: what has to stand where, so that a tool installs from a mirror."""

from __future__ import annotations

import argparse
import sys
from typing import Final
from urllib.parse import urlsplit

from guard.cli.exit import ExitCode
from guard.errors import UsageError
from guard.model import index_url
from guard.report.text import plain

_LINES: Final = {
    "pip": ("pip.conf (pip.ini on Windows), or PIP_CONFIG_FILE", "[global]\nindex-url = {url}"),
    "uv": (
        "uv.toml, or below [tool.uv] as [[tool.uv.index]]",
        '[[index]]\nname = "mirror"\nurl = "{url}"\ndefault = true',
    ),
    "poetry": (
        "pyproject.toml",
        '[[tool.poetry.source]]\nname = "mirror"\nurl = "{url}"\npriority = "primary"',
    ),
    "pdm": (
        "pyproject.toml",
        '[[tool.pdm.source]]\nname = "pypi"\nurl = "{url}"\nverify_ssl = true',
    ),
    "env": (
        "the environment: a CI job, a Dockerfile",
        "PIP_INDEX_URL={url}\nUV_DEFAULT_INDEX={url}",
    ),
}
"""For each tool, where its lines belong, and the lines."""

TOOLS: Final = tuple(_LINES)


def run(arguments: argparse.Namespace) -> int:
    """Print the lines. Nothing is written anywhere: such files have others in them."""
    url = _address(arguments.url)
    tools = [arguments.tool] if arguments.tool else TOOLS
    written = []
    for tool in tools:
        where, lines = _LINES[tool]
        head = "" if arguments.tool else f"# {tool}: {where}\n"
        written.append(head + lines.format(url=url) + "\n")
    sys.stdout.write("\n".join(written))
    return ExitCode.OK


def _address(given: str) -> str:
    """Return the address of a mirror's pages, with its slash. Raises `UsageError`."""
    try:
        normal, parts = index_url(given), urlsplit(given)
    except ValueError:
        normal, parts = "", None
    if parts is None or parts.scheme not in {"https", "http"} or not normal.isascii():
        raise UsageError("that is no address of a mirror", hint="https://HOST/simple/")
    if parts.username or parts.password:
        raise UsageError(
            "a password in an address ends up in logs and in lock files",
            hint="put it into ~/.netrc, which pip and uv read: machine HOST login token password …",
        )
    if not normal.endswith("/simple"):
        raise UsageError(f"`{plain(normal)}` does not end in /simple/", hint="https://HOST/simple/")
    if any(character in normal for character in "\"'\\{}$`%[]") or " " in normal:
        raise UsageError("that is no address of a mirror", hint="https://HOST/simple/")
    return f"{normal}/"
