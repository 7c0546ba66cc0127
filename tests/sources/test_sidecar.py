"""The metadata file beside a wheel: fetched only where its page does not say what it is."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Final

import pytest

from guard.model import Absent, Fact, Listing, Unknown
from guard.sources.sidecar import LIMIT
from tests import faults
from tests.builders import a_file
from tests.fakes import LoopbackIndex
from tests.faults import Answer, Fault
from tests.sources.clients import a_source, the_index
from tests.wheels import a_wheel

FROB: Final = a_wheel("frob", "1.0")
SIDECAR: Final = f"/files/{FROB.filename}.metadata"


def without_digest(answer: Answer) -> Answer:
    """The page of an index that offers metadata files and does not say what they are."""
    page = json.loads(answer.body)
    for file in page["files"]:
        file["core-metadata"] = True
    return Answer(headers=answer.headers, body=json.dumps(page).encode())


@pytest.fixture
def silent(index: LoopbackIndex) -> LoopbackIndex:
    index.add(FROB)
    index.fault("/simple/*", without_digest)
    return index


def offered(
    folder: Path, index: LoopbackIndex, *, url: str = "", sidecar: bool = True
) -> Fact[str]:
    """What is known of the metadata file that `index` offers with frob."""
    file = a_file(
        "frob",
        "1.0",
        url=url or index.file_url(FROB.filename),
        hashes={"sha256": FROB.sha256},
    )
    listing = a_source(folder, the_index(index)).locate(file, sidecar=sidecar).listing
    assert isinstance(listing, Listing)
    return listing.core_metadata


def fetched(index: LoopbackIndex) -> list[str]:
    return [seen.location for seen in index.requests if seen.location.startswith("/files/")]


def test_it_is_fetched_where_the_page_has_no_digest(silent: LoopbackIndex, tmp_path: Path) -> None:
    assert offered(tmp_path, silent) == hashlib.sha256(FROB.metadata).hexdigest()
    assert fetched(silent) == [SIDECAR]


def test_a_digest_on_the_page_is_enough(index: LoopbackIndex, tmp_path: Path) -> None:
    index.add(FROB)
    assert offered(tmp_path, index) == hashlib.sha256(FROB.metadata).hexdigest()
    assert fetched(index) == []


def test_an_index_need_not_offer_any(index: LoopbackIndex, tmp_path: Path) -> None:
    index.add(FROB, metadata=False)
    assert isinstance(offered(tmp_path, index), Absent)
    assert fetched(index) == []


def test_nobody_fetches_it_for_a_release_that_is_only_compared(
    silent: LoopbackIndex, tmp_path: Path
) -> None:
    assert isinstance(offered(tmp_path, silent, sidecar=False), Unknown)
    assert fetched(silent) == []


def test_it_lies_beside_the_wheel_of_the_page(silent: LoopbackIndex, tmp_path: Path) -> None:
    """A lock may name the same bytes at another address."""
    elsewhere = "https://elsewhere.example.com/frob-1.0-py3-none-any.whl"
    assert isinstance(offered(tmp_path, silent, url=elsewhere), str)
    assert fetched(silent) == [SIDECAR]


def test_a_query_stays_behind_the_path(index: LoopbackIndex, tmp_path: Path) -> None:
    index.add(FROB, url=f"{index.file_url(FROB.filename)}?token=x")
    index.fault("/simple/*", without_digest)
    assert isinstance(offered(tmp_path, index), str)
    assert fetched(index) == [SIDECAR]


@pytest.mark.parametrize(
    "fault",
    [
        faults.status(404),
        faults.status(500),
        faults.truncated(5),
        faults.garbage(b"x" * (LIMIT + 1)),
    ],
    ids=["gone", "broken", "cut", "endless"],
)
def test_one_that_cannot_be_had_is_not_known(
    fault: Fault, silent: LoopbackIndex, tmp_path: Path
) -> None:
    """Also one that is not there: the resolver may have been given one."""
    silent.fault(SIDECAR, fault)
    fact = offered(tmp_path, silent)
    assert isinstance(fact, Unknown)
    assert fact.reason.startswith("its index offers a metadata file that could not be had: ")


def test_one_of_the_greatest_size_is_read(silent: LoopbackIndex, tmp_path: Path) -> None:
    body = b"x" * LIMIT
    silent.fault(SIDECAR, faults.garbage(body))
    assert offered(tmp_path, silent) == hashlib.sha256(body).hexdigest()
