"""The mirror as files: a static tree, and a bundle for a site without a network."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import uv

from tests.e2e.guarded import LONG_AGO, Environment, Guard, assert_paragraph
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel

pytest.importorskip("obstore", reason="the extra [mirror] is not installed")

DEP = a_wheel("dep", "1.0")
FROB = a_wheel("frob", "1.0", requires=["dep"])


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    for wheel in (DEP, FROB):
        index.add(wheel, uploaded=LONG_AGO)
    return index


@pytest.fixture
def lock(guard: Guard, index: LoopbackIndex, bare_template: Path) -> Path:
    path = guard.work / "pylock.toml"
    words = ("--python", bare_template, "--index-url", index.url)
    ran = guard("lock", "-o", path, "frob", *words)
    assert ran.code == 0, ran.said
    return path


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return _key(tmp_path, "key")


def _key(folder: Path, name: str) -> Path:
    path = folder / f"{name}.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path], check=True)
    public = path.with_suffix(".pub")
    subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-out", public], check=True)
    return path


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and where a plain web server has it."""
    folder = tmp_path / "tree"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield folder, f"http://127.0.0.1:{server.server_port}/simple/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _build(guard: Guard, index: LoopbackIndex, tree: Path, *words: str | Path) -> None:
    ran = guard("mirror", "build", tree, "--index-url", index.url, *words)
    assert ran.code == 0, ran.said


