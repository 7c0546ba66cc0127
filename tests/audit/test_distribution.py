"""What is installed, as its metadata says, whatever somebody has written there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from guard.audit.distribution import Direct, distributions
from guard.errors import TargetError
from guard.model import Unknown
from guard.sources.installed import Folders
from tests.audit.places import Place, a_place
from tests.wheels import a_wheel

FROB = a_wheel("Frob.Nicate", "1.0+local.1", tag="py2.py3-none-any", build="7")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return a_place(tmp_path)


def test_a_release_says_who_it_is_and_who_installed_it(place: Place) -> None:
    place.installs(FROB, installer="uv")
    found = place.read()["frob-nicate"]
    assert found.version == Version("1.0+local.1")
    assert found.installer == "uv"
    assert (found.direct, found.contradiction, found.build) == (None, None, "7")
    assert {str(tag) for tag in found.tags} == {"py2-none-any", "py3-none-any"}


def test_what_pip_could_not_remove_is_not_installed(place: Place) -> None:
    info = place.installs(FROB)
    info.rename(info.with_name(f"~{info.name[1:]}"))
    assert place.read() == {}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"url": "https://me:secret@example.com/f.whl"}, Direct(url="https://example.com/f.whl")),
        ({"url": "file:///home/me/frob", "dir_info": {}}, Direct(url="file:///home/me/frob")),
        (
            {"url": "https://example.com/frob", "dir_info": {"editable": True}},
            Direct(url="https://example.com/frob"),
        ),
    ],
)
def test_a_direct_url_is_known_without_its_password(
    place: Place, said: object, expected: Direct
) -> None:
    place.installs(FROB, direct_url=said)
    assert place.read()["frob-nicate"].direct == expected


@pytest.mark.parametrize("said", [[], {}, {"url": 1}, {"url": "x", "dir_info": [1]}, "x", None])
def test_a_direct_url_that_says_nothing_is_a_direct_url_all_the_same(
    place: Place, said: object
) -> None:
    place.installs(FROB, direct_url=said)
    direct = place.read()["frob-nicate"].direct
    assert direct is not None
    assert not direct.editable


def test_metadata_of_another_release_is_a_contradiction(place: Place) -> None:
    info = place.installs(FROB)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 3\n")
    assert "its METADATA says other 3" in (place.read()["other"].contradiction or "")
    (info / "METADATA").write_text("Name: one\nName: two\nVersion: 3\n")
    assert "one name and version" in (place.read()["frob-nicate"].contradiction or "")


def test_without_a_record_nothing_is_known_of_the_files(place: Place) -> None:
    info = place.installs(FROB)
    (info / "RECORD").unlink()
    assert isinstance(place.read()["frob-nicate"].record, Unknown)
    (info / "RECORD").write_bytes(b"\xff\xfe")
    assert isinstance(place.read()["frob-nicate"].record, Unknown)


@pytest.mark.skipif(os.name != "posix", reason="there are no such pipes elsewhere")
def test_a_pipe_in_place_of_a_file_holds_nobody_up(place: Place) -> None:
    info = place.installs(FROB)
    (info / "RECORD").unlink()
    os.mkfifo(info / "RECORD")
    found = place.read()["frob-nicate"].record
    assert found == Unknown(f"`{info.name}` could not be read: not a regular file")


def test_an_egg_of_old_is_a_release_too(place: Place) -> None:
    (place.site / "Old-0.1.egg-info").write_text("Metadata-Version: 1.0\nName: Old\nVersion: 0.1\n")
    found = place.read()["old"]
    assert found.version == Version("0.1")
    assert isinstance(found.record, Unknown)


def test_two_folders_of_one_name_are_two_releases(place: Place) -> None:
    place.installs(FROB)
    place.installs(a_wheel("frob-nicate", "2.0"))
    assert [str(each.version) for each in distributions(place.folders)] == ["1.0+local.1", "2.0"]


def test_an_environment_that_is_none_has_nothing(place: Place, tmp_path: Path) -> None:
    folders = Folders(site=(tmp_path / "none",), scripts=tmp_path, data=tmp_path)
    assert distributions(folders) == ()
    (tmp_path / "file").write_text("")
    folders = Folders(site=(tmp_path / "file",), scripts=tmp_path, data=tmp_path)
    with pytest.raises(TargetError):
        distributions(folders)


NAMES = ["METADATA", "RECORD", "WHEEL", "INSTALLER", "direct_url.json"]


@given(st.dictionaries(st.sampled_from(NAMES), st.binary(max_size=200)))
def test_any_bytes_are_a_release_or_unknown(
    tmp_path_factory: pytest.TempPathFactory, written: dict[str, bytes]
) -> None:
    place = a_place(tmp_path_factory.mktemp("any"))
    info = place.site / "frob-1.0.dist-info"
    info.mkdir()
    for name, content in written.items():
        (info / name).write_bytes(content)
    [found] = distributions(place.folders)
    assert found.info == info


@pytest.mark.skipif(os.name != "posix", reason="links need a privilege elsewhere")
def test_a_link_that_leads_to_itself_is_a_distribution_of_which_nothing_is_known(
    place: Place,
) -> None:
    (place.site / "loop-1.0.dist-info").symlink_to("loop-1.0.dist-info")
    found = place.read()["loop"]
    assert isinstance(found.record, Unknown)


def test_an_editable_install_is_of_a_tree_that_is_there(place: Place, tmp_path: Path) -> None:
    tree = tmp_path / "frob tree"
    said = {"url": tree.as_uri(), "dir_info": {"editable": True}}
    place.installs(FROB, direct_url=said)
    assert place.read()["frob-nicate"].direct == Direct(url=tree.as_uri())
    tree.mkdir()
    (tree / "pyproject.toml").touch()
    assert place.read()["frob-nicate"].direct == Direct(url=tree.as_uri(), editable=True)


def test_what_a_wheel_brought_is_no_tree_that_somebody_works_on(place: Place) -> None:
    info = place.installs(FROB)
    place.adds(info, "/frob/setup.py", "")
    tree = (place.site / "frob").as_uri()
    place.adds(info, "direct_url.json", f'{{"url": "{tree}", "dir_info": {{"editable": true}}}}')
    assert place.read()["frob-nicate"].direct == Direct(url=tree)
