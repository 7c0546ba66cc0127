"""One spelling for every way to the same spot, and what meets there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.artifact.content import Command, CommandSource, Content, Landing
from guard.artifact.spot import head, heads, keys, spots


def content(**paths: tuple[str, ...]) -> Content:
    return Content(filename="frob-1.0-py3-none-any.whl", landing=Landing(**paths))


@pytest.mark.parametrize(
    ("scheme", "path", "spot"),
    [
        ("purelib", "six.py", "site-packages/six.py"),
        ("platlib", "six.py", "site-packages/six.py"),
        ("data", "lib/python3.11/site-packages/six.py", "site-packages/six.py"),
        ("data", "lib64/python3.13t/site-packages/six.py", "site-packages/six.py"),
        ("data", "Lib/site-packages/six.py", "site-packages/six.py"),
        ("data", "local/lib/python3.12/dist-packages/six.py", "site-packages/six.py"),
        ("scripts", "run", "bin/run"),
        ("data", "bin/run", "bin/run"),
        ("data", "Scripts/run", "bin/run"),
        ("data", "share/doc/x", "share/doc/x"),
        ("data", "pyvenv.cfg", "pyvenv.cfg"),
    ],
)
def test_every_way_leads_to_one_spot(scheme: str, path: str, spot: str) -> None:
    assert list(spots(content(**{scheme: (path,)}))) == [spot]


def test_a_command_is_a_file_and_headers_are_nobody_elses() -> None:
    command = Command(name="run", source=CommandSource.CONSOLE_SCRIPT, member="x", offset=0)
    given = Content(filename="x", landing=Landing(headers=("six.h",)), commands=(command,))
    assert list(spots(given)) == ["bin/run"]


@pytest.mark.parametrize(
    "spot",
    [
        "site-packages/a/six.py",
        "site-packages/a/six.pyc",
        "site-packages/A/SIX.py",
        "site-packages/a/six.so",
        "site-packages/a/six.abi3.so",
        "site-packages/a/six.cp311-win_amd64.pyd",
        "site-packages/a/six/__init__.py",
        "site-packages/a/six/__init__.abi3.so",
        "site-packages/a/__pycache__/six.cpython-311.pyc",
        "site-packages/a/__pycache__/six.cpython-311.opt-2.pyc",
        "site-packages/a/six/__pycache__/__init__.cpython-311.pyc",
    ],
)
def test_whatever_an_import_would_take_is_one_module(spot: str) -> None:
    assert keys(spot)[1:] == ("site-packages/a/six.*",)


@pytest.mark.parametrize(
    "spot",
    [
        "site-packages/six.pyi",
        "site-packages/six.txt",
        "site-packages/six",
        "site-packages/six.data.py",
        "site-packages/__pycache__/six.py.txt",
        "bin/six.py",
        "share/six.py",
    ],
)
def test_what_is_not_imported_is_a_file_and_no_more(spot: str) -> None:
    assert keys(spot) == (spot,)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("site-packages/Six.txt", "site-packages/six.TXT"),
        ("site-packages/\u00e9.txt", "site-packages/E\u0301.txt"),
        ("bin/run", "bin/Run.exe"),
    ],
)
def test_neither_case_nor_form_makes_a_difference(one: str, other: str) -> None:
    assert keys(one) == keys(other)


_SEGMENTS = st.sampled_from(["six", "a", "__pycache__", "__init__", "six.py", "x.y.so", "SIX.pyc"])
_PATHS = st.lists(_SEGMENTS, min_size=1, max_size=4).map("/".join)
_SPOTS = st.one_of(_PATHS.map("site-packages/{}".format), _PATHS.map("bin/{}".format), _PATHS)


@given(one=_SPOTS, other=_SPOTS)
def test_what_meets_has_one_head(one: str, other: str) -> None:
    """Else a comparison by heads would miss it."""
    if set(keys(one)) & set(keys(other)):
        assert head(one) == head(other)


@given(paths=st.lists(_PATHS, max_size=5), scheme=st.sampled_from(["purelib", "data", "scripts"]))
def test_the_heads_are_those_of_all_spots(paths: list[str], scheme: str) -> None:
    given = content(**{scheme: tuple(paths)})
    assert heads(given) == {head(spot) for spot in spots(given)}
