"""`guard sync`: an environment becomes what a lock says, all of it judged again, or stays."""

from __future__ import annotations

import os
import signal
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from tests.advisory.records import a_record
from tests.e2e.guarded import (
    LONG_AGO,
    TIMEOUT,
    Environment,
    Guard,
    Ran,
    ago,
    assert_paragraph,
    at,
    to,
    untouched,
)
from tests.e2e.test_interrupted import Held, by
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel

FROB = a_wheel(
    "frob",
    "1.0",
    requires=["dep"],
    files={"frob/__init__.py": "x = 1\n", "frob/tool.py": "def main(): ...\n"},
    entry_points={"console_scripts": {"frob": "frob.tool:main"}},
    data={
        "scripts/frob-script": "#!python\nprint('frob')\n",
        "data/share/frob/frob.txt": "text\n",
        "headers/frob.h": "int frob;\n",
        "purelib/frob_more.py": "more = 1\n",
    },
)
DEP = a_wheel("dep", "1.0")
OTHER = a_wheel("other", "3.0")


@pytest.fixture
def index() -> Iterator[LoopbackIndex]:
    """An index that wants to be asked each time, so that what it says counts at once."""
    with LoopbackIndex(cache_control="max-age=0") as running:
        for wheel in (FROB, DEP, OTHER):
            running.add(wheel, uploaded=LONG_AGO)
        yield running


@pytest.fixture
def lock(guard: Guard, index: LoopbackIndex) -> Path:
    """What the guard locks for `frob`."""
    ran = guard("lock", "frob", *at(index))
    assert ran.code == 0, ran.said
    return guard.work / "pylock.toml"


def sync(guard: Guard, index: LoopbackIndex, into: Environment, *words: str | Path) -> Ran:
    return guard("sync", *words, *to(into), *at(index))


def forget(guard: Guard) -> None:
    """Let every file be fetched again."""
    assert guard("quarantine", "purge").code == 0


def edited(lock: Path, **changes: Any) -> None:
    """The lock as somebody leaves it who changed `dep` in it by hand."""
    document = tomllib.loads(lock.read_text())
    (package,) = (each for each in document["packages"] if each["name"] == "dep")
    package |= changes
    lock.write_text(tomli_w.dumps(document))


def test_an_ordinary_day(either: Environment, guard: Guard, index: LoopbackIndex) -> None:
    either.holds(OTHER)
    (guard.work / "pyproject.toml").write_text(
        '[project]\nname = "app"\nversion = "1"\ndependencies = ["frob"]\n'
    )
    assert guard("lock", *at(index)).code == 0
    ran = sync(guard, index, either)
    assert ran.code == 0, ran.said
    assert "2 files judged" in ran.err
    assert ran.err.endswith("admitted; 2 installed, 1 removed\n")
    assert either.installed() == {"frob": "1.0", "dep": "1.0"}
    assert [line.strip() for line in ran.err.splitlines() if line.startswith("  ")] == [
        "+ dep 1.0",
        "+ frob 1.0",
        "- other 3.0",
    ]

    with untouched(either):
        again = sync(guard, index, either, "--locked")
    assert again.code == 0, again.said
    assert again.err.endswith("nothing to do: the environment is what pylock.toml says\n")

    index.add(a_wheel("dep", "2.0"), uploaded=LONG_AGO)
    (guard.work / "pyproject.toml").write_text(
        '[project]\nname = "app"\nversion = "1"\ndependencies = ["frob", "other"]\n'
    )
    with untouched(either):
        stale = sync(guard, index, either, "--locked")
    assert_paragraph(stale, 1, "is not what its requirements need", "want other, which is not")
    assert guard("lock", *at(index)).code == 0
    ran = sync(guard, index, either, "--locked")
    assert ran.code == 0, ran.said
    assert either.installed() == {"frob": "1.0", "dep": "1.0", "other": "3.0"}, "dep was kept"

    assert guard("lock", "-P", "dep", *at(index)).code == 0
    ran = sync(guard, index, either, "--locked", "-q")
    assert ran.err == ""
    assert either.installed() == {"frob": "1.0", "dep": "2.0", "other": "3.0"}


