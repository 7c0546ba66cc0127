"""pyproject.toml: what it asks for, with its extras and groups, whatever somebody wrote there."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.errors import UnsupportedError, UsageError
from guard.request import Group, Request, Wanted, groups, read


def asked(folder: Path, text: str, **given: Any) -> Wanted:
    """What a project asks for; without `files`, its groups alone."""
    path = folder / "pyproject.toml"
    path.write_text(text, encoding="utf-8")
    named = tuple(Group(path, name) for name in given.pop("group", ()))
    files = (path,) if given.pop("files", True) else ()
    given = given if files else {}
    return read(Request(requirement_files=files, groups=named, **given))


def texts(wanted: Wanted) -> list[str]:
    return sorted(wanted.of_projects)


EXTRAS = """
[project]
name = "My.App"
dependencies = ["frob"]
[project.optional-dependencies]
Docs = ["tome"]
win = ["my_app[docs]; sys_platform == 'win32'", "my-app[docs, fast]"]
fast = ["speed; python_version > '3'"]
round = ["my-app[round]", "about"]
"""


@pytest.mark.parametrize(
    ("extras", "found"),
    [
        ((), ["frob"]),
        (("DOCS",), ["frob", "tome"]),
        (("round",), ["about", "frob"]),
        (
            ("win",),
            ["frob", "speed; python_version > '3'", "tome", 'tome ; sys_platform == "win32"'],
        ),
    ],
)
def test_extras_of_a_project(extras: tuple[str, ...], found: list[str], tmp_path: Path) -> None:
    wanted = asked(tmp_path, EXTRAS, extras=extras)
    assert texts(wanted) == found
    assert "my-app" not in wanted.names


def test_a_marker_of_an_extra_holds_for_what_it_leads_to(tmp_path: Path) -> None:
    text = """
        [project]
        name = "app"
        [project.optional-dependencies]
        a = ["app[b]; sys_platform == 'win32' or sys_platform == 'darwin'"]
        b = ["dep; python_version > '3'"]
    """
    (found,) = texts(asked(tmp_path, text, extras=("a",)))
    assert found == (
        'dep ; (python_version > "3") and (sys_platform == "win32" or sys_platform == "darwin")'
    )


GROUPS = """
[dependency-groups]
Test = ["probe>=1", {include-group = "base"}]
base = ["dep"]
dev = [{include-group = "test"}, {include-group = "BASE"}, "app[docs]"]
here = [{include-group = "there"}]
there = [{include-group = "here"}]
wrong = [{include = "base"}]
text = "probe"
"""


def test_groups_of_a_project(tmp_path: Path) -> None:
    wanted = asked(tmp_path, GROUPS, group=["dev"], files=False)
    assert texts(wanted) == ["app[docs]", "dep", "probe>=1"]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("none", "no dependency group `none`"),
        ("here", "includes itself"),
        ("wrong", "no dependency group `wrong` that can be read"),
        ("text", "no dependency group `text` that can be read"),
    ],
)
def test_a_group_that_cannot_be_read(name: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=complaint):
        asked(tmp_path, GROUPS, group=[name], files=False)


def test_groups_that_would_double_at_every_step_end(tmp_path: Path) -> None:
    several = {f"g{n}": [{"include-group": f"g{n + 1}"}] * 2 for n in range(40)}
    text = tomli_w.dumps({"dependency-groups": several | {"g40": ["dep"]}})
    assert texts(asked(tmp_path, text, group=["g0"], files=False)) == ["dep"]


def test_groups_that_are_nested_without_an_end_are_refused(tmp_path: Path) -> None:
    several: dict[str, Any] = {f"g{n}": [{"include-group": f"g{n + 1}"}] for n in range(3000)}
    text = tomli_w.dumps({"dependency-groups": several | {"g3000": ["dep"]}})
    with pytest.raises(UsageError, match="includes itself"):
        asked(tmp_path, text, group=["g0"], files=False)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('project.optional-dependencies = ["x"]', "is no table"),
        ("project.optional-dependencies.a = 3", "is no list of strings"),
        ('project.optional-dependencies.b = ["x"]', "has no extra `a`"),
        ('project.optional-dependencies.a = ["x\\n--index-url y"]', "is not a requirement"),
        ("project.dynamic = true", "is no list"),
        ("dependency-groups = 3", "is no table"),
        ('dependency-groups = {a = ["x"], A = ["y"]}', "cannot be read"),
    ],
)
def test_tables_that_cannot_be_read(text: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=complaint):
        asked(tmp_path, text, extras=("a",), group=["a"], files="project" in text)


def test_extras_that_only_a_build_would_tell_are_refused(tmp_path: Path) -> None:
    text = 'project.dynamic = ["optional-dependencies"]\n'
    assert texts(asked(tmp_path, text)) == []
    with pytest.raises(UnsupportedError, match="computes its optional-dependencies"):
        asked(tmp_path, text, extras=("a",))


def test_whose_group_is_meant() -> None:
    one, other = Path("a/pyproject.toml"), Path("b/pyproject.toml")
    assert groups(["dev"], []) == (Group(Path("pyproject.toml"), "dev"),)
    assert groups(["dev"], [Path("r.txt"), one]) == (Group(one, "dev"),)
    assert groups([f"{other}:dev"], [one]) == (Group(other, "dev"),)
    with pytest.raises(UsageError, match="not clear which"):
        groups(["dev"], [one, other])
    with pytest.raises(UsageError, match=r"`b/setup\.cfg` is no pyproject"):
        groups(["b/setup.cfg:dev"], [])


words = st.sampled_from(["a", "b", "app[a]", "app[b]; x", "dep", "include-group", "", "\n", "(("])
values: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.integers(0, 9) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=12,
)


@given(extras=values, named=values, dynamic=values)
@settings(max_examples=300, deadline=None)
def test_any_tables_mean_something_or_are_refused(
    extras: object, named: object, dynamic: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    document = {
        "project": {"name": "app", "optional-dependencies": extras, "dynamic": dynamic},
        "dependency-groups": named,
    }
    folder = tmp_path_factory.getbasetemp() / "any-project"  # uv looks above every other test's
    folder.mkdir(exist_ok=True)
    with contextlib.suppress(UsageError):
        asked(folder, tomli_w.dumps(document), extras=("a",), group=["a", "b"])
    with contextlib.suppress(UsageError):
        asked(folder, tomli_w.dumps(document), all_extras=True)
