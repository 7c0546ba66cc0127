"""Whatever an index sends is a page or a `PageError`, never anything else, and in good time."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from guard.simple import PageError, parse
from guard.simple.page import version_of

JSON: Final = "application/vnd.pypi.simple.v1+json"
HTML: Final = "text/html"
URL: Final = "https://packages.example.com/simple/frob/"
FROB: Final = canonicalize_name("frob")
WHEEL: Final = "frob-1.0-py3-none-any.whl"

# What breaks readers, so that it is tried more often than chance would.
AWKWARD: Final = [
    *("", "\x00", "\ud7ff", "\u2100", "%", "%2e%2e%2f", "..", "//", "\\", "#", "?", "@", ":"),
    *("https://[", "http://h:x/", "file:///etc/passwd", "javascript:", "sha256=", "sha256=zz"),
    *(WHEEL, "frob-1.0.tar.gz", f"frob-{'9' * 5000}.tar.gz", "&#99999999999;", "<![", "<!--"),
    *("2026-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "1e999", "true", "9" * 400),
]

texts = st.sampled_from(AWKWARD) | st.text(max_size=40)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
hashes = st.dictionaries(st.sampled_from(["sha256", "SHA256", "sha512", "md5"]), texts | values)
entries = st.fixed_dictionaries(
    {"filename": texts | st.just(WHEEL), "url": texts},
    optional={
        "hashes": hashes | values,
        "size": st.integers() | values,
        "upload-time": texts | values,
        "yanked": texts | values,
        "provenance": texts | values,
        "requires-python": texts | values,
    },
)
documents = st.fixed_dictionaries(
    {"name": st.just("frob"), "files": st.lists(entries | values, max_size=4)},
    optional={
        "meta": st.fixed_dictionaries({"api-version": texts}) | values,
        "project-status": st.fixed_dictionaries({"status": texts, "reason": texts}) | values,
    },
)
attributes = st.sampled_from(["href", "data-yanked", "data-provenance", "name", "content"])
tags = st.builds(
    lambda tag, given: f"<{tag} " + " ".join(f'{k}="{v}"' for k, v in given) + ">",
    st.sampled_from(["a", "base", "meta", "/a"]),
    st.lists(st.tuples(attributes, texts), max_size=3),
)
markup = st.lists(tags | texts, max_size=6).map("".join)


class Counted(tuple[str, ...]):  # noqa: SLOT001 - a tuple has no room for a count
    """Names that count how often somebody walks through all of them."""

    walks = 0

    def __iter__(self) -> Iterator[str]:
        self.walks += 1
        return super().__iter__()


def read_all(body: bytes, content_type: str) -> None:
    """Read all there is to read of a page; only `PageError` may come of it."""
    try:
        page = parse(body, content_type=content_type, url=URL, project=FROB)
    except PageError:
        return
    page.releases()
    for name in (*page.filenames, WHEEL):
        with contextlib.suppress(PageError):
            file = page.file(name)
            assert file is None or file.url.startswith(("http://", "https://"))
    with contextlib.suppress(PageError):
        assert set(page.attested) <= set(page.filenames)
    with contextlib.suppress(PageError):
        list(page.files())


@given(body=st.binary(max_size=300), content_type=st.sampled_from([JSON, HTML]) | st.text())
@settings(max_examples=150, deadline=None)
def test_any_bytes(body: bytes, content_type: str) -> None:
    read_all(body, content_type)


@given(document=documents)
@settings(max_examples=250, deadline=None)
@example({"name": "frob", "files": [{"filename": WHEEL, "url": "https://["}]})
@example({"name": "frob", "files": [{"filename": f"frob-{'9' * 5000}.tar.gz", "url": "x"}]})
@example({"name": "frob", "files": [{"filename": WHEEL, "url": "x", "provenance": "https://["}]})
def test_any_document(document: dict[str, Any]) -> None:
    read_all(json.dumps(document).encode("utf-8", "surrogatepass"), JSON)


@given(text=markup)
@settings(max_examples=250, deadline=None)
@example(f'<base href="https://["><a href="{WHEEL}">')
@example(f'<a href="https://["><a href="{WHEEL}" data-provenance="http://h:x/">')
def test_any_markup(text: str) -> None:
    read_all(text.encode("utf-8", "surrogatepass"), HTML)


def test_a_wheel_with_a_billion_tags_is_not_read() -> None:
    tag = ".".join(f"py{i}" for i in range(1000))
    hostile = f"frob-1.0-{tag}-{tag}-{tag}.whl"
    assert version_of(hostile, FROB) is None
    document = {"name": "frob", "files": [{"filename": hostile, "url": hostile}]}
    page = parse(json.dumps(document).encode(), content_type=JSON, url=URL, project=FROB)
    assert page.releases() == {}


@pytest.mark.parametrize(("body", "content_type"), [
    (b'{"name": "frob", "files": [], "x": "' + b"a" * 20_000_000 + b'"}', JSON),
    (b"<p>" + b"a" * 20_000_000, HTML),
    (b"<p>" * 50_000, HTML),
    (b"<a href=x>" * 20_000, HTML),
])  # fmt: skip
def test_a_large_page_is_only_large(body: bytes, content_type: str) -> None:
    page = parse(body, content_type=content_type, url=URL, project=FROB)
    assert page.filenames == ()


def test_a_name_that_is_asked_for_often_is_not_sought_anew() -> None:
    """Two pages are compared by asking each for every name, and pages have thousands of names."""
    names = [f"frob-1.{i}.tar.gz" for i in range(10)]
    document = {"name": "frob", "files": [{"filename": n, "url": n} for n in names]}
    page = parse(json.dumps(document).encode(), content_type=JSON, url=URL, project=FROB)
    page.filenames = Counted(page.filenames)
    assert all(page.file(name) is not None for name in names)
    assert page.filenames.walks == 1
