"""One index per name: a private name on a public index is an attack, or may as well be one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.guarded import LONG_AGO, Environment, Guard, assert_paragraph, untouched
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel

OURS = a_wheel("acme-app", "1.0", requires=["dep"])
THEIRS = a_wheel("acme-app", "99.0")
DEP = a_wheel("dep", "1.0")


@pytest.fixture
def private() -> Iterator[LoopbackIndex]:
    with LoopbackIndex() as private:
        private.add(OURS, uploaded=LONG_AGO)
        yield private


@pytest.fixture
def public(index: LoopbackIndex) -> LoopbackIndex:
    """The index for everything else, where a stranger has taken our name."""
    index.add(DEP, uploaded=LONG_AGO)
    index.add(THEIRS, uploaded=LONG_AGO)
    return index


def both(public: LoopbackIndex, private: LoopbackIndex) -> tuple[str, ...]:
    return ("--index-url", public.url, "--extra-index-url", private.url)


def owned(guard: Guard, private: LoopbackIndex) -> tuple[str, str]:
    (guard.work / "guard.toml").write_text(
        f'extends = "default"\n[[index]]\nname = "acme"\nurl = "{private.url}"\nowns = ["acme-*"]\n'
    )
    return ("--policy", "guard.toml")


def test_a_name_on_two_indexes_is_nobodys(
    either: Environment, guard: Guard, public: LoopbackIndex, private: LoopbackIndex
) -> None:
    with untouched(either):
        ran = guard.install("acme-app", *both(public, private), into=either)
    assert_paragraph(
        ran, 77, "denied[foreign-index]", public.url.rstrip("/"), private.url.rstrip("/"), "owns"
    )


def test_an_owner_in_the_policy_resolves_it(
    either: Environment, guard: Guard, public: LoopbackIndex, private: LoopbackIndex
) -> None:
    policy = owned(guard, private)
    ran = guard.install("acme-app", *both(public, private), *policy, into=either)
    assert ran.code == 0, ran.said
    assert either.installed() == {"acme_app": "1.0", "dep": "1.0"}
    if either.installer == "pip":
        assert "acme-app 99.0 (foreign-index: acme-app belongs to acme" in ran.err


def test_an_owned_name_is_not_taken_from_elsewhere(
    target: Environment, guard: Guard, public: LoopbackIndex, private: LoopbackIndex
) -> None:
    policy = owned(guard, private)
    with untouched(target):
        ran = guard.install("acme-app==99.0", *policy, into=target, index=public)
    assert_paragraph(ran, 77, "denied[foreign-index]", "belongs to acme")


def test_what_pip_is_configured_with_is_held_to_the_same(
    either: Environment, guard: Guard, public: LoopbackIndex, private: LoopbackIndex
) -> None:
    """The attack of 2022: pip takes the highest version from any index."""
    (guard.work / "pip.conf").write_text(
        f"[global]\nindex-url = {public.url}\nextra-index-url = {private.url}\n"
    )
    with untouched(either):
        ran = guard.install("acme-app", into=either, PIP_CONFIG_FILE="pip.conf")
    assert_paragraph(ran, 77, "denied[foreign-index]", "--> acme_app-")


def test_a_mirror_of_the_same_bytes_is_no_rival(
    target: Environment, guard: Guard, private: LoopbackIndex
) -> None:
    with LoopbackIndex() as mirror:
        mirror.add(OURS, uploaded=LONG_AGO)
        mirror.add(DEP, uploaded=LONG_AGO)
        ran = guard.install("acme-app", *both(mirror, private), into=target)
    assert ran.code == 0, ran.said


def test_an_index_that_does_not_answer_leaves_it_undecided(
    target: Environment, guard: Guard, public: LoopbackIndex, private: LoopbackIndex
) -> None:
    private.fault("/simple/dep/", lambda answer: answer.__class__(status=500))
    with untouched(target):
        ran = guard.install("dep", *both(public, private), into=target)
    assert ran.code == 69, ran.said
