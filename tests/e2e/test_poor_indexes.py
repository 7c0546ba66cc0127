"""Indexes that say less than the best do: what is missing is Unknown or absent, never a crash."""

from __future__ import annotations

import pytest

from tests.e2e.guarded import LONG_AGO, Environment, Guard, assert_paragraph, untouched
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel

FROB = a_wheel("frob", "1.0", requires=["dep"])
DEP = a_wheel("dep", "1.0")


def exempt(guard: Guard, index: LoopbackIndex, owns: str = "") -> tuple[str, str]:
    """A policy for which the files of `index` need not wait."""
    (guard.work / "guard.toml").write_text(
        'extends = "default"\n[rules.fresh-upload]\nexempt-indexes = ["own"]\n'
        f'[[index]]\nname = "own"\nurl = "{index.url}"\n{owns}'
    )
    return ("--policy", "guard.toml")


@pytest.mark.parametrize(
    ("json", "either"), [(False, "uv"), (True, "uv"), (False, "pip")], indirect=["either"]
)
def test_without_upload_times_nothing_can_be_decided(
    json: bool, either: Environment, guard: Guard
) -> None:
    with LoopbackIndex(json=json, upload_times=False) as index:
        index.add(FROB, uploaded=LONG_AGO)
        index.add(DEP, uploaded=LONG_AGO)
        with untouched(either):
            ran = guard.install("frob", into=either, index=index)
    assert_paragraph(
        ran, 69, "undecided[fresh-upload]", "gives no upload times", "exempt-indexes", FROB.filename
    )


@pytest.mark.parametrize(
    ("owns", "either"),
    [("", "uv"), ('owns = ["frob", "dep"]', "uv"), ("", "pip")],
    indirect=["either"],
)
def test_an_exempt_index_needs_no_upload_times(
    owns: str, either: Environment, guard: Guard
) -> None:
    with LoopbackIndex(json=False) as index:
        index.add(FROB)
        index.add(DEP)
        policy = exempt(guard, index, owns)
        ran = guard.install("frob", *policy, into=either, index=index)
    assert ran.code == 0, ran.said
    assert either.installed() == {"frob": "1.0", "dep": "1.0"}


def test_an_index_without_sidecars_hashes_sizes_and_validators(
    either: Environment, guard: Guard
) -> None:
    with LoopbackIndex(sidecars=False, etags=False, html=False) as index:
        index.add(FROB, uploaded=LONG_AGO, hashes=False, size=False)
        index.add(DEP, uploaded=LONG_AGO, hashes=False, size=False)
        ran = guard.install("frob", into=either, index=index)
    assert ran.code == 0, ran.said
    assert either.installed() == {"frob": "1.0", "dep": "1.0"}
    guard.assert_consistent()


def test_an_index_with_weak_hashes_only(target: Environment, guard: Guard) -> None:
    with LoopbackIndex() as index:
        index.add(DEP, uploaded=LONG_AGO, hashes={"md5": "0" * 32})
        ran = guard.install("dep", into=target, index=index)
    assert ran.code == 0, ran.said
    assert target.installed() == {"dep": "1.0"}


def test_an_index_that_forbids_caching_is_asked_each_time(
    target: Environment, guard: Guard
) -> None:
    with LoopbackIndex(cache_control="no-store") as index:
        index.add(DEP, uploaded=LONG_AGO)
        assert guard.install("dep", "--dry-run", into=target, index=index).code == 0
        index.forget_requests()
        assert guard.install("dep", "--dry-run", into=target, index=index).code == 0
        agents = [s.headers["user-agent"] for s in index.requests if s.path == "/simple/dep/"]
    assert any(agent.startswith("wheelguard/") for agent in agents)


def test_relative_links_and_another_host_for_the_files(target: Environment, guard: Guard) -> None:
    with LoopbackIndex() as files, LoopbackIndex() as index:
        files.add(FROB)
        index.add(FROB, uploaded=LONG_AGO, url=files.file_url(FROB.filename), metadata=False)
        index.add(DEP, uploaded=LONG_AGO, url=f"../../files/{DEP.filename}")
        ran = guard.install("frob", into=target, index=index)
    assert ran.code == 0, ran.said
    assert target.installed() == {"frob": "1.0", "dep": "1.0"}
