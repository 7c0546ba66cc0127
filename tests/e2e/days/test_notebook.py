"""A notebook: what its cells install, in the environment of its kernel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.days import shop
from tests.e2e.days.day import Day, day, evening, settings
from tests.e2e.guarded import Environment, Guard, Ran, cloned, with_its_own_pip
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel

_KERNEL = """\
# Runs cells as IPython does: `%pip` is the pip of this interpreter, `!` is a shell's line.
import subprocess
import sys


def run(cell):
    if cell.startswith("%pip "):
        return subprocess.call([sys.executable, "-m", "pip", *cell.split()[1:]])
    if cell.startswith("!"):
        return subprocess.call(["/bin/sh", "-c", cell[1:]])
    exec(cell, {})
    return 0


if __name__ == "__main__":
    sys.exit(next((code for code in map(run, sys.argv[1:]) if code), 0))
"""
KERNEL = a_wheel("kernel", "1.0", files={"kernel.py": _KERNEL}, requires=["dep"])


@pytest.fixture(scope="module")
def outer() -> Iterator[LoopbackIndex]:
    with LoopbackIndex() as index:
        shop.stock(index, *shop.OLD, KERNEL)
        yield index


@pytest.fixture(scope="module")
def desk(
    tmp_path_factory: pytest.TempPathFactory, outer: LoopbackIndex, pip_template: Path
) -> Guard:
    folder = tmp_path_factory.mktemp("notebook")
    here = evening(folder, settings(folder, outer, PIP_CONFIG_FILE=""))
    environment = Environment(cloned(pip_template, here.work / ".venv"))
    with_its_own_pip(pip_template, environment)
    ran = Day.bare(here, "pip", "install", "kernel")
    assert ran.code == 0, ran.said
    shop.stock(outer, *shop.NEWER)
    return here


@pytest.fixture
def notebook(desk: Guard, outer: LoopbackIndex) -> Iterator[Day]:
    with day(desk, outer, fresh=shop.FRESH) as today:
        yield today


def adopt(notebook: Day, *words: str) -> None:
    ran = notebook.wrapped("shell", "adopt", ".venv", *words)
    assert ran.code == 0, ran.said


def cells(notebook: Day, *lines: str, side: str = "wrapped", path: str = "") -> Ran:
    """Run cells in the kernel, which was started with `path` in front of its own."""
    with notebook.turn(side) as here, notebook.morning(side):
        kernel = str(here.work / ".venv" / "bin" / "python")
        before = here.environment()["PATH"]
        return notebook.bare(here, kernel, "-m", "kernel", *lines, PATH=f"{path}{before}")


def test_its_cells_install_into_the_kernel_s_environment(notebook: Day) -> None:
    lines = (
        "%pip install -q frob",
        "import frob; print(frob.__version__)",
        "!pip install 'tidy<1'",
        "!pip uninstall -y -q frob",
        "%pip install --upgrade dep",
        "%pip list",
    )
    adopt(notebook)
    wrapped, bare = cells(notebook, *lines), cells(notebook, *lines, side="bare")
    adopt(notebook, "--undo")
    assert (wrapped.code, bare.code) == (0, 0), wrapped.said + bare.said
    assert wrapped.out.splitlines()[-4:] == bare.out.splitlines()[-4:]
    notebook.assert_same()


@pytest.mark.parametrize("cell", ["%pip install frob==2.0", "!pip install tidy==2.0"])
def test_what_is_too_fresh_is_denied(notebook: Day, cell: str) -> None:
    adopt(notebook)
    before = notebook.state("wrapped")
    ran = cells(notebook, cell)
    assert ran.code == 77, ran.said
    assert "denied[fresh-upload]: uploaded 1 day ago" in ran.said
    assert notebook.state("wrapped") == before


def test_what_is_denied_for_what_is_inside(notebook: Day) -> None:
    adopt(notebook)
    before = notebook.state("wrapped")
    with notebook.listed(shop.MARKED):
        ran = cells(notebook, "%pip install speed==1.1")
    assert (ran.code, "denied[startup-hook]" in ran.said) == (77, True), ran.said
    assert notebook.state("wrapped") == before


def test_a_shell_s_line_goes_by_the_path_of_the_kernel(notebook: Day) -> None:
    """Where the kernel was started by a shell with the shims, and no environment in front."""
    folder = notebook.wrapped("shell", "install", "--no-rc").out.strip()
    ran = cells(notebook, "!pip install tidy==2.0", path=f"{folder}:")
    assert (ran.code, "denied[fresh-upload]" in ran.said) == (77, True), ran.said
    ran = cells(notebook, "!pip install tidy", path=f"{folder}:")
    assert ran.code == 0, ran.said
    assert cells(notebook, "!pip install tidy", side="bare").code == 0
    notebook.assert_same()


def test_uv_installs_into_the_active_environment(notebook: Day) -> None:
    notebook.settings["VIRTUAL_ENV"] = str(notebook.folder / "here" / "work" / ".venv")
    notebook.both("uv", "pip", "install", "frob[fast]")
    notebook.both("uv", "pip", "install", "-P", "dep", "dep")
    ran = notebook.denied("uv", "pip", "install", "tidy==2.0")
    assert "denied[fresh-upload]" in ran.said
