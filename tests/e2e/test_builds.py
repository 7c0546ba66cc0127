"""What has no wheel: built where it can do no harm, with nothing that was not judged before."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import uv

from guard.build import sandbox
from tests.e2e.guarded import (
    LONG_AGO,
    TIMEOUT,
    Environment,
    Guard,
    Ran,
    ago,
    assert_paragraph,
    at,
    scrubbed,
    to,
    untouched,
)
from tests.fakes import LoopbackIndex
from tests.wheels import Artifact, a_startup_payload, a_wheel, an_sdist

pytestmark = pytest.mark.skipif(
    sandbox.possible() is not None, reason=f"no sandbox here: {sandbox.possible()}"
)

POLICY = 'extends = "default"\n[rules.source-distribution]\naction = "build"\n'

SECRET = {"INDEX_TOKEN": "very-secret"}

TRIES = """
import os, pathlib, socket
reached = []
def tries(what, how):
    try:
        how()
        reached.append(what)
    except OSError:
        pass
token = os.environ.get("INDEX_TOKEN", "none")
home = pathlib.Path({home!r})
tries("network", lambda: socket.create_connection(("127.0.0.1", {port}), 5).close())
tries("home", lambda: (home / "planted").write_text(token))
tries("own home", lambda: (pathlib.Path.home() / "planted").write_text(token))
print("reached:", *reached, "- token:", token)
"""

BACKEND = """
import base64, hashlib, os, pathlib, zipfile

def get_requires_for_build_wheel(config_settings=None):
    return {dynamic!r}

def build_wheel(folder, config_settings=None, metadata_directory=None):
    stem = "raw-1.0"
    files = {{
        "raw.py": "drawn = " + repr(os.urandom(16).hex()) + "\\n",
        stem + ".dist-info/METADATA": "Metadata-Version: 2.2\\nName: raw\\nVersion: 1.0\\n",
        stem + ".dist-info/WHEEL": "Wheel-Version: 1.0\\nGenerator: x\\n"
            "Root-Is-Purelib: true\\nTag: py3-none-any\\n",
    }}
    record = []
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()
        record.append(path + ",sha256=" + digest.rstrip("=") + "," + str(len(text)))
    files[stem + ".dist-info/RECORD"] = "\\n".join([*record, stem + ".dist-info/RECORD,,", ""])
    name = stem + "-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return name
