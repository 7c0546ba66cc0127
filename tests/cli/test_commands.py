"""The commands that judge nothing: rule, policy, quarantine, version, help."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from inline_snapshot import snapshot

import guard
from guard.cli import main
from guard.cli.parser import parser
from guard.quarantine import Quarantine
from guard.rules import CATALOGUE
from guard.wrappers.names import TOOLS
from tests.e2e.guarded import Guard

Captured = pytest.CaptureFixture[str]


def test_the_version(guard: Guard) -> None:
    ran = guard("--version")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("guard ")


def test_the_version_is_the_packages(capsys: Captured) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"guard {guard.__version__}\n"


_HELP = """\
usage: guard [-h] [--version] COMMAND ...

Judges every artifact of an install before pip or uv may have it.

positional arguments:
  COMMAND
    install   judge, then install
    download  judge, then keep the files
    check     judge, and install nothing
    lock      judge, and write a pylock.toml
    sync      make an environment what a lock says
    audit     judge what is installed, or what documents list
    pip       what pip is asked for, judged
    uv        uv itself, behind the gateway
    uvx       uvx itself, behind the gateway
    pipx      pipx itself, behind the gateway
    poetry    poetry itself, behind the gateway
    pdm       pdm itself, behind the gateway
    python    Python, with `-m pip` judged
    shell     make shells and environments go through the guard
    approve   judge, and allow from now on
    revoke    allow no more
    approvals
              list or compare approvals
    policy    show or check a policy
    rule      explain a rule, or list them
    verify    a local file against its attestations
    inspect   what is inside, and what the attestations say
    quarantine
              list, show or purge files
    sbom      judge, and describe as CycloneDX
    request   ask the people of a mirror for a release
    mirror    an index that has only what the policy admits
    log       what was installed, approved and trusted here
    feed      fetch, import or show advisories
    doctor    what is configured, reachable, and how old

options:
  -h, --help  show this help message and exit
  --version   show program's version number and exit

Exit codes: 0 admitted · 1 lock out of date · 2 usage · 69 undecided · 70 guard failed · 77 denied
· 78 bad policy · any other: the installer's own.
"""


def test_help(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    # Where the columns begin differs between versions of Python; the words do not.
    assert capsys.readouterr().out.split() == _HELP.split()


def test_every_command_has_help(capsys: Captured) -> None:
    (commands,) = (a for a in parser()._actions if a.dest == "command")
    assert commands.choices
    wrapped = {*TOOLS, "python"}  # theirs is that of the real ones, in place of this process
    for name in sorted(set(commands.choices) - wrapped):
        with pytest.raises(SystemExit) as ended:
            main([name, "--help"])
        assert ended.value.code == 0
        assert f"usage: guard {name}" in capsys.readouterr().out


def test_the_rules_are_listed_and_explained(capsys: Captured) -> None:
    assert main(["rule"]) == 0
    listed = capsys.readouterr().out
    assert [line.split()[0] for line in listed.splitlines()] == list(CATALOGUE)
    for name in CATALOGUE:
        assert main(["rule", name]) == 0
        page = capsys.readouterr().out
        assert page.startswith(f"# `{name}`\n")
        assert "## Remediation" in page


def test_a_rule_that_is_none(capsys: Captured) -> None:
    assert main(["rule", "fresh-uploads"]) == 2
    assert capsys.readouterr().err == snapshot("""\
error: there is no rule `fresh-uploads`
   = help: did you mean `fresh-upload`?
""")


def test_the_policy_that_holds_is_shown_with_where_each_value_is_from(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "guard.toml"
    path.write_text(
        'extends = "strict"\n[rules.fresh-upload]\nage = "30 days"\n'
        '[[deny]]\nname = "frob"\nversions = "==1.0"\nreason = "a \\"reason\\""\n'
        '[[index]]\nname = "own"\nurl = "https://packages.example.com/simple/"\nowns = ["acme-*"]\n'
        '[[exempt]]\nname = "dep"\nrule = "yanked-file"\nreason = "ok"\nexpires = 2030-01-01\n'
    )
    monkeypatch.setenv("GUARD_POLICY", str(path))
    assert main(["policy", "show"]) == 0
    shown = capsys.readouterr().out
    assert f'age = "30 days"  # {path}' in shown
    assert 'pinned-level = "deny"  # strict' in shown
    assert main(["policy", "show", "--policy", "observe"]) == 0
    assert 'age = "7 days"  # default' in capsys.readouterr().out
    # What is shown is a policy itself, and says the same.
    again = tmp_path / "again.toml"
    again.write_text(shown)
    assert main(["policy", "show", "--policy", str(again)]) == 0
    assert tomllib.loads(capsys.readouterr().out) == tomllib.loads(shown)


def test_a_policy_is_checked(capsys: Captured, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text('extends = "default"\n')
    bad.write_text("[rules.fresh-upload]\nage = 7\n")
    assert main(["policy", "check", str(good)]) == 0
    assert "a policy without errors" in capsys.readouterr().out
    assert main(["policy", "check", str(bad)]) == 78
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"--> {bad}, rules.fresh-upload.age" in captured.err


@pytest.fixture
def quarantine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Quarantine:
    monkeypatch.setenv("GUARD_CACHE_DIR", str(tmp_path / "cache"))
    return Quarantine(tmp_path / "cache" / "quarantine")


def test_the_quarantine_is_listed_shown_and_purged(
    quarantine: Quarantine, capsys: Captured
) -> None:
    assert main(["quarantine", "list"]) == 0
    assert capsys.readouterr().out == ""
    one = quarantine.receive("one.whl", [b"one"], limit=9)
    quarantine.receive("two.whl", [b"two"], limit=9)
    sha256 = one.digests["sha256"]
    assert main(["quarantine", "list"]) == 0
    listed = capsys.readouterr().out
    assert f"{sha256[:16]}             3  one.whl\n" in listed
    assert main(["quarantine", "show", sha256[:8]]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["filename"], shown["size"], shown["intact"]) == ("one.whl", 3, True)
    assert main(["quarantine", "purge", sha256]) == 0
    assert "1 files removed" in capsys.readouterr().err
    assert [path.name for path in quarantine.entries()] == ["two.whl"]
    assert main(["quarantine", "purge"]) == 0
    assert list(quarantine.entries()) == []


def test_a_file_that_was_changed_in_quarantine_is_shown_as_such(
    quarantine: Quarantine, capsys: Captured
) -> None:
    arrival = quarantine.receive("one.whl", [b"one"], limit=9)
    arrival.path.write_bytes(b"0ne")
    assert main(["quarantine", "show", arrival.digests["sha256"]]) == 0
    assert json.loads(capsys.readouterr().out)["intact"] is False


@pytest.mark.usefixtures("quarantine")
def test_a_file_that_is_not_in_quarantine(capsys: Captured) -> None:
    assert main(["quarantine", "show", "abc"]) == 2
    assert "begins with `abc`" in capsys.readouterr().err
    assert main(["quarantine", "purge", "abc"]) == 0
    assert "0 files removed" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["rule", "rule fresh-upload", "policy show"])
def test_a_reader_that_leaves_early_is_no_crash(command: str, guard: Guard) -> None:
    child = guard.start(*command.split())
    assert child.stdout is not None
    child.stdout.close()
    assert child.stderr is not None
    said = child.stderr.read()
    child.stderr.close()
    child.wait(timeout=60)
    assert "Traceback" not in said
    assert "Exception ignored" not in said
