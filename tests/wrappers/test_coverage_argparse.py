"""Pipx and pdm are made with argparse: the guard reads a command line as argparse does."""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Sequence
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from guard.wrappers.coverage import Arity, Classified, Handling, classify, table

_NARGS = {Arity.FLAG: 0, Arity.VALUE: None, Arity.OPTIONAL: "?", Arity.SEVERAL: "+"}
_CASES = [
    (tool, path)
    for tool in ("pipx", "pdm")
    for path, entry in table(tool).commands.items()
    if path and entry.handling in {Handling.GATEWAY, Handling.PASSED}
    if not any(other[:-1] == path for other in table(tool).commands)
]
_values = st.sampled_from(
    ["black", "-", "--", "-x", "a=b", "--pip-args", "-1", "", "install", "--python=x", "-i", "a b"]
)


class _ShownError(Exception):
    pass


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def _by_argparse(tool: str, path: tuple[str, ...], words: Sequence[str]) -> Any:
    """The options and the other words, as argparse reads them; `None` where it does not."""
    recorded: list[list[str | None]] = []
    entry = table(tool).commands[path]

    class Record(argparse.Action):
        def __call__(self, parser: Any, namespace: Any, values: Any, option: Any = None) -> None:
            own = entry.options[self.option_strings[0]]
            if own.treatment.name == "SHOWS":
                raise _ShownError
            value = None if own.arity is Arity.FLAG else values
            recorded.append([own.name, " ".join(value) if isinstance(value, list) else value])

    parser = _Parser(add_help=False)
    for option in dict.fromkeys(entry.options.values()):
        arguments: Any = {"action": Record, "nargs": _NARGS[option.arity]}
        parser.add_argument(*option.names, **arguments)
    parser.add_argument("words", nargs=argparse.REMAINDER if entry.ends else "*")
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            parsed = parser.parse_args(list(words))
    except _ShownError:
        return "shown"
    except ValueError:
        return None
    leads = entry.ends and parsed.words[:1] == ["--"]  # it is kept for the tool to take away
    return recorded, parsed.words[1:] if leads else parsed.words


@st.composite
def _lines(draw: st.DrawFn) -> tuple[str, tuple[str, ...], list[str]]:
    tool, path = draw(st.sampled_from(_CASES))
    known = table(tool).commands[path].options
    words: list[str] = []
    for _ in range(draw(st.integers(0, 4))):
        if draw(st.integers(0, 3)) == 0:
            words.append(draw(_values))
            continue
        name, value = draw(st.sampled_from(sorted(known))), draw(_values)
        valued = known[name].arity is not Arity.FLAG
        if name.startswith("--") and draw(st.integers(0, 3)) == 0:
            name = name[: draw(st.integers(3, len(name)))]
        glued = f"{name}={value}" if len(name) > 2 else name + value
        words += draw(st.sampled_from([[name, value], [glued]])) if valued else [name]
    return tool, path, words


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_lines())
@example(("pipx", ("install",), ["--ind", "https://a.example.com", "black"]))
@example(("pipx", ("install",), ["-i=https://a.example.com", "black"]))
@example(("pipx", ("install",), ["-qi", "https://a.example.com", "black"]))
@example(("pipx", ("install",), ["--pip-args", "--pre", "black"]))
@example(("pipx", ("install",), ["black", "--", "--pip-args=x"]))
@example(("pipx", ("run",), ["--spec", "black", "ruff", "--spec", "evil"]))
@example(("pipx", ("pin",), ["--skip", "a", "b", "--", "c"]))
@example(("pdm", ("add",), ["--venv", "black"]))
@example(("pdm", ("add",), ["-dG", "test", "black"]))
def test_no_command_line_means_to_argparse_what_it_does_not_mean_to_the_guard(
    line: tuple[str, tuple[str, ...], list[str]],
) -> None:
    tool, path, words = line
    answer = _by_argparse(tool, path, words)
    read = classify(tool, [*path, *words])
    if answer == "shown":
        assert read.handling in {Handling.PASSED, Handling.REFUSED}
    elif answer is not None and not _was_stopped(read):
        options, others = answer
        assert [[given.option.name, given.value] for given in read.options] == options
        assert [*read.positionals, *read.trailing] == others
    if answer != "shown" and answer is not None and read.handling is Handling.PASSED:
        entry = table(tool).commands[path]
        names = {given.option.name for given in read.options}
        assert entry.handling is Handling.PASSED or names & entry.unchanging