"""


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    return tmp_path / "marker"


@pytest.fixture(autouse=True)
def policy(guard: Guard) -> Path:
    path = guard.folder / "building.toml"
    path.write_text(POLICY)
    return path


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        yield listener


def heard(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def installs(
    guard: Guard, policy: Path, target: Environment, index: LoopbackIndex, *words: str | Path
) -> Ran:
    named = ("--policy", policy, "--output-format", "json")
    return guard.install(*words, *named, into=target, index=index)


def bare(guard: Guard, environment: Environment, index: LoopbackIndex, **settings: str) -> None:
    """What `uv pip install raw` does."""
    home = {"HOME": str(guard.folder / "home"), "UV_CACHE_DIR": str(guard.folder / "bare-cache")}
    command = [uv.find_uv_bin(), "pip", "install", "--no-config", "--index-url", index.url, "raw"]
    subprocess.run(
        [*command, "--python", environment.python],
        check=True,
        timeout=TIMEOUT,
        capture_output=True,
        env=scrubbed(**home, **settings),
    )


def test_what_has_no_wheel_is_built_judged_and_installed(
    either: Environment, guard: Guard, policy: Path, index: LoopbackIndex, marker: Path
) -> None:
    source = an_sdist("raw", "1.0", payload=marker, requires=["dep"])
    tool = a_wheel("tool", "3.0")
    with_tool = an_sdist("sawn", "2.0", build_requires=["tool>=2"], requires=["raw"])
    for artifact in (source, tool, with_tool, a_wheel("dep", "1.0"), a_wheel("tool", "1.0")):
        index.add(artifact, uploaded=LONG_AGO)
    index.add(a_wheel("frob", "1.0", requires=["sawn<3"]), uploaded=LONG_AGO)
    ran = installs(guard, policy, either, index, "frob")
    assert ran.code == 0, ran.said
    assert either.installed() == {"frob": "1.0", "sawn": "2.0", "raw": "1.0", "dep": "1.0"}
    assert not marker.exists()
    built = {c["name"]: c["built_from"] for c in ran.report["candidates"] if "built_from" in c}
    assert built["raw"] == {
        "filename": source.filename,
        "sha256": source.sha256,
        "url": index.file_url(source.filename),
        "isolation": "sandbox",
        "requirements": [],
    }
    assert built["sawn"]["requirements"] == [{"filename": tool.filename, "sha256": tool.sha256}]
    (receipts,) = (guard.state / "receipts").glob("*.jsonl")
    assert f'"built_from":{{"filename":"{source.filename}"' in receipts.read_text()


def test_the_bare_tool_lets_a_build_do_everything_and_the_guard_nothing(
    bare_template: Path,
    target: Environment,
    guard: Guard,
    policy: Path,
    index: LoopbackIndex,
    listener: socket.socket,
) -> None:
    home = guard.folder / "home"
    home.mkdir()
    script = TRIES.format(home=str(home), port=listener.getsockname()[1])
    index.add(an_sdist("raw", "1.0", script=script), uploaded=LONG_AGO)

    ran = installs(guard, policy, target, index, "raw")
    assert ran.code == 0, ran.said
    assert target.installed() == {"raw": "1.0"}
    assert not heard(listener)
    assert list(home.rglob("planted")) == []

    bare(guard, Environment(target.path), index, **SECRET)  # it is there already
    shutil.rmtree(target.path)
    shutil.copytree(bare_template, target.path, symlinks=True)
    bare(guard, target, index, **SECRET)
    assert heard(listener)
    assert (home / "planted").read_text() == "very-secret"


def test_a_build_is_told_no_secret(
    target: Environment,
    guard: Guard,
    policy: Path,
    index: LoopbackIndex,
    listener: socket.socket,
) -> None:
    home = guard.folder / "home"
    home.mkdir()
    script = TRIES.format(home=str(home), port=listener.getsockname()[1]) + "raise SystemExit(3)"
    index.add(an_sdist("raw", "1.0", script=script), uploaded=LONG_AGO)
    with untouched(target):
        ran = guard.install("raw", "--policy", policy, into=target, index=index, **SECRET)
    assert_paragraph(ran, 1, "raw-1.0.tar.gz could not be built", "ended with 3")
    assert "reached: own home - token: none" in ran.err
    assert "very-secret" not in ran.said


def test_a_build_requirement_is_denied_before_anything_runs(
    target: Environment, guard: Guard, policy: Path, index: LoopbackIndex, marker: Path
) -> None:
    """It would run as soon as an interpreter starts beside it; so it does for the bare tool."""
    index.add(an_sdist("raw", "1.0", build_requires=["evil"]), uploaded=LONG_AGO)
    index.add(a_wheel("evil", "1.0", files=a_startup_payload(marker)), uploaded=LONG_AGO)
    with untouched(target):
        ran = guard.install("raw", "--policy", policy, into=target, index=index)
    assert_paragraph(ran, 77, "denied[startup-hook]", "evil-1.0-py3-none-any.whl")
    assert "raw-1.0.tar.gz cannot be built without what was not admitted" in ran.err
    assert not marker.exists()
    bare(guard, target, index)
    assert marker.exists()


def test_a_build_requirement_that_is_too_young_gives_way_to_an_older_one(
    target: Environment, guard: Guard, policy: Path, index: LoopbackIndex
) -> None:
    index.add(an_sdist("raw", "1.0", build_requires=["tool"]), uploaded=LONG_AGO)
    old = a_wheel("tool", "1.0")
    index.add(old, uploaded=LONG_AGO)
    index.add(a_wheel("tool", "2.0"), uploaded=ago(minutes=5))
    ran = installs(guard, policy, target, index, "raw")
    assert ran.code == 0, ran.said
    (candidate,) = ran.report["candidates"]
    assert candidate["built_from"]["requirements"] == [
        {"filename": old.filename, "sha256": old.sha256}
    ]


@pytest.mark.parametrize("dynamic", [["evil"], ["evil @ https://example.com/evil-1.0.tar.gz"]])
def test_what_a_backend_asks_for_is_judged_too(
    target: Environment,
    guard: Guard,
    policy: Path,
    index: LoopbackIndex,
    marker: Path,
    dynamic: list[str],
) -> None:
    source = an_sdist("raw", "1.0", backend=BACKEND.format(dynamic=dynamic))
    index.add(source, uploaded=LONG_AGO)
    index.add(a_wheel("evil", "1.0", files=a_startup_payload(marker)), uploaded=LONG_AGO)
    with untouched(target):
        ran = guard.install("raw", "--policy", policy, into=target, index=index)
    assert_paragraph(ran, 77, "denied[", "evil")
    assert not marker.exists()


def test_no_source_is_built_to_build_another(
    target: Environment, guard: Guard, policy: Path, index: LoopbackIndex
) -> None:
    index.add(an_sdist("raw", "1.0", build_requires=["tool"]), uploaded=LONG_AGO)
    index.add(an_sdist("tool", "1.0"), uploaded=LONG_AGO)
    with untouched(target):
        ran = guard.install("raw", "--policy", policy, into=target, index=index)
    assert_paragraph(ran, 77, "denied[source-distribution]", "tool-1.0.tar.gz")


@pytest.mark.parametrize(
    ("made", "rule"),
    [
        (a_wheel("other", "1.0"), "metadata-mismatch"),
        (a_wheel("raw", "9.0"), "metadata-mismatch"),
        (a_wheel("raw", "1.0", files={"x.pth": "import os\n"}), "startup-hook"),
        (
            a_wheel(
                "raw", "1.0", record=lambda text: text.replace("raw.py,sha256=", "raw.py,sha256=A")
            ),
            "record-mismatch",
        ),
    ],
    ids=["name", "version", "hook", "record"],
)
def test_what_was_built_is_inspected_like_any_wheel(
    target: Environment,
    guard: Guard,
    policy: Path,
    index: LoopbackIndex,
    made: Artifact,
    rule: str,
) -> None:
    index.add(an_sdist("raw", "1.0", makes=made), uploaded=LONG_AGO)
    with untouched(target):
        ran = guard.install("raw", "--policy", policy, into=target, index=index)
    assert_paragraph(ran, 77, f"denied[{rule}", made.filename)


@pytest.mark.parametrize("made", [a_wheel("other", "1.0"), a_wheel("raw", "9.0")])
def test_another_release_is_not_offered_whatever_the_policy_overlooks(
    target: Environment, guard: Guard, policy: Path, index: LoopbackIndex, made: Artifact
) -> None:
    policy.write_text(POLICY.replace("default", "observe"))
    index.add(an_sdist("raw", "1.0", makes=made), uploaded=LONG_AGO)
    with untouched(target):
        ran = guard.install("raw", "--policy", policy, into=target, index=index)
    assert_paragraph(ran, 1, "raw-1.0.tar.gz cannot be built", "of another release")


def test_a_source_is_judged_before_it_is_built(
    target: Environment, guard: Guard, policy: Path, index: LoopbackIndex
) -> None:
    """What denies a wheel denies a source: here its age, and then what was promised of it."""
    index.add(an_sdist("raw", "2.0"), uploaded=ago(minutes=5))
    with untouched(target):
        ran = guard.install("raw==2.0", "--policy", policy, into=target, index=index)
    assert_paragraph(ran, 77, "denied[fresh-upload]", "raw-2.0.tar.gz")
    index.add(an_sdist("torn", "1.0"), uploaded=LONG_AGO, hashes={"sha256": "0" * 64})
    with untouched(target):
        ran = guard.install("torn", "--policy", policy, into=target, index=index)
    assert_paragraph(ran, 77, "denied[hash-mismatch]", "torn-1.0.tar.gz")


def test_a_young_source_gives_way_to_an_older_one(
    target: Environment, guard: Guard, policy: Path, index: LoopbackIndex
) -> None:
    index.add(an_sdist("raw", "1.0"), uploaded=LONG_AGO)
    index.add(an_sdist("raw", "2.0"), uploaded=ago(minutes=5))
    ran = installs(guard, policy, target, index, "raw")
    assert ran.code == 0, ran.said
    assert target.installed() == {"raw": "1.0"}


def test_a_wheel_is_taken_where_there_is_one(
    either: Environment, guard: Guard, policy: Path, index: LoopbackIndex, marker: Path
) -> None:
    index.add(a_wheel("raw", "1.0"), uploaded=LONG_AGO)
    index.add(an_sdist("raw", "1.0", payload=marker), uploaded=LONG_AGO)
    index.add(an_sdist("raw", "2.0", payload=marker), uploaded=LONG_AGO)
    ran = installs(guard, policy, either, index, "raw")
    assert ran.code == 0, ran.said
    assert either.installed() == {"raw": "1.0"}
    assert "built_from" not in ran.report["candidates"][0]
    pinned = installs(guard, policy, either, index, "raw==2.0")
    assert pinned.code == 0, pinned.said
    assert either.installed() == {"raw": "2.0"}


def test_a_build_is_not_repeated(
    target: Environment, guard: Guard, policy: Path, index: LoopbackIndex
) -> None:
    """This one never makes the same wheel twice."""
    backend = BACKEND.format(dynamic=["tool"])
    index.add(an_sdist("raw", "1.0", backend=backend), uploaded=LONG_AGO)
    index.add(a_wheel("tool", "1.0"), uploaded=LONG_AGO)
    index.add(a_wheel("tool", "1.1"), uploaded=LONG_AGO + timedelta(days=9))

    def made(*words: str) -> str:
        ran = installs(guard, policy, target, index, "raw", "--reinstall", *words)
        assert ran.code == 0, ran.said
        (candidate,) = ran.report["candidates"]
        assert isinstance(candidate["sha256"], str)
        return candidate["sha256"]

    first = made()
    assert made() == first
    with_others = made("--uploaded-prior-to", f"{LONG_AGO + timedelta(days=1):%Y-%m-%d}")
    assert with_others != first
    assert made("--refresh") not in {first, with_others}
    guard.assert_consistent()


def test_a_lock_names_the_source_and_is_installed_by_building_it(
    target: Environment, guard: Guard, policy: Path, index: LoopbackIndex
) -> None:
    source = an_sdist("raw", "1.0")
    index.add(source, uploaded=LONG_AGO)
    lock = guard.work / "pylock.toml"
    words = ("--policy", policy, *to(target))
    ran = guard("lock", "raw", "--output", lock, *words, *at(index))
    assert ran.code == 0, ran.said
    assert source.sha256 in lock.read_text()
    assert "wheels" not in lock.read_text()
    ran = guard("sync", lock, *words, *at(index))
    assert ran.code == 0, ran.said
    assert target.installed() == {"raw": "1.0"}
    with untouched(target):
        ran = guard("sync", lock, *to(target), *at(index))
    assert_paragraph(ran, 77, "denied[source-distribution]")


def test_a_policy_that_nobody_trusts_lets_nothing_be_built(
    target: Environment, guard: Guard, index: LoopbackIndex, marker: Path
) -> None:
    (guard.work / "guard.toml").write_text(
        '[rules.source-distribution]\naction = "build"\nisolation = "none"\n'
    )
    index.add(an_sdist("raw", "1.0", payload=marker), uploaded=LONG_AGO)
    with untouched(target):
        ran = guard.install("raw", into=target, index=index)
    assert_paragraph(ran, 77, "denied[source-distribution]")
    assert not marker.exists()


@pytest.fixture
def without_namespaces() -> list[str]:
    """A command under which nobody can make a user namespace."""
    script = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "sh", "-c", script, "sh"]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("user namespaces cannot be taken away here")
    return command


def test_where_nothing_is_kept_apart_nothing_is_built(
    target: Environment,
    guard: Guard,
    policy: Path,
    index: LoopbackIndex,
    marker: Path,
    without_namespaces: list[str],
) -> None:
    index.add(an_sdist("raw", "1.0", payload=marker), uploaded=LONG_AGO)

    def ran() -> Ran:
        words = ("raw", "--policy", policy, *to(target), *at(index))
        done = subprocess.run(
            [*without_namespaces, *guard.command("install", *words)],
            cwd=guard.work,
            env=guard.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    with untouched(target):
        refused = ran()
    assert_paragraph(refused, 2, "there is no sandbox to build in", 'isolation = "none"')
    assert not marker.exists()
    policy.write_text(POLICY + 'isolation = "none"\n')
    allowed = ran()
    assert allowed.code == 0, allowed.said
    assert "without a sandbox" in allowed.err
    assert marker.exists()


def test_even_without_a_sandbox_a_build_has_another_home_and_no_secret(
    target: Environment, guard: Guard, policy: Path, index: LoopbackIndex
) -> None:
    policy.write_text(POLICY + 'isolation = "none"\n')
    home = guard.folder / "home"
    home.mkdir()
    script = TRIES.format(home=os.devnull, port=9)
    index.add(an_sdist("raw", "1.0", script=script + "raise SystemExit(3)"), uploaded=LONG_AGO)
    ran = guard.install("raw", "--policy", policy, into=target, index=index, **SECRET)
    assert_paragraph(ran, 1, "raw-1.0.tar.gz could not be built")
    assert "token: none" in ran.err
    assert list(home.rglob("planted")) == []


@pytest.fixture
def own(guard: Guard) -> Path:
    """A project of the user's, in the working folder."""
    source = guard.work / "checkout"
    (source / "_build").mkdir(parents=True)
    wheel = a_wheel("mine", "0.3", requires=["dep"], extras={"x": ["more"]})
    wheel.write_to(source / "_build")
    in_place = a_wheel(
        "mine",
        "0.3",
        requires=["dep"],
        files={"mine.pth": f"{source}\n", "mine_too.pth": "import sys; sys.mine = 1\n"},
    )
    (source / "_build" / "in_place.whl").write_bytes(in_place.content)
    (source / "pyproject.toml").write_text(
        '[project]\nname = "mine"\nversion = "0.3"\n[build-system]\nrequires = ["tool"]\n'
        'build-backend = "in_tree"\nbackend-path = ["_build"]\n'
    )
    (source / "_build" / "in_tree.py").write_text(
        f"import pathlib, shutil, tool\nWHEEL = {wheel.filename!r}\n"
        "def build_wheel(folder, config_settings=None, metadata_directory=None):\n"
        "    shutil.copy(pathlib.Path(__file__).with_name(WHEEL), folder)\n"
        "    return WHEEL\n"
        "def build_editable(folder, config_settings=None, metadata_directory=None):\n"
        f"    assert str(pathlib.Path.cwd()) == {str(source)!r}\n"
        "    pathlib.Path('touched').touch()\n"
        "    made = pathlib.Path(__file__).with_name('in_place.whl')\n"
        "    shutil.copy(made, pathlib.Path(folder, WHEEL))\n"
        "    return WHEEL\n"
    )
    return source


