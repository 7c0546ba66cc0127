"""Requirements files: where each requirement stands, and which are pinned."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from guard.errors import UnsupportedError, UsageError
from guard.inventory import Format, Inventory
from tests.inventory.documents import FILES, INDEX, OTHER, SHA256, WHEEL, entries, inventory, of

NAME: Final = "requirements.txt"


def requirements(folder: Path, text: str, **others: str) -> Inventory:
    """What is read in a requirements file beside which there are others."""
    for name, content in others.items():
        (folder / f"{name}.txt").write_text(content)
    return inventory(folder, NAME, text)


def test_a_pin_has_a_version_and_a_line(tmp_path: Path) -> None:
    found = requirements(
        tmp_path, f"# one\n\nfrob==1.0 \\\n  --hash=sha256:{SHA256}\ndep>=2  # x\n"
    )
    frob, dep = of(found, "frob"), of(found, "dep")
    assert (str(frob.version), frob.line, frob.path) == ("1.0", 3, None)
    assert frob.hashes == {("sha256", SHA256)}
    assert (dep.version, dep.line, dep.hashes) == (None, 5, frozenset())


@pytest.mark.parametrize("specifier", ["", ">=1", "~=1.0", "==1.*", "!=1", "<2,>1"])
def test_what_is_not_pinned_has_no_version(specifier: str, tmp_path: Path) -> None:
    assert of(requirements(tmp_path, f"frob{specifier}"), "frob").version is None


def test_a_marker_hides_nothing(tmp_path: Path) -> None:
    found = requirements(tmp_path, "frob==1 ; python_version < '3'\nfrob==2 ; extra == 'x'\n")
    assert [str(each.version) for each in entries(found, "frob")] == ["1", "2"]


def test_what_is_included_is_listed_with_its_file(tmp_path: Path) -> None:
    found = requirements(
        tmp_path, "-r base.txt\nfrob==1.0\n", base="\ndep==2.0\n-r more.txt\n", more="x==1"
    )
    where = {str(each.project): (each.path and each.path.name, each.line) for each in found.listed}
    assert where == {"frob": (None, 2), "dep": ("base.txt", 2), "x": ("more.txt", 1)}


def test_what_only_constrains_is_not_listed(tmp_path: Path) -> None:
    found = requirements(tmp_path, "-c limits.txt\nfrob\n", limits="other==1\n")
    assert [str(each.project) for each in found.listed] == ["frob"]


def test_a_constraint_pins(tmp_path: Path) -> None:
    limits = f"frob==1.0 --hash=sha256:{SHA256}\n"
    frob = of(requirements(tmp_path, "frob>=0\n-c limits.txt\n", limits=limits), "frob")
    assert (str(frob.version), set(frob.hashes)) == ("1.0", {("sha256", SHA256)})


def test_contrary_constraints_leave_it_open(tmp_path: Path) -> None:
    limits = "frob==1.0 ; python_version < '3'\nfrob==2.0 ; python_version >= '3'\n"
    found = requirements(tmp_path, "frob\n-c limits.txt\n", limits=limits)
    assert of(found, "frob").version is None


def test_a_constraint_of_another_version_adds_no_digest(tmp_path: Path) -> None:
    limits = f"frob==2.0 --hash=sha256:{OTHER}\n"
    found = requirements(
        tmp_path, f"frob==1.0 --hash=sha256:{SHA256}\n-c limits.txt\n", limits=limits
    )
    assert of(found, "frob").hashes == {("sha256", SHA256)}


def test_a_release_without_hashes_is_not_made_one_with_some(tmp_path: Path) -> None:
    """The one that accepts any bytes must not borrow the digests of the other."""
    found = requirements(tmp_path, f"frob==1.0\nfrob==1.0 --hash=sha256:{SHA256}\n")
    assert sorted(len(each.hashes) for each in entries(found, "frob")) == [0, 1]


def test_a_url_is_no_index(tmp_path: Path) -> None:
    text = f"frob @ https://user:s3cret@packages.example.com/files/{WHEEL}#sha256={SHA256}\n"
    frob = of(requirements(tmp_path, f"-i {INDEX}\n{text}"), "frob")
    assert (frob.direct_url, frob.index) == (f"{FILES}/{WHEEL}", None)
    assert (str(frob.version), set(frob.hashes)) == ("1.0", {("sha256", SHA256)})
    assert [file.filename for file in frob.files] == [WHEEL]


def test_a_wheel_of_another_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"line 1: evil-1\.0-py3-none-any\.whl is not a wheel of frob"
    ):
        requirements(tmp_path, f"frob @ {FILES}/evil-1.0-py3-none-any.whl\n")


def test_an_archive_of_another_name_tells_no_version(tmp_path: Path) -> None:
    frob = of(requirements(tmp_path, f"frob @ {FILES}/sources-2.0.tar.gz\n"), "frob")
    assert (frob.version, [file.project for file in frob.files]) == (None, ["frob"])


def test_an_editable_folder_is_the_user_s_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = requirements(tmp_path, "-e ./frob\n./dep\n-e git+https://git.example.com/other\n")
    own = {str(each.project): each.local for each in found.listed}
    assert own == {"frob": True, "dep": False, "other": False}
    assert of(found, "frob").files == ()


@pytest.mark.parametrize(
    ("options", "index"),
    [
        ("", None),
        (f"-i {INDEX}/", INDEX),
        (f"--index-url {INDEX.replace('//', '//user:s3cret@')}", INDEX),
        (f"-i {INDEX}\n--extra-index-url https://other.example.com/simple", None),
        (f"-i {INDEX}\n-f https://other.example.com/", None),
        (f"-i {INDEX}\n-i https://other.example.com/simple", None),
        (f"-i {INDEX}\n--no-index", None),
    ],
)
def test_an_index_is_named_where_there_is_only_one(
    options: str, index: str | None, tmp_path: Path
) -> None:
    assert of(requirements(tmp_path, f"frob==1\n{options}\n"), "frob").index == index


def test_the_password_of_an_index_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="names an index that is none") as caught:
        requirements(tmp_path, "-i https://user:s3cret@[bad\nfrob\n")
    assert "s3cret" not in repr(caught.value) + str(caught.value.reason)


def test_what_could_not_be_judged_is_refused_as_ever(tmp_path: Path) -> None:
    for line in ("--no-binary :all:", "frob --config-settings x=y", "-r https://e.example/a.txt"):
        with pytest.raises(UnsupportedError):
            requirements(tmp_path, line)


def test_files_may_include_each_other(tmp_path: Path) -> None:
    found = requirements(tmp_path, "-r a.txt\nfrob==1\n", a=f"-r {NAME}\n-c {NAME}\ndep==1\n")
    assert sorted(str(each.project) for each in found.listed) == ["dep", "frob"]


def test_an_endless_chain_of_files_ends(tmp_path: Path) -> None:
    chain = {f"n{n}": f"-r n{n + 1}.txt\n" for n in range(200)}
    with pytest.raises(UsageError, match="more than 100 files that include each other"):
        requirements(tmp_path, "-r n0.txt\n", **chain)


def test_a_file_of_what_is_wanted_is_one_too(tmp_path: Path) -> None:
    assert inventory(tmp_path, "requirements.in", "frob\n").format is Format.REQUIREMENTS
