"""Whether a lock is exactly what its requirements need: the walk, and what it complains of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from guard.install.closure import Locked, shortcomings

LOCK: dict[str, tuple[str, Sequence[str]]] = {
    "frob": ("1.0", ["dep>=1", "tome; extra == 'docs'", "win; sys_platform == 'win32'"]),
    "dep": ("1.5rc1", ["frob"]),
}


def wrong(
    requirements: Sequence[str], lock: Mapping[str, tuple[str, Sequence[str]]] = LOCK
) -> list[str]:
    environment = {**default_environment(), "sys_platform": "linux"}
    locked = {
        canonicalize_name(name): Locked(version=Version(version), requires_dist=tuple(requires))
        for name, (version, requires) in lock.items()
    }
    return list(shortcomings(map(Requirement, requirements), locked, environment))  # type: ignore[arg-type]


TOME: dict[str, tuple[str, Sequence[str]]] = {"tome": ("1.0", [])}


@pytest.mark.parametrize(
    ("requirements", "lock", "complaints"),
    [
        (["frob"], LOCK, []),
        (["Frob==1.0", "win; sys_platform == 'win32'"], LOCK, []),
        (["frob>1"], LOCK, ["the requirements want frob>1, locked is 1.0"]),
        (["dep", "six"], LOCK, ["the requirements want six, which is not locked"]),
        (["dep>=2"], LOCK, ["the requirements want dep>=2, locked is 1.5rc1"]),
        (
            ["frob[docs]"],
            LOCK,
            ['frob 1.0 wants tome; extra == "docs", which is not locked'],
        ),
        (["frob[DOCS]"], LOCK | TOME, []),
        (["frob"], LOCK | TOME, ["nothing wants tome 1.0"]),
        ([], LOCK, ["nothing wants dep 1.5rc1", "nothing wants frob 1.0"]),
        (["a"], {"a": ("1", ["what is this", "a[b]", "a; nobody == 'x'"])}, []),
    ],
)
def test_a_lock_and_what_it_is_for(
    requirements: list[str],
    lock: Mapping[str, tuple[str, Sequence[str]]],
    complaints: list[str],
) -> None:
    assert wrong(requirements, lock) == complaints


names = st.sampled_from(["a", "b", "c", "d"])


@given(lock=st.dictionaries(names, st.lists(names, max_size=3)), start=st.lists(names, max_size=2))
def test_a_lock_is_right_only_if_it_is_the_closure(
    lock: dict[str, list[str]], start: list[str]
) -> None:
    reached, waiting, missing = set[str](), list(start), False
    while waiting:
        name = waiting.pop()
        if name not in lock:
            missing = True
        elif name not in reached:
            reached.add(name)
            waiting += lock[name]
    found = wrong(start, {name: ("1", requires) for name, requires in lock.items()})
    assert (found == []) == (not missing and reached == lock.keys())
