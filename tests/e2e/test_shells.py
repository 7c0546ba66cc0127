"""Real shells: the block is installed, a new shell is opened, and every way in is the guard's."""

from __future__ import annotations

import shutil
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import uv

from guard.shell import shims
from tests.e2e.guarded import LONG_AGO, Environment, Guard, ago, cloned, tree, with_its_own_pip
from tests.e2e.terminal import Terminal, terminal
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="these are shells of POSIX systems"),
    pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux here"),
]

DENIED = "denied[fresh-upload]"
STARTUP = {"bash": ".bashrc", "zsh": ".zshrc", "fish": "config/fish/config.fish"}


class Desk:
    """A user with a shell, a fresh virtual environment and a Makefile."""

    def __init__(self, shell: str, guard: Guard, environment: Environment, url: str) -> None:
        self.shell = shell
        self.guard = guard
        self.environment = environment
        self.settings = {
            "PIP_INDEX_URL": url,
            "UV_DEFAULT_INDEX": url,
            "UV_PYTHON": sys.executable,
            "SHELL": shell,
            "PATH": f"{guard.folder / 'tools'}:/usr/bin:/bin",
        }

    @property
    def home(self) -> Path:
        return self.guard.folder / "home"

    def open(self) -> AbstractContextManager[Terminal]:
        variables = self.guard.environment(**self.settings)
        return terminal(self.shell, self.guard.work, variables)

    def guarded(self, *words: str) -> None:
        ran = self.guard("shell", *words, **self.settings)
        assert ran.code == 0, ran.said

    @property
    def startup(self) -> Path:
        return self.home / STARTUP[Path(self.shell).name]

    def activate(self, environment: Path | None = None) -> str:
        suffix = ".fish" if self.shell.endswith("fish") else ""
        return f". {environment or self.environment.path}/bin/activate{suffix}"


@pytest.fixture(params=["bash", "zsh", "fish"])
def desk(
    request: pytest.FixtureRequest,
    guard: Guard,
    pip_template: Path,
    index: LoopbackIndex,
) -> Desk:
    shell = shutil.which(request.param)
    if shell is None:
        pytest.skip(f"there is no {request.param} here")
    index.add(a_wheel("six", "1.16.0"), uploaded=LONG_AGO)
    index.add(a_wheel("six", "1.17.0"), uploaded=ago(minutes=30))
    environment = Environment(cloned(pip_template, guard.folder / "venv"), installer="pip")
    with_its_own_pip(pip_template, environment)
    desk = Desk(shell, guard, environment, index.url)
    desk.startup.parent.mkdir(parents=True)
    desk.startup.write_bytes(b"set -g fish_greeting ''" if request.param == "fish" else b"PS1='> '")
    # Without this folder fish begins by reading every manual page of the machine.
    (desk.home / "data" / "fish" / "generated_completions").mkdir(parents=True)
    tools = guard.folder / "tools"
    tools.mkdir()
    shims.write_program(tools / "uvx", b"#!/bin/sh\necho the real uvx\n", mode=0o755)
    (guard.work / "Makefile").write_text(
        "deps:\n\tpip install six==1.17.0\nsaid:\n\tuvx say --version\nnew:\n\tuvx say@2.0\n"
    )
    return desk


def test_every_way_in_is_the_guard_s(desk: Desk) -> None:
    desk.guarded("install")
    with desk.open() as shell:
        assert shell.type(desk.activate()).code == 0
        for words in ("pip", "pip3", "python -m pip", "python3 -Im pip"):
            denied = shell.type(f"{words} install six==1.17.0")
            assert (denied.code, DENIED in denied.said) == (77, True), denied.said
        assert desk.environment.installed() == {}
        admitted = shell.type("pip install six")
        assert admitted.code == 0, admitted.said
        assert desk.environment.installed() == {"six": "1.16.0"}
        listed = shell.type("pip list")
        assert (listed.code, "1.16.0" in listed.said) == (0, True), listed.said
        plain = shell.type("python -c 'import sys; sys.exit(7)'")
        assert plain.code == 7


