"""Artifacts are read in processes of their own; whatever becomes of these, the run goes on."""

from __future__ import annotations

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from guard.artifact.content import Content
from guard.model import FileKind, Unknown
from guard.sources.contents import Contents
from guard.sources.readers import Readers
from tests.wheels import a_wheel, an_sdist


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return a_wheel("frob", "1.0").write_to(tmp_path)


def test_what_is_read_is_what_would_be_read_here(wheel: Path, tmp_path: Path) -> None:
    sdist = an_sdist("frob", "1.0").write_to(tmp_path)
    readers = Readers(most=2)
    try:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(readers.read, [wheel, sdist] * 4))
    finally:
        readers.close()
    assert [(c.name, c.version) for c in found if isinstance(c, Content)] == [("frob", "1.0")] * 8
    assert {c.filename for c in found if isinstance(c, Content)} == {wheel.name, sdist.name}


def test_texts_are_looked_at_with_the_rules_that_are_shipped(tmp_path: Path) -> None:
    code = "import base64\nexec(base64.b64decode('cGFzcw=='))\n"
    wheel = a_wheel("frob", "1.0", files={"frob.py": code}).write_to(tmp_path)
    readers = Readers(most=1)
    content = readers.read(wheel)
    readers.close()
    assert isinstance(content, Content)
    assert "decoded-exec" in {trace.capability for trace in content.traces}


def test_a_file_that_is_not_there_is_unknown_and_the_reader_goes_on(wheel: Path) -> None:
    readers = Readers(most=1)
    missing = readers.read(wheel.with_name("other-1.0-py3-none-any.whl"))
    assert isinstance(missing, Unknown)
    assert "No such file" in missing.reason
    assert isinstance(readers.read(wheel), Content)
    readers.close()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_a_reader_that_dies_leaves_the_file_unknown_and_is_replaced(wheel: Path) -> None:
    readers = Readers(most=1)
    assert isinstance(readers.read(wheel), Content)
    (process,) = readers.processes()
    os.kill(process, signal.SIGKILL)
    assert isinstance(readers.read(wheel), Unknown)
    assert isinstance(readers.read(wheel), Content)
    readers.close()
    assert readers.processes() == ()


def test_after_the_end_nothing_is_read_any_more(wheel: Path) -> None:
    readers = Readers()
    readers.close()
    assert isinstance(readers.read(wheel), Unknown)


def test_what_could_not_be_read_is_not_remembered(wheel: Path, tmp_path: Path) -> None:
    closed, readers = Readers(), Readers()
    closed.close()
    for reader, kind in ((closed, Unknown), (readers, Content), (closed, Content)):
        contents = Contents(tmp_path / "contents", reader, version="1")
        assert isinstance(contents.of(wheel, "0" * 64, FileKind.WHEEL), kind)
    other = Contents(tmp_path / "contents", closed, version="2")
    assert isinstance(other.of(wheel, "0" * 64, FileKind.WHEEL), Unknown), "other rules, read anew"
    readers.close()
