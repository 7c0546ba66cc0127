"""Where the parts of a wheel land, and where they may not (W10, W15, W16, W17)."""

from __future__ import annotations

import pytest

from guard.artifact.content import Landing
from guard.artifact.layout import lay_out, top_levels
from tests.artifact.archives import DATA, INFO, complaints, content_of

PARTS = {
    "frob/__init__.py": "",
    f"{DATA}/purelib/pure.py": "",
    f"{DATA}/platlib/plat.py": "",
    f"{DATA}/headers/frob.h": "",
    f"{DATA}/scripts/frob": "",
    f"{DATA}/data/share/frob.txt": "",
}
OWN = (f"{INFO}/METADATA", f"{INFO}/RECORD", f"{INFO}/WHEEL", "frob.py", "frob/__init__.py")


def test_every_scheme_has_its_files() -> None:
    content = content_of(PARTS)
    assert content.defects == ()
    assert content.landing == Landing(
        purelib=(*OWN, "pure.py"),
        platlib=("plat.py",),
        headers=("frob.h",),
        scripts=("frob",),
        data=("share/frob.txt",),
    )


def test_a_wheel_with_native_code_has_its_root_in_platlib() -> None:
    wheel = "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-any\n"
    landing = content_of({**PARTS, f"{INFO}/WHEEL": wheel}).landing
    assert (landing.purelib, landing.platlib) == (("pure.py",), (*OWN, "plat.py"))


def test_what_can_be_imported() -> None:
    names = ("a/b.py", "c.py", "d.cpython-311-x86_64-linux-gnu.so", "e.pyd", "f.txt", "g.pth")
    more = (f"{INFO}/METADATA", f"{DATA}/purelib/h.py", f"{DATA}/scripts/i.py", "j.libs/k.so")
    places = lay_out((*names, *more), DATA, pure=True).places.values()
    assert top_levels(places) == ("a", "c", "d", "e", "h", "j.libs")


@pytest.mark.parametrize(
    "name", [f"{DATA}/unknown/x", f"{DATA}/PURELIB/x", f"{DATA}/x", f"{DATA}/purelib", DATA]
)
def test_a_scheme_that_is_none_is_refused(name: str) -> None:
    assert complaints(content_of({name: ""})) == [
        ("unsafe-path", name, "no scheme of a .data folder")
    ]


@pytest.mark.parametrize(
    "name", ["other-1.0.data/purelib/x.py", "frob-1.data/x", "x.data", "frob-1.0.DATA/purelib/x"]
)
def test_the_data_folder_is_the_wheels_own(name: str) -> None:
    folder = name.partition("/")[0]
    assert complaints(content_of({name: ""})) == [
        (
            "metadata-mismatch",
            None,
            f"{folder!r} is not the .data folder of this wheel: only some unpack it",
        )
    ]


def test_a_folder_of_data_elsewhere_is_nothing_special() -> None:
    assert content_of({"frob/x.data/y": "", "frob/x.dist-info/METADATA": ""}).defects == ()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("frob.py", f"{DATA}/purelib/frob.py"),
        (f"{DATA}/platlib/x.py", f"{DATA}/purelib/x.py"),
        ("frob.py", f"{DATA}/data/lib/python3.11/site-packages/frob.py"),
        ("frob.py", f"{DATA}/purelib/FROB.py"),
        ("fr\u00f6b.py", f"{DATA}/purelib/fro\u0308b.py"),
    ],
)
def test_two_members_are_never_one_file(first: str, second: str) -> None:
    assert complaints(content_of({first: "", second: ""})) == [
        ("unsafe-path", second, f"would land where {first!r} does")
    ]


def test_no_member_lands_below_another() -> None:
    content = content_of({"frob": "", f"{DATA}/purelib/frob/x.py": ""})
    assert complaints(content) == [
        ("unsafe-path", f"{DATA}/purelib/frob/x.py", "would land where 'frob' does")
    ]


