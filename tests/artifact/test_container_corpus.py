"""The containers that PyPI tells apart on upload, as far as they are at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.artifact.container import open_container
from guard.artifact.defect import Defect

CORPUS = Path(__file__, "../../../../shared/data/archives").resolve()
ACCEPTED = sorted(CORPUS.glob("accept/*"))
REJECTED = sorted(CORPUS.glob("reject/*"))

pytestmark = pytest.mark.skipif(not ACCEPTED, reason="needs ../shared/data/archives")

# PyPI's own list of good files has one whose size is a lie (Z13). Its structure is sound, so it
# is a container; its content is not what its headers say, which shows when it is read.
LIES = {"short_usize.zip": ["the headers say 9 bytes, the deflate stream has more"]}


def found(path: Path) -> tuple[list[Defect], list[Defect]]:
    """What is wrong with the structure of the file at `path`, and with its content."""
    with open_container(path) as container:
        return list(container.defects), list(container.damages())


@pytest.mark.parametrize("path", ACCEPTED, ids=lambda path: path.name)
def test_what_pypi_accepts_is_a_container(path: Path) -> None:
    defects, damages = found(path)
    assert defects == []
    assert [damage.message.partition(":")[0] for damage in damages] == LIES.get(path.name, [])


@pytest.mark.parametrize("path", REJECTED, ids=lambda path: path.name)
def test_what_pypi_rejects_is_refused(path: Path) -> None:
    defects, _ = found(path)
    assert defects != []


def test_all_of_it_is_here() -> None:
    assert (len(ACCEPTED), len(REJECTED)) == (5, 17)
