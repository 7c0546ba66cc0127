"""uv's files: the nearest of the project, then the user's, then the machine's."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.install.uv_configuration import setting

NAME = "exclude-newer"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path / "user"), "XDG_CONFIG_DIRS": str(tmp_path / "system")}


def test_each_file_is_stronger_than_the_one_before(environ: dict[str, str], tmp_path: Path) -> None:
    work = tmp_path / "a" / "b"
    work.mkdir(parents=True)
    assert setting(NAME, environ, folder=work) is None
    for path, table in (
        ("system/uv/uv.toml", ""),
        ("user/uv/uv.toml", ""),
        ("pyproject.toml", "[tool.uv]\n"),
        ("a/uv.toml", ""),
        ("a/b/pyproject.toml", "[tool.uv.pip]\n"),
        ("a/b/uv.toml", "[pip]\n"),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(f'{table}{NAME} = "{path}"\n')
        assert setting(NAME, environ, folder=work) == path
    (work / "named.toml").write_text(f'{NAME} = "named"\n')
    assert setting(NAME, {**environ, "UV_CONFIG_FILE": "named.toml"}, folder=work) == "named"
    assert setting(NAME, {**environ, "UV_NO_CONFIG": "true"}, folder=work) is None


def test_what_is_said_for_uv_pip_is_stronger(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "uv.toml").write_text(f'{NAME} = "any"\n[pip]\n{NAME} = "pip"\n')
    assert setting(NAME, environ, folder=tmp_path) == "pip"


@pytest.mark.parametrize("text", ["tool = 3", "[tool]\nuv = 3", "= no", "[tool.uv]\npip = 3"])
def test_what_cannot_be_read_says_nothing(
    text: str, environ: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert setting(NAME, environ, folder=tmp_path) is None
