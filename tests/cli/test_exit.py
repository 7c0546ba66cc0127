"""One code for each kind of end, one paragraph for each error, and never a traceback."""

from __future__ import annotations

import argparse
import io
import sys
import types
from collections.abc import Callable

import pytest
from inline_snapshot import snapshot

from guard.cli import boundary
from guard.cli.exit import of_decision, of_error
from guard.errors import (
    GuardError,
    InstallerError,
    PolicyError,
    QuarantineError,
    SourceError,
    TargetError,
    UnsupportedError,
    UsageError,
)
from guard.model import Decision

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 2),
        (UnsupportedError("x"), 2),
        (TargetError("x"), 2),
        (PolicyError("x"), 78),
        (SourceError("x"), 69),
        (QuarantineError("x"), 70),
        (GuardError("x"), 70),
        (InstallerError("x", exit_code=5), 5),
        (InstallerError("x", exit_code=0), 70),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_error_has_its_code(error: GuardError, code: int) -> None:
    assert of_error(error) == code


def test_no_end_but_admission_is_a_success() -> None:
    assert {decision: of_decision(decision) for decision in Decision} == {
        Decision.ADMITTED: 0,
        Decision.DENIED: 77,
        Decision.UNDECIDED: 69,
    }


def ended(
    monkeypatch: pytest.MonkeyPatch, run: Callable[[argparse.Namespace], int], **given: str
) -> int:
    """What the boundary makes of a command of our own that ends like `run`."""
    command = types.ModuleType("guard.cli.ours")
    command.__dict__["run"] = run
    monkeypatch.setitem(sys.modules, command.__name__, command)
    return boundary.run(argparse.Namespace(module="ours", **given))


def raising(error: BaseException) -> Callable[[argparse.Namespace], int]:
    def run(_: argparse.Namespace) -> int:
        raise error

    return run


def test_a_mistake_of_the_guard_itself_is_a_paragraph_too(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.delenv("GUARD_LOG", raising=False)
    assert ended(monkeypatch, raising(KeyError("x\x1b"))) == 70
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == snapshot("""\
error: the guard itself failed, so nothing was decided and nothing installed
   = reason: KeyError: 'x\\x1b'
   = help: please report this; GUARD_LOG=debug shows where it happened
""")
    monkeypatch.setenv("GUARD_LOG", "debug")
    assert ended(monkeypatch, raising(KeyError("x"))) == 70
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_has_a_code_and_a_word(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    assert ended(monkeypatch, raising(KeyboardInterrupt())) == 130
    assert "interrupted" in capsys.readouterr().err


def test_a_program_is_told_of_an_error_in_its_own_format(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    error = SourceError("it is down", reason="no answer", hint="wait")
    assert ended(monkeypatch, raising(error), output_format="json") == 69
    captured = capsys.readouterr()
    assert '"decision": "undecided"' in captured.out
    assert captured.err.startswith("error: it is down\n")


def test_a_message_says_what_to_what_why_and_what_next() -> None:
    error = InstallerError(
        "uv could not install", exit_code=2, output="a\n\x1b[1mb", reason="why", hint="what next"
    )
    assert boundary.message(error) == snapshot("""\
error: uv could not install
   = reason: why
   | a
   | \\x1b[1mb
   = help: what next
""")
    policy = PolicyError("no such key", source="guard.toml", at="rules.x", hint="mend it")
    assert boundary.message(policy, colour=True) == snapshot("""\
\x1b[1;31merror\x1b[0m: no such key
  --> guard.toml, rules.x
   = help: mend it
""")


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert boundary.coloured(Terminal())
    assert not boundary.coloured(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not boundary.coloured(Terminal())
