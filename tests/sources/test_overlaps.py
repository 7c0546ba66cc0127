"""Whose files a plan would write over: in the plan itself, and in a target."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from guard.artifact.wheel import inspect
from guard.model import Absent, Fact, Overlap, Unknown
from guard.sources.installed import Folders
from guard.sources.overlaps import Coming, overlaps
from tests.builders import a_file
from tests.wheels import Artifact, a_wheel

CODE = "x = 1\n"
STUB = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
SIX = a_wheel("six", "1.17.0", files={"six.py": CODE})
SITE = "lib/python3.11/site-packages"


@pytest.fixture
def target(tmp_path: Path) -> Folders:
    """An environment with what an interpreter needs, and nothing else."""
    root = tmp_path / "target"
    site = root / SITE
    for path in (root / "pyvenv.cfg", root / "bin/python", root / "bin/activate"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    site.mkdir(parents=True)
    return Folders(site=(site, site), scripts=root / "bin", data=root)


def put(target: Folders, wheel: Artifact, *rows: str) -> Path:
    """Put a wheel in place as pip would, with more `rows` in its RECORD; return its dist-info."""
    site = target.site[0]
    with zipfile.ZipFile(io.BytesIO(wheel.content)) as archive:
        archive.extractall(site)
    info = site / f"{wheel.filename.split('-py3')[0]}.dist-info"
    with (info / "RECORD").open("a") as record:
        record.writelines(f"{row},,\n" for row in rows)
    return info


def a_plan(folder: Path, *wheels: Artifact) -> list[Coming]:
    plan = []
    for number, wheel in enumerate(wheels):
        (folder / f"{number}").mkdir()
        path = wheel.write_to(folder / f"{number}")
        file = a_file(wheel.name, wheel.version, filename=wheel.filename)
        plan.append(Coming(file=file, content=inspect(path, path.name), path=path))
    return plan


def found(folder: Path, *wheels: Artifact, target: Folders | None = None) -> list[list[str]]:
    """For each wheel, whose files it would write over; `=` where nothing is lost by it."""
    quarantine = folder / "quarantine"
    quarantine.mkdir()
    return [shown(fact) for fact in overlaps(a_plan(quarantine, *wheels), target)]


def shown(fact: Fact[tuple[Overlap, ...]]) -> list[str]:
    assert not isinstance(fact, Absent | Unknown), fact
    return [f"{o.path} {'=' if o.same else '!'} {o.owner}" for o in fact]


def evil(files: Mapping[str, bytes | str], version: str = "1.0", **more: object) -> Artifact:
    return a_wheel("evil", version, files=files, **more)  # type: ignore[arg-type]


def test_wheels_of_a_plan_with_one_file_meet_in_both_directions(tmp_path: Path) -> None:
    assert found(tmp_path, SIX, evil({"six.py": "y"}), a_wheel("frob", "1.0")) == [
        ["site-packages/six.py ! evil 1.0"],
        ["site-packages/six.py ! six 1.17.0"],
        [],
    ]


def test_the_same_bytes_lose_nothing(tmp_path: Path) -> None:
    assert found(tmp_path, SIX, evil({"six.py": CODE}))[1] == [
        "site-packages/six.py = six 1.17.0",
    ]


def test_a_record_that_is_wrong_proves_no_bytes_to_be_the_same(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(SIX.content)) as archive:
        promised = archive.read("six-1.17.0.dist-info/RECORD").decode().split("\n")[0]
    files = {"six.py": "y = 2\n"}
    lying = evil(files, record=lambda text: "\n".join([promised, *text.split("\n")[1:]]))
    assert found(tmp_path, SIX, lying)[1] == ["site-packages/six.py ! six 1.17.0"]


@pytest.mark.parametrize(
    ("one", "other", "mark"),
    [(STUB, "", "="), (STUB, f"# words\n{STUB}", "="), (STUB, f"{STUB}import os", "!")],
)
def test_declarations_of_a_namespace_lose_nothing(
    one: str, other: str, mark: str, tmp_path: Path
) -> None:
    here = a_wheel("ns-a", "1.0", files={"ns/__init__.py": one, "ns/a.py": ""})
    there = a_wheel("ns-b", "1.0", files={"ns/__init__.py": other, "ns/b.py": ""})
    assert found(tmp_path, here, there)[0] == [f"site-packages/ns/__init__.py {mark} ns-b 1.0"]


@pytest.mark.parametrize(
    "path",
    [
        "six/__init__.py",
        "SIX.py",
        "six.abi3.so",
        "__pycache__/six.cpython-311.pyc",
        "evil-1.0.data/platlib/six.py",
        "evil-1.0.data/data/lib/python3.11/site-packages/six.py",
        "evil-1.0.data/data/Lib/site-packages/six.py",
    ],
)
def test_a_module_is_met_however_another_gets_before_it(
    path: str, tmp_path: Path, target: Folders
) -> None:
    put(target, SIX)
    assert found(tmp_path, evil({path: "y"}), target=target) == [
        ["site-packages/six.py ! six 1.17.0"]
    ]


def test_a_package_is_hidden_by_an_extension_beside_it(tmp_path: Path, target: Folders) -> None:
    put(target, a_wheel("pip", "26.3", files={"pip/__init__.py": CODE, "pip/a.pem": ""}))
    assert found(tmp_path, evil({"pip.abi3.so": "", "pip/A.pem": "x"}), target=target) == [
        ["site-packages/pip/__init__.py ! pip 26.3", "site-packages/pip/a.pem ! pip 26.3"]
    ]


def test_commands_are_files(tmp_path: Path, target: Folders) -> None:
    put(target, a_wheel("frob", "1.0"), "../../../bin/frob", "../../../share/man/frob.1")
    (target.scripts / "frob").touch()
    (target.data / "share/man").mkdir(parents=True)
    (target.data / "share/man/frob.1").touch()
    entry = evil({}, entry_points={"console_scripts": {"Frob": "evil:main"}})
    script = evil({}, data={"scripts/frob": "#!python\n"})
    data = evil({}, data={"data/share/man/frob.1": "", "data/share/man/evil.1": ""})
    (tmp_path / "again").mkdir()
    (tmp_path / "more").mkdir()
    for folder, wheel in ((tmp_path, entry), (tmp_path / "again", script)):
        assert found(folder, wheel, target=target) == [["bin/frob ! frob 1.0"]]
    assert found(tmp_path / "more", data, target=target) == [["share/man/frob.1 ! frob 1.0"]]


def test_two_wheels_of_a_plan_with_one_command_meet(tmp_path: Path) -> None:
    point = {"console_scripts": {"frob": "evil:main"}}
    first = a_wheel("frob", "1.0", entry_points=point)
    assert found(tmp_path, first, evil({}, data={"data/Scripts/frob.exe": ""})) == [
        ["bin/frob.exe ! evil 1.0"],
        ["bin/frob ! frob 1.0"],
    ]


def test_what_the_environment_brought_is_its_own(tmp_path: Path, target: Folders) -> None:
    (target.site[0] / "_virtualenv.py").touch()
    wheel = evil(
        {"_virtualenv.py": "y"},
        data={"data/bin/activate": "", "data/pyvenv.cfg": "", "scripts/python": ""},
    )
    assert found(tmp_path, wheel, target=target) == [
        [
            f"{path} ! the environment"
            for path in ("bin/activate", "bin/python", "pyvenv.cfg", "site-packages/_virtualenv.py")
        ]
    ]


def test_what_is_not_there_is_not_written_over(tmp_path: Path, target: Folders) -> None:
    put(target, SIX)
    wheel = evil({"six2.py": "", "sixes/six.py": ""}, data={"data/bin/activate.csh": ""})
    assert found(tmp_path, wheel, target=target) == [[]]


def test_what_nobody_lists_is_nobodys(tmp_path: Path, target: Folders) -> None:
    for stray in (target.site[0] / "stray.py", target.scripts / "stray"):
        stray.touch()
    wheel = evil({"stray.py": ""}, data={"scripts/stray": "#!python\n"})
    assert found(tmp_path, wheel, target=target) == [[]]


def test_the_standard_library_is_nobody_elses(tmp_path: Path, target: Folders) -> None:
    library = target.data / "lib/python3.11"
    (library / "ssl.py").touch()
    wheel = evil(
        {"ssl.py": ""},
        data={"data/lib/python3.11/ssl.py": "", "data/lib/python3.11/new.py": ""},
    )
    assert found(tmp_path, wheel, target=replace(target, stdlib=(library,))) == [
        ["lib/python3.11/ssl.py ! the standard library"]
    ]


def test_an_older_release_of_the_same_project_does_not_count(
    tmp_path: Path, target: Folders
) -> None:
    put(target, evil({"evil.py": "", "tool/a.py": "", "kept.py": ""}), "../../../bin/evil")
    (target.scripts / "evil").touch()
    newer = evil(
        {"evil/__init__.py": "", "tool/A.py": "", "kept.py": "y"},
        "2.0",
        entry_points={"console_scripts": {"evil": "evil:main"}},
    )
    assert found(tmp_path, newer, target=target) == [[]]


def test_an_upgrade_that_reaches_further_is_met(tmp_path: Path, target: Folders) -> None:
    put(target, evil({"evil.py": ""}))
    put(target, SIX)
    assert found(tmp_path, evil({"evil.py": "", "six.py": ""}, "2.0"), target=target) == [
        ["site-packages/six.py ! six 1.17.0"]
    ]


def test_what_the_plan_replaces_is_compared_in_its_new_release_alone(
    tmp_path: Path, target: Folders
) -> None:
    put(target, a_wheel("frob", "1.0", files={"frob.py": "", "moved.py": ""}))
    newer = a_wheel("frob", "2.0", files={"frob.py": ""})
    core = a_wheel("frob-core", "2.0", files={"moved.py": ""})
    assert found(tmp_path, newer, core, target=target) == [[], []]


def test_what_was_installed_first_is_not_to_blame(tmp_path: Path, target: Folders) -> None:
    put(target, SIX)
    newer = a_wheel("six", "1.18.0", files={"six.py": "z"})
    assert found(tmp_path, newer, evil({"six.py": "y"}), target=target) == [
        [],
        ["site-packages/six.py ! six 1.18.0"],
    ]


def test_what_an_installed_record_promises_is_not_lost(tmp_path: Path, target: Folders) -> None:
    put(target, SIX)
    put(target, a_wheel("ns-a", "1.0", files={"ns/__init__.py": f"# words\n{STUB}"}))
    wheel = evil({"six.py": CODE, "ns/__init__.py": STUB})
    assert found(tmp_path, wheel, target=target) == [
        ["site-packages/ns/__init__.py = ns-a 1.0", "site-packages/six.py = six 1.17.0"]
    ]


def test_without_a_list_a_distribution_owns_what_it_names(tmp_path: Path, target: Folders) -> None:
    (put(target, SIX) / "RECORD").unlink()
    egg = target.site[0] / "Old_Yaml-5.3-py3.11.egg-info"
    egg.mkdir()
    (egg / "top_level.txt").write_text("yaml\n_yaml\n")
    listed = target.site[0] / "other-1.0.egg-info"
    listed.mkdir()
    (listed / "installed-files.txt").write_text("../other.py\n../../../../bin/other\nPKG-INFO\n")
    (target.site[0] / "yaml").mkdir()
    for path in ("yaml/__init__.py", "other.py", "another.py"):
        (target.site[0] / path).touch()
    (target.scripts / "other").touch()
    wheel = evil(
        {"six.py": "", "yaml/__init__.py": CODE, "other.py": "", "another.py": ""},
        data={"scripts/other": ""},
    )
    assert found(tmp_path, wheel, target=target) == [
        [
            "site-packages/yaml/__init__.py ! old-yaml 5.3",
            "bin/other ! other 1.0",
            "site-packages/other.py ! other 1.0",
            "site-packages/six.py ! six 1.17.0",
        ]
    ]


def test_a_broken_line_of_a_record_hides_no_other(tmp_path: Path, target: Folders) -> None:
    record = put(target, SIX) / "RECORD"
    record.write_bytes(b'"\xff,,\n' + record.read_bytes())
    assert found(tmp_path, evil({"six.py": ""}), target=target) == [
        ["site-packages/six.py ! six 1.17.0"]
    ]


def test_leftovers_of_pip_own_nothing(tmp_path: Path, target: Folders) -> None:
    info = put(target, SIX)
    info.rename(info.with_name("~ix-1.17.0.dist-info"))
    assert found(tmp_path, evil({"six.py": ""}), target=target) == [[]]


def test_purelib_and_platlib_may_be_two_folders_or_two_names_of_one(
    tmp_path: Path, target: Folders
) -> None:
    put(target, SIX)
    other = target.data / "lib64/python3.11/site-packages"
    other.mkdir(parents=True)
    (tmp_path / "linked").symlink_to(target.site[0])
    for number, second in enumerate((other, tmp_path / "linked")):
        folder = tmp_path / str(number)
        folder.mkdir()
        both = replace(target, site=(second, target.site[0]))
        assert found(folder, evil({"six.py": ""}), target=both) == [
            ["site-packages/six.py ! six 1.17.0"]
        ]


def test_a_target_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    target = Folders(site=(nowhere,), scripts=nowhere / "bin", data=nowhere)
    assert found(tmp_path, SIX, target=target) == [[]]


@pytest.mark.parametrize("path", [f"{SITE}/six-1.17.0.dist-info/RECORD", SITE])
def test_a_target_that_cannot_be_read_is_unknown(
    path: str, tmp_path: Path, target: Folders
) -> None:
    put(target, SIX)
    broken = target.data / path
    broken.rename(tmp_path / "moved")
    broken.symlink_to(broken.name)  # a loop: whoever opens it gets an error
    (quarantine := tmp_path / "quarantine").mkdir()
    (fact,) = overlaps(a_plan(quarantine, evil({"six.py": ""})), target)
    assert isinstance(fact, Unknown)
    assert f"`{broken}` could not be read" in fact.reason


@pytest.mark.parametrize("content", [Absent("only wheels are opened"), Unknown("no disk")])
def test_what_nobody_opened_has_no_overlaps_of_its_own(
    content: Absent | Unknown, tmp_path: Path
) -> None:
    closed = Coming(file=a_file("raw"), content=content, path=None)
    (quarantine := tmp_path / "quarantine").mkdir()
    assert overlaps([closed, *a_plan(quarantine, SIX)], None) == [content, ()]


def test_a_hostile_number_of_names_for_one_module_takes_no_hostile_time(tmp_path: Path) -> None:
    names = [f"six.x{number}.so" for number in range(3_000)]
    first = evil(dict.fromkeys(names, "a"))
    second = a_wheel("other", "1.0", files=dict.fromkeys((f"s{name[1:]}" for name in names), "b"))
    (facts, _) = found(tmp_path, first, second)
    assert len(facts) == len(names)


def test_a_path_without_end_is_looked_for_without_recursion(
    tmp_path: Path, target: Folders
) -> None:
    deep = "six/" * 3_000 + "a.py"
    put(target, a_wheel("six", "1.0", files={"six/a.py": ""}))
    assert found(tmp_path, evil({deep: ""}), target=target) == [[]]
