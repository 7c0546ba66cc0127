"""`guard uv` in a project: files as uv writes them, of releases that the policy lets in."""

from __future__ import annotations

import shutil

import pytest

from tests.e2e.guarded import LONG_AGO, Guard, ago, assert_paragraph
from tests.fakes import LoopbackIndex
from tests.faults import status
from tests.gateway.uv_projects import a_project, bare, beside, files, installed, settings
from tests.wheels import a_wheel, an_sdist

FROB = a_wheel("frob", "1.0", requires=["dep>=1"])
DEP = a_wheel("dep", "1.0")
MARKED = a_wheel("frob", "1.1", files={"frob.pth": "import os\n"})
"""A wheel that would run code at every start."""


@pytest.fixture
def index(index: LoopbackIndex) -> LoopbackIndex:
    for wheel in (FROB, DEP, a_wheel("dep", "0.9"), a_wheel("frob", "0.9")):
        index.add(wheel, uploaded=LONG_AGO)
    index.add(an_sdist("frob", "1.0"), uploaded=LONG_AGO)
    return index


@pytest.mark.parametrize(
    "words",
    [
        ["lock"],
        ["add", "frob"],
        ["sync"],
        ["add", "--dev", "dep<1"],
        ["add", "frob==0.9"],
        ["upgrade", "frob"],
        ["version", "2.0"],
        ["version", "--bump", "minor"],
    ],
)
def test_the_files_are_those_of_the_bare_tool(
    words: list[str], guard: Guard, index: LoopbackIndex
) -> None:
    project = a_project(guard, *(["frob"] if words[0] != "add" else []))
    other = beside(guard)
    shutil.copy(project, other)
    ran = guard("uv", *words, **settings(index))
    assert ran.code == 0, ran.said
    assert bare(guard, other, words, **settings(index)).code == 0
    assert files(guard.work) == files(other)
    assert installed(guard.work) == installed(other)


def test_what_a_project_says_of_versions_is_heeded_once(guard: Guard, index: LoopbackIndex) -> None:
    index.add(a_wheel("dep", "1.5"), uploaded=LONG_AGO)
    more = '[tool.uv]\nconstraint-dependencies = ["dep<1.5"]\noverride-dependencies = ["dep>0.9"]\n'
    project, other = a_project(guard, "frob", more=more), beside(guard)
    shutil.copy(project, other)
    ran = guard("uv", "lock", **settings(index))
    assert ran.code == 0, ran.said
    assert bare(guard, other, ["lock"], **settings(index)).code == 0
    assert files(guard.work) == files(other)
    assert b'version = "1.5"' not in files(guard.work)["uv.lock"]


def test_what_is_too_fresh_is_not_there_for_the_resolver(
    guard: Guard, index: LoopbackIndex
) -> None:
    project, other = a_project(guard, "frob"), beside(guard)
    shutil.copy(project, other)
    assert bare(guard, other, ["lock"], **settings(index)).code == 0
    index.add(a_wheel("frob", "2.0"), uploaded=ago(days=1))
    index.add(a_wheel("dep", "2.0"), uploaded=ago(days=2))
    ran = guard("uv", "lock", **settings(index))
    assert ran.code == 0, ran.said
    assert files(guard.work) == files(other)
    assert "frob 2.0 (fresh-upload: uploaded" in ran.err


@pytest.mark.parametrize(
    "words",
    [["sync"], ["version", "2.0"], ["upgrade", "dep"], ["workspace", "metadata", "--sync"]],
)
def test_a_denied_pin_leaves_everything_as_it_was(
    words: list[str], guard: Guard, index: LoopbackIndex
) -> None:
    index.add(a_wheel("frob", "2.0"), uploaded=ago(days=1))
    a_project(guard, "frob==2.0", "dep")
    before = files(guard.work)
    ran = guard("uv", *words, **settings(index))
    said = ("there is no version of frob==2.0", "frob 2.0 (fresh-upload", "nothing else would do")
    assert_paragraph(ran, 77, *said)
    assert files(guard.work) == before
    assert not (guard.work / ".venv").exists()


