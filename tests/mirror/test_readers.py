"""Other people's readers of the Simple API read our pages, and find in them the same."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urljoin

import pytest

from guard.sources.trust_root import TrustRoot
from tests.e2e.guarded import LONG_AGO, TIMEOUT, scrubbed
from tests.fakes import LoopbackIndex
from tests.index import HTML, JSON, PLAIN_HTML
from tests.local_sigstore import Identity, LocalSigstore
from tests.mirror.backends import Kept
from tests.mirror.mirrored import Answered, Mirrored, mirrored, place_of
from tests.wheels import a_wheel

BASE = "https://mirror.example.com/simple/frob/"
SIGSTORE = LocalSigstore.create()
FIRST = a_wheel("frob", "1.0", requires_python=">=3.8")
LOCAL = a_wheel("frob", "1.1+cpu.2")
YANKED = a_wheel("frob", "1.2")
PROVED = SIGSTORE.publish(FIRST.filename, FIRST.content, Identity.github())
_TUF = "https://tuf-repo-cdn.sigstore.dev"


class Said(NamedTuple):
    """What every reader can tell of a file."""

    filename: str
    url: str
    sha256: str
    requires_python: str | None
    yanked: bool
    has_metadata: bool


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory, kept: Kept) -> Iterator[Mirrored]:
    root = TrustRoot(SIGSTORE.trusted_root_json(), "test")
    with LoopbackIndex() as index:
        index.add(FIRST, uploaded=LONG_AGO, provenance=PROVED)
        index.add(LOCAL, uploaded=LONG_AGO)
        index.add(YANKED, uploaded=LONG_AGO, yanked="broken & <gone>")
        index.status("frob", "archived", "read only")
        toml = '[rules.dropped-attestation]\nlevel = "off"\n[rules.archived-project]\nlevel="off"\n'
        with mirrored(
            tmp_path_factory.mktemp("mirror"),
            index,
            root=root,
            toml=toml,
            public_url="https://mirror.example.com",
            kept=kept,
        ) as running:
            assert running.file(FIRST).status == 200
            yield running


def everything_said(mirror: Mirrored) -> list[Said]:
    return [
        Said(
            entry["filename"],
            urljoin(BASE, entry["url"]),
            entry["hashes"]["sha256"],
            entry.get("requires-python"),
            entry.get("yanked", False) is not False,
            "core-metadata" in entry,
        )
        for entry in mirror.listed("frob").values()
    ]


def test_the_page_has_something_of_everything(mirror: Mirrored) -> None:
    said = everything_said(mirror)
    assert [each.filename for each in said] == [
        FIRST.filename,
        LOCAL.filename,
        YANKED.filename,
    ]
    assert [each.has_metadata for each in said] == [True, False, False]
    assert [each.yanked for each in said] == [False, False, True]


@pytest.mark.parametrize("accept", [JSON, HTML, PLAIN_HTML])
def test_pypi_simple(accept: str, mirror: Mirrored) -> None:
    reader = pytest.importorskip("pypi_simple", reason="a reader of the group `conformance`")
    answered = mirror.page("frob", accept)
    if accept == JSON:
        page = reader.ProjectPage.from_json_data(answered.document, base_url=BASE)
    else:
        page = reader.ProjectPage.from_html("frob", answered.body, base_url=BASE)
    found = [
        Said(
            package.filename,
            package.url,
            package.digests["sha256"],
            package.requires_python,
            package.is_yanked,
            bool(package.has_metadata),
        )
        for package in page.packages
    ]
    assert found == everything_said(mirror)
    assert page.repository_version == "1.4"
    assert page.packages[2].yanked_reason == "broken & <gone>"
    provenance = f"https://mirror.example.com/integrity/frob/1.0/{FIRST.filename}/provenance"
    assert page.packages[0].provenance_url == provenance
    if accept == JSON:
        assert [package.size for package in page.packages] == sizes()
        assert page.versions == ["1.0", "1.1+cpu.2", "1.2"]
        assert all(package.upload_time == LONG_AGO for package in page.packages)


def sizes() -> Sequence[int]:
    return [len(each.content) for each in (FIRST, LOCAL, YANKED)]


@pytest.mark.parametrize("accept", [JSON, PLAIN_HTML])
def test_simple_repository(accept: str, mirror: Mirrored) -> None:
    reader = pytest.importorskip(
        "simple_repository.parser", reason="a reader of the group `conformance`"
    )
    text = mirror.page("frob", accept).body.decode()
    if accept == JSON:
        page = reader.parse_json_project_page(text)
        assert page.versions == {"1.0", "1.1+cpu.2", "1.2"}
        assert [file.size for file in page.files] == sizes()
    else:
        page = reader.parse_html_project_page(text, "frob")
    found = [
        Said(
            file.filename,
            urljoin(BASE, unquote(file.url)),  # it quotes what it reads
            file.hashes["sha256"],
            file.requires_python,
            bool(file.yanked),
            bool(file.dist_info_metadata),
        )
        for file in page.files
    ]
    assert found == everything_said(mirror)
    root = mirror.get("/simple/", accept=accept).body.decode()
    read = reader.parse_json_project_list if accept == JSON else reader.parse_html_project_list
    assert {each.name for each in read(root).projects} == {"frob"}


@pytest.mark.filterwarnings("ignore:Unsupported API minor version")  # as PEP 629 has it
@pytest.mark.parametrize("accept", [JSON, HTML, PLAIN_HTML])
def test_mousebender(accept: str, mirror: Mirrored) -> None:
    reader = pytest.importorskip("mousebender.simple", reason="a reader of the group `conformance`")
    text, media_type = said_as(mirror.page("frob", accept))
    page: dict[str, Any] = reader.parse_project_details(text, media_type, "frob")
    found = [
        Said(
            file["filename"],
            urljoin(BASE, file["url"]),
            file["hashes"]["sha256"],
            file.get("requires-python"),
            file.get("yanked", False) is not False,
            bool(file.get("core-metadata")),
        )
        for file in page["files"]
    ]
    assert found == everything_said(mirror)
    root = reader.parse_project_index(*said_as(mirror.get("/simple/", accept=accept)))
    assert root["projects"] == [{"name": "frob"}]


def said_as(answered: Answered) -> tuple[str, str]:
    return answered.body.decode(), answered.headers["content-type"]


def test_pypi_attestations(mirror: Mirrored, tmp_path: Path) -> None:
    """Its own command, to which our Sigstore stands for the public one."""
    cache = tmp_path / "sigstore-python" / "tuf" / quote(_TUF, safe="")
    cache.mkdir(parents=True)
    (cache / "trusted_root.json").write_bytes(SIGSTORE.trusted_root_json())
    url = mirror.listed("frob")[FIRST.filename]["provenance"]
    provenance = tmp_path / "provenance.json"
    provenance.write_bytes(mirror.get(url.removeprefix("https://mirror.example.com")).raw)
    wheel = tmp_path / FIRST.filename
    wheel.write_bytes(mirror.get(place_of(FIRST)).raw)
    command = [sys.executable, "-m", "pypi_attestations", "verify", "pypi", "--offline"]
    command += ["--repository", "https://github.com/acme/widget"]
    command += ["--provenance-file", str(provenance), str(wheel)]

    def verified() -> subprocess.CompletedProcess[str]:
        own = scrubbed(XDG_CACHE_HOME=str(tmp_path), HOME=str(tmp_path))
        return subprocess.run(
            command, env=own, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )

    assert f"OK: {FIRST.filename}" in verified().stderr
    wheel.write_bytes(LOCAL.content)
    assert verified().returncode != 0
