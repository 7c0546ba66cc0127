"""The metadata file by which pip and uv resolve, and the METADATA that is installed."""

from __future__ import annotations

import json
from typing import Final

import pytest

from tests.e2e.guarded import LONG_AGO, Environment, Guard, assert_paragraph, untouched
from tests.fakes import LoopbackIndex
from tests.faults import Answer
from tests.wheels import a_wheel

FROB: Final = a_wheel("frob", "1.0", requires=["dep"])
WITHOUT_DEP: Final = a_wheel("frob", "1.0").metadata
WITH_EVIL: Final = a_wheel("frob", "1.0", requires=["dep", "evil"]).metadata
SIDECAR: Final = f"/files/{FROB.filename}.metadata"


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    for name in ("dep", "evil"):
        index.add(a_wheel(name, "1.0"), uploaded=LONG_AGO)
    return index


def without_digest(answer: Answer) -> Answer:
    """The page of an index that offers metadata files and does not say what they are."""
    page = json.loads(answer.body)
    for file in page["files"]:
        file["core-metadata"] = file["dist-info-metadata"] = True
    return Answer(headers=answer.headers, body=json.dumps(page).encode())


@pytest.mark.parametrize("lie", [WITHOUT_DEP, WITH_EVIL], ids=["fewer", "more"])
@pytest.mark.parametrize("announced", [True, False])
def test_an_index_that_shows_other_dependencies_is_denied(
    announced: bool, lie: bytes, either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.add(FROB, uploaded=LONG_AGO, metadata=lie)
    if not announced:
        index.fault("/simple/frob/", without_digest)
    with untouched(either):
        ran = guard.install("frob", into=either, index=index)
    assert_paragraph(ran, 77, "denied[metadata-mismatch]", "is not the METADATA of the wheel")


@pytest.mark.parametrize("announced", [True, False])
def test_an_honest_index_is_admitted(
    announced: bool, either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.add(FROB, uploaded=LONG_AGO)
    if not announced:
        index.fault("/simple/frob/", without_digest)
    ran = guard.install("frob", into=either, index=index)
    assert ran.code == 0, ran.said
    assert either.installed() == {"frob": "1.0", "dep": "1.0"}
    asked = [seen for seen in index.requests if seen.path == SIDECAR]
    assert any("wheelguard" in seen.headers["user-agent"] for seen in asked) is not announced


def test_an_index_that_serves_other_metadata_than_it_announces_gets_no_plan(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    """pip and uv hold what they read to the digest on the page."""
    index.add(FROB, uploaded=LONG_AGO)
    index.fault(SIDECAR, lambda answer: Answer(headers=answer.headers, body=WITH_EVIL))
    with untouched(either):
        ran = guard.install("frob", into=either, index=index)
    assert ran.code not in {0, 70}, ran.said
    assert "Traceback" not in ran.said


def test_metadata_that_only_the_resolver_is_shown_are_undecided(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.add(FROB, uploaded=LONG_AGO, metadata=WITH_EVIL)
    index.fault("/simple/frob/", without_digest)
    index.fault(
        lambda seen: seen.path == SIDECAR and "wheelguard" in seen.headers["user-agent"],
        lambda answer: Answer(status=404, headers=answer.headers),
    )
    with untouched(either):
        ran = guard.install("frob", into=either, index=index)
    assert_paragraph(ran, 69, "undecided[metadata-mismatch]", "could not be had")
