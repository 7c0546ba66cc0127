"""What both installers share: children that are listened to, handed over to, and pinned."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from guard.errors import InstallerError
from guard.install._base import Bounds, hand_over, pins, run, scratch, without
from guard.model import Admitted, Verdict
from tests.builders import a_candidate, a_file

PYTHON = sys.executable
TIMEOUT = 60


def python(code: str) -> list[str]:
    return [PYTHON, "-c", textwrap.dedent(code)]


def test_what_a_child_prints_is_returned_and_what_it_says_is_overheard() -> None:
    heard: list[str] = []
    code = """
        import sys
        print(sys.stdin.read().upper(), end="")
        print("DEBUG one", "two", sep="\\n", file=sys.stderr)
    """
    output = run(python(code), words="frob", failed="no", overhear=heard.append)
    assert (output, heard) == ("FROB", ["DEBUG one\n", "two\n"])


def test_a_child_that_fails_is_an_error_without_its_chatter() -> None:
    code = """
        import sys
        sys.exit("DEBUG a\\nTRACE b\\nerror: it is broken\\n  because\\nINFO c")
    """
    with pytest.raises(InstallerError) as failed:
        run(python(code), failed="the tool failed")
    assert failed.value.message == "the tool failed"
    assert failed.value.exit_code == 1
    assert failed.value.output == "error: it is broken\n  because"


def test_a_child_that_does_not_listen_or_speak_utf8_is_no_crash() -> None:
    code = "import os; os.close(0); os.write(1, b'\\xff'); os.write(2, b'\\xfe')"
    assert run(python(code), words="x" * 1_000_000, failed="no") == "\ufffd"


@pytest.mark.skipif(os.name != "posix", reason="signals as on a POSIX system")
def test_a_child_that_was_killed_has_the_code_of_a_shell() -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    for start in (
        lambda: run(python(code), failed="no"),
        lambda: hand_over(python(code), environment={}, failed="no", quiet=True),
    ):
        with pytest.raises(InstallerError) as failed:
            start()
        assert failed.value.exit_code == 128 + signal.SIGKILL


def test_a_child_that_cannot_be_started(tmp_path: Path) -> None:
    for start in (
        lambda: run([str(tmp_path / "none")], failed="no"),
        lambda: hand_over([str(tmp_path / "none")], environment={}, failed="no", quiet=True),
    ):
        with pytest.raises(InstallerError) as failed:
            start()
        assert failed.value.exit_code == 70
        assert failed.value.reason


def test_a_child_is_not_asked_for_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("CLICOLOR_FORCE", "1")
    code = "import os; print(*sorted(name for name in os.environ if 'COLOR' in name))"
    assert run(python(code), failed="no") == "NO_COLOR\n"


def test_the_installers_words_go_to_stderr_unless_it_is_to_be_quiet(
    capfd: pytest.CaptureFixture[str],
) -> None:
    command = python("import sys; print('out'); print('err', file=sys.stderr)")
    hand_over(command, environment=dict(os.environ), failed="no", quiet=True)
    assert capfd.readouterr() == ("", "")
    hand_over(command, environment=dict(os.environ), failed="no", quiet=False)
    out, err = capfd.readouterr()
    assert out == ""
    assert sorted(err.split()) == ["err", "out"]


@pytest.mark.skipif(os.name != "posix", reason="signals as on a POSIX system")
def test_ctrl_c_does_not_stop_an_install_half_way(tmp_path: Path) -> None:
    """The installing child is out of reach of the terminal; the run ends when it has ended."""
    fifo, done = tmp_path / "fifo", tmp_path / "done"
    os.mkfifo(fifo)
    child = f"""
        import pathlib
        pathlib.Path({str(fifo)!r}).write_text("begun")
        pathlib.Path({str(fifo)!r}).read_text()
        pathlib.Path({str(done)!r}).touch()
    """
    parent = f"""
        import os, sys
        from guard.install._base import hand_over
        hand_over([sys.executable, "-c", {textwrap.dedent(child)!r}],
                  environment=dict(os.environ), failed="no", quiet=True)
    """
    guard = subprocess.Popen(python(parent), start_new_session=True, stderr=subprocess.PIPE)
    try:
        assert fifo.read_text() == "begun"
        os.killpg(guard.pid, signal.SIGINT)
        fifo.write_text("go on")
        _, said = guard.communicate(timeout=TIMEOUT)
    finally:
        guard.kill()
    assert done.exists()
    assert b"KeyboardInterrupt" in said


def test_the_pins_are_exactly_the_admitted_files(tmp_path: Path) -> None:
    odd = tmp_path / "odd # folder" / "frob-1.0+local.1-py3-none-any.whl"
    dep = tmp_path / "some_dep-2.0-py3-none-any.whl"
    items = [
        Admitted(Verdict(a_candidate(file=a_file(name, version)), ()), path, digest * 64)
        for name, version, path, digest in (
            ("frob", "1.0+local.1", odd, "a"),
            ("Some.Dep", "2.0", dep, "b"),
        )
    ]
    lines = pins(items).splitlines()
    assert lines == [
        f"--find-links {odd.parent.as_uri()}",
        f"--find-links {tmp_path.as_uri()}",
        f"frob==1.0+local.1 --hash=sha256:{'a' * 64}",
        f"some-dep==2.0 --hash=sha256:{'b' * 64}",
    ]
    assert not re.search(r"\s#", lines[0])


def test_excluded_releases_are_constraints() -> None:
    excluded = frozenset(
        (canonicalize_name(name), Version(version))
        for name, version in (("Frob", "2.0"), ("dep", "1.0"), ("frob", "1.0rc1"))
    )
    assert Bounds(excluded=excluded).constraints() == "dep!=1.0\nfrob!=1.0rc1\nfrob!=2.0\n"


def test_a_scratch_folder_is_private_and_gone_afterwards() -> None:
    with scratch() as folder:
        (folder / "file").touch()
        assert folder.stat().st_mode & 0o077 == 0 or os.name != "posix"
    assert not folder.exists()


def test_a_prefix_of_variables_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_INDEX", "x")
    monkeypatch.setenv("OTHER", "y")
    kept = without("UV_", UV_CACHE_DIR="z")
    assert kept["UV_CACHE_DIR"] == "z"
    assert kept["OTHER"] == "y"
    assert "UV_INDEX" not in kept


@pytest.mark.parametrize(
    ("approved", "line"),
    [
        ([], "frob<0.dev0\n"),
        (["1.0"], "frob==1.0\n"),
        (["1.0rc1"], "frob==1.0rc1\n"),
        (["1.0+local"], "frob==1.0+local\n"),
        (["2.0", "1.0", "1.5"], "frob>=1.0,<=2.0\n"),
        (["1.0", "2.0+local"], "frob>=1.0,<=2.0\n"),
        (["1.0", "2.0rc1"], ""),
    ],
)
def test_approved_releases_are_constraints(approved: list[str], line: str) -> None:
    """A range lets through what lies between, and that is judged: it hides nothing approved."""
    versions = frozenset(map(Version, approved))
    constraints = Bounds(approved={canonicalize_name("frob"): versions}).constraints()
    assert constraints == line
    for requirement in map(Requirement, constraints.splitlines()):
        assert all(requirement.specifier.contains(v, prereleases=True) for v in versions)