def test_a_project_of_ones_own_is_built_with_what_was_judged(
    either: Environment, guard: Guard, policy: Path, index: LoopbackIndex, own: Path
) -> None:
    tool = a_wheel("tool", "1.0")
    for artifact in (tool, a_wheel("dep", "1.0"), a_wheel("more", "1.0")):
        index.add(artifact, uploaded=LONG_AGO)
    ran = installs(guard, policy, either, index, "./checkout[x]")
    assert ran.code == 0, ran.said
    assert either.installed() == {"mine": "0.3", "dep": "1.0", "more": "1.0"}
    (built,) = (c["built_from"] for c in ran.report["candidates"] if "built_from" in c)
    assert built["requirements"] == [{"filename": tool.filename, "sha256": tool.sha256}]
    assert (either.packages / "mine.py").exists()
    in_place = installs(guard, policy, either, index, "-e", "./checkout")
    assert in_place.code == 0, in_place.said
    assert (either.packages / "mine.pth").read_text() == f"{own}\n"
    assert not (either.packages / "mine.py").exists()
    assert not (own / "touched").exists()


def test_a_source_that_is_asked_for_by_its_hash(
    target: Environment,
    pip_target: Environment,
    guard: Guard,
    policy: Path,
    index: LoopbackIndex,
) -> None:
    source, wheel = an_sdist("raw", "1.0"), a_wheel("dep", "1.0")
    for artifact in (source, wheel):
        index.add(artifact, uploaded=LONG_AGO)
    right = "".join(f"{a.name}==1.0 --hash=sha256:{a.sha256}\n" for a in (source, wheel))
    (guard.work / "right.txt").write_text(right)
    (guard.work / "wrong.txt").write_text(f"raw==1.0 --hash=sha256:{'0' * 64}\n")
    for environment in (target, pip_target):
        with untouched(environment):
            ran = guard.install(
                "-r", "wrong.txt", "--policy", policy, into=environment, index=index
            )
        assert_paragraph(ran, 77, "denied[hash-mismatch]")
    ran = installs(guard, policy, target, index, "-r", "right.txt")
    assert ran.code == 0, ran.said
    assert target.installed() == {"raw": "1.0", "dep": "1.0"}
    with untouched(pip_target):
        ran = guard.install("-r", "right.txt", "--policy", policy, into=pip_target, index=index)
    assert_paragraph(ran, 2, "`raw 1.0` is asked for by the hash of its source", "--installer=uv")


