"""`guard download`: what was admitted is copied out, whole."""

from __future__ import annotations

import hashlib

import pytest

from tests.e2e.guarded import LONG_AGO, Environment, Guard, ago, at, to, tree, untouched
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel

FROB = a_wheel("frob", "1.0", requires=["dep"])
DEP = a_wheel("dep", "1.0")


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    index.add(FROB, uploaded=LONG_AGO)
    index.add(DEP, uploaded=LONG_AGO)
    return index


def test_the_files_land_whole(either: Environment, guard: Guard, index: LoopbackIndex) -> None:
    either.holds(DEP)
    with untouched(either):
        ran = guard("download", "frob", "-d", "wheels/new", *to(either), *at(index))
    assert ran.code == 0, ran.said
    assert ran.out == ""
    assert ": admitted; saved in wheels/new" in ran.err
    got = {path.name: path for path in (guard.work / "wheels" / "new").iterdir()}
    assert got.keys() == {FROB.filename, DEP.filename}
    for wheel in (FROB, DEP):
        assert hashlib.sha256(got[wheel.filename].read_bytes()).hexdigest() == wheel.sha256
        assert got[wheel.filename].stat().st_mode & 0o777 == 0o644


def test_a_file_that_is_there_is_replaced_in_one_step(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    held = guard.work / DEP.filename
    held.write_bytes(b"half a download")
    with held.open("rb") as reader:
        ran = guard("download", "dep", *to(target), *at(index))
        assert ran.code == 0, ran.said
        assert reader.read() == b"half a download"  # whoever reads the old one still has it whole
    assert held.read_bytes() == DEP.content
    assert [path.name for path in guard.work.iterdir()] == [DEP.filename]


def test_nothing_is_copied_of_a_plan_that_is_denied(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.add(DEP, uploaded=ago(days=1))
    before = tree(guard.work)
    ran = guard("download", "frob", *to(target), *at(index))
    assert ran.code == 77, ran.said
    assert tree(guard.work) == before
