"""`guard uv pip …`, compared with uv itself: the same environment, the same files, or a denial."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from guard.shell import shims
from tests.e2e.guarded import (
    LONG_AGO,
    TIMEOUT,
    Environment,
    Guard,
    Ran,
    ago,
    assert_paragraph,
    cloned,
    untouched,
)
from tests.fakes import LoopbackIndex
from tests.gateway.uv_projects import bare, beside, real_uv
from tests.wheels import a_wheel, an_sdist

FROB, DEP = a_wheel("frob", "1.0", requires=["dep>=1"]), a_wheel("dep", "1.0")
OTHER = a_wheel("other", "3.0")
YOUNG = a_wheel("frob", "2.0", requires=["dep>=1"])
CUT = ago(days=8).isoformat()


class Typed:
    """The same words for the guard and for uv itself, each with an environment of its own."""

    def __init__(self, guard: Guard, mine: Environment, its: Environment, url: str) -> None:
        self._guard = guard
        self.mine, self.its = mine, its
        self.work, self.other = guard.work, beside(guard)
        self.cache = guard.folder / "bare-cache"
        self._url = url

    def __call__(self, *words: str, **settings: str) -> Ran:
        own = {"UV_DEFAULT_INDEX": self._url, "VIRTUAL_ENV": str(self.mine.path)}
        return self._guard("uv", *words, **own | settings)

    def bare(self, *words: str, **settings: str) -> Ran:
        """uv itself, as it would be where nothing younger than the policy allows existed."""
        own = {"UV_DEFAULT_INDEX": self._url, "VIRTUAL_ENV": str(self.its.path)}
        own["UV_EXCLUDE_NEWER"] = CUT
        return bare(self._guard, self.other, words, **own | settings)

    def write(self, name: str, text: str) -> None:
        for folder in (self.work, self.other):
            (folder / name).write_text(text)


@pytest.fixture
def typed(
    guard: Guard, bare_template: Path, target: Environment, index: LoopbackIndex, tmp_path: Path
) -> Typed:
    for wheel in (FROB, DEP, OTHER):
        index.add(wheel, uploaded=LONG_AGO)
    index.add(YOUNG, uploaded=ago(minutes=30))
    its = Environment(cloned(bare_template, tmp_path / "its"))
    return Typed(guard, target, its, index.url)


@pytest.mark.parametrize(
    "line",
    [
        "install frob",
        "install -q -r wanted.txt -c held.txt",
        "install --no-deps frob",
        "install --reinstall-package frob frob --no-deps",
        "install --upgrade dep other",
        "install frob --dry-run",
        "--no-progress pip install --link-mode=copy frob==1.0",
    ],
)
def test_install_leaves_what_uv_leaves(typed: Typed, line: str) -> None:
    typed.write("wanted.txt", "frob>0.5\n")
    typed.write("held.txt", "dep<2\n")
    words = line.split() if " pip " in line else ["pip", *line.split()]
    for environment in (typed.mine, typed.its):
        environment.holds(a_wheel("dep", "0.9"))
    ran = typed(*words)
    if "--reinstall-package" in line:
        assert_paragraph(ran, 2, "`uv pip install --reinstall-package`")
        return
    assert ran.code == typed.bare(*words).code == 0, ran.said
    assert typed.mine.installed() == typed.its.installed()


@pytest.mark.parametrize("options", [[], ["--dry-run"], ["-q"]])
def test_a_denied_install_changes_nothing(typed: Typed, options: list[str]) -> None:
    with untouched(typed.mine):
        ran = typed("pip", "install", *options, "frob==2.0")
    assert_paragraph(ran, 77, "denied[fresh-upload]")


def test_what_is_installed_counts_as_it_does_for_uv(typed: Typed, index: LoopbackIndex) -> None:
    for environment in (typed.mine, typed.its):
        environment.holds(a_wheel("frob", "0.1"))
    before = len(index.requests)
    ran = typed("pip", "install", "frob")
    assert ran.code == 0, ran.said
    assert typed.mine.installed() == {"frob": "0.1"}
    assert not [s for s in index.requests[before:] if s.path.endswith(".whl")]


@pytest.mark.parametrize("words", [(".",), ("-e", ".")], ids=" ".join)
def test_a_folder_is_denied_as_nothing_is_built(typed: Typed, words: tuple[str, ...]) -> None:
    typed.write("pyproject.toml", '[project]\nname = "shop"\nversion = "1"\n')
    with untouched(typed.mine):
        ran = typed("pip", "install", *words)
    assert_paragraph(ran, 77, "denied[source-distribution]")


@pytest.mark.parametrize(
    "known", ["UV_PYTHON", "configured", "VIRTUAL_ENV", "CONDA_PREFIX", "--python"]
)
def test_the_environment_is_the_one_that_uv_takes(typed: Typed, known: str) -> None:
    folder = str(typed.its.path)
    options = ["--python", folder] if known == "--python" else []
    settings = {known: folder} if known.isupper() else {}
    if known == "CONDA_PREFIX":
        settings |= {"CONDA_DEFAULT_ENV": "work", "VIRTUAL_ENV": ""}
        (typed.work / ".venv").symlink_to(typed.mine.path)
    if known == "configured":
        (typed.work / "uv.toml").write_text(f'[pip]\npython = "{folder}"\n')
    with untouched(typed.mine):
        ran = typed("pip", "install", *options, "dep", **settings)
    assert ran.code == 0, ran.said
    assert typed.its.installed() == {"dep": "1.0"}


@pytest.mark.parametrize("require", [{"UV_REQUIRE_HASHES": "1"}, {}])
def test_hashes_are_demanded_where_uv_would(typed: Typed, require: dict[str, str]) -> None:
    option = [] if require else ["--require-hashes"]
    typed.write("wanted.txt", "dep==1.0\n")
    for command in (["install", "-r"], ["sync"]):
        with untouched(typed.mine):
            ran = typed("pip", *command, "wanted.txt", *option, **require)
        assert_paragraph(ran, 2, "hash")


def test_sync_makes_the_environment_exactly_that(typed: Typed) -> None:
    typed.write("wanted.txt", "frob==1.0  # and not what it requires\n")
    for environment in (typed.mine, typed.its):
        environment.holds(OTHER, a_wheel("frob", "0.5"))
    ran = typed("pip", "sync", "wanted.txt")
    assert ran.code == typed.bare("pip", "sync", "wanted.txt").code == 0, ran.said
    assert typed.mine.installed() == typed.its.installed() == {"frob": "1.0"}
    with untouched(typed.mine):
        again = typed("pip", "sync", "wanted.txt")
    assert again.code == 0, again.said
    assert "nothing to do" in again.err


def test_sync_of_several_files_and_of_a_lock(typed: Typed) -> None:
    typed.write("one.txt", "frob==1.0\n")
    typed.write("two.txt", "dep==1.0\nother==3.0 ; python_version < '3'\n")
    words = ("pip", "sync", "one.txt", "two.txt")
    assert typed(*words).code == typed.bare(*words).code == 0
    assert typed.mine.installed() == typed.its.installed() == {"frob": "1.0", "dep": "1.0"}
    lock = typed.bare("pip", "compile", "two.txt", "-o", "pylock.toml")
    assert lock.code == 0, lock.said
    (typed.work / "pylock.toml").write_bytes((typed.other / "pylock.toml").read_bytes())
    ran = typed("pip", "sync", "pylock.toml")
    assert ran.code == 0, ran.said
    assert typed.mine.installed() == {"dep": "1.0"}
    assert_paragraph(typed("pip", "sync", "pylock.toml", "one.txt"), 2, "installed alone")


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("frob==2.0\n", 77, "denied[fresh-upload]"),
        ("# nothing\n", 2, "everything would be removed"),
        ("absent==1.0\n", 1, "absent"),
        ("frob @ https://files.example.com/frob-1.0-py3-none-any.whl\n", 77, "denied["),
        (f"dep==1.0 --hash=sha256:{'0' * 64}\n", 77, "denied[hash-mismatch]"),
    ],
)
def test_a_sync_that_is_not_admitted_changes_nothing(
    typed: Typed, text: str, code: int, said: str
) -> None:
    typed.write("wanted.txt", text)
    typed.mine.holds(OTHER)
    with untouched(typed.mine):
        ran = typed("pip", "sync", "wanted.txt")
    assert_paragraph(ran, code, said)


def test_nothing_at_all_can_be_meant(typed: Typed) -> None:
    typed.write("wanted.txt", "# nothing\n")
    typed.mine.holds(OTHER)
    ran = typed("pip", "sync", "--allow-empty-requirements", "wanted.txt")
    assert ran.code == 0, ran.said
    assert typed.mine.installed() == {}


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--generate-hashes", "--no-header"],
        ["--universal", "--format", "pylock.toml"],
        ["--emit-index-url", "--annotation-style=line", "-c", "held.txt"],
    ],
    ids=" ".join,
)
def test_what_is_compiled_is_what_uv_writes(typed: Typed, options: list[str]) -> None:
    typed.write("wanted.in", "frob\nother\n")
    typed.write("held.txt", "dep<2\n")
    output = "pylock.toml" if "--format" in options else "requirements.txt"
    words = ("pip", "compile", *options, "wanted.in", "-o", output)
    ran, its = typed(*words), typed.bare(*words)
    assert ran.code == its.code == 0, ran.said
    assert (typed.work / output).read_bytes() == (typed.other / output).read_bytes()
    assert typed.mine.installed() == {}


def test_what_a_project_configures_is_compiled_so(typed: Typed) -> None:
    typed.write(
        "pyproject.toml",
        '[project]\nname = "shop"\nversion = "1"\ndependencies = ["frob"]\n'
        "[tool.uv.pip]\ngenerate-hashes = true\nno-header = true\n",
    )
    words = ("pip", "compile", "pyproject.toml", "-o", "requirements.txt")
    ran, its = typed(*words), typed.bare(*words)
    assert ran.code == its.code == 0, ran.said
    written = (typed.work / "requirements.txt").read_text()
    assert written == (typed.other / "requirements.txt").read_text()
    assert FROB.sha256 in written


def test_what_uv_toml_says_of_projects_is_compiled_so(typed: Typed, index: LoopbackIndex) -> None:
    index.add(a_wheel("dep", "1.1"), uploaded=LONG_AGO)
    typed.write("uv.toml", 'constraint-dependencies = ["dep<1.1"]\n')
    typed.write("wanted.in", "frob\n")
    words = ("pip", "compile", "wanted.in", "-o", "requirements.txt")
    assert typed(*words).code == typed.bare(*words).code == 0
    written = (typed.work / "requirements.txt").read_text()
    assert written == (typed.other / "requirements.txt").read_text()
    assert "dep==1.0" in written
    typed.write("uv.toml", 'override-dependencies = ["dep @ file:///tmp/dep-1-py3-none-any.whl"]\n')
    assert_paragraph(typed(*words), 2, "override-dependencies")


def test_an_index_inside_of_a_file_is_one_of_the_gateway(typed: Typed) -> None:
    with LoopbackIndex() as inner:
        inner.add(a_wheel("acme", "1.0"), uploaded=LONG_AGO)
        inner.add(a_wheel("acme", "2.0"), uploaded=ago(minutes=30))
        typed.write("wanted.in", f"--extra-index-url {inner.url}\nfrob\nacme\n")
        words = ("pip", "compile", "wanted.in", "-o", "requirements.txt")
        ran, its = typed(*words), typed.bare(*words)
        assert ran.code == its.code == 0, ran.said
        written = (typed.work / "requirements.txt").read_text()
        assert written == (typed.other / "requirements.txt").read_text()
        assert "acme==1.0" in written


def test_a_denied_pin_is_not_compiled(typed: Typed) -> None:
    typed.write("wanted.in", "frob==2.0\n")
    typed.write("requirements.txt", "frob==1.0\n")
    ran = typed("pip", "compile", "wanted.in", "-o", "requirements.txt")
    assert_paragraph(ran, 77, "frob 2.0 (fresh-upload")
    assert (typed.work / "requirements.txt").read_text() == "frob==1.0\n"


def test_nothing_is_built_to_compile(typed: Typed, index: LoopbackIndex, tmp_path: Path) -> None:
    index.add(an_sdist("raw", "1.0", payload=tmp_path / "built"), uploaded=LONG_AGO)
    typed.write("wanted.in", "raw\n")
    assert typed("pip", "compile", "wanted.in").code != 0
    assert not (tmp_path / "built").exists()


@pytest.mark.parametrize(
    "text",
    [
        "--find-links /tmp\nfrob\n",
        "frob @ https://files.example.com/frob-1.0-py3-none-any.whl\n",
        "./frob\n",
        "-e .\n",
    ],
)
@pytest.mark.parametrize("option", ["", "--constraint=", "--overrides="])
def test_files_that_lead_elsewhere_are_not_compiled(typed: Typed, text: str, option: str) -> None:
    typed.write("wanted.in", text)
    typed.write("plain.in", "frob\n")
    words = ["plain.in", f"{option}wanted.in"] if option else ["wanted.in"]
    assert_paragraph(typed("pip", "compile", *words), 2, "is not")


@pytest.mark.parametrize(
    "line",
    [
        "pip install --exact frob", "pip install --user frob", "pip install --overrides x frob",
        "pip install --no-verify-hashes frob", "pip install --build frob", "pip install -b x frob",
        "pip install --no-build-isolation frob", "pip install --torch-backend cpu frob",
        "pip install --index-strategy unsafe-best-match frob", "pip install --no-binary frob frob",
        "pip install --allow-insecure-host 127.0.0.1 frob", "pip install --config-file x frob",
        "pip install --python-platform windows frob", "pip install --new-option frob",
        "pip install --resolution lowest frob", "new-command --option",
        "pip install --project x frob", "--cache-dir x pip install frob", "pip sync -c x y.txt",
        "pip sync", "pip sync -", "pip compile --no-binary :all: x.in", "pip compile setup.py",
        "pip compile -f . x.in", "pip new-command", "new-command", "build", "python install",
        "venv --seed",
    ],
)  # fmt: skip
def test_what_cannot_be_judged_is_refused_by_name(typed: Typed, line: str) -> None:
    with untouched(typed.mine):
        ran = typed(*line.split())
    assert_paragraph(ran, 2, "help:")


@pytest.mark.parametrize(
    "line",
    [
        "--version", "--help", "pip", "pip --help", "pip install --help", "pip list", "pip freeze",
        "pip show dep", "pip tree", "pip check", "pip show absent", "python dir", "tool dir",
        "version --help", "pip list --format=json --no-progress",
    ],
)  # fmt: skip
def test_what_only_reads_is_uv_s_own(typed: Typed, line: str) -> None:
    typed.mine.holds(DEP)
    mine = typed(*line.split(), UV_CACHE_DIR=str(typed.cache))
    its = typed.bare(*line.split(), UV_EXCLUDE_NEWER="", VIRTUAL_ENV=str(typed.mine.path))
    assert (mine.code, mine.out) == (its.code, its.out)
    assert mine.said


def test_what_is_removed_is_removed_by_uv(typed: Typed) -> None:
    typed.mine.holds(DEP, OTHER)
    assert typed("pip", "uninstall", "dep").code == 0
    assert typed.mine.installed() == {"other": "3.0"}


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_uvx_shows_its_own(guard: Guard, option: str) -> None:
    environ = guard.environment()
    its = Path(real_uv(environ)).resolve().with_name("uvx")
    done = subprocess.run([its, option], env=environ, capture_output=True, text=True, check=True)
    ran = guard("uvx", option)
    assert (ran.code, ran.out) == (0, done.stdout)


@pytest.mark.parametrize(
    "words",
    [("uv", "--version"), ("uv", "pip", "list"), ("uvx", "--help"), ("uv", "python", "list")],
    ids=" ".join,
)
def test_what_passes_through_costs_one_start_of_python(
    guard: Guard, words: tuple[str, ...]
) -> None:
    shims.write_program(guard.work / "uv", b"#!/bin/sh\nexit 5\n", mode=0o755)
    interpreter, *command = guard.command(*words)
    done = subprocess.run(
        [interpreter, "-X", "importtime", *command],
        env=guard.environment(PATH=f"{guard.work}:/usr/bin:/bin"),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 5
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "guard.cli.wrap" in imported
    costly = {"argparse", "dataclasses", "subprocess", "packaging", "guard.model", "uv", "msgspec"}
    assert not imported & costly


def test_a_bypass_is_for_uv_too(typed: Typed, guard: Guard) -> None:
    ran = typed("pip", "install", "--no-index", "frob", GUARD_BYPASS="the index is down")
    assert ran.code == 1, ran.said  # uv's own: it found nothing
    assert "goes past the guard, and this is recorded: the index is down" in ran.err
    assert (guard.state / "journal.jsonl").read_text().count('"bypass"') == 1
