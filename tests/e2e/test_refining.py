"""The newest release that the policy accepts is chosen, and what was passed over is explained."""

from __future__ import annotations

import pytest

from tests.e2e.guarded import (
    LONG_AGO,
    Environment,
    Guard,
    ago,
    assert_paragraph,
    at,
    to,
    untouched,
)
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel


def add(index: LoopbackIndex, name: str, *versions: str, **facts: object) -> None:
    for version in versions:
        index.add(a_wheel(name, version), **{"uploaded": LONG_AGO, **facts})  # type: ignore[arg-type]


def policy(guard: Guard, text: str) -> None:
    (guard.work / "guard.toml").write_text(f'extends = "default"\n{text}')


POLICY = ("--policy", "guard.toml")


def test_a_denied_release_is_passed_over(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    add(index, "frob", "1.0", "1.1", "1.2")
    policy(guard, '[[deny]]\nname = "frob"\nversions = ">=1.1"\nreason = "MAL-2026-1"\n')
    ran = guard.install("frob", *POLICY, into=either, index=index)
    assert ran.code == 0, ran.said
    assert either.installed() == {"frob": "1.0"}
    assert "frob 1.2 (denied-release: denied by the policy: MAL-2026-1)" in ran.err
    assert "frob 1.1 (denied-release" in ran.err


def test_a_yanked_release_is_passed_over(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    add(index, "frob", "1.0")
    add(index, "frob", "1.1", yanked="it breaks")
    ran = guard.install("frob", into=target, index=index)
    assert ran.code == 0, ran.said
    assert target.installed() == {"frob": "1.0"}
    assert "frob 1.1 (yanked-file: yanked by its project: it breaks)" in ran.err


def test_a_pinned_yanked_release_is_installed_with_a_warning(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    add(index, "frob", "1.0")
    add(index, "frob", "1.1", yanked="it breaks")
    ran = guard.install("frob==1.1", into=target, index=index)
    assert ran.code == 0, ran.said
    assert "warning[yanked-file]: yanked by its project: it breaks" in ran.err
    assert target.installed() == {"frob": "1.1"}


def test_a_denied_dependency_is_replaced_by_an_older_one(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.add(a_wheel("frob", "1.0", requires=["dep"]), uploaded=LONG_AGO)
    add(index, "dep", "1.0", "2.0")
    policy(guard, '[[deny]]\nname = "dep"\nversions = "==2.0"\nreason = "MAL-2026-2"\n')
    ran = guard.install("frob", *POLICY, into=target, index=index)
    assert ran.code == 0, ran.said
    assert target.installed() == {"frob": "1.0", "dep": "1.0"}
    assert "dep 2.0 (denied-release: denied by the policy: MAL-2026-2)" in ran.err


def test_a_release_whose_dependency_is_denied_gives_way_to_an_older_one(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.add(a_wheel("frob", "1.0", requires=["dep<2"]), uploaded=LONG_AGO)
    index.add(a_wheel("frob", "2.0", requires=["dep>=2"]), uploaded=LONG_AGO)
    add(index, "dep", "1.0", "2.0")
    policy(guard, '[[deny]]\nname = "dep"\nversions = "==2.0"\nreason = "MAL-2026-2"\n')
    ran = guard.install("frob", *POLICY, into=target, index=index)
    assert ran.code == 0, ran.said
    assert target.installed() == {"frob": "1.0", "dep": "1.0"}


def test_a_fresh_dependency_is_replaced_by_an_older_one(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.add(a_wheel("frob", "1.0", requires=["dep"]), uploaded=LONG_AGO)
    add(index, "dep", "1.0")
    add(index, "dep", "2.0", uploaded=ago(days=6.9))
    add(index, "dep", "1.5", uploaded=ago(days=7.1))
    ran = guard.install("frob", into=either, index=index)
    assert ran.code == 0, ran.said
    assert either.installed() == {"frob": "1.0", "dep": "1.5"}


def test_a_fresh_file_of_an_old_release_is_passed_over_too(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    add(index, "frob", "1.0")
    version = target.python.resolve().name.rpartition(".")[2]
    index.add(a_wheel("frob", "1.0", tag=f"cp3{version}-none-any"), uploaded=ago(days=1))
    ran = guard.install("frob", into=target, index=index)
    assert ran.code == 0, ran.said
    assert "frob-1.0-py3-none-any.whl" in {seen.path.rpartition("/")[2] for seen in index.requests}
    assert target.installed() == {"frob": "1.0"}


def test_where_everything_is_denied_it_is_said_of_what_was_asked_for(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    add(index, "frob", "1.0", "1.1", "1.2")
    policy(guard, '[[deny]]\nname = "frob"\nreason = "we do not use it"\n')
    with untouched(target):
        ran = guard.install("frob", *POLICY, into=target, index=index)
    assert_paragraph(ran, 77, "denied[denied-release]", "we do not use it", "nothing was installed")


def test_where_everything_is_fresh_the_newest_is_denied(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    add(index, "frob", "1.0", "1.1", uploaded=ago(days=2))
    with untouched(either):
        ran = guard.install("frob", into=either, index=index)
    assert_paragraph(ran, 77, "denied[fresh-upload]", "frob-1.1-py3-none-any.whl", "2 days ago")


def test_a_fresh_release_and_a_denied_one_leave_nothing(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    add(index, "frob", "1.0")
    add(index, "frob", "2.0", uploaded=ago(days=1))
    policy(guard, '[[deny]]\nname = "frob"\nversions = "<2"\nreason = "MAL-2026-3"\n')
    with untouched(target):
        ran = guard.install("frob", *POLICY, into=target, index=index)
    assert_paragraph(ran, 77, "denied[", "nothing was installed")


def test_refining_ends(target: Environment, guard: Guard, index: LoopbackIndex) -> None:
    """A plan that can be denied again and again is given up in the end, with a word why."""
    names = [f"dep{number}" for number in range(14)]
    index.add(a_wheel("frob", "1.0", requires=[names[0]]), uploaded=LONG_AGO)
    for name, following in zip(names, [*names[1:], None], strict=True):
        # An older release of each brings the next one in.
        older = a_wheel(name, "1.0", requires=[following] if following else [])
        index.add(older, uploaded=LONG_AGO)
        index.add(a_wheel(name, "2.0"), uploaded=LONG_AGO)
    policy(guard, '[[deny]]\nname = "dep*"\nversions = "==2.0"\nreason = "no"\n')
    with untouched(target):
        ran = guard.install("frob", *POLICY, into=target, index=index)
    assert_paragraph(ran, 77, "gave up after 12 resolutions", "denied[denied-release]")


def test_a_quarantined_project_is_denied(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    add(index, "frob", "1.0")
    index.status("frob", "quarantined", "taken over", offers_files=True)
    with untouched(target):
        ran = guard.install("frob", into=target, index=index)
    assert_paragraph(ran, 77, "denied[quarantined-project]", "taken over")


def test_a_quarantined_project_without_files_is_explained(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    add(index, "frob", "1.0")
    index.status("frob", "quarantined", "taken over")
    with untouched(either):
        ran = guard.install("frob", into=either, index=index)
    assert_paragraph(ran, 77, "denied[quarantined-project]", "taken over", "--> frob")


def test_an_archived_project_is_warned_about(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    add(index, "frob", "1.0")
    index.status("frob", "archived", "see nicer-frob")
    ran = guard.install("frob", into=target, index=index)
    assert ran.code == 0, ran.said
    assert "warning[archived-project]: the project is archived: see nicer-frob" in ran.err
    assert target.installed() == {"frob": "1.0"}


def test_an_exempt_release_may_be_fresh(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    add(index, "frob", "1.0")
    add(index, "frob", "1.1", uploaded=ago(days=1))
    policy(
        guard,
        '[[exempt]]\nname = "frob"\nrule = "fresh-upload"\nversions = "==1.1"\n'
        'reason = "fixes CVE-2026-1"\n',
    )
    ran = guard.install("frob", *POLICY, into=target, index=index)
    assert ran.code == 0, ran.said
    assert target.installed() == {"frob": "1.1"}
    assert "waived[fresh-upload]" in ran.err
    assert "fixes CVE-2026-1" in ran.err


@pytest.mark.parametrize("preset", ["observe", "strict"])
def test_the_presets_differ(
    preset: str, target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    add(index, "frob", "1.0")
    add(index, "frob", "1.1", uploaded=ago(days=10))
    add(index, "frob", "1.2", uploaded=ago(days=1))
    ran = guard.install("frob", into=target, index=index, GUARD_POLICY=preset)
    assert ran.code == 0, ran.said
    assert target.installed() == {"frob": {"observe": "1.2", "strict": "1.0"}[preset]}
    assert ("warning[fresh-upload]" in ran.err) is (preset == "observe")


def test_a_cut_off_of_the_users_own_has_no_exceptions(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    add(index, "frob", "1.0")
    add(index, "frob", "1.1", uploaded=ago(days=20))
    words = (*to(target), *at(index))
    for option in ("--uploaded-prior-to", "--exclude-newer"):
        ran = guard("check", "frob", option, "30 days", "--output-format", "json", *words)
        assert [c["version"] for c in ran.report["candidates"]] == ["1.0"], ran.said
    ran = guard("check", "frob", "--output-format", "json", *words, UV_EXCLUDE_NEWER="P30D")
    assert [c["version"] for c in ran.report["candidates"]] == ["1.0"], ran.said
    ran = guard("check", "frob==1.1", "--exclude-newer", "30 days", *words)
    assert ran.code not in {0, 70}, ran.said
