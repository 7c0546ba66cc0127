"""The lines that make tools install from a mirror are what these tools read."""

from __future__ import annotations

import configparser
import tomllib

import pytest

from guard.cli import boundary
from guard.cli.parser import parse

URL = "https://mirror.example.com/simple/"


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert boundary.run(parse(["mirror", "point", *words])) == 0
    return capsys.readouterr().out


def test_pip_and_uv_read_them(capsys: pytest.CaptureFixture[str]) -> None:
    pip = configparser.ConfigParser(interpolation=None)
    pip.read_string(printed(capsys, URL, "--for", "pip"))
    assert pip["global"]["index-url"] == URL
    uv = tomllib.loads(printed(capsys, URL.rstrip("/"), "--for", "uv"))
    assert uv["index"] == [{"name": "mirror", "url": URL, "default": True}]


def test_without_a_tool_everything_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    told = printed(capsys, URL)
    assert [line.split(":")[0] for line in told.splitlines() if line.startswith("#")] == [
        "# pip",
        "# uv",
        "# poetry",
        "# pdm",
        "# env",
    ]


@pytest.mark.parametrize(
    "url",
    [
        "https://token:secret@mirror.example.com/simple/",
        "https://mirror.example.com/",
        "file:///srv/simple/",
        "mirror.example.com/simple/",
        'https://mirror.example.com/"\nx = 1/simple/',
        "https://mirror.example.com/$(id)/simple/",
        "https://[mirror/simple/",
    ],
)
def test_what_is_no_mirror_is_refused(capsys: pytest.CaptureFixture[str], url: str) -> None:
    assert boundary.run(parse(["mirror", "point", url])) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "secret" not in said.err
