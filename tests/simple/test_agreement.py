"""The same project in JSON and in HTML is the same project, as far as HTML can say it."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import msgspec
import pytest
from packaging.utils import canonicalize_name

from guard.simple import ACCEPT, ProjectPage, parse
from tests.builders import ago
from tests.fakes import LoopbackIndex
from tests.index import HTML, JSON, PLAIN_HTML
from tests.wheels import a_wheel, an_sdist

FROB: Final = canonicalize_name("frob")


@pytest.fixture
def index() -> Iterator[LoopbackIndex]:
    with LoopbackIndex() as running:
        running.add(a_wheel("frob", "1.0", requires_python=">=3.8"), uploaded=ago(days=30))
        running.add(an_sdist("frob", "1.0"), yanked='<"broken" & bad>')
        running.add(a_wheel("frob", "1.1+local"), yanked=True, provenance=b"{}", hashes=False)
        running.add(a_wheel("frob", "2.0"), url="/files/frob-2.0-py3-none-any.whl")
        running.status("frob", "archived", 'moved to "frobber" & co')
        yield running


def fetched(index: LoopbackIndex, accept: str) -> ProjectPage:
    connection = http.client.HTTPConnection(urlsplit(index.url).netloc)
    try:
        connection.request("GET", "/simple/frob/", headers={"Accept": accept})
        response = connection.getresponse()
        kind = response.headers["Content-Type"]
        return parse(response.read(), content_type=kind, url=f"{index.url}frob/", project=FROB)
    finally:
        connection.close()


@pytest.mark.parametrize("html", [HTML, PLAIN_HTML])
def test_both_forms_of_a_page_agree(index: LoopbackIndex, html: str) -> None:
    one, other = fetched(index, JSON), fetched(index, html)
    assert one.filenames == other.filenames
    assert one.attested == other.attested == ("frob-1.1+local-py3-none-any.whl",)
    assert one.status == other.status
    assert one.releases() == other.releases()
    said = [msgspec.structs.replace(file, upload_time=None, size=None) for file in one.files()]
    assert said == list(other.files())


def test_json_is_what_is_asked_for_first(index: LoopbackIndex) -> None:
    page = fetched(index, ACCEPT)
    assert [file.upload_time is not None for file in page.files()] == [True, False, False, False]
