"""Whose indexes hold: uv's first, pip's where uv names none; credentials by place alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from guard.errors import InstallerError, UsageError
from guard.install.configuration import Configuration, for_pip, for_uv, uv_indexes
from guard.model import Credentials, Index
from guard.request import IndexOptions
from tests.e2e.guarded import Environment, scrubbed

ONE = "https://one.example.com/simple"
TWO = "https://two.example.com/simple"
THREE = "https://three.example.com/simple"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No variable and no file of the machine, in a folder of its own."""
    for name in os.environ:
        if name.startswith(("UV_", "PIP_", "SSL_CERT", "REQUESTS_", "CURL_")):
            monkeypatch.delenv(name)
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "xdg"), "XDG_CONFIG_DIRS": ""}
    for name, value in scrubbed(**home, UV_CACHE_DIR=str(tmp_path / "uv-cache")).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def by_uv(target: Environment, *options: IndexOptions) -> Configuration:
    return for_uv(uv_indexes(options, python=target.python), python=target.python)


def by_pip(target: Environment, *options: IndexOptions) -> Configuration:
    return for_pip(options, python=target.python)


def urls(configuration: Configuration) -> list[str]:
    return [index.url for index in configuration.indexes]


def test_the_built_in_index_is_asked_of_uv_and_never_written_here(target: Environment) -> None:
    (uvs,) = urls(by_uv(target))
    assert uvs.startswith("https://")
    assert urls(by_pip(target)) == [uvs]


def test_uvs_own_indexes_come_first(target: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", THREE)
    monkeypatch.setenv("UV_DEFAULT_INDEX", ONE)
    monkeypatch.setenv("UV_INDEX", f"own={TWO}")
    configuration = by_uv(target)
    assert urls(configuration) == [TWO, ONE]
    assert configuration.source == "uv"


def test_uvs_files_name_indexes_too(target: Environment, clean: Path) -> None:
    (clean / "uv.toml").write_text(
        f'[[index]]\nurl = "{ONE}"\ndefault = true\n[[index]]\nname = "b"\nurl = "{TWO}"\n'
        f'[[index]]\nname = "only-when-asked-for"\nurl = "{THREE}"\nexplicit = true\n'
    )
    assert urls(by_uv(target)) == [TWO, ONE]


def test_pips_indexes_hold_where_uv_names_none(
    target: Environment, monkeypatch: pytest.MonkeyPatch, clean: Path
) -> None:
    (clean / "limits.txt").touch()
    monkeypatch.setenv("PIP_INDEX_URL", ONE)
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"{TWO} {THREE}")
    monkeypatch.setenv("PIP_CONSTRAINT", "limits.txt")
    monkeypatch.setenv("PIP_PROXY", "http://127.0.0.1:9")
    configuration = by_uv(target)
    assert configuration.source == "pip"
    assert urls(configuration) == [TWO, THREE, ONE]
    assert configuration.environment["UV_INDEX_STRATEGY"] == "unsafe-best-match"
    assert configuration.environment["UV_CONSTRAINT"] == "limits.txt"
    assert configuration.proxy == "http://127.0.0.1:9"