def _was_stopped(read: Classified) -> bool:
    whole = ("nothing is known", "may stand for", "the tool would not", "as well", "differently")
    return any(any(part in refusal.why for part in whole) for refusal in read.refusals)


@pytest.mark.parametrize(
    ("tool", "words", "handling"),
    [
        ("pipx", "install black", Handling.GATEWAY),
        ("pipx", "install black --pip-args=--pre", Handling.REFUSED),
        ("pipx", "install black --pip-a=--pre", Handling.REFUSED),
        ("pipx", "install black --in https://a.example.com", Handling.REFUSED),  # ambiguous
        ("pipx", "install black --fetch-python never", Handling.GATEWAY),
        ("pipx", "install black --fetch-python always", Handling.REFUSED),
        ("pipx", "install -e .", Handling.REFUSED),
        ("pipx", "run black --version", Handling.GATEWAY),
        ("pipx", "run --help", Handling.PASSED),
        ("pipx", "list --outdated", Handling.PASSED),
        ("pipx", "runpip black install six", Handling.REFUSED),
        ("pipx", "install-all specs.json", Handling.REFUSED),
        ("pipx", "frobnicate", Handling.REFUSED),
        ("pdm", "add six", Handling.GATEWAY),
        ("pdm", "add -e ./six", Handling.REFUSED),
        ("pdm", "install --plugins", Handling.REFUSED),
        ("pdm", "list", Handling.PASSED),
        ("pdm", "list --resolve", Handling.REFUSED),
        ("pdm", "run -s python --help", Handling.GATEWAY),
        ("pdm", "use --auto-install-max", Handling.REFUSED),
        ("pdm", "use 3.12", Handling.PASSED),
        ("pdm", "publish", Handling.REFUSED),
        ("pdm", "publish --no-build", Handling.PASSED),
        ("pdm", "plugin add x", Handling.REFUSED),
        ("pdm", "py install 3.13", Handling.REFUSED),
        ("pdm", "test", Handling.REFUSED),  # a script of the project, or a newer command
        ("poetry", "add six", Handling.GATEWAY),
        ("poetry", "-n add six --group=dev", Handling.GATEWAY),
        ("poetry", "add -Gdev six", Handling.GATEWAY),
        ("poetry", "-C elsewhere add six", Handling.REFUSED),
        ("poetry", "-C elsewhere show", Handling.PASSED),
        ("poetry", "self add poetry-plugin-export", Handling.REFUSED),
        ("poetry", "self show plugins", Handling.PASSED),
        ("poetry", "run python --help", Handling.PASSED),
        ("poetry", "publish --build", Handling.REFUSED),
        ("poetry", "add --sou x six", Handling.REFUSED),  # no abbreviations
        ("poetry", "-vvv install --sync", Handling.GATEWAY),
        ("poetry", "shell", Handling.REFUSED),
    ],
)
def test_what_they_are_asked_for_is_handled(tool: str, words: str, handling: Handling) -> None:
    read = classify(tool, words.split())
    assert read.handling is handling
    assert bool(read.refusals) is (handling is Handling.REFUSED)


@pytest.mark.parametrize("tool", ["pip", "pipx", "poetry", "pdm"])
def test_every_refusal_says_why_and_what_to_do(tool: str) -> None:
    for path, entry in table(tool).commands.items():
        assert entry.why
        assert entry.nearest or entry.handling is not Handling.REFUSED, path
        for option in entry.options.values():
            assert option.note, (path, option)
            assert option.nearest or option.treatment.name != "REFUSED", (path, option)