def test_what_is_denied_for_what_is_inside_is_done_without(
    guard: Guard, index: LoopbackIndex
) -> None:
    index.add(MARKED, uploaded=LONG_AGO)
    a_project(guard)
    ran = guard("uv", "add", "frob", **settings(index))
    assert ran.code == 0, ran.said
    assert "running again without frob 1.1" in ran.err
    assert "frob 1.1 (startup-hook" in ran.err
    assert "frob-1.0.dist-info" in installed(guard.work)
    assert '"frob>=1.0"' in (guard.work / "pyproject.toml").read_text()


def test_what_is_locked_and_denied_is_never_replaced(guard: Guard, index: LoopbackIndex) -> None:
    index.add(MARKED, uploaded=LONG_AGO)
    a_project(guard, "frob")
    assert bare(guard, guard.work, ["lock"], **settings(index)).code == 0
    before = files(guard.work)
    ran = guard("uv", "sync", "--frozen", **settings(index))
    assert_paragraph(ran, 77, "451", "guard denied[startup-hook]", "denied[startup-hook]")
    assert "running again" not in ran.err
    assert files(guard.work) == before
    assert not (guard.work / ".venv").exists()


def test_a_fresh_file_that_is_locked_is_denied(guard: Guard, index: LoopbackIndex) -> None:
    index.add(a_wheel("frob", "2.0"), uploaded=ago(days=1))
    a_project(guard, "frob")
    assert bare(guard, guard.work, ["lock"], **settings(index)).code == 0
    for words in (["sync", "--frozen"], ["sync", "--locked"], ["sync"]):
        ran = guard("uv", *words, **settings(index))
        assert_paragraph(ran, 77, "denied[fresh-upload]")
        assert installed(guard.work) == set()


def test_a_lock_with_another_hash_is_denied(guard: Guard, index: LoopbackIndex) -> None:
    a_project(guard, "frob")
    assert bare(guard, guard.work, ["lock"], **settings(index)).code == 0
    lock = guard.work / "uv.lock"
    lock.write_text(lock.read_text().replace(DEP.sha256, "0" * 64))
    ran = guard("uv", "sync", "--frozen", **settings(index))
    assert_paragraph(ran, 77, "denied[hash-mismatch]")


def test_a_file_that_left_its_page_is_not_sent(guard: Guard, index: LoopbackIndex) -> None:
    a_project(guard, "frob")
    assert bare(guard, guard.work, ["lock"], **settings(index)).code == 0
    index.remove(DEP.filename)
    ran = guard("uv", "sync", "--frozen", **settings(index))
    assert_paragraph(ran, 77, "403 guard refused: not a page or a file of a configured index")
    assert installed(guard.work) == set()


def test_two_wheels_with_one_file_do_not_get_in_together(
    guard: Guard, index: LoopbackIndex
) -> None:
    for name in ("one", "two"):
        index.add(a_wheel(name, "1", files={"common.py": f"# {name}\n"}), uploaded=LONG_AGO)
    a_project(guard, "one", "two")
    ran = guard("uv", "sync", **settings(index))
    assert_paragraph(ran, 77, "denied[foreign-file]")
    assert installed(guard.work) == set()


def test_a_source_without_a_wheel_is_never_built(guard: Guard, index: LoopbackIndex) -> None:
    marker = guard.folder / "built"
    index.add(an_sdist("raw", "2.0", payload=marker), uploaded=LONG_AGO)
    index.add(a_wheel("raw", "1.0"), uploaded=LONG_AGO)
    a_project(guard, "raw")
    ran = guard("uv", "sync", **settings(index))
    assert ran.code == 0, ran.said
    assert "raw-1.0.dist-info" in installed(guard.work)
    a_project(guard, "raw==2.0")
    ran = guard("uv", "sync", **settings(index))
    assert_paragraph(ran, 77, "source-distribution")
    assert not marker.exists()


