"""The ways by which a wheel gets to run where nobody asked for it, each with the real tools.

The first half of each test shows that the way is open: pip and uv install the sample, and its
marker appears once the environment is used. The second half shows that it is shut behind the guard.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
import uv

from tests.e2e.guarded import (
    LONG_AGO,
    TIMEOUT,
    Environment,
    Guard,
    Ran,
    assert_paragraph,
    cloned,
    scrubbed,
    tree,
    untouched,
)
from tests.fakes import LoopbackIndex
from tests.wheels import Artifact, a_module_payload, a_startup_payload, a_wheel

SITE: Final = f"lib/python3.{sys.version_info.minor}/site-packages"
STARTS: Final = sys.version_info >= (3, 15)
"""PEP-829: from then on `.start` files are run. They are installed by every Python."""

HOOK, FILE, COMMAND = "startup-hook", "foreign-file", "shadowing-command"
SIX: Final = a_wheel("six", "1.17.0")
START: Final = ("bin/python", "-c", "")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="laid out as on a POSIX system")


@dataclass(frozen=True, kw_only=True)
class Way:
    """What a wheel holds, and what somebody does later that runs it."""

    name: str
    rules: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    """Path and content; `CODE`, `SHELL` and `PTH` write the marker."""

    data: Mapping[str, str] = field(default_factory=dict)
    command: str | None = None
    use: tuple[str, ...] = START
    """A command line, below the environment."""

    runs: bool = True
    """Whether this Python runs it at all."""

    refused_by: str | None = None
    """The tool that does not install it."""

    def wheel(self, marker: Path) -> Artifact:
        """The sample: all that it does is to write `marker`."""
        (module,) = a_module_payload(marker).values()
        (line,) = a_startup_payload(marker).values()
        bodies = {"CODE": module, "PTH": line, "SHELL": f"#!/bin/sh\necho ran > '{marker}'\n"}
        points = {"console_scripts": {self.command: "evil_main:main"}} if self.command else {}
        return a_wheel(
            "evil",
            "1.0",
            files={
                "evil_main.py": f"{module}def main(): pass\n" if self.command else "",
                **{path: bodies.get(body, body) for path, body in self.files.items()},
            },
            data={path: bodies.get(body, body) for path, body in self.data.items()},
            entry_points=points,
        )


WAYS: Final = (
    Way(name="pth", rules=(HOOK,), files={"evil.pth": "PTH"}),
    Way(name="pth in purelib", rules=(HOOK,), data={"purelib/evil.pth": "PTH"}),
    Way(name="pth in platlib", rules=(HOOK,), data={"platlib/evil.pth": "PTH"}),
    Way(name="pth in data", rules=(HOOK,), data={f"data/{SITE}/evil.pth": "PTH"}),
    Way(
        name="start", rules=(HOOK,), files={"evil.start": "ev:run\n", "ev.py": "CODE"}, runs=STARTS
    ),
    Way(name="sitecustomize", rules=(HOOK,), files={"sitecustomize.py": "CODE"}),
    Way(name="sitecustomize package", rules=(HOOK,), files={"sitecustomize/__init__.py": "CODE"}),
    Way(name="usercustomize", rules=(HOOK,), data={f"data/{SITE}/usercustomize.py": "CODE"}),
    Way(
        name="over pip",
        rules=(FILE,),
        files={"pip/__init__.py": "CODE"},
        use=("bin/python", "-m", "pip", "--version"),
    ),
    Way(
        name="over an installed module",
        rules=(FILE,),
        data={"platlib/six.py": "CODE"},
        use=("bin/python", "-c", "import six"),
    ),
    Way(
        name="before an installed module",
        rules=(FILE,),
        files={"six/__init__.py": "CODE"},
        use=("bin/python", "-c", "import six"),
    ),
    Way(name="command pip", rules=(COMMAND, FILE), command="pip", use=("bin/pip", "--version")),
    Way(
        name="command python",
        rules=(COMMAND, FILE),
        command="python",
        use=("bin/python3", "bin/python"),
        refused_by="uv",
    ),
    Way(
        name="script python3.99",
        rules=(COMMAND,),
        data={"scripts/python3.99": "SHELL"},
        use=("/bin/sh", "bin/python3.99"),
        refused_by="uv",
    ),
    Way(
        name="activate",
        rules=(COMMAND, FILE),
        data={"data/bin/activate": "SHELL"},
        use=("/bin/sh", "-c", ". bin/activate"),
    ),
)
every_way = pytest.mark.parametrize("way", [pytest.param(way, id=way.name) for way in WAYS])


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """What a payload writes, whenever it runs."""
    return tmp_path / "the-payload-ran"


@pytest.fixture(scope="session")
def copied_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment without links to the interpreter: whatever is written over, it is its own."""
    path = tmp_path_factory.mktemp("templates") / "copied"
    assert _run(sys.executable, "-m", "venv", "--copies", path) == 0
    return path


