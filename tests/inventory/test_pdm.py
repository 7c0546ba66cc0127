"""`pdm.lock`: its sources, and its two ways to name files."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.errors import UnsupportedError, UsageError
from guard.model import FileKind
from tests.inventory.documents import (
    FILES,
    SHA256,
    WHEEL,
    filenames,
    inventory,
    lock,
    of,
    refused,
    titles,
)

NAME = "pdm.lock"


def a_package(*rows: str, more: str = "") -> str:
    files = "".join(f'    {{{row}, hash = "sha256:{SHA256}"}},\n' for row in rows)
    section = f"files = [\n{files}]\n" if rows else ""
    return f'[[package]]\nname = "frob"\nversion = "1.0"\n{more}{section}'


@pytest.mark.parametrize(
    ("row", "url"),
    [(f'file = "{WHEEL}"', ""), (f'url = "{FILES}/{WHEEL}"', f"{FILES}/{WHEEL}")],
)
def test_a_file_has_a_name_or_a_url(row: str, url: str, tmp_path: Path) -> None:
    (file,) = of(lock(tmp_path, NAME, a_package(row)), "frob").files
    assert (file.filename, file.url) == (WHEEL, url)


@pytest.mark.parametrize("said", ["4.0", "4.4.1", "4.5.0"])
def test_a_lock_of_pdm_2_is_read(said: str, tmp_path: Path) -> None:
    text = f'[metadata]\nlock_version = "{said}"\n' + a_package(f'file = "{WHEEL}"')
    assert titles(inventory(tmp_path, NAME, text)) == ["frob 1.0"]


@pytest.mark.parametrize("said", ['"4.6"', '"5.0"', '"3.1"', '"4"', "4.5", '"4.5.0.dev1"'])
def test_a_lock_of_another_version_is_refused(said: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="is a lock of version"):
        inventory(tmp_path, NAME, f"[metadata]\nlock_version = {said}\n" + a_package())


def test_a_release_with_extras_is_the_same_release(tmp_path: Path) -> None:
    rows = (f'file = "{WHEEL}"',)
    text = a_package(*rows) + a_package(*rows, more='extras = ["x"]\n')
    assert titles(lock(tmp_path, NAME, text)) == ["frob 1.0"]


@pytest.mark.parametrize("kind", ["git", "hg", "svn", "bzr"])
def test_a_repository_is_a_source_tree(kind: str, tmp_path: Path) -> None:
    more = f'{kind} = "https://token@vcs.example.com/frob"\nrevision = "0123"\neditable = true\n'
    frob = of(lock(tmp_path, NAME, a_package(more=more)), "frob")
    assert frob.direct_url == "https://vcs.example.com/frob"
    assert [file.kind for file in frob.files] == [FileKind.SOURCE_TREE]
    assert frob.local is False  # that it is editable does not make it one's own


def test_an_editable_folder_is_the_user_s_own(tmp_path: Path) -> None:
    for more, local in (('path = "./frob"\n', False), ('path = "./frob"\neditable = true\n', True)):
        frob = of(lock(tmp_path, NAME, a_package(more=more)), "frob")
        assert (frob.local, frob.direct_url) == (local, (tmp_path / "frob").as_uri())


def test_the_project_s_folder_is_that_of_the_lock(tmp_path: Path) -> None:
    more = f'url = "file:///${{PROJECT_ROOT}}/wheels/{WHEEL}"\n'
    frob = of(lock(tmp_path, NAME, a_package(more=more)), "frob")
    assert [file.url for file in frob.files] == [(tmp_path / "wheels" / WHEEL).as_uri()]


def test_what_is_asked_for_by_url_is_what_that_leads_to(tmp_path: Path) -> None:
    more = f'url = "{FILES}/{WHEEL}"\n'
    good = of(lock(tmp_path, NAME, a_package(f'file = "{WHEEL}"', more=more)), "frob")
    assert [(f.url, dict(f.hashes)) for f in good.files] == [
        (f"{FILES}/{WHEEL}", {"sha256": SHA256})
    ]
    bad = a_package('file = "frob-1.0-py2-none-any.whl"', more=more)
    refused(tmp_path, NAME, bad, match="is not the file that it comes from")


@pytest.mark.parametrize("more", ['git = "https://vcs.example.com/frob"\n', 'path = "./frob"\n'])
def test_what_is_built_has_no_files(more: str, tmp_path: Path) -> None:
    text = a_package(f'file = "{WHEEL}"', more=more)
    refused(tmp_path, NAME, text, match="there are files of what comes from a repository or folder")


def test_two_places_are_one_too_many(tmp_path: Path) -> None:
    text = a_package(more='git = "https://vcs.example.com/frob"\npath = "./frob"\n')
    refused(tmp_path, NAME, text, match="comes from more than one place: git, path")


@pytest.mark.parametrize(
    "row",
    [
        'file = "evil-1.0-py3-none-any.whl"',
        f'url = "{FILES}/evil-1.0-py3-none-any.whl"',
        f'file = "evil-1.0-py3-none-any.whl", url = "{FILES}/{WHEEL}"',
        'file = "frob-2.0.tar.gz"',
        'file = "x/frob-1.0.tar.gz"',
        'other = "x"',
    ],
)
def test_a_file_belongs_to_its_release(row: str, tmp_path: Path) -> None:
    match = "is listed under frob 1.0|no file has the name"
    refused(tmp_path, NAME, a_package(f'file = "{WHEEL}"', row), match=match)


def test_in_the_oldest_form_files_stand_apart(tmp_path: Path) -> None:
    head = '[[package]]\nname = "Frob"\nversion = "1.0"\n[metadata]\nlock_version = "4.1"\n'
    rows = (
        f'[metadata.files]\n"Frob 1.0" = [{{url = "{FILES}/{WHEEL}", hash = "sha256:{SHA256}"}}]\n'
    )
    found = inventory(tmp_path, NAME, head + rows)
    assert filenames(of(found, "frob")) == [WHEEL]
    with pytest.raises(UsageError, match=r"is listed under frob 1\.0"):
        inventory(tmp_path, NAME, head + rows.replace(WHEEL, "evil-1.0-py3-none-any.whl"))
