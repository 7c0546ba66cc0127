"""Lock files: a plan that somebody made before, judged as it stands and never replaced."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import uv

from tests.e2e.guarded import (
    LONG_AGO,
    TIMEOUT,
    Environment,
    Guard,
    ago,
    assert_paragraph,
    at,
    to,
    untouched,
)
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel, an_sdist

FROB = a_wheel("frob", "1.0", requires=["dep"])
DEP = a_wheel("dep", "1.0")


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    for wheel in (FROB, DEP, a_wheel("frob", "0.9")):
        index.add(wheel, uploaded=LONG_AGO)
    return index


@pytest.fixture
def lock(guard: Guard, index: LoopbackIndex, bare_template: Path) -> Path:
    """What uv itself locks."""
    path = guard.work / "pylock.toml"
    command = [uv.find_uv_bin(), "pip", "compile", "-", "--format", "pylock.toml", "-o", str(path)]
    subprocess.run(
        [*command, "--quiet", "--default-index", index.url, "--python", str(bare_template)],
        input=b"frob",
        check=True,
        timeout=TIMEOUT,
        env=guard.environment(),
    )
    index.forget_requests()
    return path


def test_a_lock_is_installed_as_it_stands(
    either: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    index.add(a_wheel("dep", "2.0"), uploaded=LONG_AGO)
    ran = guard.install("-r", lock, into=either, index=index)
    assert ran.code == 0, ran.said
    assert either.installed() == {"frob": "1.0", "dep": "1.0"}
    index.forget_requests()
    again = guard.install("-r", lock, into=either, index=index)
    assert (again.code, index.requests) == (0, [])
    assert "Nothing to do" in again.err


def test_only_what_a_lock_would_change_is_changed(
    target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    target.holds(a_wheel("frob", "0.9"), DEP, a_wheel("other", "3"))
    ran = guard.install("-r", lock, into=target, index=index)
    assert ran.code == 0, ran.said
    assert "1 file judged" in ran.err
    assert target.installed() == {"frob": "1.0", "dep": "1.0", "other": "3"}


def test_the_same_version_written_otherwise_is_the_same_version(
    target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    lock.write_text(lock.read_text().replace('version = "1.0"', 'version = "1.0.0"'))
    target.holds(FROB, DEP)
    with untouched(target):
        assert "Nothing to do" in guard.install("-r", lock, into=target, index=index).err


@pytest.mark.parametrize("whole_project", [True, False])
def test_a_file_that_left_the_index_is_denied(
    whole_project: bool, target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    index.remove(FROB.filename)
    if whole_project:
        index.remove("frob-0.9-py3-none-any.whl")
    with untouched(target):
        ran = guard.install("-r", lock, into=target, index=index)
    assert_paragraph(ran, 77, "denied[vanished-file]", FROB.filename, "nothing was installed")


def test_bytes_that_changed_since_are_denied(
    target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    lock.write_text(lock.read_text().replace(DEP.sha256, "0" * 64))
    with untouched(target):
        ran = guard.install("-r", lock, into=target, index=index)
    assert ran.code == 77, ran.said
    assert "nothing was installed" in ran.err


def test_bytes_that_changed_with_their_listing_are_denied(
    target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    other = a_wheel("dep", "1.0", files={"dep.py": "exchanged = True\n"})
    index.add(other, uploaded=LONG_AGO)
    with untouched(target):
        ran = guard.install("-r", lock, into=target, index=index)
    assert_paragraph(ran, 77, "denied[hash-mismatch]", other.sha256, DEP.sha256)


def test_a_fresh_or_yanked_or_quarantined_file_is_denied_in_a_lock_too(
    target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    index.add(FROB, uploaded=ago(days=1), yanked="it steals")
    index.status("dep", "quarantined", "it steals too")
    with untouched(target):
        ran = guard.install("-r", lock, into=target, index=index)
    assert_paragraph(ran, 77, "[fresh-upload]", "[yanked-file]", "[quarantined-project]", "steals")


def test_a_lock_of_sources_is_denied(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    sdist = an_sdist("raw", "1.0", payload=guard.work / "marker")
    index.add(sdist, uploaded=LONG_AGO)
    path = guard.work / "pylock.toml"
    path.write_text(
        f"""lock-version = "1.0"
created-by = "hand"
[[packages]]
name = "raw"
version = "1.0"
sdist = {{ url = "{index.file_url(sdist.filename)}", hashes = {{ sha256 = "{sdist.sha256}" }} }}
"""
    )
    with untouched(target):
        ran = guard.install("-r", path, into=target, index=index)
    assert_paragraph(ran, 77, "denied[source-distribution]", sdist.filename)
    assert not (guard.work / "marker").exists()


def test_a_lock_for_another_python_is_refused(
    target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    text = lock.read_text()
    (line,) = (line for line in text.splitlines() if line.startswith("requires-python"))
    lock.write_text(text.replace(line, 'requires-python = ">=4"'))
    with untouched(target):
        ran = guard.install("-r", lock, into=target, index=index)
    assert_paragraph(ran, 2, "has nothing for this environment", "'>=4'", "--python")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("= nothing", ["is not TOML"]),
        ('lock-version = "9.0"\ncreated-by = "x"\npackages = []', ["no lock file", "9.0"]),
        ('lock-version = "1.0"\ncreated-by = "x"\npackages = 3', ["no lock file"]),
        ('lock-version = "1.0"', ["no lock file", "created-by"]),
    ],
)
def test_what_is_no_lock_is_refused(
    text: str, words: list[str], target: Environment, guard: Guard
) -> None:
    (guard.work / "pylock.toml").write_text(text)
    with untouched(target):
        ran = guard.install("-r", "pylock.toml", into=target)
    assert_paragraph(ran, 2, "pylock.toml", *words)


def test_a_lock_is_installed_alone(
    target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    with untouched(target):
        ran = guard.install("-r", lock, "dep", into=target, index=index)
    assert_paragraph(ran, 2, "a lock file is installed alone")


def test_a_lock_is_checked_downloaded_and_put_into_a_folder(
    target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    command = (*to(target), *at(index))
    assert guard("check", lock, *command).code == 0
    assert guard("download", "-r", lock, "-d", "got", *command).code == 0
    assert {path.name for path in (guard.work / "got").iterdir()} == {FROB.filename, DEP.filename}
    target.holds(DEP)
    ran = guard.install("-r", lock, "--target", "vendored", into=target, index=index)
    assert ran.code == 0, ran.said
    assert (guard.work / "vendored" / "dep.py").exists()


def test_a_prefix_does_not_have_what_the_environment_has(
    either: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    either.holds(DEP, a_wheel("frob", "0.9"))
    with untouched(either):
        ran = guard.install("-r", lock, "--prefix", "prefix", into=either, index=index)
    assert ran.code == 0, ran.said
    assert list((guard.work / "prefix").glob("lib/python3*/site-packages/dep.py"))