@pytest.mark.parametrize("line", ["-e ./checkout", "./checkout[x]"])
def test_a_folder_in_a_requirements_file_is_to_be_typed(
    line: str, target: Environment, guard: Guard, policy: Path, index: LoopbackIndex, own: Path
) -> None:
    (guard.work / "r.txt").write_text(f"{line}\n")
    with untouched(target):
        ran = guard.install("-r", "r.txt", "--policy", policy, into=target, index=index)
    assert own.exists()
    assert_paragraph(ran, 77, "denied[source-distribution]", "guard install -e FOLDER")


def test_a_project_of_ones_own_is_not_built_with_what_was_denied(
    target: Environment, guard: Guard, policy: Path, index: LoopbackIndex, own: Path, marker: Path
) -> None:
    evil = a_wheel("tool", "1.0", files={"tool.py": "", **a_startup_payload(marker)})
    index.add(evil, uploaded=LONG_AGO)
    for words in (["./checkout"], ["-e", "./checkout"]):
        with untouched(target):
            ran = guard.install(*words, "--policy", policy, into=target, index=index)
        assert_paragraph(ran, 77, "denied[startup-hook]", evil.filename)
    assert not marker.exists()


def test_a_dependency_of_ones_own_project_is_judged(
    target: Environment, guard: Guard, policy: Path, index: LoopbackIndex, own: Path, marker: Path
) -> None:
    index.add(a_wheel("tool", "1.0"), uploaded=LONG_AGO)
    index.add(a_wheel("dep", "1.0", files=a_startup_payload(marker)), uploaded=LONG_AGO)
    with untouched(target):
        ran = guard.install("./checkout", "--policy", policy, into=target, index=index)
    assert_paragraph(ran, 77, "denied[startup-hook]", "dep-1.0-py3-none-any.whl")


