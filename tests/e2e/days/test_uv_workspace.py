"""A uv workspace: two members, an index with a password for one project, groups and extras."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.days import shop
from tests.e2e.days.day import Day, day, evening, settings
from tests.e2e.guarded import Guard
from tests.e2e.overhearing import overheard_at
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel, an_sdist

CREDENTIALS = {
    "UV_INDEX_INNER_USERNAME": shop.USER,
    "UV_INDEX_INNER_PASSWORD": shop.PASSWORD,
}


@pytest.fixture(scope="module")
def inner() -> Iterator[LoopbackIndex]:
    with LoopbackIndex(credentials=(shop.USER, shop.PASSWORD)) as index:
        shop.stock(index, *shop.INNER[:1])
        yield index


@pytest.fixture(scope="module")
def outer() -> Iterator[LoopbackIndex]:
    with LoopbackIndex() as index:
        shop.stock(index, *shop.OLD, shop.BACKEND)
        yield index


@pytest.fixture(scope="module")
def desk(
    tmp_path_factory: pytest.TempPathFactory, outer: LoopbackIndex, inner: LoopbackIndex
) -> Guard:
    """The workspace as it was left: locked and synced, before newer releases came."""
    folder = tmp_path_factory.mktemp("workspace")
    here = evening(folder, settings(folder, outer))
    shop.project(here.work, inner)
    ran = Day.bare(here, "uv", "sync", **CREDENTIALS)
    assert ran.code == 0, ran.said
    shop.stock(outer, *shop.NEWER)
    shop.stock(inner, *shop.INNER)
    return here


@pytest.fixture
def workspace(desk: Guard, outer: LoopbackIndex) -> Iterator[Day]:
    with day(desk, outer, fresh=shop.FRESH) as today:
        today.settings.update(CREDENTIALS)
        yield today


def test_nothing_to_do(workspace: Day) -> None:
    workspace.both("uv", "sync")
    workspace.both("uv", "sync", "--locked")
    workspace.both("uv", "lock", "--check")


def test_members_extras_and_groups(workspace: Day) -> None:
    workspace.both("uv", "sync", "--all-packages", "--all-extras", "--all-groups")
    workspace.both("uv", "sync", "--package", "shop-web", "--no-dev")
    workspace.both("uv", "sync", "--only-group", "lint")
    workspace.both("uv", "sync", "--extra", "fast", "--group", "all", "--no-install-workspace")


def test_something_is_added(workspace: Day) -> None:
    workspace.both("uv", "add", "tidy<1")
    workspace.both("uv", "add", "--group", "lint", "speed")
    workspace.both("uv", "add", "--package", "shop-core", "speed>=1")
    workspace.both("uv", "add", "--optional", "slow", "dep")
    assert '"tidy<1"' in workspace.text("pyproject.toml")


def test_what_is_called_as_a_folder_is(workspace: Day) -> None:
    workspace.write("speed/notes.txt", "a folder, and no project\n")
    workspace.both("uv", "add", "speed")
    workspace.write("speed-1.0-py3-none-any.whl", "no wheel\n")
    ran = workspace.denied("uv", "add", "speed-1.0-py3-none-any.whl", code=2)
    assert "a URL or a path is on no index" in ran.err


def test_a_folder_of_its_own_is_named_in_the_project(workspace: Day) -> None:
    for side in ("bare", "wrapped"):
        shop.member(workspace.folder / side / "work" / "extra", "shop-extra", '"tidy"')
    more = workspace.text("pyproject.toml").replace(
        "[tool.uv.sources]\n",
        '[tool.uv.sources]\nshop-extra = { path = "extra", editable = true }\n',
    )
    workspace.write("pyproject.toml", more)
    workspace.both("uv", "add", "shop-extra")
    ran = workspace.denied("uv", "add", "./extra", code=2)
    assert "`./extra` is not supported" in ran.err


def test_beside_a_folder_of_its_own_nothing_else_is_built(workspace: Day) -> None:
    marker = workspace.folder / "built"
    for side in ("bare", "wrapped"):
        shop.member(workspace.folder / side / "work" / "extra", "shop-extra", '"raw"')
    more = '[tool.uv.sources]\nshop-extra = { path = "extra" }\n'
    text = workspace.text("pyproject.toml").replace("[tool.uv.sources]\n", more)
    workspace.write("pyproject.toml", text.replace('"frob",', '"frob",\n    "shop-extra",'))
    with workspace.listed(an_sdist("raw", "1.0", payload=marker)):
        ran = workspace.denied("uv", "sync")
    assert "source-distribution" in ran.err
    with workspace.listed(
        an_sdist("raw", "1.0", payload=marker), a_wheel("raw", "1.0", tag="cp39-none-any")
    ):
        ran = workspace.denied("uv", "sync")
    assert "source-distribution" in ran.err
    assert not marker.exists()


def test_something_is_removed(workspace: Day) -> None:
    workspace.both("uv", "remove", "frob")
    workspace.both("uv", "remove", "--group", "lint", "tidy")
    workspace.both("uv", "remove", "--package", "shop-web", "acme")
    workspace.both("uv", "remove", "nobody", code=2)
    assert "acme" not in workspace.text("uv.lock").replace("acme-build", "")


def test_one_is_upgraded_then_all(workspace: Day) -> None:
    workspace.both("uv", "lock", "--upgrade-package", "frob")
    lock = workspace.text("uv.lock")
    assert ("frob-1.1" in lock, "dep-1.1" in lock) == (True, False)
    workspace.both("uv", "sync", "-P", "acme")
    workspace.both("uv", "sync", "--upgrade")
    lock = workspace.text("uv.lock")
    assert ("dep-1.1" in lock, "acme-1.1" in lock) == (True, True)


def test_it_is_run(workspace: Day) -> None:
    said = workspace.both("uv", "run", "main.py")
    assert said.bare.out == said.wrapped.out == "shop-core\n"
    web = ("--package", "shop-web", "python", "-c", "import acme, shop_web as w; print(w.NAME)")
    said = workspace.both("uv", "run", *web)
    assert said.bare.out == said.wrapped.out == "shop-web\n"
    workspace.both("uv", "run", "--group", "lint", "python", "-c", "import tidy; exit(3)", code=3)
    said = workspace.both("uv", "run", "--with", "speed", "python", "-c", "import speed; print(1)")
    assert said.bare.out == said.wrapped.out == "1\n"


def test_it_is_shown(workspace: Day) -> None:
    for words in (
        ("tree",),
        ("tree", "--frozen", "--package", "shop-web"),
        ("export", "--all-packages", "--no-hashes"),
        ("export", "--format", "pylock.toml", "--no-emit-workspace"),
        ("pip", "list"),
        ("pip", "freeze"),
    ):
        said = workspace.both("uv", *words)
        assert said.bare.out == said.wrapped.out != ""
    workspace.both("uv", "export", "-q", "-o", "requirements.txt")


def test_a_lock_is_made_anew(workspace: Day) -> None:
    for side in ("bare", "wrapped"):
        (workspace.folder / side / "work" / "uv.lock").unlink()
    workspace.both("uv", "lock")
    workspace.both("uv", "sync", "--frozen", "--all-packages")


@pytest.mark.parametrize("kept", ["environment", "netrc"])
def test_its_password_is_seen_nowhere(kept: str, desk: Guard, outer: LoopbackIndex) -> None:
    words = ("uv", "sync", "--all-packages", "-P", "acme")
    with LoopbackIndex(credentials=(shop.USER, shop.PASSWORD)) as inner:
        shop.stock(inner, *shop.INNER)
        overheard = overheard_at(inner)
        with day(desk, outer, fresh=shop.FRESH) as today:
            old = Path(today.folder / "bare" / "work" / "pyproject.toml").read_text()
            new = re.sub(r'url = ".*"', f'url = "{inner.url}"', old)
            today.write("pyproject.toml", new)
            if kept == "environment":
                today.settings.update(CREDENTIALS)
            else:
                today.at_home(
                    ".netrc", f"machine 127.0.0.1 login {shop.USER} password {shop.PASSWORD}\n"
                )
            said = today.both(*words)
            assert "acme-1.1" in today.text("uv.lock")
            for secret in (
                shop.PASSWORD,
                b64encode(f"{shop.USER}:{shop.PASSWORD}".encode()).decode(),
            ):
                assert secret not in said.wrapped.said
                assert not [heard for heard in overheard if secret in heard]
                assert not today.holding(secret)
    assert any("uv sync" in heard for heard in overheard)


def test_without_its_password_nothing_happens(workspace: Day) -> None:
    ran = workspace.denied("uv", "sync", "-P", "acme", code=69, **dict.fromkeys(CREDENTIALS, ""))
    assert "user name and password" in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ("add", "frob==2.0"),
        ("add", "--package", "shop-web", "tidy>=2"),
        ("add", "--group", "lint", "probe>1"),
        ("run", "--with", "speed==2.0", "main.py"),
    ],
)
def test_what_is_too_fresh_is_denied(workspace: Day, words: tuple[str, ...]) -> None:
    ran = workspace.denied("uv", *words)
    assert "2.0 (fresh-upload: uploaded" in ran.err
    assert "nothing else would do" in ran.err


def test_what_is_denied_for_what_is_inside(workspace: Day) -> None:
    with workspace.listed(shop.MARKED):
        ran = workspace.denied("uv", "add", "--package", "shop-core", "speed==1.1")
    assert "denied[startup-hook]" in ran.err


def test_a_lock_of_the_day_before_yesterday_is_denied(workspace: Day) -> None:
    """Somebody without the guard has locked what was new."""
    with workspace.turn("wrapped") as here, workspace.morning("wrapped"):
        locked = workspace.bare(here, "uv", "lock", "-P", "frob")
    assert locked.code == 0, locked.said
    for words in (("sync",), ("sync", "--frozen"), ("run", "main.py")):
        ran = workspace.denied("uv", *words)
        assert "denied[fresh-upload]" in ran.err