def test_the_command_line_is_stronger_than_either(
    target: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", THREE)
    monkeypatch.setenv("UV_DEFAULT_INDEX", THREE)
    line, file = IndexOptions(index_url=ONE), IndexOptions(index_url=TWO)
    assert urls(by_uv(target, line, file)) == [ONE]
    # In pip a file is read after the command line, and what is read last wins.
    assert urls(by_pip(target, line, file)) == [TWO]


def test_no_index_leaves_only_links(target: Environment, clean: Path) -> None:
    (clean / "wheels, and more").mkdir()
    asked = IndexOptions(no_index=True, find_links=("wheels, and more",))
    for configuration in (by_uv(target, asked), by_pip(target, asked)):
        (links,) = configuration.indexes
        assert links.url == (clean / "wheels, and more").as_uri()
        assert links.flat is True


def test_no_index_in_a_file_of_uv(target: Environment, clean: Path) -> None:
    (clean / "uv.toml").write_text("no-index = true\n")
    assert urls(by_uv(target)) == []


def test_one_index_is_named_once_however_it_is_spelt(target: Environment) -> None:
    twice = IndexOptions(
        index_url=f"{ONE}/", extra_index_urls=("HTTPS://one.example.com:443/simple",)
    )
    for configuration in (by_uv(target, twice), by_pip(target, twice)):
        assert urls(configuration) == [ONE]


def test_a_file_that_uv_would_write_is_not_written(target: Environment, clean: Path) -> None:
    """`output-file` may be configured, and it is the user's own lock."""
    (clean / "uv.toml").write_text(f'index-url = "{ONE}"\n[pip]\noutput-file = "locked.txt"\n')
    (clean / "locked.txt").write_text("precious\n")
    assert urls(by_uv(target)) == [ONE]
    assert (clean / "locked.txt").read_text() == "precious\n"


def test_names_are_for_uv_alone(target: Environment) -> None:
    named = IndexOptions(index_url=f"a={ONE}", extra_index_urls=(f"b={TWO}",))
    assert urls(by_uv(target, named)) == [TWO, ONE]
    configuration = by_pip(target, named)
    assert urls(configuration) == [ONE, TWO]
    assert configuration.environment["PIP_INDEX_URL"] == ONE


def test_what_uv_does_not_accept_is_an_error_in_its_words(target: Environment, clean: Path) -> None:
    (clean / "uv.toml").write_text("index = 3\n")
    with pytest.raises(InstallerError) as refused:
        by_uv(target)
    assert refused.value.exit_code == 2
    assert "uv.toml" in refused.value.output


def test_what_is_no_url_is_an_error(target: Environment) -> None:
    with pytest.raises((UsageError, InstallerError)):
        by_pip(target, IndexOptions(index_url="https://[::1/simple"))


@pytest.mark.parametrize(
    ("variables", "uvs", "pips"),
    [
        ({}, None, None),
        ({"SSL_CERT_FILE": "a"}, "a", "a"),
        ({"PIP_CERT": "b"}, "b", "b"),
        ({"SSL_CERT_FILE": "a", "PIP_CERT": "b"}, "a", "b"),
        ({"REQUESTS_CA_BUNDLE": "c"}, "c", "c"),
        ({"CURL_CA_BUNDLE": "d"}, "d", "d"),
    ],
)
def test_certificates_are_those_of_the_tool(
    variables: dict[str, str],
    uvs: str | None,
    pips: str | None,
    target: Environment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = IndexOptions(index_url=ONE)
    told = uv_indexes([asked], python=target.python)
    by_default = for_uv(told, python=target.python)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    if "SSL_CERT_FILE" not in variables:  # uv itself would not start with a file that is none
        assert for_uv(told, python=target.python).ca_bundle == uvs
    assert by_default.ca_bundle is None
    assert by_pip(target, asked).ca_bundle == pips


def credentials(*indexes: Index) -> Configuration:
    return Configuration(indexes=indexes)


def test_credentials_go_to_their_own_place_and_no_other() -> None:
    index = Index(url=ONE, credentials=Credentials("user", "pass"))
    configuration = credentials(Index(url=TWO), index)
    assert configuration.credentials(f"{ONE}/frob/") == index.credentials
    assert configuration.credentials("https://one.example.com:443/files/x.whl") == index.credentials
    for other in (
        f"{TWO}/frob/",
        "http://one.example.com/simple/",
        "https://one.example.com:8443/simple/",
        "https://one.example.com.evil.example.com/simple/",
        "https://example.com/https://one.example.com/",
    ):
        assert configuration.credentials(other) is None


def test_credentials_are_not_shown() -> None:
    configuration = credentials(Index(url=ONE, credentials=Credentials("user", "pa55")))
    assert "pa55" not in repr(configuration)


def test_an_encoded_password_is_decoded(target: Environment) -> None:
    url = "https://us%40er:p%2Fa%3Ass@one.example.com/simple"
    for configuration in (
        by_uv(target, IndexOptions(index_url=url)),
        by_pip(target, IndexOptions(index_url=url)),
    ):
        (index,) = configuration.indexes
        assert index == Index(url=ONE, credentials=Credentials("us@er", "p/a:ss"))


@pytest.mark.skipif(os.name != "posix", reason="the fake is a shell script")
@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ('echo "$1 $2 $3"', Credentials("user", f"get {ONE} user")),
        ("exit 1", None),
        ("true", None),
    ],
)
def test_a_missing_password_is_asked_of_the_keyring(
    script: str,
    expected: Credentials | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keyring = tmp_path / "keyring"
    keyring.write_text(f"#!/bin/sh\n{script}\n")
    keyring.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    # Each asks under a name of its own: answers are remembered for a run.
    user = "user" if expected else f"user-{script}"
    configuration = credentials(Index(url=ONE, credentials=Credentials(user, "")))
    assert configuration.credentials(f"{ONE}/frob/") == expected


def test_without_a_keyring_there_is_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    configuration = credentials(Index(url=ONE, credentials=Credentials("nobody", "")))
    assert configuration.credentials(f"{ONE}/frob/") is None
