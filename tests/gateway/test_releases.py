"""PyPI's own API as the gateway has it: what the filtered page says, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.guarded import LONG_AGO, ago
from tests.fakes import LoopbackIndex
from tests.gateway.behind import Behind, behind
from tests.wheels import a_wheel, an_sdist

FROB = a_wheel("frob", "1.0", requires=["dep>=1"], requires_python=">=3.9")


@pytest.fixture
def child(tmp_path: Path, index: LoopbackIndex) -> Iterator[Behind]:
    index.add(FROB, uploaded=LONG_AGO)
    index.add(an_sdist("frob", "1.0"), uploaded=LONG_AGO)
    index.add(a_wheel("frob", "2.0"), uploaded=ago(days=1))
    index.add(an_sdist("frob", "3.0"), uploaded=LONG_AGO)
    index.add(a_wheel("frob", "0.9"), uploaded=LONG_AGO, yanked="broken")
    with behind(tmp_path, index) as running:
        yield running


def release(child: Behind, index: LoopbackIndex, path: str) -> Any:
    head, _, body = child.get(f"{index.origin}/pypi/{path}").partition(b"\r\n\r\n")
    return json.loads(body) if head.startswith(b"HTTP/1.1 200 ") else head.split(b" ")[1].decode()


def test_a_release_is_what_its_wheel_says(child: Behind, index: LoopbackIndex) -> None:
    found = release(child, index, "frob/1.0/json")
    assert found["info"]["requires_dist"] == ["dep>=1"]
    assert found["info"]["requires_python"] == ">=3.9"
    assert found["info"]["yanked"] is False
    wheel, sdist = sorted(found["urls"], key=lambda each: each["packagetype"])
    assert wheel["digests"]["sha256"] == FROB.sha256
    assert wheel["url"] == index.file_url(FROB.filename)
    assert wheel["upload_time_iso_8601"] == "2024-05-06T00:00:00.000000Z"
    assert sdist["packagetype"] == "sdist"


def test_a_yanked_release_is_said_to_be_yanked(child: Behind, index: LoopbackIndex) -> None:
    found = release(child, index, "frob/0.9/json")
    assert found == "404" or found["info"]["yanked_reason"] == "broken"


@pytest.mark.parametrize("version", ["2.0", "3.0", "4.0"])
def test_what_is_hidden_or_has_no_wheel_is_not_there(
    version: str, child: Behind, index: LoopbackIndex
) -> None:
    assert release(child, index, f"frob/{version}/json") == "404"


@pytest.mark.parametrize("path", ["frob/json", "frob/x/json", "frob/1.0/", "../frob/1.0/json"])
def test_nothing_else_of_that_api_is_there(path: str, child: Behind, index: LoopbackIndex) -> None:
    assert release(child, index, path) == "403"
    assert not any("/pypi/" in seen.path for seen in index.requests)
