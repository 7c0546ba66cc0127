"""pip's files and variables, in pip's own order."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from guard.errors import UsageError
from guard.install.pip_configuration import read

POSIX = pytest.mark.skipif(os.name != "posix", reason="where pip looks differs by system")


def place(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def url(name: str) -> str:
    return f"https://{name}.example.com/simple"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@POSIX
def test_each_place_is_stronger_than_the_one_before(home: Path, tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_DIRS": str(tmp_path / "etc")}
    prefix = tmp_path / "venv"
    named = tmp_path / "named.conf"
    steps = [
        tmp_path / "etc" / "pip" / "pip.conf",
        home / ".pip" / "pip.conf",
        home / ".config" / "pip" / "pip.conf",
        prefix / "pip.conf",
    ]
    for number, path in enumerate(steps):
        place(path, f"[global]\nour-option = {number}\n")
        assert read(prefix=prefix, environ=environ).options["our-option"] == str(number)
    place(named, "[global]\nour-option = named\n")
    environ["PIP_CONFIG_FILE"] = str(named)
    assert read(prefix=prefix, environ=environ).options["our-option"] == "named"
    environ["PIP_OUR_OPTION"] = "variable"
    assert read(prefix=prefix, environ=environ).options["our-option"] == "variable"


@POSIX
def test_of_several_system_folders_the_first_is_the_strongest(home: Path, tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        place(folder / "pip" / "pip.conf", f"[global]\nour-option = {folder.name}\n")
    environ = {"XDG_CONFIG_DIRS": os.pathsep.join(map(str, folders))}
    assert read(environ=environ).options["our-option"] == "one"
    assert not home.exists()


@POSIX
def test_the_users_own_config_home_is_honoured(home: Path, tmp_path: Path) -> None:
    place(home / ".config" / "pip" / "pip.conf", f"[global]\nindex-url = {url('wrong')}\n")
    place(tmp_path / "xdg" / "pip" / "pip.conf", f"[global]\nindex-url = {url('right')}\n")
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "xdg"), "XDG_CONFIG_DIRS": str(tmp_path)}
    assert read(environ=environ).indexes.index_url == url("right")


def test_the_null_device_switches_every_file_off(tmp_path: Path) -> None:
    place(tmp_path / "pip.conf", f"[global]\nindex-url = {url('venv')}\n")
    environ = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "yes"}
    configuration = read(prefix=tmp_path, environ=environ)
    assert configuration.indexes.index_url is None
    assert configuration.indexes.no_index is True


def only(tmp_path: Path, text: str, **variables: str) -> dict[str, str]:
    named = place(tmp_path / "pip.conf", text)
    environ = {"PIP_CONFIG_FILE": str(named), "XDG_CONFIG_DIRS": "", **variables}
    return dict(read(environ=environ).options)


@pytest.mark.usefixtures("home")
def test_the_section_of_install_is_stronger_than_the_global_one(tmp_path: Path) -> None:
    text = "[install]\nindex-url = right\n[global]\nindex-url = wrong\n[download]\nindex-url = no\n"
    assert only(tmp_path, text)["index-url"] == "right"


@pytest.mark.usefixtures("home")
def test_names_may_be_spelt_with_underscores(tmp_path: Path) -> None:
    text = "[global]\nextra_index_url =\n    one\n    two\nfind_links = three\n"
    named = place(tmp_path / "pip.conf", text)
    indexes = read(environ={"PIP_CONFIG_FILE": str(named), "XDG_CONFIG_DIRS": ""}).indexes
    assert indexes.extra_index_urls == ("one", "two")
    assert indexes.find_links == ("three",)


@pytest.mark.usefixtures("home")
def test_a_percent_sign_is_nothing_special(tmp_path: Path) -> None:
    text = "[global]\nindex-url = https://u:p%40ss@example.com/\n"
    assert only(tmp_path, text)["index-url"] == "https://u:p%40ss@example.com/"


@pytest.mark.usefixtures("home")
def test_an_empty_variable_says_nothing(tmp_path: Path) -> None:
    text = "[global]\nindex-url = kept\n"
    assert only(tmp_path, text, PIP_INDEX_URL="")["index-url"] == "kept"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("body", [b"no section = 1\n", b"\xff\xfe\n", b"[global\n"])
def test_a_file_that_cannot_be_read_is_an_error_that_names_it(body: bytes, tmp_path: Path) -> None:
    path = tmp_path / "pip.conf"
    path.write_bytes(body)
    with pytest.raises(UsageError) as refused:
        read(environ={"PIP_CONFIG_FILE": str(path), "XDG_CONFIG_DIRS": ""})
    assert str(path) in refused.value.message
    assert refused.value.reason
    assert "\n" not in refused.value.reason
