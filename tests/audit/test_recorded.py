"""Files compared with RECORD, wherever its lines lead."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from guard.audit.recorded import altered
from guard.model import Altered, Unknown
from tests.audit.places import Place, a_place
from tests.wheels import a_wheel

FROB = a_wheel("frob", "1.0", files={"frob/__init__.py": "ok = True\n", "frob/data.txt": "1\n"})


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = a_place(tmp_path)
    place.installs(FROB)
    return place


def found(place: Place) -> dict[str, str]:
    """What is not as RECORD says, by path."""
    several = altered(place.read()["frob"], place.folders)
    assert isinstance(several, tuple)
    return {each.path: each.what for each in several}


def test_what_was_installed_is_as_record_lists_it(place: Place) -> None:
    assert found(place) == {}


def test_an_edited_file_is_found_though_its_size_is_the_same(place: Place) -> None:
    (place.site / "frob/__init__.py").write_text("ok = None\n")
    [(path, what)] = found(place).items()
    assert path == "frob/__init__.py"
    assert what.startswith("its sha256 is ")


def test_what_is_gone_comes_after_what_was_edited(place: Place) -> None:
    (place.site / "frob/__init__.py").unlink()
    (place.site / "frob/data.txt").write_text("2\n")
    several = altered(place.read()["frob"], place.folders)
    assert isinstance(several, tuple)
    assert [(each.path, each.missing) for each in several] == [
        ("frob/data.txt", False),
        ("frob/__init__.py", True),
    ]


def test_bytecode_is_not_compared_and_may_be_missing(place: Place) -> None:
    info = place.site / "frob-1.0.dist-info"
    with (info / "RECORD").open("a") as stream:
        stream.write("frob/__pycache__/__init__.cpython-311.pyc,,\n")
    assert found(place) == {}


def test_a_line_without_a_hash_hides_nothing(place: Place) -> None:
    """Whoever edits a file may take its hash out of RECORD."""
    record = place.site / "frob-1.0.dist-info/RECORD"
    lines = record.read_text().splitlines()
    record.write_text("\n".join("frob/data.txt,," if "data" in line else line for line in lines))
    assert found(place) == {
        "frob/data.txt": "listed without a sha256 or stronger, so nothing can be compared"
    }


def test_a_hash_that_is_too_weak_is_none(place: Place) -> None:
    with (place.site / "frob-1.0.dist-info/RECORD").open("a") as stream:
        stream.write("frob/x.py,md5=1B2M2Y8AsgTpgAmY7PhCfg,0\n")
    assert list(found(place)) == ["frob/x.py"]


def test_a_file_listed_twice_is_not_what_either_says(place: Place) -> None:
    with (place.site / "frob-1.0.dist-info/RECORD").open("a") as stream:
        stream.write("frob/data.txt,,\n")
    assert found(place) == {"frob/data.txt": "listed twice"}


@pytest.mark.parametrize("path", ["../../../../../../etc/passwd", "/etc/passwd"])
def test_nothing_outside_of_the_environment_is_read(place: Place, path: str) -> None:
    with (place.site / "frob-1.0.dist-info/RECORD").open("a") as stream:
        stream.write(f"{path},sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n")
    assert found(place)[path] == "listed outside of the environment; not looked at"


def test_a_command_beside_the_packages_is_compared_too(place: Place) -> None:
    info = place.site / "frob-1.0.dist-info"
    (place.root / "bin/frob").write_text("#!/bin/sh\n")
    line = "../../../bin/frob,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n"
    with (info / "RECORD").open("a") as stream:
        stream.write(line)
    assert list(found(place)) == ["../../../bin/frob"]


@pytest.mark.skipif(os.name != "posix", reason="there are no such pipes elsewhere")
def test_a_pipe_in_place_of_a_file_is_not_waited_for(place: Place) -> None:
    (place.site / "frob/data.txt").unlink()
    os.mkfifo(place.site / "frob/data.txt")
    assert found(place) == {"frob/data.txt": "it could not be read: not a regular file"}


def test_a_link_is_what_it_leads_to(place: Place, tmp_path: Path) -> None:
    """uv can install by links into its cache."""
    data = place.site / "frob/data.txt"
    (tmp_path / "cached").write_text("1\n")
    data.unlink()
    data.symlink_to(tmp_path / "cached")
    assert found(place) == {}
    (tmp_path / "cached").write_text("2\n")
    assert list(found(place)) == ["frob/data.txt"]


def test_metadata_of_somebody_else_is_a_difference(place: Place) -> None:
    metadata = place.site / "frob-1.0.dist-info/METADATA"
    metadata.write_text(metadata.read_text().replace("1.0", "1.1"))
    what = found(place)
    assert what["frob-1.0.dist-info"].startswith("its METADATA says frob 1.1")
    assert "frob-1.0.dist-info/METADATA" in what


def test_without_a_record_nothing_is_known(place: Place) -> None:
    (place.site / "frob-1.0.dist-info/RECORD").unlink()
    several = altered(place.read()["frob"], place.folders)
    assert isinstance(several, Unknown)


def test_a_line_that_is_none_is_told(place: Place) -> None:
    with (place.site / "frob-1.0.dist-info/RECORD").open("a") as stream:
        stream.write("frob/a.py,a,b,c,d\n")
    several = altered(place.read()["frob"], place.folders)
    assert isinstance(several, tuple)
    assert [type(each) for each in several] == [Altered]


def test_a_file_of_terabytes_that_takes_no_room_holds_nobody_up(place: Place) -> None:
    with (place.site / "frob/data.txt").open("r+b") as stream:
        try:
            stream.truncate(1 << 42)
        except OSError:
            pytest.skip("no file can be so long here")
    assert found(place)["frob/data.txt"].startswith("it could not be read: longer than ")