def test_metadata_that_lies_is_found_when_the_wheel_comes(
    guard: Guard, index: LoopbackIndex
) -> None:
    said = FROB.metadata.replace(b"Requires-Dist: dep>=1", b"Requires-Dist: other")
    assert said != FROB.metadata
    index.add(FROB, uploaded=LONG_AGO, metadata=said)
    index.add(a_wheel("other", "1"), uploaded=LONG_AGO)
    a_project(guard, "frob==1.0")
    ran = guard("uv", "sync", **settings(index))
    assert_paragraph(ran, 77, "denied[metadata-mismatch]")
    assert installed(guard.work) == set()


def test_an_index_without_metadata_files_and_without_json_will_do(guard: Guard) -> None:
    policy = guard.folder / "policy.toml"
    policy.write_text('extends = "default"\n[rules.fresh-upload]\nlevel = "off"\n')
    with LoopbackIndex(json=False, sidecars=False) as plain:
        plain.add(FROB)
        plain.add(DEP)
        a_project(guard, "frob")
        ran = guard("uv", "sync", **settings(plain), GUARD_POLICY=str(policy))
        assert ran.code == 0, ran.said
        assert {path.split("-")[0] for path in installed(guard.work)} == {"frob", "dep"}
        whole = [s for s in plain.requests if s.path.endswith(".whl") and "range" not in s.headers]
        assert len(whole) == 2


def test_a_page_that_cannot_be_had_leaves_it_undecided(guard: Guard, index: LoopbackIndex) -> None:
    index.fault("/simple/dep/", status(403))
    a_project(guard, "frob")
    ran = guard("uv", "sync", **settings(index))
    assert_paragraph(ran, 69, "451 guard undecided", "check the index's user name and password")


def test_an_index_with_a_password_is_asked_by_the_guard(guard: Guard) -> None:
    with LoopbackIndex(credentials=("shop", "s3cret")) as private:
        private.add(FROB, uploaded=LONG_AGO)
        private.add(DEP, uploaded=LONG_AGO)
        more = f'[[tool.uv.index]]\nname = "inner"\nurl = "{private.url}"\ndefault = true\n'
        a_project(guard, "frob", more=more)
        named = {"UV_INDEX_INNER_USERNAME": "shop", "UV_INDEX_INNER_PASSWORD": "s3cret"}
        ran = guard("uv", "sync", UV_PYTHON=settings(private)["UV_PYTHON"], **named)
        assert ran.code == 0, ran.said
        assert "s3cret" not in ran.said + (guard.work / "uv.lock").read_text()


def test_a_workspace_with_an_index_for_one_project(guard: Guard, index: LoopbackIndex) -> None:
    with LoopbackIndex() as inner:
        inner.add(a_wheel("acme", "1.0"), uploaded=LONG_AGO)
        more = (
            '[tool.uv.workspace]\nmembers = ["libs/*"]\n'
            '[tool.uv.sources]\npart = { workspace = true }\nacme = { index = "inner" }\n'
            f'[[tool.uv.index]]\nname = "inner"\nurl = "{inner.url}"\nexplicit = true\n'
        )
        for folder in (guard.work, beside(guard)):
            part = folder / "libs" / "part"
            part.mkdir(parents=True)
            (part / "pyproject.toml").write_text(
                '[project]\nname = "part"\nversion = "1"\nrequires-python = ">=3.11"\n'
                'dependencies = ["dep"]\n'
            )
            a_project(guard, "frob", "acme", "part", more=more)
        shutil.copy(guard.work / "pyproject.toml", guard.folder / "bare")
        ran = guard("uv", "lock", **settings(index))
        assert ran.code == 0, ran.said
        assert bare(guard, guard.folder / "bare", ["lock"], **settings(index)).code == 0
        assert files(guard.work) == files(guard.folder / "bare")


