"""`uv.lock`: its sources, and what somebody may have changed in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.errors import UnsupportedError
from guard.model import FileKind
from tests.inventory.documents import (
    FILES,
    INDEX,
    SHA256,
    WHEEL,
    filenames,
    inventory,
    lock,
    of,
    refused,
    titles,
)

NAME = "uv.lock"


def a_package(
    wheel: str = f'url = "{FILES}/{WHEEL}"',
    *,
    source: str = f'registry = "{INDEX}"',
    more: str = "",
) -> str:
    return (
        f'[[package]]\nname = "frob"\nversion = "1.0"\nsource = {{ {source} }}\n'
        f'wheels = [\n    {{ {wheel}, hash = "sha256:{SHA256}", size = 9 }},\n]\n{more}'
    )


def a_source(source: str, *, name: str = "frob", version: str | None = "1.0") -> str:
    said = f'version = "{version}"\n' if version else ""
    return f'[[package]]\nname = "{name}"\n{said}source = {{ {source} }}\n'


def test_a_file_has_its_hash_its_size_and_its_address(tmp_path: Path) -> None:
    (file,) = of(lock(tmp_path, NAME, a_package()), "frob").files
    assert (file.url, file.size, dict(file.hashes)) == (f"{FILES}/{WHEEL}", 9, {"sha256": SHA256})


@pytest.mark.parametrize("revision", ["", "revision = 1\n", "revision = 99\n"])
def test_a_revision_only_adds(revision: str, tmp_path: Path) -> None:
    text = f'version = 1\n{revision}requires-python = ">=3.11"\n{a_package()}'
    assert titles(inventory(tmp_path, NAME, text)) == ["frob 1.0"]


@pytest.mark.parametrize(
    "said", ["version = 2", "version = 0", 'version = "1"', "version = true", ""]
)
def test_a_lock_of_another_version_is_refused(said: str, tmp_path: Path) -> None:
    text = f'{said}\nrequires-python = ">=3.11"\n{a_package()}'
    with pytest.raises(UnsupportedError, match="is a lock of version") as caught:
        inventory(tmp_path, NAME, text)
    assert caught.value.hint == "write it anew with `uv lock`"


def test_a_lock_of_before_0_5_is_refused(tmp_path: Path) -> None:
    text = f"version = 1\n{a_package().replace('[[package]]', '[[distribution]]')}"
    with pytest.raises(UnsupportedError, match="is a lock of version"):
        inventory(tmp_path, NAME, text)


def test_a_script_s_lock_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    text = f'version = 1\nrequires-python = ">=3.11"\n{a_package()}'
    assert titles(inventory(tmp_path, "script.py.lock", text)) == ["frob 1.0"]


@pytest.mark.parametrize(
    ("said", "url"),
    [
        ("https://git.example.com/frob.git#0123", "https://git.example.com/frob.git"),
        ("https://git.example.com/frob?rev=v1&subdirectory=a#01", "https://git.example.com/frob"),
        ("https://t0ken:x@git.example.com/frob.git#0123", "https://git.example.com/frob.git"),
        ("ssh://git@git.example.com/frob.git?tag=v1#01", "ssh://git.example.com/frob.git"),
        ("https://git.example.com/?p=frob.git#01", "https://git.example.com/?p=frob.git"),
    ],
)
def test_a_repository_has_neither_revision_nor_password(
    said: str, url: str, tmp_path: Path
) -> None:
    frob = of(lock(tmp_path, NAME, a_source(f'git = "{said}"')), "frob")
    assert frob.direct_url == url
    assert [file.kind for file in frob.files] == [FileKind.SOURCE_TREE]
    assert frob.local is False


def test_a_member_s_folder_is_the_user_s_own(tmp_path: Path) -> None:
    text = '[manifest]\nmembers = ["frob"]\n'
    text += a_source('directory = "frob"') + a_source('directory = "dep"', name="dep")
    found = lock(tmp_path, NAME, text)
    assert {each.project: each.local for each in found.listed} == {"frob": True, "dep": False}


def test_being_a_member_makes_nothing_else_one_s_own(tmp_path: Path) -> None:
    """A hostile lock must not hide a release of an index among the user's own projects."""
    text = f'[manifest]\nmembers = ["frob"]\n{a_package()}'
    assert of(lock(tmp_path, NAME, text), "frob").local is False


