"""Which Pythons poetry, pdm and pipx may start: none that a checkout brings along."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.errors import UnsupportedError
from guard.gateway.strangers import refuse

_TOOLS = ["pdm", "pipx", "poetry"]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "checkout"
    for name in ("mine/bin/python", ".venv/bin/python", "3.11"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("tool", _TOOLS)
def test_what_a_user_chose_is_the_user_s(tool: str, checkout: Path) -> None:
    own = str(checkout.parent / "python")
    environ = {"PATH": "/usr/bin:/bin", "PDM_PYTHON": own, "PIPX_DEFAULT_PYTHON": "3.11"}
    environ |= {"PIPX_HOME": "~/pipx", "POETRY_PYTHON_INSTALLATION_DIR": str(checkout.parent)}
    refuse(tool, environ, checkout)
    refuse(tool, {}, checkout)


@pytest.mark.parametrize("tool", _TOOLS)
@pytest.mark.parametrize("path", ["mine/bin:/bin", "/bin:./mine/bin"])
def test_a_python_in_an_entry_of_path_that_is_not_absolute(
    path: str, tool: str, checkout: Path
) -> None:
    with pytest.raises(UnsupportedError, match="`python` in `mine/bin`"):
        refuse(tool, {"PATH": path}, checkout)


@pytest.mark.parametrize("tool", _TOOLS)
@pytest.mark.parametrize("path", [":/bin", "/bin:", "/bin::/usr/bin"])
def test_an_empty_entry_of_path_is_the_folder_one_is_in(
    path: str, tool: str, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(tool, {"PATH": path}, checkout)
    monkeypatch.chdir(checkout / "mine" / "bin")
    with pytest.raises(UnsupportedError, match="`python` in"):
        refuse(tool, {"PATH": path}, Path.cwd())


@pytest.mark.parametrize(
    ("tool", "name", "value"),
    [
        ("pdm", "PDM_PYTHON", "mine/bin/python"),
        ("pdm", "PDM_PYTHON", "3.11"),
        ("pdm", "PDM_PYTHON_VERSION", "mine/bin/python"),
        ("pipx", "PIPX_DEFAULT_PYTHON", "./mine/bin/python"),
        ("pipx", "PIPX_DEFAULT_PYTHON", "mine"),
        ("pipx", "PIPX_HOME", "mine"),
        ("pipx", "PIPX_SHARED_LIBS", "mine"),
        ("poetry", "POETRY_PYTHON_INSTALLATION_DIR", "mine"),
        ("poetry", "POETRY_DATA_DIR", "mine"),
    ],
)
def test_a_variable_that_means_another_program_in_every_folder(
    tool: str, name: str, value: str, checkout: Path
) -> None:
    with pytest.raises(UnsupportedError, match=f"`{name}=.*` is not used"):
        refuse(tool, {name: value}, checkout)


@pytest.mark.parametrize("said", ["mine/bin/python", "\n mine/bin/python\n", "3.11", "a\nb"])
def test_a_python_that_the_checkout_says_pdm_had_chosen(said: str, checkout: Path) -> None:
    (checkout / ".pdm-python").write_text(said)
    with pytest.raises(UnsupportedError, match=r"\.pdm-python` is not used"):
        refuse("pdm", {}, checkout / "mine")
    refuse("poetry", {}, checkout)


def test_the_environment_in_the_project_is_taken_for_the_user_s(checkout: Path) -> None:
    (checkout / ".pdm-python").write_text(f"{checkout}/.venv/bin/python\n")
    refuse("pdm", {}, checkout)
    (checkout / ".pdm-python").write_text("/usr/bin/python3")
    refuse("pdm", {}, checkout)
    for other in (f"{checkout}/mine/bin/python", f"{checkout}/.venv/../mine/bin/python"):
        (checkout / ".pdm-python").write_text(other)
        with pytest.raises(UnsupportedError, match=r"\.pdm-python"):
            refuse("pdm", {}, checkout)


def test_a_version_may_be_written_down_and_a_path_may_not(checkout: Path) -> None:
    (checkout / ".python-version").write_text("3.11\n")
    refuse("pdm", {}, checkout)
    (checkout / ".python-version").write_text("mine/bin/python\n")
    with pytest.raises(UnsupportedError, match=r"\.python-version"):
        refuse("pdm", {}, checkout)


@pytest.mark.parametrize(
    ("tool", "file", "text"),
    [
        ("pdm", "pdm.toml", '[venv]\nlocation = "envs"\n'),
        ("pdm", ".pdm.toml", '[python]\npath = "mine/bin/python"\n'),
        ("pdm", "pdm.toml", '[python]\ninstall_root = "/elsewhere"\n'),
        ("poetry", "poetry.toml", '[python]\ninstallation-dir = "pythons"\n'),
        ("poetry", "poetry.toml", 'data-dir = "data"\n'),
    ],
)
def test_a_setting_of_the_project_that_leads_to_a_python(
    tool: str, file: str, text: str, checkout: Path
) -> None:
    (checkout / file).write_text("[virtualenvs]\nin-project = true\n[python]\nuse_venv = true\n")
    refuse(tool, {}, checkout)
    (checkout / file).write_text(text)
    with pytest.raises(UnsupportedError, match=f"in `.*{file}` is not used"):
        refuse(tool, {}, checkout)
