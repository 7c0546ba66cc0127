"""What pip and uv hold an index to, over plain HTTP and over TLS, with and without a network."""

from __future__ import annotations

import concurrent.futures
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from packaging.version import Version

from guard.cli import scrubbed
from guard.gateway import authority, child, namespace
from guard.gateway.run import Gateway, Outcome
from guard.gateway.snapshot import Snapshot
from tests.builders import a_policy
from tests.e2e.guarded import LONG_AGO, Environment, Guard, ago, assert_paragraph
from tests.fakes import LoopbackIndex
from tests.gateway.behind import a_gateway, an_admission
from tests.gateway.uv_projects import a_project, bare, beside, files, installed
from tests.wheels import a_wheel, an_sdist

FROB = a_wheel("frob", "1.0", requires=["dep"])
DEP = a_wheel("dep", "1.0")
MARKED = a_wheel("frob", "1.1", requires=["dep"], files={"frob.pth": "import os\n"})


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    for wheel in (FROB, DEP, a_wheel("frob", "0.9")):
        index.add(wheel, uploaded=LONG_AGO)
    index.add(an_sdist("frob", "1.0"), uploaded=LONG_AGO)
    index.add(a_wheel("frob", "2.0"), uploaded=ago(days=1))
    return index


@dataclass(frozen=True)
class Pip:
    """A real pip behind a gateway."""

    gateway: Gateway
    python: Path
    index: LoopbackIndex
    folder: Path

    def __call__(self, *words: str, **more: str) -> Outcome:
        command = [str(self.python), "-m", "pip", *words, "--index-url", self.index.url]
        return self.gateway.run(command, lambda p, a: self.environ(p, a, more), Snapshot([], None))

    def environ(self, proxy: str, path: Path, more: dict[str, str]) -> dict[str, str]:
        cache, config = self.folder / "cache", self.folder / "uv.toml"
        told = scrubbed.for_uv(
            {**os.environ, **more}, proxy=proxy, authority=path, cache=cache, config=config
        )
        version = Version("26.0") if "TEST_PIP" in os.environ else Version("23.2")
        return told | child.for_pip(path, cache, version=version)


@pytest.fixture
def pip(pip_target: Environment, index: LoopbackIndex, tmp_path: Path) -> Iterator[Pip]:
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        gateway = a_gateway(tmp_path, an_admission(tmp_path, pool, index))
        yield Pip(gateway, pip_target.python, index, tmp_path)


