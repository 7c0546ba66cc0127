"""Whatever the bytes: an inventory, or an error that says why not."""

from __future__ import annotations

import contextlib
import json
import re
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
import tomli_w
from hypothesis import example, given, settings
from hypothesis import strategies as st

from guard.errors import GuardError
from guard.inventory import Inventory, read
from tests.inventory.documents import DATA, WHEEL, real

NAMES: Final = [
    *("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "requirements.txt", "bom.json", "x"),
]
WORDS: Final = [
    *("", "frob", "1.0", "..", "\x00", "\ud800", "https://[", "https://u:s3cret@e.example/x"),
    *(WHEEL, "a/../b", "sha256:", "pkg:pypi/frob@1.0", "pkg:pypi/%00", "pkg:", "9" * 5000, "{"),
    *("git@e.example:x", "file:", "file://${PROJECT_ROOT}/x", "SHA-256", "purl", "distribution"),
]
REAL: Final = real("")


def read_in(name: str, body: bytes) -> Inventory | None:
    """What is read in a file with that name and content, if anything is."""
    with TemporaryDirectory() as folder, contextlib.suppress(GuardError):
        path = Path(folder, name)
        path.write_bytes(body)
        return read(path)
    return None


def test_every_real_document_is_read_as_it_is() -> None:
    for path in REAL:
        found = read_in(path.name, path.read_bytes())
        assert found is not None
        assert found.listed


@given(name=st.sampled_from(NAMES), body=st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_an_inventory_or_an_error(name: str, body: bytes) -> None:
    read_in(name, body)


scalars: st.SearchStrategy[Any] = st.one_of(
    *(st.sampled_from(WORDS), st.booleans(), st.integers(-1, 1 << 70), st.text(max_size=6)),
)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=4,
)


def places(value: object, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything inside a document."""
    found = [at] if at else []
    if isinstance(value, dict):
        rows: list[tuple[Any, Any]] = list(value.items())
    else:
        rows = list(enumerate(value)) if isinstance(value, list) else []
    return found + [place for key, inner in rows for place in places(inner, (*at, key))]


def changed(document: Any, at: tuple[Any, ...], new: object) -> Any:
    """`document` with something else in one place."""
    if not at:
        return new
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[at[0]] = changed(document[at[0]], at[1:], new)
    return copy


TABLES: Final = {
    path.name: tomllib.loads(path.read_text("utf-8"))
    if path.suffix != ".json"
    else json.loads(path.read_text("utf-8"))
    for path in REAL
    if path.suffix != ".txt"
}
PLACES: Final = {name: places(document) for name, document in TABLES.items()}


@pytest.mark.parametrize("name", sorted(TABLES))
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_document_with_anything_in_any_place_is_an_inventory_or_an_error(
    name: str, data: st.DataObject
) -> None:
    document = TABLES[name]
    for at in data.draw(st.lists(st.sampled_from(PLACES[name]), min_size=1, max_size=2)):
        with contextlib.suppress(KeyError, IndexError, TypeError):  # the other one is gone
            document = changed(document, at, data.draw(values))
    if not isinstance(document, dict):
        return
    if name.endswith(".json"):
        body = json.dumps(document).encode()
    else:
        try:
            body = tomli_w.dumps(document).encode("utf-8", "surrogatepass")
        except ValueError:  # a control character that it does not write
            return
    found = read_in(name, body)
    assert found is None or "s3cret" not in repr(found)


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_document_with_other_bytes_is_an_inventory_or_an_error(
    path: Path, data: st.DataObject
) -> None:
    body = path.read_bytes()
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(len(body), start + 40)))
    read_in(path.name, body[:start] + data.draw(st.binary(max_size=8)) + body[end:])


words = st.sampled_from([*WORDS, "-r", "-c", "-e", "--hash=", "==", "@", ";", " ", "\\\n", "\n"])


@given(parts=st.lists(words, max_size=12))
@settings(max_examples=200, deadline=None)
@example(parts=["-r", " ", "\x00"])
def test_any_lines_are_an_inventory_or_an_error(parts: list[str]) -> None:
    read_in("requirements.txt", "".join(parts).encode("utf-8", "surrogatepass"))


def test_the_data_names_no_real_host() -> None:
    for path in DATA.iterdir():
        hosts = set(re.findall(r"[a-z]+://(?:[^/@\s]*@)?([^/\s\"]+)", path.read_text("utf-8")))
        hosts -= {"cyclonedx.org", "$%7BPROJECT_ROOT%7D", "${PROJECT_ROOT}"}
        assert {host for host in hosts if not host.endswith("example.com")} == set(), path