@pytest.mark.parametrize("kind", ["virtual", "editable", "directory"])
def test_a_folder_may_have_no_version(kind: str, tmp_path: Path) -> None:
    assert of(lock(tmp_path, NAME, a_source(f'{kind} = "."', version=None)), "frob").version is None


def test_what_comes_from_an_index_has_a_version(tmp_path: Path) -> None:
    text = a_source(f'registry = "{INDEX}"', version=None)
    refused(tmp_path, NAME, text, match=r"package\[0\]: version is missing")


def test_an_archive_need_not_be_named_for_its_project(tmp_path: Path) -> None:
    url = "https://git.example.com/frob/archive/main.zip"
    text = a_source(f'url = "{url}"') + f'sdist = {{ hash = "sha256:{SHA256}" }}\n'
    (file,) = of(lock(tmp_path, NAME, text), "frob").files
    assert (file.kind, file.filename, file.url) == (FileKind.SDIST, "main.zip", url)
    assert str(file.version) == "1.0"


def test_a_folder_of_wheels_is_an_index(tmp_path: Path) -> None:
    text = a_package(f'path = "{WHEEL}"', source='registry = "../wheels"')
    frob = of(lock(tmp_path / "project", NAME, text), "frob")
    assert frob.index == (tmp_path / "wheels").as_uri()
    assert [file.url for file in frob.files] == [(tmp_path / "wheels" / WHEEL).as_uri()]


@pytest.mark.parametrize(
    "source",
    ["", 'pypi = "x"', "registry = 1", 'registry = ""', f'registry = "{INDEX}", editable = "."'],
)
def test_a_source_that_is_not_understood_is_refused(source: str, tmp_path: Path) -> None:
    match = "source: is not understood|registry is (not a string|missing)"
    refused(tmp_path, NAME, a_source(source), match=match)


def test_what_comes_from_a_folder_has_no_wheels(tmp_path: Path) -> None:
    for source in ('editable = "."', 'git = "https://git.example.com/frob#01"'):
        refused(tmp_path, NAME, a_package(source=source), match="there are wheels of what comes")


@pytest.mark.parametrize(
    "filename",
    [
        "evil-1.0-py3-none-any.whl",
        "frob-2.0-py3-none-any.whl",
        "frob-1.0.whl",
        "frob_x-1.0-py3-none-any.whl",
        "frob-1.0-py3-none-any.whl%2F..%2Fevil.whl",
        "evil-1.0.tar.gz",
        "frob-2.0.tar.gz",
        "frob.tar.gz",
        "frob-1.0-%5C.tar.gz",
        f"frob-1.0-{'9' * 300}-py3-none-any.whl",
    ],
)
def test_a_file_belongs_to_the_release_in_its_name(filename: str, tmp_path: Path) -> None:
    """A deny entry for `evil` must not be got around by listing its wheel under `frob`."""
    match = "is listed under frob 1.0|no file has the name"
    refused(tmp_path, NAME, a_package(f'url = "{FILES}/{filename}"'), match=match)
    good = a_package().replace("wheels", "wheels2")
    refused(tmp_path, NAME, good + a_package(f'url = "{FILES}/{filename}"'), match=match)


@pytest.mark.parametrize(
    ("source", "wheel"),
    [
        (
            f'url = "{FILES}/evil-1.0-py3-none-any.whl"',
            f'url = "{FILES}/evil-1.0-py3-none-any.whl"',
        ),
        ('path = "evil-1.0-py3-none-any.whl"', 'filename = "evil-1.0-py3-none-any.whl"'),
    ],
)
def test_a_wheel_that_is_asked_for_directly_belongs_to_its_release_too(
    source: str, wheel: str, tmp_path: Path
) -> None:
    refused(tmp_path, NAME, a_package(wheel, source=source), match="is listed under frob 1.0")


@pytest.mark.parametrize("version", ["1.0", "1.0.0", "v1"])
def test_versions_are_compared_as_versions(version: str, tmp_path: Path) -> None:
    text = a_package().replace('version = "1.0"', f'version = "{version}"')
    assert filenames(of(lock(tmp_path, NAME, text), "frob")) == [WHEEL]


