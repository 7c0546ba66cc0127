"""Requirements files: nested, constrained, hashed, marked, with indexes of their own."""

from __future__ import annotations

import pytest

from tests.e2e.guarded import LONG_AGO, Environment, Guard, ago, assert_paragraph, untouched
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel

FROB = {
    version: a_wheel("frob", version, requires=["dep"], extras={"fast": ["speed"]})
    for version in ("1.0", "2.0")
}
DEP = {version: a_wheel("dep", version) for version in ("1.0", "2.0")}
SPEED = a_wheel("speed", "1.0")


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    for wheel in (*FROB.values(), *DEP.values(), SPEED):
        index.add(wheel, uploaded=LONG_AGO)
    return index


def write(guard: Guard, **files: str) -> None:
    for name, text in files.items():
        path = guard.work / f"{name}.txt"
        path.write_text(text)


def test_files_nest_and_constrain(either: Environment, guard: Guard, index: LoopbackIndex) -> None:
    (guard.work / "sub").mkdir()
    (guard.work / "sub" / "inner.txt").write_text("-c ../constraints.txt\nfrob[fast]\n")
    write(
        guard,
        outer="# what we need\n-r sub/inner.txt  # and what that needs\n",
        constraints="frob < 2  # two is not ready\ndep==1.0\nunused==9\n",
    )
    ran = guard.install("-r", "outer.txt", into=either, index=index)
    assert ran.code == 0, ran.said
    assert either.installed() == {"frob": "1.0", "dep": "1.0", "speed": "1.0"}


