"""`guard sbom`: the judgement of `check`, written down for other programs, whatever it is."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.advisory.records import a_record
from tests.e2e.guarded import (
    LONG_AGO,
    TIMEOUT,
    Environment,
    Guard,
    Ran,
    ago,
    assert_paragraph,
    at,
    to,
    untouched,
)
from tests.fakes import LoopbackIndex
from tests.faults import status
from tests.sbom.described import checked, properties
from tests.wheels import a_wheel, an_sdist

FROB = a_wheel("Frob", "1.0", requires=["dep"], headers=["License-Expression: mit"])
DEP = a_wheel("dep", "1.0")
OWN = a_wheel("own-app", "3.0", requires=["frob"])


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    index.add(FROB, uploaded=LONG_AGO)
    index.add(DEP, uploaded=LONG_AGO)
    return index


def written(text: str) -> dict[str, Any]:
    """The document, which is valid, by the names of its components."""
    found = checked(text)
    return {
        **found,
        "components": {each["name"]: each for each in found.get("components", ())},
        "dependencies": {e["ref"]: e.get("dependsOn", []) for e in found["dependencies"]},
    }


def decisions(found: dict[str, Any]) -> dict[str, str]:
    return {name: properties(part)["decision"] for name, part in found["components"].items()}


def root_needs(found: dict[str, Any]) -> list[str]:
    needs: list[str] = found["dependencies"]["root-component"]
    return needs


def test_a_requirement_is_described_with_all_that_it_needs(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    target.holds(DEP)
    with untouched(target):
        ran = guard("sbom", "frob", *to(target), *at(index))
    assert ran.code == 0, ran.said
    assert ran.err.endswith("2 files judged, advisories 1 hour old: admitted\n")
    found = written(ran.out)
    assert found["metadata"]["lifecycles"] == [{"phase": "pre-build"}]
    assert decisions(found) == {"Frob": "admitted", "dep": "admitted"}
    frob = found["components"]["Frob"]
    assert frob["hashes"] == [{"alg": "SHA-256", "content": FROB.sha256}]
    assert frob["licenses"] == [{"license": {"id": "MIT", "acknowledgement": "declared"}}]
    assert frob["externalReferences"][0]["url"] == index.file_url(FROB.filename)
    assert root_needs(found) == ["pkg:pypi/frob@1.0"]
    assert found["dependencies"]["pkg:pypi/frob@1.0"] == ["pkg:pypi/dep@1.0"]


def test_a_denied_release_is_described_and_all_the_others_are_opened(
    guard: Guard, index: LoopbackIndex
) -> None:
    index.add(DEP, uploaded=ago(days=1))
    ran = guard("sbom", "frob==1.0", *at(index))
    assert ran.code == 77
    assert "denied[fresh-upload]: uploaded 1 day ago" in ran.err
    found = written(ran.out)
    assert decisions(found) == {"Frob": "admitted", "dep": "denied"}
    assert "hashes" in found["components"]["Frob"]
    assert "hashes" not in found["components"]["dep"]
    assert properties(found["metadata"])["decision"] == "denied"


def test_what_is_denied_for_its_content_is_described_too(
    guard: Guard, index: LoopbackIndex
) -> None:
    bad = a_wheel("bad", "1.0", files={"bad.pth": "import os; os.getcwd()\n"}, requires=["dep"])
    index.add(bad, uploaded=LONG_AGO)
    ran = guard("sbom", "bad==1.0", *at(index))
    assert ran.code == 77
    found = written(ran.out)
    assert decisions(found) == {"bad": "denied", "dep": "admitted"}
    assert found["dependencies"]["pkg:pypi/bad@1.0"] == ["pkg:pypi/dep@1.0"]


def test_what_cannot_be_had_is_undecided_and_described_without_hashes(
    guard: Guard, index: LoopbackIndex
) -> None:
    index.fault(f"/files/{DEP.filename}", status(500))
    ran = guard("sbom", "frob", *at(index))
    assert ran.code == 69, ran.said
    found = written(ran.out)
    assert decisions(found) == {"Frob": "admitted", "dep": "undecided"}
    assert "hashes" not in found["components"]["dep"]


def test_without_a_plan_there_is_no_document(guard: Guard, index: LoopbackIndex) -> None:
    path = guard.work / "sbom.json"
    path.write_text("as it was")
    ran = guard("sbom", "frob", "frob>2", "-o", path, *at(index))
    assert ran.code not in {0, 70, 77}
    assert ran.out == ""
    assert path.read_text() == "as it was"


def test_a_file_is_written_whole_and_can_be_read_by_others(
    guard: Guard, index: LoopbackIndex
) -> None:
    path = guard.work / "sbom.json"
    ran = guard("sbom", "frob", "-o", path, *at(index))
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.endswith(f"2 components written to {path}\n")
    assert len(written(path.read_text())["components"]) == 2
    assert path.stat().st_mode & 0o777 == 0o644
    assert sorted(guard.work.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_named(guard: Guard, index: LoopbackIndex) -> None:
    ran = guard("sbom", "frob", "-o", "no/such/folder.json", *at(index))
    assert_paragraph(ran, 2, "`no/such/folder.json` could not be written")
    assert ran.out == ""


def test_a_lock_is_described(guard: Guard, index: LoopbackIndex) -> None:
    assert guard("lock", "frob", *at(index)).code == 0
    ran = guard("sbom", "pylock.toml", *at(index))
    assert ran.code == 0, ran.said
    found = written(ran.out)
    assert root_needs(found) == ["pkg:pypi/frob@1.0"], "a lock does not say what was asked for"


def test_local_wheels_are_described_without_the_folder_that_they_lie_in(guard: Guard) -> None:
    for wheel in (FROB, DEP):
        wheel.write_to(guard.work)
    ran = guard("sbom", FROB.filename, DEP.filename, *at("http://127.0.0.1:9"))
    assert ran.code == 0, ran.said
    found = written(ran.out)
    assert found["dependencies"]["pkg:pypi/frob@1.0"] == ["pkg:pypi/dep@1.0"]
    assert str(guard.work) not in ran.out


def test_a_project_is_the_root_of_its_own_dependencies(guard: Guard, index: LoopbackIndex) -> None:
    project = guard.work / "pyproject.toml"
    project.write_text('[project]\nname = "App"\nversion = "2.1"\ndependencies = ["frob"]\n')
    ran = guard("sbom", "-r", "pyproject.toml", *at(index))
    assert ran.code == 0, ran.said
    root = written(ran.out)["metadata"]["component"]
    assert (root["name"], root["version"]) == ("App", "2.1")
    ran = guard("sbom", "-r", "pyproject.toml", "--root", "other==3", *at(index))
    root = written(ran.out)["metadata"]["component"]
    assert (root["name"], root["version"]) == ("other", "3")


@pytest.mark.parametrize("root", ["==1.0", "a\x1b[2J"])
def test_a_root_without_a_name_is_refused(root: str, guard: Guard) -> None:
    ran = guard("sbom", "frob", "--root", root, *at("http://127.0.0.1:9"))
    assert_paragraph(ran, 2, "names nothing", "NAME==VERSION")
    assert "\x1b" not in ran.err


def test_what_is_installed_is_described_as_the_index_has_it(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    target.holds(FROB, DEP)
    index.add(a_wheel("dep", "2.0"), uploaded=LONG_AGO)
    with untouched(target):
        ran = guard("sbom", *to(target), *at(index))
    assert ran.code == 0, ran.said
    found = written(ran.out)
    assert {name: part["version"] for name, part in found["components"].items()} == {
        "Frob": "1.0",
        "dep": "1.0",
    }
    assert found["components"]["dep"]["hashes"][0]["content"] == DEP.sha256
    assert found["metadata"]["lifecycles"] == [{"phase": "post-build"}]
    assert root_needs(found) == ["pkg:pypi/frob@1.0"]


def test_what_is_installed_and_on_no_index_is_described_and_leaves_the_whole_undecided(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    target.holds(FROB, DEP, OWN)
    ran = guard("sbom", *to(target), *at(index))
    assert ran.code == 69, ran.said
    assert "not judged: own-app 3.0: no index has a file of this release" in ran.err
    assert "`--root NAME` names what is your own" in ran.err
    found = written(ran.out)
    assert decisions(found) == {"Frob": "admitted", "dep": "admitted", "own-app": "not judged"}
    assert properties(found["metadata"])["decision"] == "undecided"

    ran = guard("sbom", "--root", "Own_App", *to(target), *at(index))
    assert ran.code == 0, ran.said
    found = written(ran.out)
    assert found["components"].keys() == {"Frob", "dep"}
    root = found["metadata"]["component"]
    assert (root["name"], root["version"]) == ("Own_App", "3.0")


def test_of_an_index_that_does_not_answer_nothing_is_said_to_be_missing(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    target.holds(FROB, DEP)
    index.fault("/simple/dep/", status(500))
    ran = guard("sbom", *to(target), *at(index))
    assert ran.code == 69, ran.said
    assert "not judged: dep 1.0: its page on" in ran.err
    assert "could not be had" in ran.err


def test_one_source_distribution_does_not_hide_the_rest(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    target.holds(FROB, DEP, a_wheel("raw", "1.0"))
    index.add(an_sdist("raw", "1.0", payload=guard.work / "marker"), uploaded=LONG_AGO)
    ran = guard("sbom", *to(target), *at(index))
    assert ran.code == 77, ran.said
    found = written(ran.out)
    assert decisions(found) == {"Frob": "admitted", "dep": "admitted", "raw": "denied"}
    assert not (guard.work / "marker").exists()


def test_an_environment_of_anything_at_all_is_described(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    target.holds(DEP)
    for number, version in enumerate(("not a version", "1.0\x1b[2J", "9" * 5000, "")):
        info = target.packages / f"odd{number}-1.dist-info"
        info.mkdir()
        name = f"odd {number} ../../x" if number else "odd"
        info.joinpath("METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8"
        )
    ran = guard("sbom", *to(target), *at(index))
    assert ran.code == 69, ran.said
    assert "\x1b" not in ran.said
    assert len(written(ran.out)["components"]) == 5
    assert not [seen for seen in index.requests if ".." in seen.path or "%2e" in seen.path.lower()]


def test_an_empty_environment_is_said_to_be_that(guard: Guard, target: Environment) -> None:
    ran = guard("sbom", *to(target), *at("http://127.0.0.1:9"))
    assert_paragraph(ran, 2, "there is nothing to describe in")


def test_known_vulnerabilities_are_listed(guard: Guard, index: LoopbackIndex) -> None:
    guard.knows(a_record("PYSEC-2026-1", ("introduced", "0"), ("fixed", "1.1"), project="dep"))
    ran = guard("sbom", "frob", *at(index))
    (found,) = written(ran.out)["vulnerabilities"]
    assert found["id"] == "PYSEC-2026-1"
    assert found["recommendation"] == "fixed in 1.1"
    assert [each["ref"] for each in found["affects"]] == ["pkg:pypi/dep@1.0"]


def test_a_password_is_nowhere_in_it(guard: Guard) -> None:
    with LoopbackIndex(credentials=("builder", "s3cret")) as index:
        index.add(DEP, uploaded=LONG_AGO)
        ran = guard("sbom", "dep", *at(index.url_with_credentials))
    assert ran.code == 0, ran.said
    assert written(ran.out)["components"].keys() == {"dep"}
    assert "s3cret" not in ran.said
    assert "builder" not in ran.said


def test_a_reproducible_build_gets_the_same_bytes(guard: Guard, index: LoopbackIndex) -> None:
    ran = [guard("sbom", "frob", *at(index), SOURCE_DATE_EPOCH="1700000000") for _ in range(2)]
    assert ran[0].out == ran[1].out
    assert written(ran[0].out)["metadata"]["timestamp"] == "2023-11-14T22:13:20+00:00"
    other = [guard("sbom", "frob", *at(index)) for _ in range(2)]
    assert len({written(each.out)["serialNumber"] for each in (*ran, *other)}) == 3


@pytest.mark.parametrize("epoch", ["yesterday", "9" * 30])
def test_an_epoch_that_is_none_is_refused(epoch: str, guard: Guard) -> None:
    ran = guard("sbom", "frob", *at("http://127.0.0.1:9"), SOURCE_DATE_EPOCH=epoch)
    assert_paragraph(ran, 2, "SOURCE_DATE_EPOCH")


def test_without_the_extra_the_command_says_how_to_get_it(
    guard: Guard, index: LoopbackIndex
) -> None:
    bare = "import sys; sys.modules['cyclonedx'] = None; from guard.cli import entry; entry()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", bare, "sbom", "frob", *at(index)],
        cwd=guard.work,
        env=guard.environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    ran = Ran(done.returncode, done.stdout, done.stderr)
    assert_paragraph(ran, 2, "`guard sbom` needs the extra", "pip install 'wheelguard[sbom]'")
    assert index.requests == []


def test_a_reader_that_leaves_early_ends_it_quietly(guard: Guard, index: LoopbackIndex) -> None:
    with guard.start("sbom", "frob", *at(index)) as child:
        assert child.stdout is not None
        child.stdout.close()
        assert child.stderr is not None
        said = child.stderr.read()
        child.wait(TIMEOUT)
    assert "Traceback" not in said


def test_it_is_json_for_whoever_knows_nothing_of_cyclonedx(
    guard: Guard, index: LoopbackIndex
) -> None:
    ran = guard("sbom", "frob", *at(index))
    found = json.loads(ran.out)
    assert list(found)[:3] == ["$schema", "bomFormat", "specVersion"]
    assert (found["bomFormat"], found["specVersion"], found["version"]) == ("CycloneDX", "1.6", 1)
