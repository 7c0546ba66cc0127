"""`guard lock`: what is asked for in every way, judged whole, and written in one step or not."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.guarded import LONG_AGO, Environment, Guard, Ran, ago, assert_paragraph, at, to
from tests.fakes import LoopbackIndex
from tests.wheels import a_startup_payload, a_wheel, an_sdist

WINDOWS = "cp311-cp311-win_amd64"
HERE = "py3-none-any"

PROJECT = """
[project]
name = "app"
version = "1"
dependencies = ["frob"]

[project.optional-dependencies]
docs = ["tome"]
all = ["app[docs]", "other; python_version > '3'"]

[dependency-groups]
test = ["probe"]
dev = [{ include-group = "test" }, "tome"]
"""


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    for wheel in (
        a_wheel("frob", "1.0", requires=["dep"]),
        *(a_wheel(name, "1.0") for name in ("dep", "tome", "probe", "other")),
    ):
        index.add(wheel, uploaded=LONG_AGO)
    return index


@pytest.fixture
def project(guard: Guard) -> Path:
    path = guard.work / "pyproject.toml"
    path.write_text(PROJECT)
    return path


def locked(guard: Guard, name: str = "pylock.toml") -> dict[str, str]:
    """The versions in a lock."""
    return {each["name"]: each["version"] for each in packages(guard, name)}


def packages(guard: Guard, name: str = "pylock.toml") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads((guard.work / name).read_text())["packages"]
    return found


def lock(guard: Guard, index: LoopbackIndex, *words: str | Path) -> Ran:
    return guard("lock", *words, *at(index))


# What is asked for.


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ((), {"frob", "dep"}),
        (("-r", "pyproject.toml"), {"frob", "dep"}),
        (("--extra", "docs"), {"frob", "dep", "tome"}),
        (("--extra", "ALL"), {"frob", "dep", "tome", "other"}),
        (("--all-extras",), {"frob", "dep", "tome", "other"}),
        (("--group", "dev"), {"frob", "dep", "tome", "probe"}),
        (("--only-group", "dev"), {"tome", "probe"}),
        (("-r", "pyproject.toml", "--only-group", "test"), {"probe"}),
        (("other", "--group", "pyproject.toml:test"), {"other", "probe"}),
    ],
)
def test_what_a_project_asks_for(
    words: tuple[str, ...],
    names: set[str],
    either: Environment,
    guard: Guard,
    index: LoopbackIndex,
    project: Path,
) -> None:
    ran = guard("lock", *words, *to(either), *at(index))
    assert ran.code == 0, ran.said
    assert locked(guard).keys() == names
    ran = guard("sync", "--locked", *to(either), *at(index))
    assert ran.code == 0, ran.said
    assert either.installed().keys() == names


def test_a_group_is_installed_and_checked_as_well(
    either: Environment, guard: Guard, index: LoopbackIndex, project: Path
) -> None:
    ran = guard.install("--group", "dev", into=either, index=index)
    assert ran.code == 0, ran.said
    assert either.installed() == {"tome": "1.0", "probe": "1.0"}
    ran = guard.install(
        "-r", project, "--extra", "docs", "--group", "test", into=either, index=index
    )
    assert ran.code == 0, ran.said
    assert either.installed().keys() == {"tome", "probe", "frob", "dep"}
    assert guard("check", "--only-group", "test", *at(index)).out.startswith("1 file judged")


def test_the_project_itself_is_never_asked_of_an_index(
    either: Environment, guard: Guard, index: LoopbackIndex, project: Path
) -> None:
    """Whoever registers its name there would be installed by an extra that names another one."""
    index.add(a_wheel("app", "9.0", requires=["other"]), uploaded=LONG_AGO)
    assert guard("lock", "--extra", "all", *to(either), *at(index)).code == 0
    assert "app" not in locked(guard)
    assert not [seen for seen in index.requests if seen.path.startswith("/simple/app")]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--extra", "none"), "has no extra `none`"),
        (("--group", "none"), "no dependency group `none`"),
        (("--group", "elsewhere/pyproject.toml:dev"), "could not be read"),
        (("--group", "setup.cfg:dev"), "is no pyproject.toml"),
        (("frob", "--all-extras"), "none is asked for"),
        (("-o", "lock.toml"), "no name for a lock file"),
    ],
)
def test_what_a_project_does_not_have(
    words: tuple[str, ...],
    complaint: str,
    guard: Guard,
    index: LoopbackIndex,
    project: Path,
) -> None:
    assert_paragraph(lock(guard, index, *words), 2, complaint)
    assert index.requests == []


# What is kept.


def test_what_is_locked_is_kept_until_an_upgrade_is_asked_for(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    words = ("frob", "other", *to(either), *at(index))
    assert guard("lock", *words).code == 0
    index.add(a_wheel("dep", "2.0"), uploaded=LONG_AGO)
    index.add(a_wheel("other", "2.0"), uploaded=LONG_AGO)
    before = (guard.work / "pylock.toml").stat().st_ino
    ran = guard("lock", *words, "--refresh")
    assert "pylock.toml is up to date" in ran.err, ran.said
    assert (guard.work / "pylock.toml").stat().st_ino == before, "it was not even written"
    assert guard("lock", *words, "tome").code == 0
    assert locked(guard) == {"frob": "1.0", "dep": "1.0", "other": "1.0", "tome": "1.0"}
    ran = guard("lock", *words, "-P", "DEP")
    assert locked(guard) == {"frob": "1.0", "dep": "2.0", "other": "1.0"}
    assert "~ dep 1.0 -> 2.0" in ran.err
    assert "- tome 1.0" in ran.err
    assert guard("lock", *words, "-U").code == 0
    assert locked(guard) == {"frob": "1.0", "dep": "2.0", "other": "2.0"}


def test_what_is_locked_and_denied_by_now_is_replaced(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.add(a_wheel("dep", "1.1"), uploaded=LONG_AGO)
    words = ("frob", *to(either), *at(index))
    assert guard("lock", *words).code == 0
    assert locked(guard)["dep"] == "1.1"
    index.remove("dep-1.1-py3-none-any.whl")
    ran = guard("lock", *words, "--refresh")
    assert ran.code == 0, ran.said
    assert locked(guard)["dep"] == "1.0"


def test_a_lock_that_is_not_what_it_would_be_is_said_to_be_that(
    guard: Guard, index: LoopbackIndex, project: Path
) -> None:
    assert_paragraph(lock(guard, index, "--check"), 1, "+ dep 1.0; + frob 1.0")
    assert not (guard.work / "pylock.toml").exists()
    assert lock(guard, index).code == 0
    assert lock(guard, index, "--locked").code == 0
    project.write_text(PROJECT.replace('"frob"', '"frob", "other"'))
    before = (guard.work / "pylock.toml").read_bytes()
    ran = lock(guard, index, "--check", "--output-format", "json")
    assert (ran.code, ran.report["error"]["kind"]) == (1, "outdated")
    assert "+ other 1.0" in ran.report["error"]["reason"]
    assert "nothing was written" in lock(guard, index, "--dry-run").err
    assert (guard.work / "pylock.toml").read_bytes() == before


def test_what_somebody_took_out_of_a_lock_is_missed(guard: Guard, index: LoopbackIndex) -> None:
    assert lock(guard, index, "frob").code == 0
    path = guard.work / "pylock.toml"
    text = path.read_text()
    path.write_text(text.replace(f'index = "{index.url.rstrip("/")}"\n', "", 1))
    assert path.read_text() != text
    assert_paragraph(lock(guard, index, "frob", "--check"), 1, "~ dep 1.0: other files, or said")


def test_a_denied_lock_leaves_the_file_that_is_there(guard: Guard, index: LoopbackIndex) -> None:
    assert lock(guard, index, "frob").code == 0
    path = guard.work / "pylock.toml"
    before = path.read_bytes()
    index.add(a_wheel("new", "1.0"), uploaded=ago(days=1))
    assert lock(guard, index, "frob", "new==1.0").code == 77
    assert lock(guard, index, "frob", "nobody-has-this").code == 1
    assert path.read_bytes() == before
    assert sorted(each.name for each in guard.work.iterdir()) == ["pylock.toml"]


@pytest.mark.parametrize("there", [True, False])
def test_a_checkout_cannot_have_a_file_of_the_users_overwritten(
    guard: Guard, index: LoopbackIndex, there: bool
) -> None:
    real = guard.folder / ".profile"
    if there:
        real.write_text("# mine\n")
    (guard.work / "pylock.toml").symlink_to(real)
    ran = lock(guard, index, "frob", "--upgrade")
    assert_paragraph(ran, 2, ".profile`, which is no name for a lock file")
    assert real.exists() is there
    assert not there or real.read_text() == "# mine\n"


def test_a_link_that_leads_to_itself_gives_way_to_a_lock(
    guard: Guard, index: LoopbackIndex
) -> None:
    (guard.work / "pylock.toml").symlink_to("pylock.toml")
    ran = lock(guard, index, "frob")
    assert ran.code == 0, ran.said
    assert locked(guard)["frob"] == "1.0"


def test_a_lock_keeps_its_permissions_and_a_link_leads_where_it_did(
    guard: Guard, index: LoopbackIndex
) -> None:
    real = guard.work / "pylock.real.toml"
    assert lock(guard, index, "frob", "-o", real).code == 0
    assert real.stat().st_mode & 0o777 == 0o644
    real.chmod(0o640)
    (guard.work / "pylock.toml").symlink_to(real)
    assert lock(guard, index, "other").code == 0
    assert (guard.work / "pylock.toml").is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert locked(guard, "pylock.real.toml").keys() == {"other"}


def test_a_lock_that_cannot_be_read_is_not_written_over_unasked(
    guard: Guard, index: LoopbackIndex
) -> None:
    (guard.work / "pylock.toml").write_text("mine = true\n")
    assert_paragraph(lock(guard, index, "frob"), 2, "no lock file of PEP 751")
    assert (guard.work / "pylock.toml").read_text() == "mine = true\n"
    assert lock(guard, index, "frob", "-U").code == 0


def test_a_password_is_not_written_into_a_lock(guard: Guard, index: LoopbackIndex) -> None:
    url = index.file_url("other-1.0-py3-none-any.whl").replace("//", "//me:hunter2@")
    policy = guard.work / "guard.toml"
    policy.write_text(
        f'extends = "default"\n[rules.direct-url]\nallow = ["{index.origin}/files/*"]\n'
    )
    ran = lock(guard, index, f"other @ {url}", "--policy", policy)
    assert ran.code == 0, ran.said
    text = (guard.work / "pylock.toml").read_text()
    assert "hunter2" not in text
    (package,) = packages(guard)
    assert package["archive"]["url"] == index.file_url("other-1.0-py3-none-any.whl")


def test_a_lock_for_one_platform_says_so(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    assert lock(guard, index, "frob").code == 0
    path = guard.work / "pylock.toml"
    path.write_text(path.read_text().replace("linux", "win32").replace("darwin", "win32"))
    ran = guard("sync", *to(target), *at(index))
    assert_paragraph(ran, 2, "has nothing for this environment", "environments specified")


# Every platform.


def test_a_lock_for_every_platform_holds_what_was_judged_and_nothing_else(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    for wheel in (
        a_wheel("app", "1.0", requires=["winonly; sys_platform == 'win32'", "frob"]),
        a_wheel("winonly", "1.0", tag=WINDOWS),
        a_wheel("frob", "1.0", requires=["dep"], tag=WINDOWS),
        an_sdist("frob", "1.0"),
    ):
        index.add(wheel, uploaded=LONG_AGO)
    ran = lock(guard, index, "app", "--universal")
    assert ran.code == 0, ran.said
    assert "5 files judged" in ran.err
    by_name = {each["name"]: each for each in packages(guard)}
    assert by_name["winonly"]["marker"] in {
        'sys_platform == "win32"',
        "sys_platform == 'win32'",
    }
    assert [wheel["name"] for wheel in by_name["frob"]["wheels"]] == [
        "frob-1.0-cp311-cp311-win_amd64.whl",
        "frob-1.0-py3-none-any.whl",
    ]
    assert "sdist" not in by_name["frob"]
    ran = guard("sync", "--locked", *to(target), *at(index))
    assert ran.code == 0, ran.said
    assert target.installed() == {"app": "1.0", "frob": "1.0", "dep": "1.0"}
    assert "up to date" in lock(guard, index, "app", "--universal").err


def test_a_file_for_another_platform_keeps_its_release_out(
    guard: Guard, index: LoopbackIndex
) -> None:
    """Whoever it is for would install it from this lock."""
    hook = a_startup_payload(guard.folder / "marker")
    index.add(a_wheel("dep", "1.5"), uploaded=LONG_AGO)
    index.add(a_wheel("dep", "1.5", tag=WINDOWS, files=hook), uploaded=LONG_AGO)
    assert lock(guard, index, "frob").code == 0
    assert locked(guard)["dep"] == "1.5"
    ran = lock(guard, index, "frob", "--universal", "-o", "pylock.all.toml")
    assert ran.code == 0, ran.said
    assert locked(guard, "pylock.all.toml")["dep"] == "1.0"
    ran = lock(guard, index, "dep==1.5", "--universal", "-o", "pylock.all.toml")
    assert_paragraph(ran, 77, "denied[startup-hook]", WINDOWS)


def test_a_release_of_sources_alone_is_denied_for_every_platform_too(
    guard: Guard, index: LoopbackIndex
) -> None:
    index.add(an_sdist("raw", "1.0", payload=guard.work / "marker"), uploaded=LONG_AGO)
    ran = lock(guard, index, "raw; sys_platform == 'win32'", "frob", "--universal")
    assert ran.code == 77, ran.said
    assert not (guard.work / "marker").exists()


def test_pip_knows_one_platform(
    pip_target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    ran = guard("lock", "frob", "--universal", *to(pip_target), *at(index))
    assert_paragraph(ran, 2, "the platform that it runs on", "leave out `--installer pip`")
