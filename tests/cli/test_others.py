"""pipx, poetry and pdm: what looks is passed on, the rest is run behind the gateway or refused."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from guard.shell import shims
from guard.wrappers.coverage import table
from tests.e2e.guarded import Guard, Ran, assert_paragraph

TOOL = """
#!{python}
import json, os, pathlib, sys
words = sys.argv[1:]
if words == ["--version"]:
    print("{name} {version}")
elif "environment" in words:
    print("PIPX_LOCAL_VENVS={home}/venvs")
    print("PIPX_SHARED_LIBS={home}/shared")
else:
    print("the real one:", sys.argv[0], *words)
    if pathlib.Path("pyproject.toml").exists():
        pathlib.Path("pyproject.toml").write_text("spoilt")
    said = pathlib.Path("said.json")
    said.write_text(json.dumps(dict(os.environ)))
"""
"""A tool that says only that it ran, and with which variables."""


def typed(guard: Guard, *words: str, version: str | None = None, **settings: str) -> Ran:
    """Run a tool that is none, behind the guard."""
    tools = guard.folder / "bin"
    tools.mkdir(exist_ok=True)
    script = (
        textwrap.dedent(TOOL)
        .lstrip()
        .format(
            python=sys.executable,
            name=words[0],
            version=version or table(words[0]).versions[1],
            home=guard.folder / "home",
        )
    )
    shims.write_program(tools / words[0], script.encode(), mode=0o755)
    return guard(*words, PATH=f"{tools}:/usr/bin:/bin", **settings)


def said(guard: Guard) -> Any:
    """The variables that the tool had."""
    return json.loads((guard.work / "said.json").read_text())


@pytest.mark.parametrize("words", [("pipx", "list"), ("poetry", "show"), ("pdm", "list")])
def test_what_only_looks_is_passed_on(guard: Guard, words: tuple[str, ...]) -> None:
    ran = typed(guard, *words)
    assert (ran.code, ran.out) == (
        0,
        f"the real one: {guard.folder / 'bin' / words[0]} {words[1]}\n",
    )
    assert "HTTPS_PROXY" not in said(guard) or "guard:" not in said(guard)["HTTPS_PROXY"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("pipx install git+https://example.com/x.git", "on no index"),
        ("pipx install https://example.com/x-1.0-py3-none-any.whl", "on no index"),
        ("pipx install ./x", "on no index"),
        ("pipx inject say ./x", "on no index"),
        ("pipx install x@https://example.com/x-1.0-py3-none-any.whl", "on no index"),
        ("pipx run --spec ./x x", "on no index"),
        ("pipx upgrade --install ./x", "on no index"),
        ("pipx run https://example.com/x.py", "on no index"),
        ("pipx run script.py", "`pipx run` of a script"),
        ("pipx run script", "`pipx run` of a script"),
        ("pipx run --backend uv say", "guard uvx"),
        ("pipx install --pip-args=--pre say", "--pip-args"),
        ("pipx install -e say", "pipx install -e"),
        ("pipx install --no-such-option say", "--no-such-option"),
        ("pipx runpip say install frob", "pipx runpip"),
        ("poetry add git+https://example.com/x.git", "on no index"),
        ("poetry add https://example.com/x-1.0-py3-none-any.whl", "on no index"),
        ("poetry add ./x-1.0-py3-none-any.whl", "on no index"),
        ("poetry debug resolve ./x-1.0.tar.gz", "on no index"),
        ("poetry self add frob", "poetry self add"),
        ("poetry lock --no-cache", "--no-cache"),
        ("poetry -C elsewhere lock", "another folder"),
        ("poetry no-such-command", "poetry no-such-command"),
        ("pdm add git+https://example.com/x.git", "on no index"),
        ("pdm add https://example.com/x-1.0-py3-none-any.whl", "on no index"),
        ("pdm add ./x-1.0-py3-none-any.whl", "on no index"),
        ("pdm add -e ./x", "on no index"),
        ("pdm self add frob", "pdm self add"),
        ("pdm install --plugins", "--plugins"),
        ("pdm install -g", "pdm install -g"),
        ("pdm lock --no-isolation", "--no-isolation"),
        ("pdm run script", "`pdm run script`"),
    ],
)
def test_what_nobody_judges_is_refused(words: str, said: str, guard: Guard) -> None:
    project = guard.work / "pyproject.toml"
    project.write_text('[project]\nname = "x"\nversion = "1"\n')
    for name in ("script", "script.py"):
        text = "# /// script\n# dependencies = ['frob']\n# ///\nprint(1)\n"
        (guard.work / name).write_text(text)
    assert_paragraph(typed(guard, *words.split()), 2, "error: ", said)
    assert not (guard.work / "said.json").exists()
    assert project.read_text() != "spoilt"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("poetry install", '[tool.poetry.requires-plugins]\nfrob = "*"\n'),
        ("poetry lock", '[tool.poetry.dependencies]\nx = { git = "https://example.com/x" }\n'),
        ("pdm install", '[tool.pdm.scripts]\npost_install = "echo"\n'),
        ("pdm lock", '[tool.pdm.resolution.overrides]\nx = "https://example.com/x.whl"\n'),
    ],
)
def test_what_a_project_names_is_refused(words: str, text: str, guard: Guard) -> None:
    (guard.work / "pyproject.toml").write_text(text)
    assert_paragraph(typed(guard, *words.split()), 2, f"`{guard.work}`")
    assert (guard.work / "pyproject.toml").read_text() == text


def test_a_project_s_plugins_can_be_done_without(guard: Guard) -> None:
    for words in (("--no-plugins", "lock"), ("lock", "--no-plugins")):
        text = '[tool.poetry.requires-plugins]\nfrob = "*"\n'
        (guard.work / "pyproject.toml").write_text(text)
        ran = typed(guard, "poetry", *words)
        assert ran.code == 0, ran.said


@pytest.mark.parametrize("version", ["0.9", "99.0"])
@pytest.mark.parametrize("words", ["pipx install six", "poetry lock", "pdm lock"])
def test_a_version_that_nobody_knows_is_refused(words: str, version: str, guard: Guard) -> None:
    ran = typed(guard, *words.split(), version=version)
    assert_paragraph(
        ran, 2, f"{words.split(maxsplit=1)[0]} {version}, which the guard does not know"
    )
    assert not (guard.work / "said.json").exists()


def test_one_command_can_be_let_past(guard: Guard) -> None:
    ran = typed(guard, "poetry", "install", GUARD_BYPASS="it is mine")
    assert (ran.code, ran.out.startswith("the real one: ")) == (0, True)
    (entry,) = (guard.state / "journal.jsonl").read_text().splitlines()
    assert json.loads(entry)["asked"] == ["poetry", "install"]


def test_a_tool_that_is_not_there_is_said_to_be_missing(guard: Guard) -> None:
    ran = guard("poetry", "install", PATH="/usr/bin:/bin")
    assert_paragraph(ran, 127, "there is no `poetry` on PATH")


@pytest.mark.parametrize(
    ("words", "settings", "kept"),
    [
        (
            "poetry lock",
            {"POETRY_REPOSITORIES_X_URL": "http://evil/", "POETRY_VIRTUALENVS_CREATE": "true"},
            "POETRY_VIRTUALENVS_CREATE",
        ),
        ("pdm lock", {"PDM_NO_BINARY": ":all:", "PDM_NO_SELF": "1"}, "PDM_NO_SELF"),
        ("pipx install six", {"PIP_TRUSTED_HOST": "evil", "PIPX_BIN_DIR": "b"}, "PIPX_BIN_DIR"),
    ],
)
def test_what_leads_elsewhere_does_not_reach_the_tool(
    words: str, settings: dict[str, str], kept: str, guard: Guard
) -> None:
    ran = typed(guard, *words.split(), PYTHONPATH="evil", NO_PROXY="*", **settings)
    assert ran.code == 0, ran.said
    given = said(guard)
    gone = {*settings, "PYTHONPATH", "NO_PROXY"} - {kept}
    assert gone & set(given) == set()
    assert given[kept] == settings[kept]
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        assert given[name].startswith("http://guard:")
        assert given[name.lower()] == given[name]
    assert not Path(given["REQUESTS_CA_BUNDLE"]).exists()
    own = {name for name, value in given.items() if str(guard.cache) in value}
    assert own >= {"poetry": {"POETRY_CACHE_DIR"}, "pdm": {"PDM_CACHE_DIR"}}.get(
        words.split(maxsplit=1)[0], {"PIP_CACHE_DIR"}
    )


@pytest.mark.parametrize(
    ("words", "name"),
    [("pipx install six", "PIP_CONSTRAINT"), ("pdm lock", "PDM_LOCKFILE")],
)
def test_what_cannot_be_left_out_is_refused(words: str, name: str, guard: Guard) -> None:
    assert_paragraph(typed(guard, *words.split(), **{name: "x"}), 2, f"`{name}`")
    assert not (guard.work / "said.json").exists()


def test_secrets_stay_with_the_guard(guard: Guard) -> None:
    (guard.work / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\n'
        '[[tool.poetry.source]]\nname = "inner"\nurl = "https://inner.example.com/simple/"\n'
    )
    folder = guard.folder / "home" / "config" / "pypoetry"
    folder.mkdir(parents=True)
    (folder / "auth.toml").write_text(
        '[http-basic.inner]\nusername = "u"\npassword = "s3cret"\n[pypi-token]\npypi = "t0ken"\n'
    )
    (folder / "config.toml").write_text(
        '[virtualenvs]\nin-project = true\n[certificates.inner]\nclient-cert = "/mine.pem"\n'
    )
    given = {"POETRY_HTTP_BASIC_INNER_PASSWORD": "other"}
    ran = typed(guard, "poetry", "lock", **given)
    assert ran.code == 0, ran.said
    given = said(guard)
    assert not {"s3cret", "other", "t0ken"} & set(given.values())
    place = Path(given["POETRY_CONFIG_DIR"])
    assert os.listdir(place) == ["config.toml"]  # noqa: PTH208 - names alone
    assert (
        place / "config.toml"
    ).read_text() == "[virtualenvs]\nin-project = true\n\n[installer]\n"
    assert given["POETRY_CERTIFICATES_INNER_VERIFY"] == given["REQUESTS_CA_BUNDLE"]