def downloads(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def test_pip_takes_the_newest_release_that_it_is_shown(pip: Pip, tmp_path: Path) -> None:
    dest = tmp_path / "got"
    assert pip("download", "frob", "-d", str(dest)).code == 0
    assert downloads(dest) == {FROB.filename, DEP.filename}


def test_pip_does_without_what_is_denied_for_what_is_inside(
    pip: Pip, index: LoopbackIndex, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    index.add(MARKED, uploaded=LONG_AGO)
    dest = tmp_path / "got"
    outcome = pip("download", "frob", "-d", str(dest))
    assert outcome.code == 0
    assert downloads(dest) == {FROB.filename, DEP.filename}
    assert [v.candidate.file.title for v in outcome.replaced] == ["frob 1.1"]
    assert "451 Client Error: guard denied[startup-hook]" in capfd.readouterr().err


def test_pip_gets_nothing_that_is_not_on_the_index(pip: Pip, tmp_path: Path) -> None:
    with LoopbackIndex() as other:
        other.add(a_wheel("frob", "9.0"), uploaded=LONG_AGO)
        dest = tmp_path / "got"
        told = {"PIP_EXTRA_INDEX_URL": other.url, "PIP_PROXY": other.origin, "NO_PROXY": "*"}
        assert pip("download", "frob", "-d", str(dest), **told).code == 0
        url = other.file_url("frob-9.0-py3-none-any.whl")
        assert pip("download", url, "-d", str(dest)).code == 1
        assert other.requests == []
    assert downloads(dest) == {FROB.filename, DEP.filename}


def over_tls(index: LoopbackIndex, folder: Path) -> tuple[str, Path]:
    """Let an index that does not run yet speak TLS; its URL, and who must be trusted."""
    identity = authority.issue(["localhost"], now=ago())
    index._server.socket = identity.context.wrap_socket(index._server.socket, server_side=True)
    path = folder / "upstream.pem"
    path.write_bytes(identity.authority)
    return index.url.replace("http://127.0.0.1", "https://localhost"), path


def test_uv_over_tls_writes_the_same_files_as_bare(guard: Guard) -> None:
    index = LoopbackIndex()
    url, trusted = over_tls(index, guard.folder)
    with index:
        for wheel in (FROB, DEP):
            place = index.file_url(wheel.filename).replace("http://127.0.0.1", "https://localhost")
            index.add(wheel, uploaded=LONG_AGO, url=place)
        told = {"UV_DEFAULT_INDEX": url, "UV_PYTHON": sys.executable, "SSL_CERT_FILE": str(trusted)}
        told |= {"NO_PROXY": "localhost,127.0.0.1"}
        a_project(guard, "frob")
        other = beside(guard)
        shutil.copy(guard.work / "pyproject.toml", other)
        ran = guard("uv", "sync", **told)
        assert ran.code == 0, ran.said
        assert bare(guard, other, ["sync"], **told).code == 0
        assert files(guard.work) == files(other)
        assert installed(guard.work) == installed(other)
        # Who trusts the upstream's authority is not trusted by the child, and the other way round.
        untrusted = guard("uv", "lock", "--refresh", **{**told, "SSL_CERT_FILE": ""})
        assert_paragraph(untrusted, 69, "TLS: ")


def test_files_at_a_host_that_nobody_knew_are_fetched_the_second_time(guard: Guard) -> None:
    """The certificate of a run names its hosts; where files are may come to light in the run."""
    pages, store = LoopbackIndex(), LoopbackIndex()
    _, trusted = over_tls(store, guard.folder)
    with pages, store:
        store.add(DEP, uploaded=LONG_AGO)
        store.add(FROB, uploaded=LONG_AGO)
        for wheel in (FROB, DEP):
            place = store.file_url(wheel.filename).replace("http://127.0.0.1", "https://localhost")
            pages.add(wheel, uploaded=LONG_AGO, url=place)
        pages.add(a_wheel("own", "1.0", requires=["frob"]), uploaded=LONG_AGO)
        told = {
            "UV_DEFAULT_INDEX": pages.url,
            "UV_PYTHON": sys.executable,
            "SSL_CERT_FILE": str(trusted),
            "NO_PROXY": "localhost,127.0.0.1",
        }
        a_project(guard, "own")
        ran = guard("uv", "sync", **told)
        assert ran.code == 0, ran.said
        assert "beginning again" in ran.err
        assert len(installed(guard.work)) == 3
        shutil.rmtree(guard.work / ".venv")
        (guard.work / "uv.lock").unlink()
        again = guard("uv", "sync", "--refresh", **told)
        assert (again.code, "beginning again" in again.err) == (0, False), again.said


@pytest.mark.skipif(namespace.possible() is not None, reason=str(namespace.possible()))
def test_a_child_finds_nothing_but_the_gateway(
    index: LoopbackIndex, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    port = int(index.origin.rpartition(":")[2])
    code = (
        "import os, socket, urllib.request as r\n"
        f"s = socket.socket(); print(s.connect_ex(('127.0.0.1', {port})) != 0)\n"
        f"print(len(r.urlopen('{index.url}dep/').read()) > 9)\n"
        "print(sorted(os.listdir('/sys/class/net')) and os.geteuid())\n"
    )
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        gateway = a_gateway(tmp_path, an_admission(tmp_path, pool, index))
        environ: Callable[[str, Path], dict[str, str]] = lambda proxy, path: scrubbed.for_uv(  # noqa: E731
            os.environ, proxy=proxy, authority=path, cache=tmp_path, config=tmp_path
        )
        outcome = gateway.run([sys.executable, "-c", code], environ, Snapshot([], None))
    assert outcome.code == 0
    assert capfd.readouterr().out.split() == ["True", "True", str(os.geteuid())]


@pytest.mark.skipif(namespace.possible() is not None, reason=str(namespace.possible()))
def test_the_doorway_says_why_it_cannot_be_made() -> None:
    taken = 70_000  # no port
    with namespace.doorway(taken, ["/bin/true"]) as door:
        process = child.start(door.command, dict(os.environ), passed=(door.theirs,))
        said = door.received()
        assert isinstance(said, (str, socket.socket))
        assert isinstance(said, str)
        assert child.wait(process) != 0


def test_signals_reach_the_child_and_its_code_comes_back() -> None:
    code = "import os, signal; os.kill(os.getppid(), signal.SIGTERM); signal.pause()"
    process = child.start([sys.executable, "-c", f"import time; {code}"], dict(os.environ))
    assert child.wait(process) == 128 + 15


def test_a_policy_that_changed_makes_a_new_cache(index: LoopbackIndex, tmp_path: Path) -> None:
    stricter = a_policy('[[deny]]\nname = "frob"\nreason = "seen"\n')
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        admission = an_admission(tmp_path, pool, index)
        runs = [
            admission,
            replace(admission, policy=a_policy("")),
            replace(admission, policy=stricter),
            replace(admission, now=ago(days=-1)),
        ]
        caches = [a_gateway(tmp_path, run).cache for run in runs]
    assert caches[0] == caches[1]
    assert len(set(caches)) == 3