def test_a_run_has_no_gateway_around_it(guard: Guard, index: LoopbackIndex) -> None:
    a_project(guard, "frob")
    (guard.work / "show.py").write_text(
        "import frob, os, sys\n"
        "print({n for n in os.environ if 'PROXY' in n.upper() and '@' in os.environ[n]})\n"
        "print(os.environ.get('SSL_CERT_FILE'), os.environ.get('UV_CACHE_DIR'))\n"
        "sys.exit(7)\n"
    )
    ran = guard("uv", "run", "show.py", **settings(index))
    assert ran.code == 7, ran.said
    assert ran.out == f"set()\nNone {guard.folder / 'uv-cache'}\n"
    again = guard("uv", "run", "--with", "dep==0.9", "python", "-c", "print(1)", **settings(index))
    assert (again.code, again.out) == (0, "1\n"), again.said


def test_a_help_of_the_program_is_not_uv_s(guard: Guard, index: LoopbackIndex) -> None:
    index.add(a_wheel("frob", "2.0"), uploaded=ago(days=1))
    a_project(guard)
    words = ("run", "--no-project", "--with", "frob==2.0", "python", "-c", "import frob", "--help")
    denied = guard("uv", *words, **settings(index))
    assert_paragraph(denied, 77, "frob 2.0 (fresh-upload")
    shown = guard("uv", "run", "--help", "--with", "frob==2.0", "python", **settings(index))
    assert (shown.code, shown.out[:14]) == (0, "Run a command ")


def test_a_script_is_prepared_and_then_run(guard: Guard, index: LoopbackIndex) -> None:
    script = guard.work / "script.py"
    script.write_text(
        '# /// script\n# requires-python = ">=3.11"\n# dependencies = ["frob"]\n# ///\n'
        "import frob, os\nprint(frob.__name__, os.environ.get('HTTPS_PROXY'))\n"
    )
    ran = guard("uv", "run", "script.py", **settings(index))
    assert ran.code == 0, ran.said
    assert ran.out.startswith("frob http://127.0.0.1:9")


def test_a_tool_is_prepared_and_then_run(guard: Guard, index: LoopbackIndex) -> None:
    tool = a_wheel(
        "say",
        "1.0",
        files={"say.py": "def main():\n    print('said')\n"},
        entry_points={"console_scripts": {"say": "say:main"}},
    )
    index.add(tool, uploaded=LONG_AGO)
    for _ in range(2):
        ran = guard("uvx", "say", **settings(index))
        assert (ran.code, ran.out) == (0, "said\n"), ran.said
    index.add(a_wheel("say", "2.0"), uploaded=ago(days=1))
    denied = guard("uvx", "--refresh", "say@2.0", **settings(index))
    assert_paragraph(denied, 77, "say 2.0 (fresh-upload")


def test_what_was_cached_by_the_bare_tool_is_not_used(guard: Guard, index: LoopbackIndex) -> None:
    index.add(MARKED, uploaded=LONG_AGO)
    a_project(guard, "frob")
    cache = {"UV_CACHE_DIR": str(guard.folder / "uv-cache")}
    assert bare(guard, guard.work, ["sync"], **settings(index)).code == 0
    shutil.rmtree(guard.work / ".venv")
    shutil.move(guard.folder / "bare-cache", guard.folder / "uv-cache")
    ran = guard("uv", "sync", "--frozen", **settings(index), **cache)
    assert_paragraph(ran, 77, "denied[startup-hook]")


def test_reading_commands_are_uvs_own(guard: Guard) -> None:
    ran = guard("uv", "--version")
    assert (ran.code, ran.out[:3]) == (0, "uv ")
    assert guard("uv", "cache", "dir").out.strip() == str(guard.folder / "uv-cache")