def test_one_name_in_two_schemes_is_two_files() -> None:
    parts = {"bin/frob": "", f"{DATA}/scripts/frob": "", f"{DATA}/data/frob.py": ""}
    assert content_of(parts).defects == ()


@pytest.mark.parametrize("name", ["data/pyvenv.cfg", "data/lib/python3.11/os.py", "data/DLLs/x"])
def test_the_environments_files_stay_its_own(name: str) -> None:
    path = name.partition("/")[2]
    assert complaints(content_of({f"{DATA}/{name}": "", f"{DATA}/data/share/x": ""})) == [
        (
            "unsafe-path",
            f"{DATA}/{name}",
            f"would land among the environment's own files, at {path!r}",
        )
    ]


@pytest.mark.parametrize("folder", ["pip-99.dist-info", "pip-99.DIST-INFO", "pip.egg-info"])
@pytest.mark.parametrize("way", ["purelib", "platlib", "data/lib/python3.11/site-packages"])
def test_no_metadata_of_another_distribution_comes_by_a_back_door(folder: str, way: str) -> None:
    name = f"{DATA}/{way}/{folder}/METADATA"
    assert complaints(content_of({name: ""})) == [
        (
            "metadata-mismatch",
            name,
            f"would be the metadata of another distribution, at {folder!r}",
        )
    ]


@pytest.mark.parametrize(
    ("folder", "filename"),
    [
        ("Frob-1.0.dist-info", "frob-1.0-py3-none-any.whl"),
        ("frob-1.0.0.dist-info", "frob-1.0-py3-none-any.whl"),
        ("fr.ob-x-1.0.dist-info", "fr_ob_x-1.0-py3-none-any.whl"),
    ],
)
def test_the_dist_info_folder_is_compared_as_name_and_version(folder: str, filename: str) -> None:
    content = content_of({f"{folder}/RECORD": ""}, filename=filename)
    assert not [m for _, _, m in complaints(content) if m.endswith("folder of this filename")]


@pytest.mark.parametrize(
    ("folder", "problem"),
    [
        ("other-1.0.dist-info", "'other-1.0.dist-info' is not the .dist-info folder"),
        ("frob-1.1.dist-info", "'frob-1.1.dist-info' is not the .dist-info folder"),
        ("frob.dist-info", "'frob.dist-info' is not the .dist-info folder"),
        ("frob-1.0.DIST-INFO", "'frob-1.0.DIST-INFO' is not the .dist-info folder"),
        (".dist-info", "'.dist-info' is not the .dist-info folder"),
        (f"frob-{'9' * 5000}.dist-info", "'frob-999"),
        ("frob", "there is no .dist-info folder"),
    ],
)
def test_the_dist_info_folder_is_the_filenames(folder: str, problem: str) -> None:
    none = dict.fromkeys([f"{INFO}/METADATA", f"{INFO}/WHEEL", f"{INFO}/RECORD"])
    content = content_of({**none, f"{folder}/METADATA": ""})
    assert any(m.startswith(problem) for rule, _, m in complaints(content)), complaints(content)


def test_a_folder_counts_even_if_nothing_is_in_it() -> None:
    [(_, _, message)] = complaints(content_of({"other-2.0.dist-info/": ""}))
    assert message.startswith("there are 2 .dist-info folders: ")


def test_of_two_dist_info_folders_the_filenames_is_read() -> None:
    assert content_of({"a-2.0.dist-info/METADATA": ""}).name == "frob"


@pytest.mark.parametrize("other", ["other-2.0.dist-info", "FROB-1.0.dist-info", "a.dist-info"])
def test_there_is_one_dist_info_folder(other: str) -> None:
    content = content_of({f"{other}/METADATA": ""})
    first, second = sorted([other, INFO])
    problem = f"there are 2 .dist-info folders: {first!r}, {second!r}"
    assert problem in [message for _, _, message in complaints(content)]
