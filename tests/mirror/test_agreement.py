"""Pages agree with files, for every file and in every format, whatever a project has."""

from __future__ import annotations

import hashlib
import html.parser
import io
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guard.sources.trust_root import TrustRoot
from tests.e2e.guarded import LONG_AGO, ago
from tests.fakes import LoopbackIndex
from tests.faults import status
from tests.index import PLAIN_HTML
from tests.local_sigstore import Identity, LocalSigstore
from tests.mirror.backends import Kept
from tests.mirror.mirrored import Answered, Mirrored, mirrored, place_of
from tests.wheels import Artifact, a_wheel, an_sdist

SIGSTORE = LocalSigstore.create()
ROOT = TrustRoot(SIGSTORE.trusted_root_json(), "test")
UNDECIDED = "undecided"
ALONE = '[rules.dropped-attestation]\nlevel = "off"\n'
"""Each file is judged by itself."""


@dataclass(frozen=True)
class Part:
    """One file of a project, and what there is to be said of it."""

    kind: str
    artifact: Artifact
    uploaded: datetime
    yanked: bool | str

    def add_to(self, index: LoopbackIndex) -> None:
        attested = self.kind == "attested"
        content = self.artifact.content
        provenance = SIGSTORE.publish(self.artifact.filename, content, Identity.github())
        index.add(
            self.artifact,
            uploaded=self.uploaded,
            yanked=self.yanked,
            provenance=provenance if attested else None,
            hashes={"sha256": hashlib.sha256(b"lie").hexdigest()} if self.kind == "lie" else True,
        )
        if self.kind == UNDECIDED:
            index.fault(f"/files/{self.artifact.filename}", status(500))


KINDS = ["plain", "plain", "attested", "marked", "fresh", "revoked", "source", "lie", UNDECIDED]


def a_part(kind: str, version: str, yanked: bool | str) -> Part:
    files = {"frob.pth": "import os\n"} if kind == "marked" else {"frob.py": f"{version!r}\n"}
    made = an_sdist("frob", version) if kind == "source" else a_wheel("frob", version, files=files)
    uploaded = ago(days=1) if kind == "fresh" else LONG_AGO + timedelta(seconds=len(version))
    return Part(kind, made, uploaded, yanked)


YANKED: st.SearchStrategy[bool | str] = st.sampled_from([False, False, True, "why & <how>"])
PROJECTS = st.dictionaries(
    st.builds("{}.{}{}".format, st.integers(0, 9), st.integers(0, 9), st.sampled_from(["", "rc1"])),
    st.tuples(st.sampled_from(KINDS), YANKED),
    min_size=1,
    max_size=8,
).map(lambda found: [a_part(kind, version, yanked) for version, (kind, yanked) in found.items()])


