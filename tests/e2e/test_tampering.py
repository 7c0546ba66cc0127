"""The bytes judged are the bytes installed: what was changed after its verdict never arrives."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from guard.errors import GuardError, InstallerError
from guard.install._base import Installer
from guard.install.copy import copy_into
from guard.install.pip import Pip
from guard.install.target import Target
from guard.install.uv import Uv
from guard.model import Admitted, Verdict
from guard.quarantine import Quarantine
from guard.request import IndexOptions, Request, Wanted
from tests.builders import a_candidate, a_file
from tests.e2e.guarded import LONG_AGO, Environment, Guard, assert_paragraph, cloned, untouched
from tests.fakes import LoopbackIndex
from tests.wheels import Artifact, a_startup_payload, a_wheel

GOOD = a_wheel("frob", "1.0", files={"frob.py": "x = 'good'\n"})
EVIL = a_wheel("frob", "1.0", files={"frob.py": "x = 'evil'\n"})
DEP = a_wheel("dep", "1.0")
REQUEST = Request(specifiers=("frob",))


def admitted(wheel: Artifact, quarantine: Quarantine) -> Admitted:
    """The proof that `wheel` was judged, as the guard itself makes it."""
    arrival = quarantine.receive(wheel.filename, [wheel.content], limit=1 << 20)
    candidate = a_candidate(
        file=a_file(wheel.name, wheel.version, filename=wheel.filename), digests=arrival.digests
    )
    return Admitted(Verdict(candidate, ()), arrival.path, arrival.digests["sha256"])


@pytest.fixture
def installer(either: Environment, tmp_path: Path) -> Iterator[Installer]:
    wanted = Wanted(indexes=[IndexOptions(no_index=True)])
    target = Target(python=either.python)
    with ThreadPoolExecutor(2) as pool:
        if either.installer == "uv":
            yield Uv(target, wanted, cache=tmp_path / "uv", pool=pool)
        else:
            yield Pip(target, wanted, pool=pool)


@pytest.fixture
def proofs(tmp_path: Path) -> Sequence[Admitted]:
    quarantine = Quarantine(tmp_path / "quarantine")
    return [admitted(DEP, quarantine), admitted(GOOD, quarantine)]


def with_payload(marker: Path) -> Artifact:
    return a_wheel("frob", "1.0", files=a_startup_payload(marker))


@pytest.mark.parametrize("same_size", [True, False])
def test_a_changed_file_is_not_installed(
    same_size: bool,
    either: Environment,
    installer: Installer,
    proofs: Sequence[Admitted],
    tmp_path: Path,
) -> None:
    marker = tmp_path / "the-payload-ran"
    path = proofs[1].path
    before = path.stat()
    evil = EVIL if same_size else with_payload(marker)
    assert (len(evil.content) == before.st_size) is same_size
    path.write_bytes(evil.content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    with untouched(either), pytest.raises(InstallerError) as refused:
        installer.apply(proofs, REQUEST, quiet=True)
    assert refused.value.exit_code != 0
    assert "hash" in refused.value.output.lower()
    either.starts()
    assert not marker.exists()


def test_a_file_that_was_exchanged_for_a_link_is_not_installed(
    either: Environment, installer: Installer, proofs: Sequence[Admitted], tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.whl"
    elsewhere.write_bytes(with_payload(tmp_path / "marker").content)
    proofs[1].path.unlink()
    proofs[1].path.symlink_to(elsewhere)
    with untouched(either), pytest.raises(InstallerError):
        installer.apply(proofs, REQUEST, quiet=True)


def test_a_file_beside_the_judged_one_is_not_installed(
    either: Environment, installer: Installer, proofs: Sequence[Admitted], tmp_path: Path
) -> None:
    """A better fitting wheel of the same release, in a folder that the tool is shown."""
    version = either.python.resolve().name.rpartition(".")[2]
    marker = tmp_path / "the-payload-ran"
    planted = a_wheel(
        "frob", "1.0", files=a_startup_payload(marker), tag=f"cp3{version}-none-any", build="9"
    )
    planted.write_to(proofs[1].path.parent)
    with untouched(either), pytest.raises(InstallerError):
        installer.apply(proofs, REQUEST, quiet=True)
    either.starts()
    assert not marker.exists()


def test_what_was_not_changed_is_installed_without_asking_anybody(
    either: Environment,
    installer: Installer,
    proofs: Sequence[Admitted],
    index: LoopbackIndex,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither a configuration nor an index has a say any more."""
    (tmp_path / "uv.toml").write_text("nonsense = 3\n")
    (tmp_path / "limits.txt").write_text("frob==9\n")
    (either.path / "pip.conf").write_text("[install]\ndry-run = true\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PIP_CONFIG_FILE", raising=False)
    monkeypatch.setenv("PIP_DRY_RUN", "1")
    monkeypatch.setenv("UV_CONSTRAINT", str(tmp_path / "limits.txt"))
    for name in ("UV_DEFAULT_INDEX", "PIP_INDEX_URL"):
        monkeypatch.setenv(name, index.url)
    installer.apply(proofs, REQUEST, quiet=True)
    assert either.installed() == {"frob": "1.0", "dep": "1.0"}
    assert (either.packages / "frob.py").read_text() == "x = 'good'\n"
    assert index.requests == []


