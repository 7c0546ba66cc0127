"""Credentials that variables hold for uv's named indexes, found where uv finds the names."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.install.named_indexes import credentials
from guard.model import Credentials

ONE = "https://one.example.com/simple"
TWO = "https://two.example.com/simple"
GIVEN = {"UV_INDEX_MY_OWN_1_USERNAME": "user", "UV_INDEX_MY_OWN_1_PASSWORD": "pass"}
FOUND = {ONE: Credentials("user", "pass")}


def places(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path / "user"), "XDG_CONFIG_DIRS": str(tmp_path / "system")}


@pytest.mark.parametrize("variable", ["UV_INDEX", "UV_DEFAULT_INDEX"])
def test_a_name_in_a_variable(variable: str, tmp_path: Path) -> None:
    environ = {**GIVEN, **places(tmp_path), variable: f"{TWO} my-own.1={ONE}/"}
    assert credentials(environ, folder=tmp_path) == FOUND


@pytest.mark.parametrize(
    ("path", "table"),
    [
        ("work/uv.toml", "index"),
        ("uv.toml", "index"),
        ("work/pyproject.toml", "tool.uv.index"),
        ("user/uv/uv.toml", "index"),
        ("system/uv/uv.toml", "index"),
    ],
)
def test_a_name_in_a_file(path: str, table: str, tmp_path: Path) -> None:
    file = tmp_path / path
    (tmp_path / "work").mkdir()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'[[{table}]]\nname = "my-own-1"\nurl = "{ONE}"\n')
    environ = {**GIVEN, **places(tmp_path)}
    assert credentials(environ, folder=tmp_path / "work") == FOUND
    assert credentials({**environ, "UV_NO_CONFIG": "1"}, folder=tmp_path / "work") == {}


def test_a_file_that_is_named_is_the_only_one(tmp_path: Path) -> None:
    (tmp_path / "uv.toml").write_text(f'[[index]]\nname = "my-own-1"\nurl = "{TWO}"\n')
    (tmp_path / "other.toml").write_text(f'[[index]]\nname = "my-own-1"\nurl = "{ONE}"\n')
    environ = {**GIVEN, **places(tmp_path), "UV_CONFIG_FILE": "other.toml"}
    assert credentials(environ, folder=tmp_path) == FOUND


def test_the_nearest_file_of_a_project_hides_the_others(tmp_path: Path) -> None:
    (tmp_path / "uv.toml").write_text(f'[[index]]\nname = "my-own-1"\nurl = "{TWO}"\n')
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "uv.toml").write_text(f'[[index]]\nname = "my-own-1"\nurl = "{ONE}"\n')
    assert credentials({**GIVEN, **places(tmp_path)}, folder=tmp_path / "work") == FOUND


@pytest.mark.parametrize(
    "text",
    ["= no", "index = 3", "[[index]]\nname = 3", "[[index]]\nurl = 'https://[::1'", "index = [1]"],
)
def test_what_cannot_be_read_names_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / "uv.toml").write_text(text)
    assert credentials({**GIVEN, **places(tmp_path)}, folder=tmp_path) == {}


def test_without_variables_nothing_is_read(tmp_path: Path) -> None:
    assert credentials({"UV_INDEX": f"my-own-1={ONE}"}, folder=tmp_path / "nowhere") == {}
