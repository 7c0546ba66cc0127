"""`pylock.toml`: read by `guard.plan`, but for every platform."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.errors import UsageError
from guard.publisher import PublisherKind
from tests.inventory.documents import FILES, INDEX, SHA256, WHEEL, inventory, lock, of, refused

NAME = "pylock.toml"
IDENTITY = '[[packages.attestation-identities]]\nkind = "GitHub"\nrepository = "acme/frob"\n'


def a_package(entry: str, *, more: str = "") -> str:
    return f'[[packages]]\nname = "frob"\nversion = "1.0"\n{more}{entry}\n'


def a_wheel(filename: str = WHEEL) -> str:
    return f'wheels = [{{url = "{FILES}/{filename}", hashes = {{sha256 = "{SHA256}"}}}}]'


def test_a_marker_hides_nothing(tmp_path: Path) -> None:
    text = a_package(a_wheel(), more="marker = \"sys_platform == 'nowhere'\"\n")
    assert [file.filename for file in of(lock(tmp_path, NAME, text), "frob").files] == [WHEEL]


def test_publishers_are_kept(tmp_path: Path) -> None:
    (identity,) = of(lock(tmp_path, NAME, a_package(a_wheel()) + IDENTITY), "frob").identities
    assert (identity.kind, identity.repository) == (PublisherKind.GITHUB, ("acme/frob",))


def test_one_release_with_two_publishers_is_two_entries(tmp_path: Path) -> None:
    text = a_package(a_wheel()) + IDENTITY + a_package(a_wheel())
    found = lock(tmp_path, NAME, text)
    assert sorted(len(each.identities) for each in found.listed) == [0, 1]


def test_an_index_is_in_the_form_in_which_indexes_are_compared(tmp_path: Path) -> None:
    said = f'index = "{INDEX.replace("//", "//user:s3cret@")}/"\n'
    found = lock(tmp_path, NAME, a_package(a_wheel(), more=said))
    assert of(found, "frob").index == INDEX
    refused(
        tmp_path,
        NAME,
        a_package(a_wheel(), more='index = "https://u:s3cret@[bad"\n'),
        match="names an index for frob that is none",
    )


@pytest.mark.parametrize("editable", [True, False])
def test_an_editable_folder_is_the_user_s_own(editable: bool, tmp_path: Path) -> None:
    text = a_package(f'directory = {{path = ".", editable = {str(editable).lower()}}}')
    frob = of(lock(tmp_path, NAME, text), "frob")
    assert (frob.local, frob.direct_url) == (editable, tmp_path.as_uri())
    assert len(frob.files) == (0 if editable else 1)


@pytest.mark.parametrize(
    "entry",
    [
        a_wheel("evil-1.0-py3-none-any.whl"),
        a_wheel("frob-2.0-py3-none-any.whl"),
        f'archive = {{url = "{FILES}/evil-1.0-py3-none-any.whl", hashes = {{sha256 = "ab"}}}}',
        f'sdist = {{url = "{FILES}/evil-1.0.tar.gz", hashes = {{sha256 = "ab"}}}}',
    ],
)
def test_a_file_belongs_to_its_release(entry: str, tmp_path: Path) -> None:
    refused(tmp_path, NAME, a_package(entry), match="no lock file of PEP 751|under frob 1.0")


def test_it_is_known_by_what_is_in_it_too(tmp_path: Path) -> None:
    head = 'lock-version = "1.0"\ncreated-by = "a test"\n'
    found = inventory(tmp_path, "locked.toml", head + a_package(a_wheel()))
    assert found.format == "pylock.toml"
    with pytest.raises(UsageError, match="no lock file of PEP 751"):
        inventory(tmp_path, NAME, head.replace("1.0", "2.0"))
