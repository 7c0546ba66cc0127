"""Ways past the gateway that a checkout or an environment may hold; each is shut."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.guarded import LONG_AGO, Guard, assert_paragraph
from tests.fakes import LoopbackIndex
from tests.gateway.uv_projects import a_project, bare, beside, files, installed, settings
from tests.wheels import Artifact, a_wheel

GOOD = a_wheel("frob", "1.0")
EVIL = a_wheel("frob", "9.0", files={"evil.py": "", "frob.py": ""})


@pytest.fixture
def evil() -> Iterator[LoopbackIndex]:
    """A host that nobody configured on purpose."""
    with LoopbackIndex() as running:
        running.add(EVIL, uploaded=LONG_AGO)
        yield running


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    index.add(GOOD, uploaded=LONG_AGO)
    return index


def a_folder(guard: Guard, *wheels: Artifact) -> Path:
    folder = guard.folder / "wheels"
    folder.mkdir()
    for wheel in wheels:
        wheel.write_to(folder)
    return folder


def assert_shut(guard: Guard, evil: LoopbackIndex, *words: str, **more: str) -> str:
    """The command asks `evil` for nothing, and installs nothing of it."""
    ran = guard("uv", *words, **more)
    assert "Traceback" not in ran.said
    assert evil.requests == []
    assert not any(name.startswith("frob-9") for name in installed(guard.work))
    return ran.said


def test_a_proxy_in_the_checkouts_configuration(
    guard: Guard, index: LoopbackIndex, evil: LoopbackIndex
) -> None:
    (guard.work / "uv.toml").write_text(
        f'http-proxy = "{evil.origin}"\nhttps-proxy = "{evil.origin}"\n'
        'allow-insecure-host = ["127.0.0.1"]\n'
    )
    a_project(guard, "frob")
    assert_shut(guard, evil, "sync", **settings(index))
    assert installed(guard.work) == {"frob-1.0.dist-info"}


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_proxy_in_the_environment_is_the_guards_to_use(
    name: str, guard: Guard, index: LoopbackIndex, evil: LoopbackIndex
) -> None:
    a_project(guard, "frob")
    assert_shut(guard, evil, "sync", **settings(index), **{name: evil.origin})
    assert installed(guard.work) == {"frob-1.0.dist-info"}


@pytest.mark.parametrize(
    "more",
    [
        '[tool.uv.sources]\nfrob = {{ url = "{wheel}" }}\n',
        '[tool.uv.sources]\nfrob = {{ path = "{path}" }}\n',
        '[tool.uv.sources]\nfrob = {{ git = "{origin}/frob.git" }}\n',
        '[tool.uv]\nfind-links = ["{folder}"]\n',
        '[tool.uv]\noverride-dependencies = ["frob @ {wheel}"]\n',
        '[tool.uv]\nconstraint-dependencies = ["frob @ file://{path}"]\n',
        '[[tool.uv.index]]\nname = "local"\nurl = "{folder}"\nformat = "flat"\n',
        '[[tool.uv.index]]\nname = "local"\nurl = "file://{folder}"\n',
        '[dependency-groups]\ndev = ["frob @ file://{path}"]\n',
        '[build-system]\nrequires = ["frob @ file://{path}"]\nbuild-backend = "frob"\n',
        '[tool.uv]\nbuild-constraint-dependencies = ["frob @ file://{path}"]\n',
        '[tool.uv.extra-build-dependencies]\nx = ["frob @ file://{path}"]\n',
        '[tool.uv.extra-build-dependencies]\nx = [{{ requirement = "frob @ file://{path}" }}]\n',
    ],
)
def test_a_source_in_the_checkout_that_is_no_index(
    more: str, guard: Guard, index: LoopbackIndex, evil: LoopbackIndex
) -> None:
    folder = a_folder(guard, EVIL)
    path = folder / EVIL.filename
    wheel = evil.file_url(EVIL.filename)
    a_project(
        guard, "frob", more=more.format(wheel=wheel, path=path, folder=folder, origin=evil.origin)
    )
    before = files(guard.work)
    said = assert_shut(guard, evil, "sync", **settings(index))
    assert "error: " in said
    assert files(guard.work) == before


def test_a_member_of_the_workspace_that_names_a_wheel(
    guard: Guard, index: LoopbackIndex, evil: LoopbackIndex
) -> None:
    path = a_folder(guard, EVIL) / EVIL.filename
    part = guard.work / "part"
    part.mkdir()
    (part / "pyproject.toml").write_text(
        '[project]\nname = "part"\nversion = "1"\nrequires-python = ">=3.11"\n'
        f'dependencies = ["frob"]\n[tool.uv.sources]\nfrob = {{ path = "{path}" }}\n'
    )
    a_project(guard, "part", more='[tool.uv.sources]\npart = { path = "part" }\n')
    said = assert_shut(guard, evil, "sync", **settings(index))
    assert "cannot be judged" in said


def test_a_lock_that_names_a_wheel_on_this_machine(
    guard: Guard, index: LoopbackIndex, evil: LoopbackIndex
) -> None:
    path = a_folder(guard, EVIL) / EVIL.filename
    a_project(guard, "frob", more=f'[tool.uv.sources]\nfrob = {{ path = "{path}" }}\n')
    assert bare(guard, guard.work, ["lock"], **settings(index)).code == 0
    a_project(guard, "frob")
    ran = guard("uv", "sync", "--frozen", **settings(index))
    assert_paragraph(ran, 2, "a package by `path` in `uv.lock`")
    assert installed(guard.work) == set()


def test_a_lock_of_a_folder_of_wheels(guard: Guard, index: LoopbackIndex) -> None:
    folder = a_folder(guard, EVIL)
    a_project(guard, "frob")
    assert bare(guard, guard.work, ["lock"], **settings(index), UV_FIND_LINKS=str(folder)).code == 0
    assert "9.0" in (guard.work / "uv.lock").read_text()
    ran = guard("uv", "sync", "--frozen", **settings(index))
    assert_paragraph(ran, 2, "a package by a folder in `uv.lock`")
    assert installed(guard.work) == set()


def test_a_lock_that_names_another_host(
    guard: Guard, index: LoopbackIndex, evil: LoopbackIndex
) -> None:
    a_project(guard, "frob")
    assert bare(guard, guard.work, ["lock"], **settings(evil)).code == 0
    evil.forget_requests()
    ran = guard("uv", "sync", "--frozen", **settings(index))
    assert_paragraph(ran, 77, "not a page or a file of a configured index")
    assert evil.requests == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UV_FIND_LINKS", "{folder}"),
        ("UV_OVERRIDE", "{file}"),
        ("UV_CONSTRAINT", "{file}"),
        ("UV_BUILD_CONSTRAINT", "{file}"),
        ("UV_TORCH_BACKEND", "cpu"),
    ],
)
def test_a_variable_that_adds_a_source_is_refused(
    name: str, value: str, guard: Guard, index: LoopbackIndex
) -> None:
    folder = a_folder(guard, EVIL)
    file = guard.folder / "more.txt"
    file.write_text(f"frob @ file://{folder / EVIL.filename}\n")
    a_project(guard, "frob")
    more = {name: value.format(folder=folder, file=file)}
    assert_paragraph(guard("uv", "sync", **settings(index), **more), 2, name)
    assert installed(guard.work) == set()


@pytest.mark.parametrize(
    "name",
    [
        "UV_INSECURE_HOST",
        "UV_NO_VERIFY_HASHES",
        "UV_NO_CACHE",
        "UV_CACHE_DIR",
        "UV_NO_BUILD",
    ],
)
def test_a_variable_about_how_bytes_travel_changes_nothing(
    name: str, guard: Guard, index: LoopbackIndex
) -> None:
    value = "127.0.0.1" if name == "UV_INSECURE_HOST" else "1"
    a_project(guard, "frob")
    ran = guard("uv", "sync", **settings(index), **{name: value})
    assert ran.code == 0, ran.said
    assert installed(guard.work) == {"frob-1.0.dist-info"}
    assert "1 file judged" in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ["add", "./wheels/{name}"],
        ["add", "{url}"],
        ["add", "frob @ {url}"],
        ["add", "git+{origin}/frob.git"],
        ["add", "-r", "{file}"],
        ["add", "frob", "--find-links", "{folder}"],
        ["add", "frob", "--find-links={folder}"],
        ["add", "frob", "-f", "{folder}"],
        ["add", "frob", "-f{folder}"],
        ["--config-file", "x.toml", "add", "frob"],
        ["add", "frob", "--config-file", "x.toml"],
        ["add", "frob", "--cache-dir", "x"],
        ["add", "frob", "--overrides", "{file}"],
        ["add", "frob", "-c", "{file}"],
        ["tool", "install", "{url}"],
        ["tool", "run", "--from", "{url}", "frob"],
        ["tool", "run", "--with", "{folder}/{name}", "frob"],
        ["run", "--with", "{url}", "python"],
        ["run", "--with-requirements", "{file}", "python"],
        ["run", "--with-editable", ".", "python"],
        ["run", "{url}"],
        ["pip", "compile", "-f", "{folder}", "{file}"],
        ["pip", "compile", "{file}"],
        ["venv", "--seed"],
        ["build"],
        ["sync", "--unheard-of"],
        ["self", "update"],
        ["python", "install", "3.13"],
        ["unheard-of"],
        ["--unheard-of", "x", "sync"],
    ],
)
def test_words_that_cannot_be_judged_are_refused(
    words: list[str], guard: Guard, index: LoopbackIndex, evil: LoopbackIndex
) -> None:
    folder = a_folder(guard, EVIL)
    file = guard.folder / "more.txt"
    file.write_text(f"frob @ file://{folder / EVIL.filename}\n")
    a_project(guard)
    shutil.copytree(folder, guard.work / "wheels")
    before = files(guard.work)
    given = {"name": EVIL.filename, "url": evil.file_url(EVIL.filename), "origin": evil.origin}
    meant = [word.format(folder=folder, file=file, **given) for word in words]
    ran = guard("uv", *meant, **settings(index))
    assert_paragraph(ran, 2, "not supported")
    assert (evil.requests, index.requests) == ([], [])
    assert files(guard.work) == before


def test_the_users_own_configuration_is_honoured(guard: Guard, index: LoopbackIndex) -> None:
    config = guard.folder / "home" / "config" / "uv"
    config.mkdir(parents=True)
    (config / "uv.toml").write_text(
        f'exclude-newer = "2024-01-01T00:00:00Z"\n[[index]]\nurl = "{index.url}"\ndefault = true\n'
    )
    other = beside(guard)
    a_project(guard, "frob")
    shutil.copy(guard.work / "pyproject.toml", other)
    told = {"UV_PYTHON": sys.executable}
    ours, theirs = guard("uv", "lock", **told), bare(guard, other, ["lock"], **told)
    assert (ours.code, theirs.code) == (1, 1)
    assert "exclude-newer" in theirs.err
    old = a_wheel("frob", "0.1")
    index.add(old, uploaded=LONG_AGO.replace(year=2020))
    assert guard("uv", "lock", "--refresh", **told).code == 0
    assert bare(guard, other, ["lock", "--refresh"], **told).code == 0
    assert files(guard.work) == files(other)
    assert 'version = "0.1"' in (other / "uv.lock").read_text()
