"""A tree of requirements files, with pip and with uv: nested, constrained, and locked by hashes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.days import shop
from tests.e2e.days.day import Day, day, evening, settings
from tests.e2e.guarded import Environment, Guard, cloned, with_its_own_pip
from tests.fakes import LoopbackIndex

FILES = {
    "base.txt": "frob[fast]>=1\n-c constraints.txt\n",
    "constraints.txt": "dep<1.1\nunused==9\n",
    "dev.txt": "-r base.txt\n-r more/lint.txt\n",
    "more/lint.txt": "-c ../constraints.txt\ntidy ; python_version >= '3.11'\n",
}
LOCKED = (*shop.OLD[:3], shop.OLD[5])


def hashed(*, wrong: str = "") -> str:
    """A file with a hash for each."""
    digests = {each.name: "0" * 64 if each.name == wrong else each.sha256 for each in LOCKED}
    pins = (f"{a.name}=={a.version} \\\n    --hash=sha256:{digests[a.name]}\n" for a in LOCKED)
    return "".join(pins)


@pytest.fixture(scope="module")
def outer() -> Iterator[LoopbackIndex]:
    with LoopbackIndex() as index:
        shop.stock(index, *shop.OLD)
        yield index


@pytest.fixture(scope="module")
def desk(
    tmp_path_factory: pytest.TempPathFactory, outer: LoopbackIndex, pip_template: Path
) -> Guard:
    folder = tmp_path_factory.mktemp("requirements")
    here = evening(folder, settings(folder, outer))
    for name, text in FILES.items():
        (here.work / "requirements" / name).parent.mkdir(parents=True, exist_ok=True)
        (here.work / "requirements" / name).write_text(text)
    (here.work / "locked.txt").write_text(hashed())
    environment = Environment(cloned(pip_template, here.work / ".venv"))
    with_its_own_pip(pip_template, environment)
    ran = Day.bare(here, "pip", "install", "probe==1.0")
    assert ran.code == 0, ran.said
    shop.stock(outer, *shop.NEWER)
    return here


@pytest.fixture
def tree(desk: Guard, outer: LoopbackIndex) -> Iterator[Day]:
    with day(desk, outer, fresh=shop.FRESH) as today:
        yield today


def test_pip_installs_the_tree_and_upgrades(tree: Day) -> None:
    tree.both("pip", "install", "-r", "requirements/dev.txt")
    tree.write("requirements/constraints.txt", "frob<1.1\n")
    tree.both("pip", "install", "-r", "requirements/base.txt", "-U")


def test_pip_installs_hashes(tree: Day) -> None:
    tree.both("python", "-m", "pip", "install", "--require-hashes", "-r", "locked.txt")
    tree.both("pip", "uninstall", "-y", "frob", "tidy")
    for words in (("freeze",), ("show", "speed")):
        said = tree.both("pip", *words)
        assert said.bare.out == said.wrapped.out != ""


def test_pip_downloads(tree: Day) -> None:
    tree.both("pip", "download", "-q", "-d", "wheels", "-r", "requirements/base.txt")
    tree.both("pip", "wheel", "-q", "-w", "more", "--no-deps", "frob==1.0")


def test_pip_changes_one(tree: Day) -> None:
    tree.both("pip", "install", "frob==1.0", "-c", "requirements/constraints.txt")
    tree.both("pip", "install", "--upgrade", "frob")
    tree.both("pip", "install", "--no-deps", "--force-reinstall", "dep==1.0")


def test_uv_installs_the_tree_and_upgrades(tree: Day) -> None:
    tree.both("uv", "pip", "install", "-r", "requirements/dev.txt")
    tree.both("uv", "pip", "install", "-c", "requirements/constraints.txt", "-P", "dep", "dep")
    tree.both("uv", "pip", "install", "--upgrade", "-r", "requirements/base.txt")
    tree.both("uv", "pip", "uninstall", "tidy")


def test_uv_installs_and_syncs_hashes(tree: Day) -> None:
    tree.both("uv", "pip", "install", "--require-hashes", "-r", "locked.txt")
    tree.both("uv", "pip", "sync", "--require-hashes", "locked.txt")
    for words in (("list",), ("freeze",), ("tree",), ("check",)):
        said = tree.both("uv", "pip", *words)
        assert said.bare.out == said.wrapped.out


def test_uv_compiles_the_tree(tree: Day) -> None:
    words = ("uv", "pip", "compile", "-q", "requirements/dev.txt", "-o", "made.txt")
    tree.both(*words)
    tree.both(*words, "--generate-hashes", "-c", "requirements/constraints.txt")
    tree.both("uv", "pip", "sync", "made.txt")


@pytest.mark.parametrize("tool", ["pip", "uv pip"])
def test_a_wrong_hash_is_denied(tree: Day, tool: str) -> None:
    tree.write("locked.txt", hashed(wrong="frob"))
    ran = tree.denied(*tool.split(), "install", "--require-hashes", "-r", "locked.txt")
    assert "denied[hash-mismatch]" in ran.said


@pytest.mark.parametrize("tool", ["pip", "python -m pip", "uv pip"])
def test_what_is_too_fresh_is_denied(tree: Day, tool: str) -> None:
    tree.write("requirements/more/lint.txt", "tidy==2.0\n")
    ran = tree.denied(*tool.split(), "install", "-r", "requirements/dev.txt")
    assert "denied[fresh-upload]: uploaded 1 day ago" in ran.said


@pytest.mark.parametrize("tool", ["pip", "uv pip"])
def test_what_is_denied_for_what_is_inside(tree: Day, tool: str) -> None:
    tree.write("requirements/more/lint.txt", "speed>1.0\n")
    with tree.listed(shop.MARKED):
        ran = tree.denied(*tool.split(), "install", "-r", "requirements/dev.txt")
    assert "denied[startup-hook]" in ran.said
