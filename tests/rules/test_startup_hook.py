"""`startup-hook`: what runs at every start of Python."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from inline_snapshot import snapshot

from guard.artifact.content import HookKind
from guard.artifact.content import StartupHook as StartupLine
from guard.artifact.defect import DefectKind
from guard.errors import PolicyError
from guard.model import Absent, Candidate, Decision, Unknown
from guard.rules.startup_hook import StartupHook
from tests.artifact.test_known import COVERAGE, NESTED, NEWEST, OLD, PYWIN32, SETUPTOOLS
from tests.builders import (
    a_candidate,
    a_file,
    a_judgement,
    a_policy,
    a_verdict,
    findings,
    report,
)
from tests.rules.contents import frob, with_defects
from tests.rules.installations import an_installation

EVIL = "import subprocess; subprocess.run(['true'])"
DIGEST = hashlib.sha256(EVIL.encode()).hexdigest()
BAD = frob({"frob_init.pth": f"{EVIL}\n"})


def test_an_ordinary_wheel_is_allowed() -> None:
    assert (
        a_verdict(frob({"frob.pth": "# nothing but a folder\nfrob\n", "frob/a.py": ""})).findings
        == ()
    )


def test_an_executable_line_is_denied_with_its_place_and_digest() -> None:
    assert report(a_verdict(BAD)) == snapshot("""\
denied[startup-hook]: at every start of Python a .pth file runs code: "import subprocess; subprocess.run(['true'])"
  --> frob-1.0-py3-none-any.whl
   = where: 'frob_init.pth' at byte 3000, line 1
   = help: if you have read it: rules.startup-hook.allow = ["frob:30d86a55c7767ced3bc869deaacd9e03fbfb4c005a52daffd9b273f553e75453"]
   = help: guard rule startup-hook

