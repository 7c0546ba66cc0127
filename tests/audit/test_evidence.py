"""Which file was installed, and whether that one was let in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from guard.approval import Approvals
from guard.audit.evidence import Admissions, Approved, Bundled, Evidence, Quarantined
from guard.model import Absent, Unknown
from guard.quarantine import Quarantine
from tests.audit.places import Place, a_place
from tests.builders import NOW
from tests.policy.approving import an_approval
from tests.wheels import Artifact, a_wheel

FROB = a_wheel(
    "frob",
    "1.0",
    files={"Frob/__init__.py": "ok = True\n"},
    data={"scripts/frob": "#!python\n", "data/share/frob.txt": "1", "purelib/frob_too.py": ""},
)
OTHER = a_wheel("frob", "1.0", files={"Frob/__init__.py": "ok = None\n"})


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return a_place(tmp_path)


@pytest.fixture
def quarantine(tmp_path: Path) -> Quarantine:
    return Quarantine(tmp_path / "quarantine")


def approved(wheel: Artifact, expires: str | None = None) -> Admissions:
    entry = an_approval(wheel.name, wheel.version, sha256=wheel.sha256, expires=expires)
    return Approved(Approvals((entry,)), NOW)


def arrives(quarantine: Quarantine, wheel: Artifact) -> None:
    quarantine.receive(wheel.filename, [wheel.content], limit=1 << 20)


def evidence(quarantine: Quarantine, *admissions: Admissions) -> Evidence:
    at_hand = Quarantined(quarantine)
    return Evidence(admissions=admissions, quarantine=quarantine, at_hand=at_hand)


def installs(place: Place, wheel: Artifact) -> None:
    """As pip and uv do it: `.data` is moved to its place, and scripts are rewritten."""
    info = place.installs(wheel)
    data = place.site / "frob-1.0.data"
    if not data.is_dir():
        return
    (data / "purelib/frob_too.py").rename(place.site / "frob_too.py")
    (place.root / "bin/frob").write_text("#!/usr/bin/python3\n")
    record = (info / "RECORD").read_text().replace("frob-1.0.data/purelib/", "")
    lines = [line for line in record.splitlines() if ".data/" not in line]
    lines += ["../../../bin/frob,sha256=rewritten,1", "Frob/__pycache__/__init__.cpython-311.pyc,,"]
    (info / "RECORD").write_text("\n".join(lines) + "\n")


def test_an_approved_file_that_is_at_hand_is_recognized(
    place: Place, quarantine: Quarantine
) -> None:
    installs(place, FROB)
    arrives(quarantine, FROB)
    wheel, admitted = evidence(quarantine, approved(FROB)).of(place.read()["frob"])
    assert wheel == (FROB.filename, FROB.sha256)
    assert admitted == FROB.filename


def test_what_lies_in_quarantine_says_what_it_is_but_not_that_it_was_let_in(
    place: Place, quarantine: Quarantine
) -> None:
    installs(place, FROB)
    arrives(quarantine, FROB)
    wheel, admitted = evidence(quarantine).of(place.read()["frob"])
    assert wheel == (FROB.filename, FROB.sha256)
    assert admitted == Absent("no file of frob 1.0 was ever let in")


def test_another_file_of_the_same_release_is_not_the_one_that_was_let_in(
    place: Place, quarantine: Quarantine
) -> None:
    installs(place, OTHER)
    arrives(quarantine, FROB)
    wheel, admitted = evidence(quarantine, approved(FROB)).of(place.read()["frob"])
    assert isinstance(wheel, Unknown)
    assert isinstance(admitted, Absent)
    assert admitted.reason == f"its RECORD is not that of {FROB.filename}, which was let in"


def test_without_the_bytes_nobody_can_tell(place: Place, quarantine: Quarantine) -> None:
    installs(place, OTHER)
    _, admitted = evidence(quarantine, approved(FROB)).of(place.read()["frob"])
    assert isinstance(admitted, Unknown)


def test_an_approval_that_is_over_lets_nothing_in(place: Place, quarantine: Quarantine) -> None:
    installs(place, FROB)
    arrives(quarantine, FROB)
    expired = approved(FROB, expires="2026-03-31")
    _, admitted = evidence(quarantine, expired).of(place.read()["frob"])
    assert isinstance(admitted, Absent)


@pytest.mark.parametrize(
    "line",
    [
        "Frob/more.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0",
        "frob.pth,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0",
    ],
)
def test_a_line_more_in_record_is_another_file(
    place: Place, quarantine: Quarantine, line: str
) -> None:
    installs(place, FROB)
    arrives(quarantine, FROB)
    with (place.site / "frob-1.0.dist-info/RECORD").open("a") as stream:
        stream.write(f"{line}\n")
    _, admitted = evidence(quarantine, approved(FROB)).of(place.read()["frob"])
    assert isinstance(admitted, Absent)


def test_a_line_less_in_record_is_another_file(place: Place, quarantine: Quarantine) -> None:
    installs(place, FROB)
    arrives(quarantine, FROB)
    record = place.site / "frob-1.0.dist-info/RECORD"
    lines = record.read_text().splitlines(keepends=True)
    record.write_text("".join(line for line in lines if "frob_too" not in line))
    _, admitted = evidence(quarantine, approved(FROB)).of(place.read()["frob"])
    assert isinstance(admitted, Absent)


def test_an_editable_install_was_judged_by_nobody(
    place: Place, quarantine: Quarantine, tmp_path: Path
) -> None:
    (tmp_path / "setup.py").touch()
    direct = {"url": tmp_path.as_uri(), "dir_info": {"editable": True}}
    place.installs(FROB, direct_url=direct)
    arrives(quarantine, FROB)
    _, admitted = evidence(quarantine, approved(FROB)).of(place.read()["frob"])
    assert isinstance(admitted, Absent)
    assert f"editable install of {tmp_path.as_uri()}" in admitted.reason


def test_without_a_record_there_is_nothing_to_compare(place: Place, quarantine: Quarantine) -> None:
    installs(place, FROB)
    arrives(quarantine, FROB)
    unlisted = replace(place.read()["frob"], record=Unknown("there is no RECORD"))
    wheel, admitted = evidence(quarantine, approved(FROB)).of(unlisted)
    assert isinstance(wheel, Unknown)
    assert isinstance(admitted, Unknown)


def test_a_wheel_that_is_none_is_nobodys_twin(place: Place, quarantine: Quarantine) -> None:
    installs(place, FROB)
    broken = replace(FROB, content=b"no archive")
    arrives(quarantine, broken)
    _, admitted = evidence(quarantine, approved(broken)).of(place.read()["frob"])
    assert isinstance(admitted, Absent)


def test_quarantine_knows_releases_by_their_normal_name(quarantine: Quarantine) -> None:
    wheel = a_wheel("Frob.Nicate", "1.0.0")
    arrives(quarantine, wheel)
    arrives(quarantine, a_wheel("frob-nicate", "2.0"))
    found = Quarantined(quarantine).of(canonicalize_name("Frob.Nicate"), Version("1.0"))
    assert found == ((wheel.filename, wheel.sha256),)


def test_what_ensurepip_installed_is_the_environments_own(
    place: Place, quarantine: Quarantine, tmp_path: Path
) -> None:
    installs(place, FROB)
    folder = tmp_path / "lib/ensurepip/_bundled"
    folder.mkdir(parents=True)
    bundled = Bundled((tmp_path / "none", folder), place.root)
    asked = replace(evidence(quarantine), bundled=bundled)
    assert isinstance(asked.of(place.read()["frob"])[1], Absent)
    (folder / FROB.filename).write_bytes(OTHER.content)
    assert isinstance(asked.of(place.read()["frob"])[1], Absent)
    (folder / FROB.filename).write_bytes(FROB.content)
    assert asked.of(place.read()["frob"])[1] == FROB.filename


def test_what_lies_in_the_environment_does_not_vouch_for_it(
    place: Place, quarantine: Quarantine
) -> None:
    installs(place, FROB)
    (place.site / FROB.filename).write_bytes(FROB.content)
    asked = replace(evidence(quarantine), bundled=Bundled((place.site,), place.root))
    assert isinstance(asked.of(place.read()["frob"])[1], Absent)