def test_what_nothing_can_be_built_with_is_said(
    target: Environment, guard: Guard, policy: Path, index: LoopbackIndex
) -> None:
    index.add(an_sdist("raw", "1.0", build_requires=["tool>5"]), uploaded=LONG_AGO)
    index.add(a_wheel("tool", "1.0"), uploaded=LONG_AGO)
    with untouched(target):
        ran = guard.install("raw", "--policy", policy, into=target, index=index)
    assert_paragraph(ran, 1, "raw-1.0.tar.gz cannot be built", "nothing to build it with: tool>5")


@pytest.mark.parametrize(
    ("pyproject", "reason"),
    [
        ("[build-system", "cannot be read"),
        ("[build-system]\n", "has no `requires`"),
        ('[build-system]\nrequires = "tool"\n', "no list of texts"),
        ("[build-system]\nrequires = [1]\n", "no list of texts"),
        ('[build-system]\nrequires = ["a b"]\n', "no requirement"),
        ('[build-system]\nrequires = [ ]\nbuild-backend = "a; b"\n', "no object of a module"),
        (
            '[build-system]\nrequires = []\nbuild-backend = "a"\nbackend-path = [".."]\n',
            "out of the source",
        ),
        ('[build-system]\nrequires = []\nbuild-backend = "no_such"\n', "No module named 'no_such'"),
        ('[build-system]\nrequires = []\nbuild-backend = "json"\n', "has no build_wheel"),
    ],
)
def test_a_source_that_is_none_is_named(
    target: Environment,
    guard: Guard,
    policy: Path,
    index: LoopbackIndex,
    pyproject: str,
    reason: str,
) -> None:
    source = an_sdist("raw", "1.0", pyproject=pyproject)
    index.add(source, uploaded=LONG_AGO)
    with untouched(target):
        ran = guard.install("raw", "--policy", policy, into=target, index=index)
    assert_paragraph(ran, 1, "raw-1.0.tar.gz", reason)


def test_what_is_approved_is_the_source(
    target: Environment, guard: Guard, policy: Path, index: LoopbackIndex
) -> None:
    policy.write_text(f'approval = "required"\n{POLICY}')
    source = an_sdist("raw", "1.0", backend=BACKEND.format(dynamic=[]))
    index.add(source, uploaded=LONG_AGO)
    named = ("--policy", policy, *to(target), *at(index))
    with untouched(target):
        assert_paragraph(guard("install", "raw", *named), 77, "denied[unapproved-file]")
    ran = guard("approve", "--yes", "raw==1.0", "--reason", "read it", *named)
    assert ran.code == 0, ran.said
    approvals = (policy.parent / "approvals.toml").read_text()
    assert source.sha256 in approvals
    assert ".whl" not in approvals
    ran = guard("install", "--refresh", "raw", *named)  # the same source, and other bytes
    assert ran.code == 0, ran.said
    assert target.installed() == {"raw": "1.0"}
