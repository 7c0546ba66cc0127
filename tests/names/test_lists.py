"""The lists of known names: small, in order, and nothing in them that is no name."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name, is_normalized_name

from guard.names.lists import brands, projects

RANKED = Path(__file__).parents[3] / "shared/data/top-projects.tsv"


def lines(file: str) -> list[str]:
    return (resources.files("guard.names") / file).read_text(encoding="ascii").splitlines()


def names(file: str) -> list[str]:
    return [line.split()[0] for line in lines(file) if not line.startswith("#")]


@pytest.mark.parametrize("file", ["projects.txt", "brands.txt"])
def test_a_list_says_what_it_is_and_has_normalized_names_once_each(file: str) -> None:
    assert lines(file)[0].startswith("# ")
    assert all(line.strip() == line != "" for line in lines(file))
    found = names(file)
    assert len(set(found)) == len(found)
    assert [name for name in found if not is_normalized_name(name)] == []
    assert [name for name in found if canonicalize_name(name, validate=True) != name] == []


def test_the_order_of_the_projects_is_their_rank() -> None:
    assert list(projects()) == names("projects.txt")
    assert list(projects().values()) == list(range(1, len(projects()) + 1))
    assert len(projects()) > 4_900
    assert projects()["requests"] < projects()["colorama"] < projects()["jellyfish"]


@pytest.mark.skipif(not RANKED.is_file(), reason="needs ../shared/data/top-projects.tsv")
def test_the_order_is_that_of_the_source() -> None:
    rows = (line.split("\t") for line in RANKED.read_text(encoding="utf-8").splitlines())
    ranked = sorted((int(rank), name) for rank, name in rows)
    assert [name for _, name in ranked] == list(projects())


def test_a_brand_names_the_project_of_its_makers_or_none() -> None:
    assert brands()["huggingface"] == "huggingface-hub"
    assert brands()["deepseek"] is None
    assert {project for project in brands().values() if project} <= set(projects())
    assert all(
        len(line.split()) in {1, 2} for line in lines("brands.txt") if not line.startswith("#")
    )


def test_a_brand_that_is_a_project_is_here_for_itself() -> None:
    assert all(brands()[name] == name for name in brands() if name in projects())
