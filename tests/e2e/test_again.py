"""Running again, running twice at once, and running without the network."""

from __future__ import annotations

import threading

import pytest

from tests import faults
from tests.e2e.guarded import (
    LONG_AGO,
    TIMEOUT,
    Environment,
    Guard,
    assert_paragraph,
    at,
    cloned,
    to,
    untouched,
)
from tests.fakes import LoopbackIndex
from tests.faults import Answer, Seen
from tests.wheels import a_wheel

NAMES = [f"part{number}" for number in range(6)]
PARTS = [a_wheel(name, "1.0", files={f"{name}.py": "#" * 50_000}) for name in NAMES]
FROB = a_wheel("frob", "1.0", requires=NAMES)
EVERYTHING = {"frob": "1.0", **dict.fromkeys(NAMES, "1.0")}


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    for wheel in (FROB, *PARTS):
        index.add(wheel, uploaded=LONG_AGO)
    return index


def own(index: LoopbackIndex) -> list[Seen]:
    """The requests of the guard itself."""
    return [s for s in index.requests if s.headers["user-agent"].startswith("wheelguard")]


def fetched(index: LoopbackIndex) -> list[str]:
    """The files that the guard itself has fetched."""
    return [s.path.rpartition("/")[2] for s in own(index) if s.path.endswith(".whl")]


def test_two_guards_on_one_cache_do_not_disturb_each_other(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    other = Environment(cloned(target.path, guard.folder / "other"))
    meeting = threading.Barrier(2, timeout=TIMEOUT)

    def together(answer: Answer) -> Answer:
        meeting.wait()
        return answer

    # Both are let through only when both have come for the same file.
    index.fault(
        lambda seen: (
            seen.path == f"/files/{FROB.filename}" and "wheelguard" in seen.headers["user-agent"]
        ),
        together,
        times=2,
    )
    runs = [guard.start("install", "frob", *to(place), *at(index)) for place in (target, other)]
    try:
        said = [run.communicate(timeout=TIMEOUT) for run in runs]
    finally:
        for run in runs:
            run.kill()
            run.communicate()
    assert [run.returncode for run in runs] == [0, 0], said
    assert target.installed() == other.installed() == EVERYTHING
    assert len(list(guard.quarantine.glob("files/*/*/*"))) == len(EVERYTHING)
    guard.assert_consistent()


def test_a_run_that_failed_is_completed_by_running_again(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    missing = PARTS[3].filename
    index.fault(f"/files/{missing}", faults.status(403))
    with untouched(target):
        ran = guard.install("frob", into=target, index=index)
    assert_paragraph(ran, 69, missing, "HTTP 403")
    assert set(fetched(index)) == {wheel.filename for wheel in (FROB, *PARTS)}
    guard.assert_consistent()
    index.heal()
    index.forget_requests()
    ran = guard.install("frob", into=target, index=index)
    assert ran.code == 0, ran.said
    assert fetched(index) == [missing]
    assert target.installed() == EVERYTHING


def test_a_second_run_fetches_nothing_and_asks_for_no_page_again(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    assert guard.install("frob", "--dry-run", into=target, index=index).code == 0
    index.forget_requests()
    assert guard.install("frob", into=target, index=index).code == 0
    assert own(index) == []
    assert target.installed() == EVERYTHING


def test_refreshing_asks_again_for_pages_but_not_for_bytes(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    assert guard.install("frob", "--dry-run", into=target, index=index).code == 0
    index.forget_requests()
    assert guard.install("frob", "--refresh", into=target, index=index).code == 0
    assert sorted(seen.path for seen in own(index)) == sorted(f"/simple/{n}/" for n in EVERYTHING)
    assert all("if-none-match" in seen.headers for seen in own(index))
    assert fetched(index) == []


@pytest.mark.parametrize("how", ["--offline", "GUARD_OFFLINE"])
def test_what_was_seen_before_installs_offline(
    how: str, target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    words = ("--offline",) if how == "--offline" else ()
    settings = {how: "1"} if not words else {}
    with untouched(target):
        cold = guard.install("frob", *words, into=target, index=index, **settings)
    assert cold.code in {1, 69}, cold.said
    assert "offline" in cold.said.lower()
    assert "nothing was installed" in cold.said
    assert index.requests == []
    assert guard.install("frob", "--dry-run", into=target, index=index).code == 0
    index.forget_requests()
    warm = guard.install("frob", *words, into=target, index=index, **settings)
    assert warm.code == 0, warm.said
    assert target.installed() == EVERYTHING
    assert index.requests == []


def test_pip_does_not_pretend_to_be_offline(
    pip_target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    with untouched(pip_target):
        ran = guard.install("frob", "--offline", into=pip_target, index=index)
    assert_paragraph(ran, 2, "pip cannot resolve offline")
    assert index.requests == []


def test_a_lock_installs_offline_when_all_of_it_was_seen(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    words = (*to(either), *at(index))
    assert guard("lock", "frob", "-o", "pylock.toml", *words).code == 0
    index.forget_requests()
    ran = guard.install("-r", "pylock.toml", "--offline", into=either, index=index)
    assert ran.code == 0, ran.said
    assert either.installed() == EVERYTHING
    assert index.requests == []