def test_a_makefile_goes_through_the_guard(desk: Desk) -> None:
    desk.guarded("install")
    bin_ = desk.environment.path / "bin"
    (desk.guard.folder / "tools" / "pip").symlink_to(bin_ / "pip")
    with desk.open() as shell:
        made = shell.type("make deps")
        assert (made.code, DENIED in made.said) == (2, True), made.said
    desk.guarded("adopt", str(desk.environment.path))
    with desk.open() as shell:
        shell.type(desk.activate())
        made = shell.type("make deps")
        assert (made.code, DENIED in made.said) == (2, True), made.said
    assert desk.environment.installed() == {}


def test_a_tool_is_fetched_judged_and_run(desk: Desk, index: LoopbackIndex) -> None:
    main = {"console_scripts": {"say": "say:main"}}
    for version, age in {"1.0": LONG_AGO, "2.0": ago(minutes=30)}.items():
        files = {"say.py": f"def main():\n    print('say {version}')\n"}
        index.add(a_wheel("say", version, files=files, entry_points=main), uploaded=age)
    (desk.guard.folder / "tools" / "uv").symlink_to(uv.find_uv_bin())
    desk.guarded("install")
    with desk.open() as shell:
        for line in ("uvx say --version", "sh -c 'uvx say --version'", "make -s said"):
            said = shell.type(line)
            assert (said.code, said.said.splitlines()[-1:]) == (0, ["say 1.0"]), said.said
        for line, code in {"uvx say@2.0": 77, "make -s new": 2}.items():
            denied = shell.type(line)
            assert (denied.code, "fresh-upload" in denied.said) == (code, True), denied.said


def test_from_the_day_it_is_installed_to_the_day_it_goes(desk: Desk) -> None:
    before = desk.startup.read_bytes()
    desk.guarded("install")
    assert desk.startup.read_bytes().startswith(before)
    fresh = desk.guard.work / "fresh"
    with desk.open() as shell:
        made = shell.type(f"{sys.executable} -m venv {fresh}")
        assert made.code == 0, made.said
        assert shell.type(desk.activate(fresh)).code == 0
        for words in ("pip", "python -m pip"):
            denied = shell.type(f"{words} install six==1.17.0")
            assert (denied.code, DENIED in denied.said) == (77, True), denied.said
        assert Environment(fresh).installed() == {}
    desk.guarded("uninstall")
    assert desk.startup.read_bytes() == before
    with desk.open() as shell:
        assert shell.type(desk.activate(fresh)).code == 0
        past = shell.type("python -m pip install -q --disable-pip-version-check six==1.17.0")
        assert past.code == 0, past.said
    assert Environment(fresh).installed() == {"six": "1.17.0"}


def test_a_shim_without_its_guard_blocks(desk: Desk) -> None:
    desk.guarded("install")
    shim = desk.guard.state / "shims" / "uvx"
    shims.write_program(shim, shim.read_bytes().replace(sys.executable.encode(), b"/gone/python"))
    with desk.open() as shell:
        for line in ("uvx --version", "sh -c 'uvx --version'"):
            blocked = shell.type(line)
            assert blocked.code == 70, blocked.said
            assert "the real uvx" not in blocked.said
        shim.unlink()
        assert "the real uvx" not in shell.type("uvx --version").said


def test_one_command_can_be_let_past(desk: Desk) -> None:
    desk.guarded("install")
    with desk.open() as shell:
        shell.type(desk.activate())
        line = "env GUARD_BYPASS='it is mine' pip install -q six==1.17.0"
        past = shell.type(line.replace(" pip", f" {desk.guard.state / 'shims' / 'pip'}"))
        assert past.code == 0, past.said
    assert desk.environment.installed() == {"six": "1.17.0"}
    assert "it is mine" in (desk.guard.state / "journal.jsonl").read_text()


def test_uninstalled_the_home_is_as_it_was(desk: Desk) -> None:
    before = tree(desk.home)
    desk.guarded("install")
    assert tree(desk.home) != before
    desk.guarded("uninstall")
    assert tree(desk.home) == before
    with desk.open() as shell:
        assert shell.type("uvx").said == "the real uvx\n"