def test_several_files_constraints_and_names_together(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    write(guard, one="frob\n", two="speed\n", limits="dep<2\n")
    ran = guard.install(
        "-r", "one.txt", "-r", "two.txt", "-c", "limits.txt", "frob<2", into=target, index=index
    )
    assert ran.code == 0, ran.said
    assert target.installed() == {"frob": "1.0", "dep": "1.0", "speed": "1.0"}


def test_markers_and_variables_decide_as_they_do_for_the_tool(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    never, always = 'python_version < "3"', 'python_version >= "3"'
    write(guard, r=f"-i ${{WHERE}}\ndep==1.0\nspeed ; {never}\nfrob==2.0 ; {always}\n")
    ran = guard.install("-r", "r.txt", into=either, WHERE=index.url)
    assert ran.code == 0, ran.said
    assert either.installed() == {"frob": "2.0", "dep": "1.0"}


def test_right_hashes_are_accepted(either: Environment, guard: Guard, index: LoopbackIndex) -> None:
    write(
        guard,
        r=f"frob==1.0 \\\n    --hash=sha256:{FROB['1.0'].sha256} \\\n    --hash=sha256:{'0' * 64}\n"
        f"dep==2.0 --hash=sha256:{DEP['2.0'].sha256}\n",
    )
    ran = guard.install("-r", "r.txt", "--require-hashes", into=either, index=index)
    assert ran.code == 0, ran.said
    assert either.installed() == {"frob": "1.0", "dep": "2.0"}


def test_a_wrong_hash_is_denied(either: Environment, guard: Guard, index: LoopbackIndex) -> None:
    write(guard, r=f"dep==2.0 --hash=sha256:{'0' * 64}\n")
    with untouched(either):
        ran = guard.install("-r", "r.txt", into=either, index=index)
    assert_paragraph(ran, 77, "denied[hash-mismatch]", DEP["2.0"].sha256, "0" * 64)


def test_a_dependency_without_a_hash_is_refused_where_hashes_are_required(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    write(guard, r=f"frob==1.0 --hash=sha256:{FROB['1.0'].sha256}\n")
    with untouched(either):
        ran = guard.install("-r", "r.txt", "--require-hashes", into=either, index=index)
    assert_paragraph(ran, 2, "dep", "--hash")


def test_a_file_may_demand_hashes_itself(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    write(guard, r="--require-hashes\ndep==1.0\n")
    with untouched(target):
        ran = guard.install("-r", "r.txt", into=target, index=index)
    assert_paragraph(ran, 2, "no hash was given for dep 1.0")


def test_a_file_that_came_after_the_hashes_were_written_is_passed_by(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    tag = f"cp3{either.python.resolve().name.rpartition('.')[2]}-none-any"
    index.add(a_wheel("dep", "2.0", tag=tag), uploaded=LONG_AGO)
    write(guard, r=f"dep==2.0 --hash=sha256:{DEP['2.0'].sha256}\n")
    ran = guard.install("-r", "r.txt", into=either, index=index)
    assert ran.code == 0, ran.said
    assert either.installed() == {"dep": "2.0"}


def test_a_file_names_an_index_of_its_own(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    with LoopbackIndex() as other:
        other.add(a_wheel("internal", "1.0", requires=["dep"]), uploaded=LONG_AGO)
        write(guard, r=f"--index-url {index.url}\n--extra-index-url={other.url}\ninternal\n")
        ran = guard.install("-r", "r.txt", into=either)
    assert ran.code == 0, ran.said
    assert either.installed() == {"internal": "1.0", "dep": "2.0"}


def test_the_first_index_of_pip_is_the_last_that_was_named(
    pip_target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    with LoopbackIndex() as other:
        other.add(a_wheel("internal", "1.0"), uploaded=LONG_AGO)
        write(guard, r=f"--index-url {other.url}\ninternal\n")
        ran = guard.install("-r", "r.txt", into=pip_target, index=index)
    assert ran.code == 0, ran.said
    assert pip_target.installed() == {"internal": "1.0"}


def test_a_folder_of_wheels_is_searched_too(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    wheels = guard.work / "wheels"
    wheels.mkdir()
    a_wheel("frob", "3.0", requires=["dep"]).write_to(wheels)
    write(guard, r="--find-links wheels\nfrob\n")
    ran = guard.install("-r", "r.txt", into=target, index=index)
    assert ran.code == 0, ran.said
    assert target.installed() == {"frob": "3.0", "dep": "2.0"}


def test_a_folder_of_wheels_may_be_all_there_is(either: Environment, guard: Guard) -> None:
    wheels = guard.work / "wheel house"
    wheels.mkdir()
    for wheel in (FROB["1.0"], DEP["1.0"]):
        wheel.write_to(wheels)
    ran = guard.install("--no-index", "-f", wheels, "frob", into=either)
    assert ran.code == 0, ran.said
    assert either.installed() == {"frob": "1.0", "dep": "1.0"}


def test_a_page_of_wheels_is_searched_and_has_no_upload_times(
    target: Environment, guard: Guard
) -> None:
    with LoopbackIndex(json=False) as index, untouched(target):
        index.add(FROB["1.0"], uploaded=LONG_AGO)
        page = f"{index.url}frob/"
        ran = guard.install("--no-index", "-f", page, "--no-deps", "frob", into=target)
    assert_paragraph(ran, 69, "undecided[fresh-upload]", "upload time unknown")


def test_pre_releases_are_for_those_who_ask(
    either: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.add(a_wheel("dep", "3.0a1"), uploaded=LONG_AGO)
    write(guard, r="--pre\ndep\n")
    ran = guard.install("-r", "r.txt", into=either, index=index)
    assert ran.code == 0, ran.said
    assert either.installed() == {"dep": "3.0a1"}


def test_a_fresh_constraint_or_dependency_counts_like_any_other(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    index.add(DEP["2.0"], uploaded=ago(days=1))
    write(guard, limits="dep==2.0\n")
    with untouched(target):
        ran = guard.install("frob", "-c", "limits.txt", into=target, index=index)
    assert_paragraph(ran, 77, "denied[fresh-upload]", DEP["2.0"].filename)


def test_the_dependencies_of_a_project_are_read_from_its_pyproject(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    (guard.work / "pyproject.toml").write_text(
        '[project]\nname = "app"\nversion = "1"\ndependencies = ["frob[fast]==1.0"]\n'
    )
    ran = guard.install("-r", "pyproject.toml", into=target, index=index)
    assert ran.code == 0, ran.said
    assert target.installed() == {"frob": "1.0", "dep": "2.0", "speed": "1.0"}