class Anchors(html.parser.HTMLParser):
    """What a client of PEP 503 reads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str | None]] = {}
        self._attributes: dict[str, str | None] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._attributes = dict(attrs) if tag == "a" else {}

    def handle_data(self, data: str) -> None:
        if self._attributes:
            self.found[data] = self._attributes
            self._attributes = {}


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(parts=PROJECTS)
def test_a_page_lists_what_is_sent(parts: Sequence[Part], kept: Kept) -> None:
    with (
        LoopbackIndex() as index,
        tempfile.TemporaryDirectory() as folder,
        mirrored(Path(folder), index, root=ROOT, toml=ALONE, kept=kept) as mirror,
    ):
        for part in parts:
            part.add_to(index)
        revoke(mirror, parts)
        lies = {part.artifact.filename for part in parts if part.kind == "lie"}
        answers = {part.artifact.filename: mirror.file(part.artifact) for part in parts}
        entries = mirror.listed("frob")
        for entry in entries.values():  # and those that were never asked for by their right digest
            mirror.get(urljoin("/simple/frob/", entry["url"]))
        entries = mirror.listed("frob")
        sent = {name for name, answered in answers.items() if answered.status == 200}
        later = {name for name, answered in answers.items() if answered.status == 503}
        assert set(entries) == sent | later
        assert later == {part.artifact.filename for part in parts if part.kind == UNDECIDED}
        assert lies.isdisjoint(entries)
        assert_true(mirror, index, parts, answers, entries)
        assert_same_in_html(mirror, entries)
        assert_veiled(index, [*answers.values(), mirror.page("frob"), mirror.get("/simple/")])


def revoke(mirror: Mirrored, parts: Sequence[Part]) -> None:
    """Admit what is to be revoked, and then deny it."""
    revoked = [part.artifact for part in parts if part.kind == "revoked"]
    for artifact in revoked:
        assert mirror.file(artifact).status == 200
    entries = "".join(
        f'[[deny]]\nname = "frob"\nversions = "=={artifact.version}"\nreason = "no"\n'
        for artifact in revoked
    )
    mirror.says(f"{ALONE}# judged again\n[[deny]]\nname = 'other'\nreason = 'no'\n{entries}")


def assert_true(
    mirror: Mirrored,
    index: LoopbackIndex,
    parts: Sequence[Part],
    answers: Mapping[str, Answered],
    entries: Mapping[str, Any],
) -> None:
    """What is said of each file is what its upstream says, and true of the bytes."""
    page = mirror.page("frob").document
    assert page["meta"] == {"api-version": "1.4"}
    assert page["versions"] == sorted(
        {part.artifact.version for part in parts if part.artifact.filename in entries}, key=_ordered
    )
    for part in parts:
        artifact, entry = part.artifact, entries.get(part.artifact.filename)
        if entry is None:
            assert answers[artifact.filename].status in {403, 404}
            assert artifact.content not in answers[artifact.filename].raw
            continue
        assert entry["hashes"] == {"sha256": artifact.sha256}
        assert entry["size"] == len(artifact.content)
        moment = part.uploaded.replace(tzinfo=None).isoformat(timespec="microseconds")
        assert entry["upload-time"] == f"{moment}Z"
        assert entry.get("yanked", False) == part.yanked
        assert urljoin("/simple/frob/", entry["url"]) == place_of(artifact)
        assert ("core-metadata" in entry) == (answers[artifact.filename].status == 200)
        if "core-metadata" in entry:
            metadata = mirror.file(artifact, ending=".metadata").raw
            assert entry["core-metadata"]["sha256"] == hashlib.sha256(metadata).hexdigest()
            assert metadata == embedded(answers[artifact.filename].raw)
        assert ("provenance" in entry) == (part.kind == "attested")


def _ordered(version: str) -> tuple[int, ...]:
    release, _, pre = version.partition("rc")
    return (*map(int, release.split(".")), 0 if pre else 1)


def embedded(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        return archive.read(name)


def assert_same_in_html(mirror: Mirrored, entries: Mapping[str, Any]) -> None:
    """PEP-503 and PEP-691 say the same, as far as the former can."""
    anchors = Anchors(mirror.page("frob", PLAIN_HTML).body.decode()).found
    assert list(anchors) == list(entries)
    for name, entry in entries.items():
        given = anchors[name]
        url, _, fragment = (given["href"] or "").partition("#")
        assert (url, fragment) == (entry["url"], f"sha256={entry['hashes']['sha256']}")
        assert unquote(urlsplit(url).path.rpartition("/")[2]) == name
        assert given.get("data-requires-python") == entry.get("requires-python")
        assert given.get("data-provenance") == entry.get("provenance")
        yanked = entry.get("yanked", False)
        assert ("data-yanked" in given) == (yanked is not False)
        assert (given.get("data-yanked") or "") == (yanked if isinstance(yanked, str) else "")
        announced = entry.get("core-metadata")
        said = f"sha256={announced['sha256']}" if announced else None
        assert given.get("data-core-metadata") == given.get("data-dist-info-metadata") == said


def assert_veiled(index: LoopbackIndex, answers: Sequence[Answered]) -> None:
    """No byte of any answer says where the upstream is."""
    port = index.origin.rpartition(":")[2]
    for answered in answers:
        assert b"127.0.0.1" not in answered.everything, answered
        assert f":{port}".encode() not in answered.everything, answered


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_packed_page_says_the_same(
    coding: str, index: LoopbackIndex, tmp_path: Path, kept: Kept
) -> None:
    for number in range(300):
        index.add(a_wheel("frob", f"1.{number}"), uploaded=LONG_AGO)
    with mirrored(tmp_path, index, kept=kept) as mirror:
        packed = mirror.get("/simple/frob/", accept_encoding=coding)
        assert packed.body == mirror.page("frob", PLAIN_HTML).raw
        assert len(packed.raw) * 4 < len(packed.body)
