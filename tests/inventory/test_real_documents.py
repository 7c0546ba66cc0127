"""One project with every kind of dependency, as each tool wrote it down.

They were written against a loopback index, whose address was then replaced by `example.com`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from guard.inventory import Format, read
from guard.model import FileKind
from tests.inventory.documents import DATA, FILES, INDEX, filenames, of, real, titles

FROB: Final = {
    "frob-1.2.3-cp311-cp311-manylinux_2_17_x86_64.whl",
    "frob-1.2.3-py3-none-any.whl",
    "frob-1.2.3.tar.gz",
}
EVERYTHING: Final = [
    *("dep 0.5", "direct 1.0", "dup 1.0", "dup 2.0", "editdir 0.1", "extra 1.0", "frob 1.2.3"),
    *("gitdep 0.1", "name-with-case 1.0+local.1", "pathsdist 1.0", "pathwheel 1.0"),
    *("src-only 3.0", "treedir 0.1"),
]
LOCKS: Final = [path.name for path in real(".lock", ".toml")]
UV: Final = ["uv-0.5.lock", "uv-0.13.lock"]
POETRY: Final = ["poetry-1.2.lock", "poetry-1.8.lock", "poetry-2.5.lock"]
PDM: Final = ["pdm-2.4.lock", "pdm-2.25.lock", "pdm-2.25-static.lock"]


@pytest.mark.parametrize("name", UV)
def test_uv_names_everything(name: str) -> None:
    found = read(DATA / name)
    assert found.format is Format.UV
    assert titles(found) == sorted([*EVERYTHING, "acme-app 0.1", "member 0.1"])
    assert {each.project for each in found.listed if each.local} == {
        *("acme-app", "member", "editdir"),
    }
    assert found.skipped == ()


@pytest.mark.parametrize("name", POETRY)
def test_poetry_names_everything(name: str) -> None:
    found = read(DATA / name)
    assert found.format is Format.POETRY
    assert titles(found) == EVERYTHING
    assert {each.project for each in found.listed if each.local} == {"editdir"}


@pytest.mark.parametrize("name", PDM)
def test_pdm_names_what_is_for_one_target(name: str) -> None:
    """PDM resolves for one target, and 2.25 has lost the local version label."""
    found = read(DATA / name)
    assert found.format is Format.PDM
    expected = set(EVERYTHING) - {"dup 1.0", "gitdep 0.1", "name-with-case 1.0+local.1"}
    assert expected - {"editdir 0.1"} <= set(titles(found))
    assert len(titles(found)) == len(set(titles(found)))  # `extra[x]` is no other release
    assert {each.project for each in found.listed if each.local} <= {"editdir"}


def test_pylock_names_everything() -> None:
    found = read(DATA / "pylock.uv.toml")
    assert found.format is Format.PYLOCK
    assert {each.project for each in found.listed if each.local} == {"editdir", "member"}
    assert str(of(found, "name-with-case").version) == "1.0+local.1"
    assert set(EVERYTHING) - set(titles(found)) == {"editdir 0.1", "treedir 0.1"}
    assert of(found, "treedir").version is None


@pytest.mark.parametrize("name", [*UV, *POETRY, *PDM, "pylock.uv.toml"])
def test_every_platform_s_files_are_named(name: str) -> None:
    frob = of(read(DATA / name), "frob")
    assert set(filenames(frob)) == FROB
    assert all(len(file.hashes["sha256"]) == 64 for file in frob.files)
    kinds = {file.filename[-4:]: file.kind for file in frob.files}
    assert kinds == {".whl": FileKind.WHEEL, "r.gz": FileKind.SDIST}


@pytest.mark.parametrize("name", [*UV, "pylock.uv.toml", "pdm-2.4.lock", "pdm-2.25-static.lock"])
def test_where_a_lock_says_where_a_file_is_it_is_kept(name: str) -> None:
    frob = of(read(DATA / name), "frob")
    assert {file.url for file in frob.files} == {f"{FILES}/{filename}" for filename in FROB}


@pytest.mark.parametrize("name", [*POETRY, "pdm-2.25.lock"])
def test_where_a_lock_does_not_say_where_a_file_is_nothing_is_made_up(name: str) -> None:
    assert {file.url for file in of(read(DATA / name), "frob").files} == {""}


@pytest.mark.parametrize("name", LOCKS)
def test_the_index_is_named_where_the_tool_names_it(name: str) -> None:
    found = read(DATA / name)
    indexes = {each.index for each in found.listed if each.direct_url is None}
    if name.startswith("pdm"):
        assert indexes == {None}
    elif name == "uv-flat.lock":
        assert indexes == {(DATA.parent / "wheels").as_uri()}
    else:
        assert indexes == {INDEX}


@pytest.mark.parametrize("name", [*UV, *POETRY, *PDM, "pylock.uv.toml"])
def test_what_comes_from_elsewhere_is_told_apart(name: str) -> None:
    found = read(DATA / name)
    url = f"{FILES}/direct-1.0-py3-none-any.whl"
    direct = of(found, "direct")
    assert (direct.index, direct.direct_url, direct.files[0].url) == (None, url, url)
    wheel = of(found, "pathwheel")
    assert wheel.direct_url is not None
    assert wheel.direct_url.startswith("file:///")
    assert [file.kind for file in of(found, "pathsdist").files] == [FileKind.SDIST]
    assert [file.kind for file in of(found, "treedir").files] == [FileKind.SOURCE_TREE]


@pytest.mark.parametrize("name", [*UV, *POETRY, "pylock.uv.toml"])
def test_a_repository_is_a_source_tree(name: str) -> None:
    gitdep = of(read(DATA / name), "gitdep")
    assert gitdep.direct_url == "https://git.example.com/gitdep.git"
    assert [file.kind for file in gitdep.files] == [FileKind.SOURCE_TREE]


@pytest.mark.parametrize("name", LOCKS)
def test_an_entry_begins_at_its_header(name: str) -> None:
    lines = (DATA / name).read_text().splitlines()
    for each in read(DATA / name).listed:
        assert each.line is not None
        assert lines[each.line - 1] in {"[[package]]", "[[packages]]"}
        assert lines[each.line] == f'name = "{each.project}"'


def test_exported_requirements_name_the_same_releases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DATA)  # where pip and uv look for paths
    found = read(DATA / "requirements.txt")
    assert found.format is Format.REQUIREMENTS
    frob = of(found, "frob")
    lines = (DATA / "requirements.txt").read_text().splitlines()
    assert frob.line is not None
    assert lines[frob.line - 1].startswith("frob==1.2.3 ")
    assert frob.hashes == {
        ("sha256", file.hashes["sha256"]) for file in of(read(DATA / "uv-0.13.lock"), "frob").files
    }
    assert {each.project for each in found.listed if each.local} == {"editdir", "member"}
    assert of(found, "gitdep").version is None


def test_uv_s_own_sbom_names_the_same_files() -> None:
    found = read(DATA / "uv.cdx.json")
    lock = read(DATA / "uv-0.13.lock")
    assert found.format is Format.CYCLONEDX
    for project in ("dep", "frob", "name-with-case", "src-only"):
        ours, theirs = of(found, project), of(lock, project)
        assert ours.index == theirs.index
        assert {(f.filename, f.url, f.hashes["sha256"]) for f in ours.files} == {
            (f.filename, f.url, f.hashes["sha256"]) for f in theirs.files
        }
    assert of(found, "gitdep").direct_url == "https://git.example.com/gitdep.git"
    assert "library pathwheel 1.0: no package URL" in found.skipped
    assert len(found.listed) + len(found.skipped) == 15


def test_sboms_of_cyclonedx_py() -> None:
    environment = read(DATA / "environment.cdx.json")
    expected = ["name-with-case 1.0+local.1", "dep 0.5", "direct 1.0", "frob 1.2.3"]
    assert titles(environment) == expected
    poetry = of(read(DATA / "poetry.cdx.json"), "frob")
    assert set(filenames(poetry)) == FROB
    assert {file.url for file in poetry.files} == {""}  # only their page is known
    requirements = of(read(DATA / "requirements.cdx.json"), "frob")
    assert (requirements.files, len(requirements.hashes)) == ((), 3)


@pytest.mark.parametrize("path", real(".json"), ids=lambda path: path.name)
def test_a_component_begins_at_its_brace(path: Path) -> None:
    lines = path.read_text().splitlines()
    for each in read(path).listed:
        assert each.line is not None
        assert lines[each.line - 1] == "    {"
        assert "bom-ref" in "".join(lines[each.line : each.line + 2])