def test_what_is_shown_and_not_done(
    target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    target.holds(OTHER, a_wheel("dep", "0.9"))
    with untouched(target):
        ran = sync(guard, index, target, "--dry-run", "--output-format", "json")
    assert ran.code == 0, ran.said
    assert ran.report["done"] == (
        "nothing was changed (--dry-run): 1 installed, 1 replaced, 1 removed"
    )
    assert ran.report["changes"] == [
        {"name": "dep", "before": "0.9", "after": "1.0", "reason": None},
        {"name": "frob", "before": None, "after": "1.0", "reason": None},
        {"name": "other", "before": "3.0", "after": None, "reason": None},
    ]


def test_a_lock_is_synced_without_the_network(
    target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    assert guard("download", "-r", lock, "-d", "got", *to(target), *at(index)).code == 0
    index.forget_requests()
    ran = sync(guard, index, target, "--offline")
    assert ran.code == 0, ran.said
    assert index.requests == []
    assert target.installed() == {"frob": "1.0", "dep": "1.0"}


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("frob/tool.py", "`tool.py` was changed or is gone"),
        ("frob_more.py", "`frob_more.py` was changed or is gone"),
        ("../../../share/frob/frob.txt", "`frob.txt` was changed or is gone"),
        ("../../../bin/frob", "`frob` was changed or is gone"),
        ("../../../bin/frob-script", "`frob-script` was changed or is gone"),
        ("frob-1.0.dist-info/entry_points.txt", "`entry_points.txt` was changed or is gone"),
        ("frob-1.0.dist-info/RECORD", "nobody recorded which files it has"),
    ],
)
def test_what_is_not_as_it_was_installed_is_installed_again(
    path: str, reason: str, either: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    assert sync(guard, index, either).code == 0
    before = either.tree()
    spot = either.packages / path
    spot.unlink()
    if not path.endswith("RECORD"):
        spot.write_text("changed = True\n")
    elif either.installer == "pip":
        pytest.skip("pip cannot remove what has no RECORD, and says so")
    ran = sync(guard, index, either)
    assert ran.code == 0, ran.said
    assert f"~ frob 1.0 ({reason})" in ran.err
    assert _essence(either.tree()) == _essence(before)


def _essence(tree: dict[str, str]) -> dict[str, str]:
    return {path: held for path, held in tree.items() if "__pycache__" not in path}


@pytest.mark.skipif(os.name != "posix", reason="there are no such pipes elsewhere")
def test_a_pipe_in_place_of_a_record_holds_nobody_up(
    target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    assert sync(guard, index, target).code == 0
    record = target.packages / "dep-1.0.dist-info" / "RECORD"
    record.unlink()
    os.mkfifo(record)
    ran = sync(guard, index, target)
    assert ran.code == 69, ran.said
    assert "not a regular file" in ran.said


def test_whoever_changes_a_file_and_its_record_is_found(
    target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    assert sync(guard, index, target).code == 0
    record = target.packages / "dep-1.0.dist-info" / "RECORD"
    (target.packages / "dep.py").write_text("changed = True\n")
    text = "\n".join(line for line in record.read_text().splitlines() if "dep.py" not in line)
    record.write_text(f"{text}\ndep.py,,\n")
    ran = sync(guard, index, target)
    assert ran.code == 0, ran.said
    assert "~ dep 1.0 (`dep.py` is another one in its RECORD)" in ran.err
    assert (target.packages / "dep.py").read_text() == "__version__ = '1.0'\n"


def test_the_same_version_from_another_file_is_replaced(
    either: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    either.holds(a_wheel("dep", "1.0", files={"dep.py": "__version__ = '1.0'\n", "more.py": ""}))
    ran = sync(guard, index, either)
    assert ran.code == 0, ran.said
    assert "~ dep 1.0 (`more.py` is not of that file)" in ran.err
    assert not (either.packages / "more.py").exists()


def test_everything_is_installed_again_where_that_is_asked_for(
    either: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    assert sync(guard, index, either).code == 0
    ran = sync(guard, index, either, "--reinstall")
    assert ran.code == 0, ran.said
    assert ran.err.endswith("admitted; 2 replaced\n")


def test_what_installs_is_not_removed(
    pip_target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    pip_target.holds(a_wheel("wheelguard", "0.1"))
    assert sync(guard, index, pip_target).code == 0
    assert list(pip_target.packages.glob("pip-*.dist-info"))
    assert pip_target.installed() == {"frob": "1.0", "dep": "1.0"}, "it is not this guard's"


def test_the_guards_own_environment_is_refused(guard: Guard, lock: Path) -> None:
    ran = guard("sync", "--python", sys.executable, "--dry-run", "--offline")
    assert_paragraph(ran, 2, "the guard's own environment is not for syncing")


# All or nothing.


def test_a_malicious_release_found_since_is_denied_even_where_it_is_installed(
    target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    assert sync(guard, index, target).code == 0
    modified = ago(minutes=5)
    guard.knows(a_record("MAL-2026-1", versions=("1.0",), project="dep", modified=modified))
    target.holds(OTHER)
    with untouched(target):
        ran = sync(guard, index, target)
    assert_paragraph(ran, 77, "known malware: MAL-2026-1", DEP.filename, "nothing was installed")


def test_a_file_that_left_its_index_is_denied_even_where_it_is_installed(
    target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    assert sync(guard, index, target).code == 0
    index.remove(DEP.filename)
    index.add(a_wheel("dep", "2.0"), uploaded=LONG_AGO)
    with untouched(target):
        ran = sync(guard, index, target)
    assert_paragraph(ran, 77, "denied[vanished-file]", DEP.filename)


def test_a_project_that_was_quarantined_since_is_denied(
    target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    target.holds(OTHER)
    index.status("dep", "quarantined", "it steals")
    with untouched(target):
        ran = sync(guard, index, target)
    assert_paragraph(ran, 77, "[quarantined-project]", "it steals")


def test_a_file_that_was_yanked_since_is_not_new_on_the_day_it_is_synced(
    target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    index.add(DEP, uploaded=LONG_AGO, yanked="broken")
    ran = sync(guard, index, target)
    assert "[yanked-file]" in ran.err, ran.said


@pytest.mark.parametrize("installer", ["target", "pip_target"])
def test_nothing_is_removed_where_installing_fails(
    installer: str,
    guard: Guard,
    index: LoopbackIndex,
    lock: Path,
    request: pytest.FixtureRequest,
) -> None:
    environment: Environment = request.getfixturevalue(installer)
    environment.holds(OTHER)
    # A folder of that name, with something in it: no file can take its place.
    (environment.packages / "dep.py" / "in the way").mkdir(parents=True)
    ran = sync(guard, index, environment, "--policy", "observe")
    assert ran.code not in {0, 69, 70, 77}, ran.said
    assert "could not install" in ran.err
    assert environment.installed()["other"] == "3.0"


@pytest.mark.parametrize("path", ["/simple/frob/", f"/files/{FROB.filename}"])
def test_an_interrupted_sync_leaves_the_environment_as_it_was(
    path: str, target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    target.holds(OTHER)
    forget(guard)
    held = Held()
    index.fault(by("wheelguard/", path), held)  # type: ignore[arg-type]
    try:
        with untouched(target):
            child = guard.start("sync", "--refresh", *to(target), *at(index))
            try:
                assert held.reached.wait(TIMEOUT)
                os.killpg(child.pid, signal.SIGINT)
                _, err = child.communicate(timeout=TIMEOUT)
            finally:
                child.kill()
                child.communicate()
    finally:
        held.let_go.set()
    assert child.returncode == 130, err
    guard.assert_consistent()
    assert sync(guard, index, target).code == 0
    assert target.installed() == {"frob": "1.0", "dep": "1.0"}


# A lock that somebody edited.


def test_another_url_of_the_same_bytes_is_only_another_way_to_them(
    target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    with LoopbackIndex() as elsewhere:
        elsewhere.add(DEP)
        edited(lock, wheels=[_wheel(elsewhere.file_url(DEP.filename), DEP.sha256)])
        ran = sync(guard, index, target)
    assert ran.code == 0, ran.said
    assert (target.packages / "dep.py").read_text() == "__version__ = '1.0'\n"


def test_other_bytes_are_denied_wherever_they_are(
    target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    evil = a_wheel("dep", "1.0", files={"dep.py": "evil = True\n"})
    with LoopbackIndex() as elsewhere:
        elsewhere.add(evil, uploaded=LONG_AGO)
        url = elsewhere.file_url(evil.filename)
        for change in (
            {"wheels": [_wheel(url, evil.sha256)]},
            {"wheels": [_wheel(url, evil.sha256)], "index": elsewhere.url},
            {"wheels": [_wheel(url, DEP.sha256)]},
            {"wheels": [_wheel(index.file_url(DEP.filename), evil.sha256)]},
        ):
            edited(lock, **change)
            forget(guard)  # what is there already is what the lock promises, and is not fetched
            with untouched(target):
                ran = sync(guard, index, target)
            assert ran.code == 77, ran.said
            assert "[vanished-file]" in ran.err or "[hash-mismatch]" in ran.err


def test_a_file_of_the_checkout_is_denied(
    target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    evil = a_wheel("dep", "1.0", files={"dep.py": "evil = True\n"})
    evil.write_to(guard.work)
    edited(lock, wheels=[{"path": evil.filename, "hashes": {"sha256": evil.sha256}}])
    with untouched(target):
        ran = sync(guard, index, target)
    assert_paragraph(ran, 77, "denied[vanished-file]", evil.filename)


def test_a_package_that_nothing_wants_is_judged_and_in_ci_it_is_refused(
    target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    document = tomllib.loads(lock.read_text())
    wheel = _wheel(index.file_url(OTHER.filename), OTHER.sha256)
    document["packages"].append({"name": "other", "version": "3.0", "wheels": [wheel]})
    lock.write_text(tomli_w.dumps(document))
    with untouched(target):
        ran = sync(guard, index, target, "--locked")
    assert_paragraph(ran, 1, "nothing wants other 3.0", "guard lock")
    ran = sync(guard, index, target)
    assert ran.code == 0, ran.said
    assert "+ other 3.0" in ran.err


def test_whoever_says_for_himself_what_a_lock_is_for_does_not_ask_the_lock(
    target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    (guard.work / "requirements.in").write_text("dep\n")
    with untouched(target):
        ran = sync(guard, index, target, "--locked", "-r", "requirements.in")
    assert_paragraph(ran, 1, "nothing wants frob 1.0")


@pytest.mark.skipif(os.name != "posix", reason="there are no such pipes elsewhere")
def test_a_lock_that_names_a_pipe_holds_nobody_up(
    target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    os.mkfifo(guard.work / "pipe.txt")
    document = tomllib.loads(lock.read_text()) | {"tool": {"guard": {"files": ["pipe.txt"]}}}
    lock.write_text(tomli_w.dumps(document))
    assert_paragraph(sync(guard, index, target, "--locked"), 2, "which is a pipe, and no file")


@pytest.mark.parametrize("name", ["../secret.txt", "/etc/passwd", "link.txt", "\0"])
def test_a_lock_makes_nobody_read_files_outside_of_its_folder(
    name: str, target: Environment, guard: Guard, index: LoopbackIndex, lock: Path
) -> None:
    (guard.folder / "secret.txt").write_text("hunter2 hunter2\n")
    (guard.work / "link.txt").symlink_to(guard.folder / "secret.txt")
    document = tomllib.loads(lock.read_text()) | {"tool": {"guard": {"files": [name]}}}
    lock.write_text(tomli_w.dumps(document))
    with untouched(target):
        ran = sync(guard, index, target, "--locked")
    assert_paragraph(ran, 2, "not below its own folder")
    assert "hunter2" not in ran.said


def _wheel(url: str, sha256: str) -> dict[str, Any]:
    return {"name": url.rpartition("/")[2], "url": url, "hashes": {"sha256": sha256}}


# What is refused.


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("requirements.txt",), "no name for a lock file"),
        (("pylock.none.toml",), "could not be read"),
        (("pylock.empty.toml", "-r", "a.in", "--allow-empty-requirements"), "only compared"),
        (("pylock.empty.toml",), "--allow-empty-requirements"),
        (("pylock.empty.toml", "--locked", "--allow-empty-requirements"), "does not say"),
    ],
)
def test_what_is_no_lock_to_sync_is_refused(
    words: tuple[str, ...], complaint: str, target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    empty = 'lock-version = "1.0"\ncreated-by = "hand"\npackages = []\n'
    (guard.work / "pylock.empty.toml").write_text(empty)
    target.holds(OTHER)
    with untouched(target):
        ran = sync(guard, index, target, *words)
    assert_paragraph(ran, 2, complaint)


def test_an_empty_lock_empties_the_environment_where_that_is_meant(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    empty = 'lock-version = "1.0"\ncreated-by = "hand"\npackages = []\n'
    (guard.work / "pylock.toml").write_text(empty)
    either.holds(OTHER)
    ran = sync(guard, index, either, "--allow-empty-requirements")
    assert ran.code == 0, ran.said
    assert either.installed() == {}
