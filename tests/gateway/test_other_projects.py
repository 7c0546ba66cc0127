"""What projects of poetry and pdm, and environments of pipx, say of their sources."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from guard.errors import GuardError, UnsupportedError
from guard.gateway import pdm_settings, pipx_home, poetry_settings
from guard.gateway.pdm_project import of_pdm
from guard.gateway.pipx_home import Home
from guard.gateway.poetry_project import of_poetry, requirement
from guard.model import Credentials

SHA = "ab" * 32


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    "text",
    [
        '[project]\ndependencies = ["x @ https://a/x.whl"]\n',
        '[project]\ndependencies = ["x @ git+https://a/x"]\n',
        '[project]\ndependencies = ["x @ file:///nowhere/x.whl"]\n',
        '[project.optional-dependencies]\na = ["x @ https://a/x.whl"]\n',
        '[dependency-groups]\na = ["x @ https://a/x.whl"]\n',
        '[build-system]\nrequires = ["x @ https://a/x.whl"]\n',
        '[tool.poetry.dependencies]\nx = { git = "https://a/x" }\n',
        '[tool.poetry.dependencies]\nx = [{ version = "1" }, { url = "https://a/x.whl" }]\n',
        '[tool.poetry.dependencies]\nx = { file = "x.whl" }\n',
        '[tool.poetry.dependencies]\nx = { path = "x.whl" }\n',
        '[tool.poetry.dev-dependencies]\nx = { git = "https://a/x" }\n',
        '[tool.poetry.group.a.dependencies]\nx = { git = "https://a/x" }\n',
        '[tool.poetry.build-constraints.y]\nx = { git = "https://a/x" }\n',
        '[tool.poetry.requires-plugins]\nx = "1"\n',
        '[[tool.poetry.source]]\nname = "a"\nurl = "file:///a/simple"\n',
        '[[tool.poetry.source]]\nname = "a"\nurl = "https://a/links.html"\n',
    ],
)
def test_poetry_is_not_led_away(text: str, tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", text)
    with pytest.raises(UnsupportedError):
        of_poetry(tmp_path)


@pytest.mark.parametrize("kind", ["git", "url", "file"])
def test_a_poetry_lock_does_not_lead_away(kind: str, tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", "")
    source = f'[package.source]\ntype = "{kind}"\nurl = "https://a/x"\n'
    write(tmp_path, "poetry.lock", f'[[package]]\nname = "x"\nversion = "1"\n{source}')
    with pytest.raises(UnsupportedError):
        of_poetry(tmp_path)


def test_a_folder_of_one_s_own_is_read_as_well(tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", '[tool.poetry.dependencies]\nx = { path = "libs/x" }\n')
    write(tmp_path, "libs/x/pyproject.toml", '[project]\nname = "x"\ndependencies = ["dep"]\n')
    project = of_poetry(tmp_path / "libs" / "..")
    assert project is not None
    assert project.requirements == (Requirement("dep"),)
    write(tmp_path, "libs/x/pyproject.toml", '[project]\ndependencies = ["a @ https://a/a.whl"]\n')
    with pytest.raises(UnsupportedError):
        of_poetry(tmp_path)


def test_what_a_poetry_lock_says(tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", "")
    files = f'files = [{{ file = "x-1.0-py3-none-any.whl", hash = "sha256:{SHA}" }}]\n'
    own = '[[package]]\nname = "y"\nversion = "1"\n[package.source]\ntype = "directory"\n'
    write(tmp_path, "poetry.lock", f'[[package]]\nname = "x"\nversion = "1.0"\n{files}{own}')
    project = of_poetry(tmp_path)
    assert project is not None
    assert project.locked == {"x-1.0-py3-none-any.whl": SHA}
    assert project.pins == (Requirement("x==1.0"),)
    assert of_poetry(Path("/")) is None


def named(tmp_path: Path, text: str) -> list[tuple[str, str | None]]:
    write(tmp_path, "pyproject.toml", text)
    project = of_poetry(tmp_path)
    assert project is not None
    return [(source.name, source.url) for source in project.sources]


def test_which_sources_poetry_asks(tmp_path: Path) -> None:
    more = '[[tool.poetry.source]]\nname = "a"\nurl = "https://a/simple"\n'
    assert named(tmp_path, "") == [("PyPI", None)]
    assert named(tmp_path, more) == [("a", "https://a/simple")]
    supplemental = f'{more}priority = "supplemental"\n'
    assert named(tmp_path, supplemental) == [("a", "https://a/simple"), ("PyPI", None)]
    both = f'{supplemental}[[tool.poetry.source]]\nname = "PyPI"\npriority = "explicit"\n'
    assert named(tmp_path, both) == [("a", "https://a/simple"), ("PyPI", None)]


@pytest.mark.parametrize(
    ("constraint", "comes_to"),
    [("1.0", "x==1.0"), ("^1.0", "x"), (">=1,<2", "x<2,>=1"), ("*", "x"), ("latest", "x")],
)
def test_versions_in_poetry_s_words(constraint: str, comes_to: str) -> None:
    assert str(requirement("x", constraint)) == comes_to
    assert requirement("no name", constraint) is None


def test_poetry_s_settings_are_the_user_s_before_the_project_s(tmp_path: Path) -> None:
    write(tmp_path, "p/pyproject.toml", "")
    write(tmp_path, "p/poetry.toml", '[http-basic.a]\nusername = "x"\npassword = "theirs"\n')
    write(tmp_path, "c/auth.toml", '[http-basic.b]\nusername = "u"\npassword = "mine"\n')
    write(tmp_path, "c/config.toml", 'cache-dir = "/cache"\n[certificates.a]\ncert = "/a.pem"\n')
    project = of_poetry(tmp_path / "p")
    environ = {"POETRY_CONFIG_DIR": str(tmp_path / "c")}
    settings = poetry_settings.read(environ, project)
    assert settings.credentials("a") is None
    assert settings.credentials("b") == Credentials("u", "mine")
    assert (settings.path, settings.certificate) == (Path("/cache/virtualenvs"), "/a.pem")


@pytest.mark.parametrize(
    "text",
    [
        '[tool.pdm.dev-dependencies]\na = ["-e git+https://a/x#egg=x"]\n',
        '[tool.pdm.dev-dependencies]\na = ["-e file:///${PROJECT_ROOT}/nowhere#egg=x"]\n',
        '[tool.pdm.dev-dependencies]\na = ["x @ https://a/x.whl"]\n',
        '[tool.pdm.resolution.overrides]\nx = "https://a/x.whl"\n',
        '[tool.pdm.resolution.overrides]\nx = "./x.whl"\n',
        '[project]\ndependencies = ["x @ file:///${PROJECT_ROOT}/x.whl"]\n',
        '[tool.pdm.scripts]\npre_lock = "echo"\n',
        '[[tool.pdm.source]]\nname = "a"\ntype = "find_links"\nurl = "https://a/"\n',
    ],
)
def test_pdm_is_not_led_away(text: str, tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", text)
    with pytest.raises(UnsupportedError):
        of_pdm(tmp_path, {})


@pytest.mark.parametrize("said", ['git = "https://a/x"', 'url = "https://a/x"', 'path = "x.whl"'])
def test_a_pdm_lock_does_not_lead_away(said: str, tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", "")
    write(tmp_path, "pdm.lock", f'[[package]]\nname = "x"\nversion = "1"\n{said}\n')
    with pytest.raises(UnsupportedError):
        of_pdm(tmp_path, {})


def test_a_member_of_a_workspace_is_not_taken_for_all_of_it(tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", '[tool.pdm.workspace]\nmembers = ["libs/*"]\n')
    write(tmp_path, "libs/x/pyproject.toml", '[project]\ndependencies = ["dep"]\n')
    with pytest.raises(UnsupportedError):
        of_pdm(tmp_path / "libs" / "x", {})
    project = of_pdm(tmp_path, {})
    assert project is not None
    assert project.requirements == (Requirement("dep"),)
    assert tmp_path / "libs/x/pyproject.toml" in project.files


def test_the_sources_of_pdm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "c"))
    own = '[pypi]\nurl = "https://u:p@b/simple"\n[pypi.c]\nurl = "https://c/"\nusername = "v"\n'
    write(tmp_path, "c/pdm/config.toml", f"{own}verify_ssl = false\n")
    text = '[[tool.pdm.source]]\nname = "a"\nurl = "https://${WHO}:x@a/simple"\n'
    write(tmp_path, "p/pyproject.toml", text)
    environ = {"WHO": "me"}
    project = of_pdm(tmp_path / "p", environ)
    settings = pdm_settings.read(environ, project)
    assert [(s.name, s.url, s.username) for s in settings.sources(project)] == [
        ("pypi", "https://u:p@b/simple", None),
        ("a", "https://me:x@a/simple", None),
        ("c", "https://c/", "v"),
    ]
    written = pdm_settings.write(settings, tmp_path / "guard").read_text()
    assert "https://b/simple" in written
    assert "https://c/" in written
    for secret in ("u:p", "username", "verify_ssl"):
        assert secret not in written


@pytest.mark.parametrize(
    "text",
    ["use_uv = true\n", '[lock]\nformat = "pylock"\n', "[install]\ncache = true\n"],
)
def test_what_pdm_may_not_be_told_by_a_project(text: str, tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", "")
    write(tmp_path, "pdm.toml", text)
    with pytest.raises(UnsupportedError):
        pdm_settings.read({}, of_pdm(tmp_path, {}))


@pytest.mark.parametrize(
    "main",
    [
        {"package": "x", "package_or_url": "git+https://a/x"},
        {"package": "x", "package_or_url": "/a/x.whl"},
        {"package": "x", "package_or_url": "x @ https://a/x.whl"},
        {"package": "x", "package_or_url": "x", "pip_args": ["--find-links", "/a"]},
        {"package": "x", "package_or_url": "x", "pip_args": ["--index-url"]},
        {"package": "x", "package_or_url": "x", "lock_file": "/a/pylock.toml"},
        {},
    ],
)
def test_pipx_does_not_install_again_what_is_on_no_index(
    main: dict[str, object], tmp_path: Path
) -> None:
    for document in ({"main_package": main}, {"injected_packages": {"x": main}}):
        write(tmp_path, "x/pipx_metadata.json", json.dumps(document))
        place = Home(environments=tmp_path, shared=tmp_path, backend="pip")
        with pytest.raises(UnsupportedError):
            list(pipx_home.installed(place, ()))


@pytest.mark.parametrize("text", ["", "[", "null", "[]", '{"main_package": 1}', "\x00"])
def test_metadata_of_pipx_that_are_none_are_an_error(text: str, tmp_path: Path) -> None:
    write(tmp_path, "x/pipx_metadata.json", text)
    place = Home(environments=tmp_path, shared=tmp_path, backend="pip")
    with pytest.raises(GuardError):
        list(pipx_home.installed(place, ["X"]))
    assert list(pipx_home.installed(place, ["other"])) == []


@pytest.mark.parametrize("text", ["[", "\x00", "a = 1\na = 2", "[tool.poetry]\nsource = 1\n"])
def test_any_text_is_a_project_or_a_named_error(text: str, tmp_path: Path) -> None:
    for name in ("pyproject.toml", "poetry.lock", "pdm.lock"):
        write(tmp_path, name, text)
        for read in (of_poetry, lambda folder: of_pdm(folder, {})):
            try:
                assert read(tmp_path)
            except GuardError as error:
                assert str(tmp_path) in str(error)  # noqa: PT017 - or there is none