def test_a_static_tree_is_an_index_for_the_plain_tools(
    guard: Guard,
    index: LoopbackIndex,
    lock: Path,
    served: tuple[Path, str],
    either: Environment,
) -> None:
    folder, url = served
    _build(guard, index, folder, "--lock", lock)
    words = ["install", "--index-url", url, "frob"]
    command = [str(either.python), "-m", "pip", *words]
    if either.installer == "uv":
        command = [uv.find_uv_bin(), "pip", *words, "--python", str(either.python)]
    done = subprocess.run(
        command,
        env=guard.environment(),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert either.installed() == {"frob": "1.0", "dep": "1.0"}


def test_nothing_in_a_static_tree_leads_to_the_upstream(
    guard: Guard, index: LoopbackIndex, lock: Path, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    _build(guard, index, tree, "--lock", lock)
    origin = index.origin.partition("//")[2].encode()
    pages = [path for path in tree.rglob("*") if path.is_file() and "receipts" not in path.parts]
    assert len(pages) > 8
    assert [path for path in pages if origin in path.read_bytes()] == []


def test_every_file_that_a_page_names_is_there(
    guard: Guard, index: LoopbackIndex, lock: Path, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    _build(guard, index, tree, "--lock", lock)
    projects = json.loads((tree / "simple" / "index.json").read_bytes())["projects"]
    assert [item["name"] for item in projects] == ["dep", "frob"]
    for item in projects:
        place = tree / "simple" / item["name"]
        page = json.loads((place / "index.json").read_bytes())
        for file in page["files"]:
            path = (place / file["url"]).resolve()
            assert path.is_relative_to(tree)
            assert path.stat().st_size == file["size"]
            assert path.with_name(f"{path.name}.metadata").is_file()
            assert file["url"] in (place / "index.html").read_text()


def test_a_second_build_writes_only_what_is_new_and_takes_away_what_is_denied(
    guard: Guard, index: LoopbackIndex, lock: Path, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    _build(guard, index, tree, "--lock", lock)
    mine = tree / "index.html"
    mine.write_text("mine")
    times = {path: path.stat().st_mtime_ns for path in tree.rglob("*.whl")}
    (guard.work / "guard.toml").write_text('[[deny]]\nname = "frob"\nreason = "a theft"\n')
    words = ("--policy", guard.work / "guard.toml")
    ran = guard("mirror", "build", tree, "--index-url", index.url, *words)
    assert ran.code == 0, ran.said
    left = {path: path.stat().st_mtime_ns for path in tree.rglob("*.whl")}
    assert [path.name for path in left] == [DEP.filename]
    assert left.items() <= times.items()
    assert not (tree / "simple" / "frob" / "index.html").exists()
    assert mine.read_text() == "mine"


def test_a_lock_with_something_that_is_not_admitted_is_not_built(
    guard: Guard, index: LoopbackIndex, lock: Path, tmp_path: Path
) -> None:
    policy = guard.work / "guard.toml"
    policy.write_text('[[deny]]\nname = "frob"\nreason = "a theft"\n')
    words = ("--index-url", index.url, "--lock", lock, "--policy", policy)
    ran = guard("mirror", "build", tmp_path / "tree", *words)
    assert_paragraph(ran, 77, FROB.filename, "denied-release")
    assert list((tmp_path / "tree").rglob("*.whl")) == []


def _export(guard: Guard, index: LoopbackIndex, lock: Path, key: Path) -> Path:
    path = guard.work / "bundle.tar"
    ran = guard("mirror", "export", path, "--key", key, "--lock", lock, "--index-url", index.url)
    assert ran.code == 0, ran.said
    return path


def _elsewhere(tmp_path: Path) -> dict[str, str]:
    return {
        "GUARD_CACHE_DIR": str(tmp_path / "other-cache"),
        "GUARD_STATE_DIR": str(tmp_path / "other-state"),
    }


def test_a_bundle_is_judged_again_where_there_is_no_network(
    guard: Guard, index: LoopbackIndex, lock: Path, key: Path, tmp_path: Path
) -> None:
    bundle = _export(guard, index, lock, key)
    index.forget_requests()
    there = _elsewhere(tmp_path)
    trusted = ("--trusted-key", key.with_suffix(".pub"))
    ran = guard("mirror", "import", bundle, *trusted, **there)
    assert ran.code == 0, ran.said
    assert "2 files admitted" in ran.err
    assert index.requests == []
    tree = tmp_path / "tree"
    ran = guard("mirror", "build", tree, "--offline", **there)
    assert ran.code == 0, ran.said
    assert sorted(path.name for path in tree.rglob("*.whl")) == [DEP.filename, FROB.filename]


def test_the_other_side_has_a_policy_of_its_own(
    guard: Guard, index: LoopbackIndex, lock: Path, key: Path, tmp_path: Path
) -> None:
    bundle = _export(guard, index, lock, key)
    policy = guard.work / "strict.toml"
    policy.write_text('[[deny]]\nname = "dep"\nreason = "not here"\n')
    trusted = ("--trusted-key", key.with_suffix(".pub"))
    there = _elsewhere(tmp_path)
    ran = guard("mirror", "import", bundle, *trusted, "--policy", policy, **there)
    assert_paragraph(ran, 77, DEP.filename, "denied-release")
    assert "1 files admitted, 1 not" in ran.err


def test_a_bundle_of_somebody_else_is_not_opened(
    guard: Guard, index: LoopbackIndex, lock: Path, key: Path, tmp_path: Path
) -> None:
    bundle = _export(guard, index, lock, key)
    other = _key(tmp_path, "other")
    trusted = ("--trusted-key", other.with_suffix(".pub"))
    ran = guard("mirror", "import", bundle, *trusted, **_elsewhere(tmp_path))
    assert_paragraph(ran, 2, "is not trusted", "another key")
    assert not (tmp_path / "other-cache" / "quarantine" / "files").exists()


@pytest.mark.parametrize("what", ["byte", "member", "missing", "first", "link"])
def test_a_bundle_that_was_changed_is_refused(
    what: str, guard: Guard, index: LoopbackIndex, lock: Path, key: Path, tmp_path: Path
) -> None:
    bundle = _export(guard, index, lock, key)
    _change(bundle, what)
    trusted = ("--trusted-key", key.with_suffix(".pub"))
    there = _elsewhere(tmp_path)
    ran = guard("mirror", "import", bundle, *trusted, **there)
    assert_paragraph(ran, 2, "bundle.tar")
    ran = guard("mirror", "build", tmp_path / "tree", "--offline", **there)
    assert list((tmp_path / "tree").rglob("*.whl")) == []


def _change(bundle: Path, what: str) -> None:
    with tarfile.open(bundle) as tar:
        members = [(member, tar.extractfile(member)) for member in tar]
        content = [(member, stream.read() if stream else b"") for member, stream in members]
    if what == "missing":
        content.pop()
    if what == "first":
        content.append(content.pop(0))
    if what == "byte":
        member, body = content[-1]
        content[-1] = (member, body[:-1] + bytes([body[-1] ^ 1]))
    if what in {"member", "link"}:
        more = tarfile.TarInfo("files/../../evil" if what == "member" else content[-1][0].name)
        if what == "link":
            more.type, more.linkname = tarfile.SYMTYPE, "/etc/passwd"
            content.pop()
        content.append((more, b""))
    with tarfile.open(bundle, "w") as tar:
        for member, body in content:
            tar.addfile(member, io.BytesIO(body))