1 file judged: 1 denied; nothing was installed
""")  # noqa: E501 - as it is printed


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("a.pth", "../evil\n", "a .pth file adds a path that is not a plain folder"),
        ("a.start", "evil:main\n", "a .start file names code to run: 'evil:main'"),
        ("usercustomize.py", "", "a module is imported: 'usercustomize.py'"),
        ("frob-1.0.data/purelib/a.pth", EVIL, "a .pth file runs code: "),
        ("frob-1.0.data/platlib/a.pth", EVIL, "a .pth file runs code: "),
        (
            "frob-1.0.data/data/lib/python3.11/site-packages/a.pth",
            EVIL,
            "a .pth file runs code: ",
        ),
    ],
)
def test_each_kind_is_named(name: str, body: str, words: str) -> None:
    [finding] = findings(StartupHook(), frob({name: body}))
    assert finding.message.startswith(f"at every start of Python {words}")
    assert finding.detail[0].startswith(f"where: {name!r} at byte 3000")


def test_a_long_line_is_shown_in_part() -> None:
    [finding] = findings(StartupHook(), frob({"a.pth": "import a;" + "b" * 30_000}))
    assert len(finding.message) < 250
    assert finding.message.endswith("…'")


@pytest.mark.parametrize(
    ("project", "line"),
    [
        ("pywin32", PYWIN32),
        ("setuptools", f"{SETUPTOOLS} "),
        ("coverage", COVERAGE),
        ("frob", NEWEST),
        ("frob", NESTED),
    ],
)
def test_a_well_known_line_is_allowed(project: str, line: str) -> None:
    assert findings(StartupHook(), frob({"a.pth": f"{line}\n"}, project=project)) == []


@pytest.mark.parametrize("line", [PYWIN32, SETUPTOOLS, COVERAGE])
def test_a_well_known_line_of_another_project_is_denied(line: str) -> None:
    assert len(findings(StartupHook(), frob({"a.pth": f"{line}\n"}))) == 1


def test_a_well_known_line_hides_none_before_or_after_it() -> None:
    for body in (f"{NEWEST}\n{EVIL}\n", f"{EVIL}\n{NEWEST}\n", f"{NEWEST}\x0c{EVIL}\n"):
        assert len(findings(StartupHook(), frob({"a.pth": body}))) >= 1


@pytest.mark.parametrize("line", [PYWIN32, NEWEST])
def test_a_well_known_line_is_known_in_a_pth_file_only(line: str) -> None:
    candidate = frob({"a.start": f"{line}\n"}, project="pywin32")
    assert len(findings(StartupHook(), candidate)) == 1


def test_a_namespace_with_an_extension_of_its_name_is_denied() -> None:
    parts = {"a.pth": f"{NEWEST}\n", "zope.cpython-311-x86_64-linux-gnu.so": ""}
    assert len(findings(StartupHook(), frob(parts))) == 1
    by_data = {"a.pth": f"{NEWEST}\n", "frob-1.0.data/platlib/zope.so": ""}
    assert len(findings(StartupHook(), frob(by_data))) == 1


@pytest.mark.parametrize(
    ("allow", "count"),
    [
        (f"frob:{DIGEST}", 0),
        (f"Frob:{DIGEST}", 0),
        (f"other:{DIGEST}", 1),
        (f"frob:{'0' * 64}", 1),
    ],
)
def test_a_line_is_allowed_by_project_and_digest(allow: str, count: int) -> None:
    policy = f'[rules.startup-hook]\nallow = ["{allow}"]\n'
    assert len(a_verdict(BAD, policy).findings) == count


def test_a_module_is_allowed_by_the_digest_of_the_file() -> None:
    digest = hashlib.sha256(b"x = 1\n").hexdigest()
    rule = StartupHook(allow=(f"frob:{digest}",))
    assert findings(rule, frob({"sitecustomize.py": "x = 1\n"})) == []
    assert len(findings(rule, frob({"sitecustomize.py": "x = 2\n"}))) == 1


def test_what_is_allowed_hides_nothing_else() -> None:
    rule = StartupHook(allow=(f"frob:{DIGEST}",))
    for body in (f"{EVIL}\nimport other\n", f"import other\n{EVIL}\n"):
        [finding] = findings(rule, frob({"a.pth": body}))
        assert "import other" in finding.message


@pytest.mark.parametrize("entry", ["frob", f"{DIGEST}", "frob:abc", f"frob:{DIGEST.upper()}", "*"])
def test_an_entry_is_a_project_and_a_digest(entry: str) -> None:
    with pytest.raises(PolicyError) as error:
        a_policy(f'[rules.startup-hook]\nallow = ["{entry}"]\n')
    assert error.value.at == "rules.startup-hook.allow[0]"


def test_a_startup_file_that_was_not_read_is_denied() -> None:
    candidate = with_defects(DefectKind.STARTUP_HOOK, "more than 200 startup hooks")
    [finding] = findings(StartupHook(), candidate)
    assert finding.message == "more than 200 startup hooks"
    assert findings(StartupHook(), with_defects(DefectKind.UNSAFE_PATH, "other")) == []


def test_a_wheel_that_could_not_be_read_is_undecided() -> None:
    [finding] = findings(StartupHook(), a_candidate(content=Unknown("the disk is full")))
    assert finding.unknown
    assert finding.message == "what is inside is not known: the disk is full"


def test_what_is_no_wheel_has_no_content() -> None:
    assert findings(StartupHook(), a_candidate(content=Absent("no wheel"))) == []


def test_a_good_wheel_hides_no_bad_one() -> None:
    assert a_judgement(frob(), BAD).decision is Decision.DENIED
    assert a_judgement(BAD, frob()).decision is Decision.DENIED


def test_what_is_behind_the_cut_of_a_long_line_counts_as_well() -> None:
    """A line is cut to be shown; one that is a namespace up to there may go on."""
    last = "c" * 235
    line = OLD.replace("sys.modules['google'], 'cloud'", f"sys.modules['a.b'], '{last}'")
    line = line.replace("'google', 'cloud'", f"'a', 'b', '{last}'")
    line = line.replace("'google.cloud'", f"'a.b.{last}'")
    assert len(line) == 2000
    assert findings(StartupHook(), frob({"a.pth": f"{line}\n"})) == []
    assert len(findings(StartupHook(), frob({"a.pth": f"{line};import evil\n"}))) == 1


def hooked(text: str, project: str = "frob", site: tuple[str, ...] = ()) -> Candidate:
    """An installed release with such a line in a `.pth` file, as it is on the disk."""
    hook = StartupLine(
        kind=HookKind.LINE,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        line=1,
        member="frob.pth",
        offset=None,
    )
    return a_candidate(file=a_file(project), installation=an_installation(hooks=(hook,), site=site))


def test_what_an_installed_release_runs_is_denied_like_what_a_wheel_would() -> None:
    [finding] = findings(StartupHook(), hooked(EVIL))
    assert finding.message == f"at every start of Python a .pth file runs code: {EVIL!r}"
    assert finding.detail[0] == "where: 'frob.pth', line 1"
    allowing = StartupHook(allow=(f"frob:{DIGEST}",))
    assert findings(allowing, hooked(EVIL)) == []


def test_what_is_known_of_a_wheel_is_known_where_it_is_installed() -> None:
    assert findings(StartupHook(), hooked(SETUPTOOLS, "setuptools")) == []
    assert findings(StartupHook(), hooked(SETUPTOOLS, "frob")) != []


def test_what_the_wheel_shows_already_is_said_once() -> None:
    both = replace(BAD, installation=hooked(EVIL).installation)
    assert len(findings(StartupHook(), both)) == 1
    other = replace(BAD, installation=hooked(f"{EVIL} # more").installation)
    assert len(findings(StartupHook(), other)) == 2
