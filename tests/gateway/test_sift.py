"""A page shows exactly what a judgement of each single file would let pass."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from packaging.version import Version

from guard.admission.gather import Admission
from guard.admission.sift import requested, sift
from guard.model import Decision, File, FileKind
from guard.simple import ProjectPage, parse, serialize
from guard.simple.parse import HTML, JSON
from tests.advisory.records import a_snapshot
from tests.builders import a_policy
from tests.e2e.guarded import LONG_AGO, ago
from tests.fakes import LoopbackIndex
from tests.gateway.behind import an_admission
from tests.sources.clients import the_index
from tests.wheels import a_wheel, an_sdist

BOUNDARY = ago(days=7)
TAGS = ("py3-none-any", "cp311-cp311-win_amd64")


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    """Releases of every kind that a rule at the index stage can tell apart."""
    for number, uploaded in enumerate(
        [
            LONG_AGO,
            ago(days=300),
            ago(days=8),
            BOUNDARY - timedelta(minutes=1),
            BOUNDARY + timedelta(minutes=30),
            ago(days=1),
            ago(minutes=1),
        ]
    ):
        for tag in TAGS:
            index.add(a_wheel("frob", f"1.{number}", tag=tag), uploaded=uploaded)
        index.add(an_sdist("frob", f"1.{number}"), uploaded=uploaded)
    late = a_wheel("frob", "1.0", tag="cp312-cp312-win_amd64")
    index.add(late, uploaded=ago(days=2))
    index.add(a_wheel("frob", "2.0"), uploaded=LONG_AGO, yanked="broken")
    index.add(an_sdist("frob", "3.0"), uploaded=LONG_AGO)
    index.add(a_wheel("frob", "4.0"), uploaded=LONG_AGO, provenance=b"{}")
    index.add(a_wheel("frob", "4.1"), uploaded=LONG_AGO + timedelta(days=9))
    index.add(a_wheel("frob", "4.2"), uploaded=LONG_AGO + timedelta(days=900))
    index.add(a_wheel("frob", "5.0"), uploaded=LONG_AGO, hashes=False)
    index.add(a_wheel("other", "1.0"), uploaded=LONG_AGO)
    return index


SHA = a_wheel("frob", "1.5", tag=TAGS[0]).sha256
POLICIES = {
    "default": "",
    "deny some": '[[deny]]\nname = "fr*"\nversions = "==1.1"\nreason = "seen"\n',
    "deny all": '[[deny]]\nname = "frob"\nreason = "seen"\n',
    "waive one file": f'[[exempt]]\nname = "frob"\nrule = "fresh-upload"\nsha256 = ["{SHA}"]\n'
    'reason = "seen"\n',
    "yanked": '[rules.yanked-file]\npinned-level = "deny"\n',
    "longer": '[rules.fresh-upload]\nage = "400 days"\n',
    "group": '[[group]]\nname = "slow"\nmembers = ["frob"]\nrules.fresh-upload.age = "9 days"\n',
    "approvals": 'approval = "required"\n',
    "anything": '[rules.fresh-upload]\nlevel = "off"\n[rules.dropped-attestation]\nlevel = "off"\n',
}


@pytest.fixture
def admission(index: LoopbackIndex, tmp_path: Path) -> Iterator[Admission]:
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        yield an_admission(tmp_path, pool, index)


def the_page(admission: Admission) -> ProjectPage:
    page = admission.index.page(admission.index.indexes[0], "frob")  # type: ignore[arg-type]
    assert isinstance(page, ProjectPage)
    return page


def alone(admission: Admission, filename: str) -> Decision:
    """What one file comes to, judged by itself."""
    entry = the_page(admission).file(filename)
    assert entry is not None
    version = next(v for v, names in the_page(admission).releases().items() if filename in names)
    wheel = filename.endswith(".whl")
    file = File(
        project=the_page(admission).name,
        version=version,
        filename=filename,
        kind=FileKind.WHEEL if wheel else FileKind.SDIST,
        url=entry.url,
        hashes=entry.hashes,
    )
    located = admission.index.locate(file)
    return admission.preview(file, requested(entry), located).decision


@pytest.mark.parametrize("policy", POLICIES)
def test_what_is_kept_is_what_each_file_comes_to(policy: str, admission: Admission) -> None:
    admission = replace(admission, policy=a_policy(POLICIES[policy]))
    page = the_page(admission)
    sifted = sift(admission, admission.index.indexes[0], page, without=frozenset())
    kept = {entry.filename for entry in sifted.kept}
    wheels = {name for name in page.filenames if name.endswith(".whl") and "-5.0-" not in name}
    expected = {name for name in wheels if alone(admission, name) is not Decision.DENIED}
    assert {name for name in kept if name.endswith(".whl")} == expected
    shown = {str(version) for version in sifted.versions}
    assert {name for name in kept if name.endswith(".tar.gz")} == {
        name
        for name in page.filenames
        if name.endswith(".tar.gz") and name.removesuffix(".tar.gz").partition("-")[2] in shown
    }
    hidden = {str(item.version) for item in sifted.hidden}
    assert shown.isdisjoint(hidden)
    assert "3.0" in hidden
    assert "5.0" not in shown


def test_with_advisories_each_release_is_its_own(admission: Admission, tmp_path: Path) -> None:
    malware = {
        "id": "MAL-2026-1",
        "modified": f"{ago():%Y-%m-%dT%H:%M:%SZ}",
        "affected": [
            {"package": {"ecosystem": "PyPI", "name": "frob"}, "versions": ["1.1", "1.2"]}
        ],
    }
    snapshot = a_snapshot(tmp_path / "more", malware, now=ago())
    admission = replace(admission, advisories=snapshot)
    page = the_page(admission)
    sifted = sift(admission, admission.index.indexes[0], page, without=frozenset())
    assert {"1.1", "1.2"} <= {str(item.version) for item in sifted.hidden}
    assert Version("1.0") in sifted.versions


def test_what_is_done_without_is_neither_shown_nor_reported(admission: Admission) -> None:
    page, index = the_page(admission), admission.index.indexes[0]
    sifted = sift(admission, index, page, without=frozenset({Version("1.0")}))
    assert Version("1.0") not in sifted.versions
    assert all(item.version != Version("1.0") for item in sifted.hidden)


def test_two_indexes_are_both_asked(index: LoopbackIndex, tmp_path: Path) -> None:
    with LoopbackIndex() as other, concurrent.futures.ThreadPoolExecutor(2) as pool:
        other.add(a_wheel("frob", "9.9"), uploaded=LONG_AGO)
        admission = an_admission(tmp_path, pool, index, other)
        sifted = sift(admission, the_index(index), the_page(admission), without=frozenset())
        assert sifted.kept == ()
        assert {f.rule for item in sifted.hidden for f in item.findings} >= {"foreign-index"}


@pytest.mark.parametrize("form", [JSON, HTML])
def test_a_page_reads_back_as_it_was_written(form: str, admission: Admission) -> None:
    page = the_page(admission)
    files = [msgspec.structs.replace(entry, provenance=None) for entry in page.files()]
    listed = [
        serialize.listed(e, url=e.url, size=e.size, core_metadata=e.core_metadata) for e in files
    ]
    offer = serialize.Offer(
        name=page.name, status=page.status, versions=list(page.releases()), files=listed
    )
    body = serialize.to_json(offer) if form == JSON else serialize.to_html(offer)
    again = parse(body, content_type=form, url="https://example.com/frob/", project=page.name)
    assert again.filenames == tuple(entry.filename for entry in files)
    if form == HTML:
        files = [msgspec.structs.replace(entry, size=None, upload_time=None) for entry in files]
    assert list(again.files()) == files
