"""`poetry.lock`: its sources, and the oldest form, in which files are shared by releases."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.errors import UnsupportedError, UsageError
from guard.model import FileKind
from tests.inventory.documents import (
    INDEX,
    OTHER,
    SHA256,
    WHEEL,
    filenames,
    inventory,
    lock,
    of,
    refused,
    titles,
)

NAME = "poetry.lock"


def a_package(*filenames: str, version: str = "1.0", source: str = "") -> str:
    rows = "".join(f'    {{file = "{each}", hash = "sha256:{SHA256}"}},\n' for each in filenames)
    section = f"[package.source]\n{source}" if source else ""
    return (
        f'[[package]]\nname = "frob"\nversion = "{version}"\noptional = false\n'
        f"files = [\n{rows}]\n{section}\n"
    )


def an_old_lock(*versions: str, files: str) -> str:
    packages = "".join(f'[[package]]\nname = "Frob"\nversion = "{each}"\n' for each in versions)
    return f'{packages}[metadata]\nlock-version = "1.1"\n[metadata.files]\nfrob = [{files}]\n'


def a_row(filename: str, digest: str = SHA256) -> str:
    return f'{{file = "{filename}", hash = "sha256:{digest}"}},'


def test_files_without_a_source_are_of_no_named_index(tmp_path: Path) -> None:
    frob = of(lock(tmp_path, NAME, a_package(WHEEL, "frob-1.0.tar.gz")), "frob")
    assert filenames(frob) == [WHEEL, "frob-1.0.tar.gz"]
    assert (frob.index, frob.direct_url) == (None, None)


def test_a_legacy_source_is_an_index(tmp_path: Path) -> None:
    source = f'type = "legacy"\nurl = "{INDEX.replace("//", "//user:s3cret@")}/"'
    frob = of(lock(tmp_path, NAME, a_package(WHEEL, source=source)), "frob")
    assert (frob.index, frob.direct_url) == (INDEX, None)


@pytest.mark.parametrize(
    ("said", "url"),
    [
        ("git@git.example.com:acme/frob.git", "git.example.com:acme/frob.git"),
        ("https://token@git.example.com/frob.git", "https://git.example.com/frob.git"),
        ("ssh://git@git.example.com/frob.git", "ssh://git.example.com/frob.git"),
    ],
)
def test_a_repository_may_be_named_as_git_does(said: str, url: str, tmp_path: Path) -> None:
    source = f'type = "git"\nurl = "{said}"\nreference = "main"\nresolved_reference = "0123"'
    frob = of(lock(tmp_path, NAME, a_package(source=source)), "frob")
    assert frob.direct_url == url
    assert [file.kind for file in frob.files] == [FileKind.SOURCE_TREE]


def test_only_what_is_developed_is_the_user_s_own(tmp_path: Path) -> None:
    for develop, local in (("develop = true\n", True), ("develop = false\n", False), ("", False)):
        text = a_package(source='type = "directory"\nurl = "../frob"')
        text = text.replace("[package.source]", f"{develop}[package.source]")
        assert of(lock(tmp_path, NAME, text), "frob").local is local


def test_a_release_of_an_index_is_never_the_user_s_own(tmp_path: Path) -> None:
    text = a_package(WHEEL).replace("optional = false", "optional = false\ndevelop = true")
    assert of(lock(tmp_path, NAME, text), "frob").local is False


@pytest.mark.parametrize("kind", ["git", "directory"])
def test_what_is_built_has_no_files(kind: str, tmp_path: Path) -> None:
    text = a_package(WHEEL, source=f'type = "{kind}"\nurl = "https://git.example.com/frob"')
    refused(tmp_path, NAME, text, match="there are files of what comes from a")


@pytest.mark.parametrize(
    "source", ['type = "new"\nurl = "x"', 'type = "git"', "url = 1", 'url = ""']
)
def test_a_source_that_is_not_understood_is_refused(source: str, tmp_path: Path) -> None:
    match = "the type new is not understood|(type|url) is (missing|not a string)"
    refused(tmp_path, NAME, a_package(WHEEL, source=source), match=match)


@pytest.mark.parametrize("said", ['"3.0"', '"1.0"', "2.1", "[2]", '""', "1"])
def test_a_lock_of_another_version_is_refused(said: str, tmp_path: Path) -> None:
    text = a_package(WHEEL) + f"[metadata]\nlock-version = {said}\n"
    with pytest.raises(UnsupportedError, match="is a lock of version"):
        inventory(tmp_path, NAME, text)


def test_the_oldest_form_parts_files_by_their_versions(tmp_path: Path) -> None:
    rows = a_row(WHEEL) + a_row("frob-2.0-py3-none-any.whl", OTHER) + a_row("frob-2.0.zip", OTHER)
    found = inventory(tmp_path, NAME, an_old_lock("1.0", "2.0", files=rows))
    assert filenames(of(found, "frob", "1.0")) == [WHEEL]
    assert filenames(of(found, "frob", "2.0")) == ["frob-2.0-py3-none-any.whl", "frob-2.0.zip"]


@pytest.mark.parametrize("versions", [("1.0",), ("1.0", "2.0")])
@pytest.mark.parametrize(
    "filename", ["evil-1.0-py3-none-any.whl", "frob-3.0-py3-none-any.whl", "evil-1.0.tar.gz"]
)
def test_in_the_oldest_form_too_a_file_belongs_to_its_release(
    versions: tuple[str, ...], filename: str, tmp_path: Path
) -> None:
    text = an_old_lock(*versions, files=a_row(WHEEL) + a_row(filename))
    with pytest.raises(UsageError, match=r"is listed under frob 1\.0"):
        inventory(tmp_path, NAME, text)


@pytest.mark.parametrize(
    "filename",
    ["evil-1.0-py3-none-any.whl", "frob-2.0-py3-none-any.whl", "../frob-1.0-py3-none-any.whl"],
)
def test_a_file_belongs_to_its_release(filename: str, tmp_path: Path) -> None:
    match = "is listed under frob 1.0|no file has the name"
    refused(tmp_path, NAME, a_package(WHEEL, filename), match=match)


def test_one_name_may_be_two_files(tmp_path: Path) -> None:
    """Whichever an installer takes: both must be seen."""
    text = a_package(WHEEL, WHEEL).replace(SHA256, OTHER, 1)
    digests = {file.hashes["sha256"] for file in of(lock(tmp_path, NAME, text), "frob").files}
    assert digests == {SHA256, OTHER}


def test_an_entry_that_is_there_twice_is_listed_once(tmp_path: Path) -> None:
    text = a_package(WHEEL) + a_package("frob-1.0.tar.gz") + a_package(WHEEL)
    found = lock(tmp_path, NAME, text)
    assert titles(found) == ["frob 1.0"]
    assert filenames(of(found, "frob")) == [WHEEL, "frob-1.0.tar.gz"]
