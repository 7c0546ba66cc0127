"""The small parts: what a project says, what uv is configured with, and the user's files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from guard.cli import scrubbed
from guard.cli.uv_words import plan_of
from guard.errors import UnsupportedError, UsageError
from guard.gateway import child, project, settings
from guard.gateway.pages import host_of
from guard.gateway.script import is_script
from guard.gateway.snapshot import Snapshot
from guard.wrappers.coverage import Handling, classify, table


def test_a_snapshot_puts_back_what_was_and_takes_away_what_was_not(tmp_path: Path) -> None:
    kept, gone, new = (tmp_path / name for name in ("pyproject.toml", "uv.lock", "new"))
    kept.write_bytes(b"a\r\n")
    kept.chmod(0o640)
    gone.write_bytes(b"lock")
    snapshot = Snapshot([kept, gone, new], tmp_path / ".venv")
    kept.write_bytes(b"b")
    gone.unlink()
    new.write_bytes(b"c")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "pyvenv.cfg").touch()
    snapshot.restore()
    assert (kept.read_bytes(), gone.read_bytes()) == (b"a\r\n", b"lock")
    assert kept.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pyproject.toml", "uv.lock"]


def test_an_environment_that_was_there_stays(tmp_path: Path) -> None:
    environment = tmp_path / ".venv"
    environment.mkdir()
    (environment / "pyvenv.cfg").touch()
    Snapshot([], environment).restore()
    assert environment.exists()


def test_the_nearest_file_of_uv_is_the_stronger() -> None:
    merged = settings.merged(
        [
            {"index": [{"url": "https://a.example.com"}], "exclude-newer": "1", "https-proxy": "x"},
            {"index": [{"url": "https://b.example.com"}], "exclude-newer": "2", "cache-dir": "x"},
        ]
    )
    urls = [index["url"] for index in merged["index"]]
    assert urls == ["https://a.example.com", "https://b.example.com"]
    assert merged["exclude-newer"] == "1"
    assert merged.keys() == {"index", "exclude-newer"}


@pytest.mark.parametrize(
    "table", [{"find-links": ["x"]}, {"torch-backend": "cpu"}, {"index": [{"format": "flat"}]}]
)
def test_a_setting_that_adds_a_source_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(UnsupportedError):
        settings.merged([table])


def test_what_a_script_needs_is_read_as_pep_723_has_it(tmp_path: Path) -> None:
    script = tmp_path / "s.py"
    script.write_text(
        '#!/usr/bin/env python\n# /// script\n# dependencies = [\n#   "frob>1",\n# ]\n#\n'
        '# [[tool.uv.index]]\n# url = "https://a.example.com/simple"\n# ///\nimport frob\n'
    )
    sources = project.of_script(script)
    assert sources.names == {"frob"}
    assert [index["url"] for index in sources.indexes] == ["https://a.example.com/simple"]
    assert is_script(script)
    script.write_text("import frob\n")
    assert not is_script(script)
    script.write_bytes(b"\x7fELF\xff")
    assert not is_script(script)


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[project", b"x = " + b"[" * 5000])
def test_a_project_that_cannot_be_read_is_a_named_error(body: bytes, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(body)
    with pytest.raises(UsageError, match=r"pyproject\.toml"):
        project.of_project(tmp_path)


@pytest.mark.parametrize(
    "body",
    [
        "tool = 3\nproject = []\n",
        "[tool.uv]\nsources = 3\nindex = 3\nworkspace = { members = 3 }\n",
        '[project]\ndependencies = [3, "not a requirement!", { include-group = "x" }]\n',
        "[[package]]\n[tool.uv.sources]\nx = [3, {}]\n",
    ],
)
def test_a_project_of_another_shape_says_nothing(body: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(body)
    (tmp_path / "uv.lock").write_text("package = [3, { source = 3, wheels = [3, {}] }]\n")
    assert project.of_project(tmp_path).requirements == ()


def test_the_child_gets_nothing_that_leads_elsewhere(tmp_path: Path) -> None:
    theirs = {
        "PATH": "/bin",
        "HOME": "/home/a",
        "https_proxy": "http://elsewhere.example.com",
        "No_Proxy": "*",
        "SSL_CERT_DIR": "/etc/ssl/certs",
        "PIP_INDEX_URL": "https://elsewhere.example.com",
        "UV_INSECURE_HOST": "x",
        "UV_INDEX_INNER_PASSWORD": "x",
        "UV_PYTHON": "3.11",
        "PYTHONPATH": "/tmp/x",  # noqa: S108 - only a value
        "GIT_SSH_COMMAND": "x",
    }
    told = scrubbed.for_uv(
        theirs,
        proxy="http://guard:x@127.0.0.1:1",
        authority=tmp_path / "a.pem",
        cache=tmp_path,
        config=tmp_path / "uv.toml",
    )
    assert told.keys() & theirs.keys() == {
        "PATH",
        "HOME",
        "https_proxy",
        "UV_INDEX_INNER_PASSWORD",
        "UV_PYTHON",
    }
    assert told["https_proxy"] == told["HTTPS_PROXY"] == "http://guard:x@127.0.0.1:1"
    assert told["SSL_CERT_FILE"] == str(tmp_path / "a.pem")
    assert told["UV_CACHE_DIR"].startswith(str(tmp_path))


@pytest.mark.parametrize(
    ("line", "prepare", "then"),
    [
        ("lock", "lock", None),
        ("-q sync --group dev", "sync -q --group=dev", None),
        ("add -vU frob dep -p3.12", "add -v -U -p=3.12 -- frob dep", None),
        (
            "run --extra a python -m x --with y",
            "run --extra=a -- …",
            "run --no-sync --extra=a -- python -m x --with y",
        ),
        ("run -m frob x", "run -- …", "run --no-sync -m -- frob x"),
        ("run -- -x", "run -- …", "run --no-sync -- -x"),
        (
            "run --refresh-package a --isolated python",
            "run --refresh-package=a --isolated -- …",
            "run --isolated -- python",
        ),
        (
            "tool run --with a --refresh ruff@0.1 --with b",
            "tool run --with=a --refresh --from ruff@0.1 -- …",
            "tool run --with=a -- ruff@0.1 --with b",
        ),
        (
            "tool run --from frob[x]==1 frob",
            "tool run --from=frob[x]==1 -- …",
            "tool run --from=frob[x]==1 -- frob",
        ),
        ("tool install ruff", "tool install -- ruff", None),
        ("tool upgrade --all", "tool upgrade --all", None),
        ("upgrade frob", "upgrade -- frob", None),
        ("version 2.0", "version -- 2.0", None),
        ("version --bump=minor", "version --bump=minor", None),
        ("workspace metadata --sync", "workspace metadata --sync", None),
    ],
)
def test_uv_is_handed_what_was_read(line: str, prepare: str, then: str | None) -> None:
    plan = plan_of(classify("uv", line.split()))
    assert plan is not None
    shown = list(plan.prepare)
    if plan.then is not None:
        shown[shown.index("--") + 1 :] = ["…"]
    assert " ".join(shown) == prepare
    assert (None if plan.then is None else " ".join(plan.then)) == then


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("add frob[x]>1 dep@latest dep@1.0", ["frob[x]>1", "dep", "dep==1.0"]),
        ("remove frob", []),
        ("sync", []),
        ("run --with frob,dep -w other python", ["frob", "dep", "other"]),
        ("tool install --with dep frob", ["dep", "frob"]),
        ("tool upgrade frob", []),
        ("tool run --with dep frob", ["dep", "frob"]),
        ("tool run --from frob==1 --with dep say", ["frob==1", "dep"]),
    ],
)
def test_what_is_asked_for_by_name(line: str, asked: list[str]) -> None:
    plan = plan_of(classify("uv", line.split()))
    assert plan is not None
    assert sorted(map(str, plan.requirements)) == sorted(asked)


@pytest.mark.parametrize(
    ("line", "looks"),
    [
        ("sync", "sync --check --offline --locked"),
        ("sync --frozen -q", "sync --frozen -q --check --offline"),
        ("run --extra=a -m x", "sync --extra=a --inexact --check --offline --locked"),
        ("sync -U", None),
        ("sync -P x", None),
        ("sync --reinstall", None),
        ("sync --force-reinstall", None),
        ("sync --script x.py", None),
        ("run --no-project x", None),
        ("run --with a x", None),
        ("lock", None),
    ],
)
def test_what_can_be_in_place_already(line: str, looks: str | None) -> None:
    plan = plan_of(classify("uv", line.split()))
    assert plan is not None
    assert (None if plan.glance is None else " ".join(plan.glance)) == looks


@pytest.mark.parametrize(
    "line",
    [
        "run",
        "run -",
        "run https://example.com/x.py",
        "tool run",
        "add https://example.com/x.whl",
        "tool install ./x",
        "tool run git+https://example.com/x",
        "run --with ./x python",
    ],
)
def test_what_is_on_no_index_is_refused(line: str) -> None:
    with pytest.raises(UnsupportedError):
        plan_of(classify("uv", line.split()))


def test_every_command_behind_the_gateway_has_a_plan() -> None:
    for path, entry in table("uv").commands.items():
        if entry.handling is Handling.GATEWAY and path != ("pip", "compile"):
            plan = plan_of(classify("uv", [*path, *(["frob"] if entry.ends else [])]))
            assert path == ("version",) or plan is not None


def test_a_version_that_is_only_read_is_uv_s_business() -> None:
    assert plan_of(classify("uv", ["version", "--short"])) is None


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Files.example.com/a", "files.example.com"),
        ("http://u:p@127.0.0.1:8000/a@b", "127.0.0.1"),
        ("https://[::1]:3/", "::1"),
        ("https://example.com", "example.com"),
        ("nothing", ""),
    ],
)
def test_the_host_of_a_url(url: str, host: str) -> None:
    assert host_of(url) == host


def test_there_is_no_other_configuration_for_pip() -> None:
    from packaging.version import Version  # noqa: PLC0415 - for this test alone

    old, new = (
        child.for_pip(Path("a.pem"), Path("cache"), version=Version(text))
        for text in ("24.1", "24.2")
    )
    assert old["PIP_CONFIG_FILE"] == os.devnull
    assert "PIP_USE_DEPRECATED" not in old
    assert new["PIP_USE_DEPRECATED"] == "legacy-certs"