def test_an_old_sdist_may_have_dashes_in_its_version(tmp_path: Path) -> None:
    text = a_package(f'url = "{FILES}/frob-1.0-1.zip"').replace('"1.0"', '"1.0.post1"')
    assert filenames(of(lock(tmp_path, NAME, text), "frob")) == ["frob-1.0-1.zip"]


def test_what_no_installer_takes_is_counted(tmp_path: Path) -> None:
    found = lock(tmp_path, NAME, a_package(f'url = "{FILES}/frob-1.0-py2.7.egg"'))
    assert of(found, "frob").files == ()
    assert found.skipped == ("frob 1.0: frob-1.0-py2.7.egg is neither a wheel nor an sdist",)


@pytest.mark.parametrize(
    "digest", ["sha256:", "sha256:xyz", f"sha256:{SHA256[:-1]}", f"sha512:{SHA256}", SHA256, ""]
)
def test_a_digest_that_is_none_is_refused(digest: str, tmp_path: Path) -> None:
    text = a_package().replace(f"sha256:{SHA256}", digest)
    refused(tmp_path, NAME, text, match="no (hash|sha256 digest|sha512 digest) is")


def test_a_weak_digest_is_none(tmp_path: Path) -> None:
    text = a_package().replace(f"sha256:{SHA256}", "md5:0123")
    assert of(lock(tmp_path, NAME, text), "frob").files[0].hashes == {}


@pytest.mark.parametrize(
    "url",
    [
        "https://user:s3cret@packages.example.com/files/frob-1.0-py3-none-any.whl",
        "https://us@er:s3cret@packages.example.com/files/frob-1.0-py3-none-any.whl#s3cret",
    ],
)
def test_a_password_is_not_kept(url: str, tmp_path: Path) -> None:
    index = "https://user:s3cret@packages.example.com/simple/"
    found = lock(tmp_path, NAME, a_package(f'url = "{url}"', source=f'registry = "{index}"'))
    assert "s3cret" not in repr(found)
    assert of(found, "frob").index == INDEX
    assert of(found, "frob").files[0].url == f"{FILES}/{WHEEL}"


@pytest.mark.parametrize(
    "url", ["https://user:s3cret@[bad/x", "//user:s3cret@e.example", "https://e.example:s3cret/x"]
)
def test_a_password_is_not_repeated_in_an_error(url: str, tmp_path: Path) -> None:
    text = a_package(f'url = "{url}"')
    with pytest.raises(Exception, match="a URL that is none") as caught:
        lock(tmp_path, NAME, text)
    assert "s3cret" not in str(caught.value) + str(getattr(caught.value, "reason", ""))


def test_a_backslash_does_not_hide_a_host(tmp_path: Path) -> None:
    url = f"https://evil.example\\\\@packages.example.com/{WHEEL}"
    refused(tmp_path, NAME, a_package(f'url = "{url}"'), match="a URL that is none")


@pytest.mark.parametrize(
    "name", ["", "-", "fr\\u0000ob", "fr\\nob", "frob/../x", "é", "a" * 300, "."]
)
def test_a_name_that_none_can_have_is_refused(name: str, tmp_path: Path) -> None:
    text = a_source('editable = "."', name=name)
    refused(tmp_path, NAME, text, match="no project can have the name|name is")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('name = "frob"', "name = 1"),
        ('name = "frob"', ""),
        ('version = "1.0"', "version = 1.0"),
        ('version = "1.0"', 'version = "one"'),
        ('version = "1.0"', f'version = "{"9" * 5000}"'),
        ("size = 9", "size = -1"),
        ("size = 9", "size = true"),
        ("size = 9", f"size = {1 << 80}"),
        ("size = 9", f"size = {'9' * 5000}"),
        ("wheels = [", "wheels = [1, "),
        ("[[package]]", "[package]"),
        ("[[package]]", "[manifest]\nmembers = 1\n[[manifest.x]]\n[package]"),
    ],
)
def test_a_lock_of_other_types_is_refused(old: str, new: str, tmp_path: Path) -> None:
    refused(tmp_path, NAME, a_package().replace(old, new), match="uv.lock")
