"""A layout of pip-tools: `.in` files that are compiled, and an environment that is synced."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import uv

from tests.e2e.days import shop
from tests.e2e.days.day import Day, day, evening, settings
from tests.e2e.guarded import TIMEOUT, Environment, Guard, Ran, cloned, with_its_own_pip
from tests.fakes import LoopbackIndex

_SYNC = """\
# Installs as pip-sync does: with the pip of its own interpreter, from a temporary file.
import subprocess, sys, tempfile

with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
    file.write(open(sys.argv[1]).read())
    file.flush()
    words = ["install", "-q", "-r", file.name]
    sys.exit(subprocess.call([sys.executable, "-m", "pip", *words]))
"""
BASE, DEV = ("requirements.in", "-o", "requirements.txt"), ("dev.in", "-o", "dev.txt")


@pytest.fixture(scope="module")
def outer() -> Iterator[LoopbackIndex]:
    with LoopbackIndex() as index:
        shop.stock(index, *shop.OLD)
        yield index


@pytest.fixture(scope="module")
def desk(
    tmp_path_factory: pytest.TempPathFactory, outer: LoopbackIndex, pip_template: Path
) -> Guard:
    folder = tmp_path_factory.mktemp("pip-tools")
    here = evening(folder, settings(folder, outer, PIP_CONFIG_FILE=""))
    (here.work / "requirements.in").write_text("frob\n")
    (here.work / "dev.in").write_text("-c requirements.txt\nprobe  # to look into it\ntidy<1\n")
    (here.work / "sync.py").write_text(_SYNC)
    environment = Environment(cloned(pip_template, here.work / ".venv"))
    with_its_own_pip(pip_template, environment)
    for words in (("compile", *BASE), ("compile", *DEV), ("sync", "requirements.txt")):
        ran = Day.bare(here, "uv", "pip", *words)
        assert ran.code == 0, ran.said
    shop.stock(outer, *shop.NEWER)
    return here


@pytest.fixture
def layout(desk: Guard, outer: LoopbackIndex) -> Iterator[Day]:
    with day(desk, outer, fresh=shop.FRESH) as today:
        yield today


def test_it_is_compiled_and_synced(layout: Day) -> None:
    layout.both("uv", "pip", "compile", "-q", *BASE)
    assert "frob==1.0" in layout.text("requirements.txt")
    layout.both("uv", "pip", "compile", "-q", *DEV, "--generate-hashes", "--no-annotate")
    layout.both("uv", "pip", "sync", "requirements.txt", "dev.txt")


def test_one_is_upgraded_then_all(layout: Day) -> None:
    layout.both("uv", "pip", "compile", "-q", *BASE, "--upgrade-package", "dep")
    text = layout.text("requirements.txt")
    assert ("dep==1.1" in text, "frob==1.0" in text) == (True, True)
    layout.both("uv", "pip", "compile", "-q", *BASE, "--upgrade")
    layout.both("uv", "pip", "sync", "requirements.txt")
    assert "frob==1.1" in layout.text("requirements.txt")


def test_something_is_added_and_removed(layout: Day) -> None:
    layout.write("requirements.in", "speed\ntidy\n")
    layout.both("uv", "pip", "compile", "-q", *BASE)
    layout.both("uv", "pip", "sync", "requirements.txt")
    assert "frob" not in layout.text("requirements.txt")


def test_what_is_too_fresh_is_denied(layout: Day) -> None:
    layout.write("requirements.in", "frob>=2\n")
    ran = layout.denied("uv", "pip", "compile", *BASE)
    assert "frob 2.0 (fresh-upload: uploaded" in ran.err
    layout.write("requirements.txt", "frob==2.0\n")
    ran = layout.denied("uv", "pip", "sync", "requirements.txt")
    assert "denied[fresh-upload]" in ran.said


def adopted(layout: Day) -> None:
    ran = layout.wrapped("shell", "adopt", ".venv")
    assert ran.code == 0, ran.said


def run(layout: Day, *words: str, side: str = "wrapped", **settings: str) -> Ran:
    """Run a program of the environment, as it is."""
    with layout.turn(side) as here, layout.morning(side):
        return layout.bare(here, *words, **settings)


def test_its_own_way_to_sync_is_judged_in_an_adopted_environment(layout: Day) -> None:
    adopted(layout)
    layout.write("requirements.txt", "frob==1.1\ndep==1.1\n")
    for side in ("bare", "wrapped"):
        ran = run(layout, "python", "sync.py", "requirements.txt", side=side)
        assert ran.code == 0, ran.said
    layout.write("requirements.txt", "frob==2.0\ndep==1.1\n")
    before = layout.state("wrapped")
    ran = run(layout, "python", "sync.py", "requirements.txt")
    assert (ran.code, "denied[fresh-upload]" in ran.said) == (77, True), ran.said
    assert layout.state("wrapped") == before
    assert layout.wrapped("shell", "adopt", ".venv", "--undo").code == 0
    layout.assert_same()


@pytest.mark.online
def test_the_real_pip_sync_is_judged_in_an_adopted_environment(layout: Day) -> None:
    with layout.turn("wrapped") as here:
        python = str(here.work / ".venv" / "bin" / "python")
        command = [uv.find_uv_bin(), "pip", "install", "-q", "--python", python, "pip-tools"]
        # The index of the machine: everything else here has a loopback one.
        subprocess.run(command, check=True, timeout=TIMEOUT, env=dict(os.environ))
    adopted(layout)
    layout.write("requirements.txt", "frob==1.1\ndep==1.1\n")
    synced = run(layout, "pip-sync", "requirements.txt")
    assert (synced.code, "admitted; installed" in synced.said) == (0, True), synced.said
    layout.write("requirements.txt", "frob==2.0\ndep==1.1\n")
    before = layout.state("wrapped")
    denied = run(layout, "pip-sync", "requirements.txt")
    assert (denied.code, "denied[fresh-upload]" in denied.said) == (1, True), denied.said
    assert layout.state("wrapped") == before