@pytest.fixture
def doomed(copied_template: Path, tmp_path: Path) -> Callable[[str], Environment]:
    """Makes environments to throw away, in which usercustomize is looked for too."""

    def made(installer: str) -> Environment:
        path = shutil.copytree(copied_template, tmp_path / f"doomed-{installer}", symlinks=True)
        configuration = path / "pyvenv.cfg"
        text = configuration.read_text()
        configuration.write_text(text.replace("packages = false", "packages = true"))
        environment = Environment(path, installer)
        environment.holds(SIX)
        return environment

    return made


@pytest.fixture(params=["uv"])
def ours(request: pytest.FixtureRequest, pip_template: Path, tmp_path: Path) -> Environment:
    """An environment that the guard watches over."""
    environment = Environment(cloned(pip_template, tmp_path / "ours"), request.param)
    environment.holds(SIX)
    return environment


def install(environment: Environment, wheel: Path) -> int:
    """Run the real installer, without the guard, and return its exit code."""
    commands: dict[str, list[str | Path]] = {
        # Not with the interpreter of the environment: a sample may take its place half-way.
        "pip": [sys.executable, "-m", "pip", "--python", environment.python, "install"],
        "uv": [uv.find_uv_bin(), "pip", "install", "--no-config", "--python", environment.python],
    }
    options: list[str | Path] = [
        "--no-index",
        "--no-deps",
        "--quiet",
        "--cache-dir",
        wheel.parent / "cache",
    ]
    return _run(*commands[environment.installer], *options, wheel)


def use(environment: Environment, words: Sequence[str]) -> None:
    """Do what somebody does with an environment, as far as it has what that takes."""
    if (environment.path / words[0]).exists():
        _run(environment.path / words[0], *words[1:], cwd=environment.path)


def _run(*words: str | Path, cwd: Path | None = None) -> int:
    settings = scrubbed(PYTHONDONTWRITEBYTECODE="1")
    command = [str(word) for word in words]
    return subprocess.run(
        command, cwd=cwd, check=False, capture_output=True, timeout=TIMEOUT, env=settings
    ).returncode


def denied_by(ran: Ran) -> set[str]:
    """The rules that deny."""
    return set(re.findall(r"^denied\[([\w-]+)\]", ran.said, re.MULTILINE))


@every_way
def test_a_way_that_is_open_without_the_guard_is_shut(
    way: Way,
    doomed: Callable[[str], Environment],
    ours: Environment,
    guard: Guard,
    index: LoopbackIndex,
    marker: Path,
    tmp_path: Path,
) -> None:
    wheel = way.wheel(marker)
    path = wheel.write_to(tmp_path)
    for environment in (doomed("pip"), doomed("uv")):
        if environment.installer == way.refused_by:
            assert install(environment, path) != 0
            continue
        assert install(environment, path) == 0
        assert not marker.exists()
        use(environment, way.use)
        assert marker.exists() == way.runs
        marker.unlink(missing_ok=True)

    index.add(wheel, uploaded=LONG_AGO)
    with untouched(ours):
        ran = guard.install("evil", into=ours, index=index)
        use(ours, way.use)
    assert_paragraph(ran, 77, "nothing was installed")
    assert denied_by(ran) == set(way.rules)
    assert not marker.exists()


@pytest.mark.parametrize("ours", ["uv", "pip"], indirect=True)
def test_a_wheel_that_writes_over_another_of_the_plan_is_shut_out(
    doomed: Callable[[str], Environment],
    ours: Environment,
    guard: Guard,
    index: LoopbackIndex,
    marker: Path,
    tmp_path: Path,
) -> None:
    victim = a_wheel("victim", "1.0")
    evil = a_wheel("evil", "1.0", requires=["victim"], files=a_module_payload(marker, "victim"))
    environment = doomed(ours.installer)
    for wheel in (victim, evil):
        assert install(environment, wheel.write_to(tmp_path)) == 0
        index.add(wheel, uploaded=LONG_AGO)
    use(environment, ("bin/python", "-c", "import victim"))
    assert marker.exists()
    marker.unlink()

    with untouched(ours):
        ran = guard.install("evil", into=ours, index=index)
    assert_paragraph(ran, 77, "'site-packages/victim.py', a file of victim 1.0")
    assert denied_by(ran) == {"foreign-file"}
    assert not marker.exists()


def test_a_wheel_that_reaches_into_a_folder_is_shut_out(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    for wheel in (SIX, a_wheel("evil", "1.0", files={"SIX/__init__.py": ""})):
        index.add(wheel, uploaded=LONG_AGO)
    assert guard.install("six", "--target", "vendored", into=target, index=index).code == 0
    before = tree(guard.work)
    ran = guard.install("evil", "--target", "vendored", into=target, index=index)
    assert_paragraph(ran, 77, "'site-packages/six.py', a file of six 1.17.0")
    assert tree(guard.work) == before


def test_where_nothing_is_installed_the_files_are_compared_with_each_other(
    guard: Guard, tmp_path: Path
) -> None:
    evil = a_wheel("evil", "1.0", files={"six.py": ""}).write_to(tmp_path)
    assert guard("check", evil).code == 0
    ran = guard("check", evil, SIX.write_to(tmp_path))
    assert_paragraph(ran, 77, "'site-packages/six.py', a file of six 1.17.0")
    assert denied_by(ran) == {"foreign-file"}