def test_a_changed_file_is_not_copied_out(proofs: Sequence[Admitted], tmp_path: Path) -> None:
    proofs[1].path.write_bytes(EVIL.content)
    with pytest.raises(GuardError, match="changed in quarantine"):
        copy_into(tmp_path / "out", proofs[1])
    assert not (tmp_path / "out").exists()


def test_a_file_that_was_changed_between_two_runs_is_fetched_again(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.add(GOOD, uploaded=LONG_AGO)
    assert guard.install("frob", "--dry-run", into=target, index=index).code == 0
    (held,) = guard.quarantine.glob("files/*/*/*.whl")
    held.write_bytes(EVIL.content)
    index.forget_requests()
    ran = guard.install("frob", into=target, index=index)
    assert ran.code == 0, ran.said
    assert (target.packages / "frob.py").read_text() == "x = 'good'\n"
    assert f"/files/{GOOD.filename}" in [seen.path for seen in index.requests]
    guard.assert_consistent()


def test_bytes_that_are_not_those_of_the_page_are_denied(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.add(GOOD, uploaded=LONG_AGO)
    index.fault(
        lambda seen: seen.path.endswith(".whl") and "wheelguard" in seen.headers["user-agent"],
        lambda answer: answer.__class__(headers=answer.headers, body=EVIL.content),
    )
    with untouched(either):
        ran = guard.install("frob", into=either, index=index)
    assert_paragraph(ran, 77, "denied[hash-mismatch]", GOOD.sha256, GOOD.filename)


def test_the_tools_own_cache_cannot_stand_in(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    """uv's cache in the user's own folder may hold anything under the same name and version."""
    index.add(EVIL, uploaded=LONG_AGO)
    ran = guard("check", "frob", "--python", target.python, "--index-url", index.url)
    assert ran.code == 0, ran.said
    index.add(GOOD, uploaded=LONG_AGO)
    ran = guard.install("frob", "--refresh", into=target, index=index)
    assert ran.code == 0, ran.said
    assert (target.packages / "frob.py").read_text() == "x = 'good'\n"


def test_what_was_edited_in_place_does_not_reach_the_next_environment(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    """uv links files from its cache: an edit in one environment would be an edit of the cache."""
    index.add(GOOD, uploaded=LONG_AGO)
    other = Environment(cloned(target.path, guard.folder / "other"))
    assert guard.install("frob", into=target, index=index).code == 0
    (target.packages / "frob.py").write_text("x = 'evil'\n")
    ran = guard.install("frob", into=other, index=index)
    assert ran.code == 0, ran.said
    assert (other.packages / "frob.py").read_text() == "x = 'good'\n"
