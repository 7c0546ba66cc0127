from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from guard.cli.parser import parse
from guard.wrappers.coverage import Classified, Handling, classify, table
from tests.wrappers.compared import missing
from tests.wrappers.pips import PipReads, bundled


@pytest.fixture(scope="module")
def pip() -> Iterator[PipReads]:
    reads = PipReads(bundled())
    yield reads
    reads.close()


def test_every_command_and_option_of_this_pip_is_in_the_table(pip: PipReads) -> None:
    found = pip.found()
    assert len(found) > 15
    assert missing("pip", found) == []


def test_the_first_names_are_those_that_pip_calls_its_options_by(pip: PipReads) -> None:
    for command, rows in pip.options().items():
        known = table("pip").commands[(command,) if command else ()].options
        for names, _, _ in rows:
            first = next((name for name in names if name.startswith("--")), names[0])
            assert {known[name].name for name in names} == {first}


_COMMANDS = sorted({path[0] for path in table("pip").commands if path})
_values = st.sampled_from(["six", "install", "-", "--", "-x", "--pre", "a=b", "", "r.txt", ":all:"])
_letters = st.text("qvUreicftIC", min_size=1, max_size=4).map(lambda letters: [f"-{letters}"])


@st.composite
def _option(draw: st.DrawFn, path: tuple[str, ...]) -> list[str]:
    """An option of the command in one of the forms that pip takes, or nearly."""
    known = table("pip").commands[path].options
    name = draw(st.sampled_from(sorted(set(known) - {"-h", "--help"})))
    valued, value = bool(known[name].arity.value), draw(_values)
    if name.startswith("--") and draw(st.integers(0, 2)) == 0:
        name = name[: draw(st.integers(min_value=3, max_value=len(name)))]
    forms = [[name, value], [f"{name}={value}" if len(name) > 2 else name + value]]
    return draw(st.sampled_from(forms)) if valued else [name]


def _words(path: tuple[str, ...], size: int) -> st.SearchStrategy[list[str]]:
    some = st.one_of(
        _option(path), _option(path), _option(path), _letters, _values.map(lambda v: [v])
    )
    return st.lists(some, max_size=size).map(
        lambda found: [word for part in found for word in part]
    )


@st.composite
def _lines(draw: st.DrawFn) -> list[str]:
    command = draw(st.one_of(st.just("install"), st.sampled_from(_COMMANDS)))
    return [*draw(_words((), 1)), command, *draw(_words((command,), 3))]


def _agrees(read: Classified, answer: dict[str, object]) -> bool:
    return (
        read.command[:1] == (answer["command"],)
        and [[g.option.name, g.value] for g in read.options] == answer["options"]
        and [*read.command[1:], *read.positionals] == answer["positionals"]
    )


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_lines())
@example(["install", "--ind", "https://a.example.com", "six"])
@example(["install", "--index-u=https://a.example.com", "six"])
@example(["install", "-ihttps://a.example.com", "six"])
@example(["install", "-qi", "https://a.example.com", "six"])
@example(["install", "-i", "--pre", "six"])
@example(["install", "-r", "--", "six"])
@example(["install", "--", "-r", "six"])
@example(["install", "six", "--version"])
@example(["--log", "install", "install", "install", "six"])
@example(["--no-i", "install", "six"])
@example(["--", "install", "six"])
@example(["--proxy", "list", "install", "six"])
def test_no_command_line_means_to_pip_what_it_does_not_mean_to_the_guard(
    pip: PipReads, words: list[str]
) -> None:
    answer = pip(words)
    read = classify("pip", words)
    if "command" in answer and not _was_stopped(read):
        assert _agrees(read, answer)
    if answer.get("shown"):
        assert read.handling in {Handling.PASSED, Handling.REFUSED}
    if read.handling is Handling.PASSED and "command" in answer:
        entry = table("pip").commands[(str(answer["command"]),)]
        assert entry.handling is Handling.PASSED


def _was_stopped(read: Classified) -> bool:
    """Whether the guard gave up reading, and refused."""
    whole = ("is not known", "nothing is known", "may stand for", "the tool would not take it")
    return any(any(part in refusal.why for part in whole) for refusal in read.refusals)


@pytest.mark.parametrize(
    "words",
    [
        "install six",
        "-q install -U six idna",
        "install -rr.txt -cc.txt --no-deps",
        "install -r=r.txt",  # the file `=r.txt`
        "install --index-url https://a.example.com/simple --extra-index https://b.example.com six",
        "install -qUrr.txt",
        "install --uploaded-prior-to=P7D --pre six",
        "install -e . --report report.json --dry-run",
        "install -- six",
        "install -t target --no-index -fwheels six",
        "download -d wheels six",
        "download --destination-dir=wheels -rr.txt",
        "wheel -w wheels six",
        "lock -o pylock.toml six",
        "list --outdated --format json",
        "cache purge",
        "config --user set global.timeout 5",
        "index versions six --pre",
        "uninstall -y six",
    ],
)
def test_ordinary_command_lines_are_read_as_pip_reads_them(pip: PipReads, words: str) -> None:
    answer = pip(words.split())
    read = classify("pip", words.split())
    assert read.refusals == ()
    if "error" not in answer:  # this pip is too old for an option, or for the command
        assert _agrees(read, answer)
    if read.handling is Handling.NATIVE:
        assert parse(read.guard_words).module == read.entry.guard


@pytest.mark.parametrize(
    ("words", "handling"),
    [
        ("", Handling.PASSED),
        ("--version", Handling.PASSED),
        ("--version install six", Handling.PASSED),
        ("install six --version", Handling.NATIVE),  # pip does not heed it there
        ("install six --help", Handling.PASSED),
        ("help install", Handling.PASSED),
        ("list --trusted-host a.example.com", Handling.PASSED),
        ("install six --trusted-host a.example.com", Handling.REFUSED),
        ("--trusted-host a.example.com install six", Handling.REFUSED),
        ("--proxy http://a.example.com install six", Handling.REFUSED),
        ("install --cert ca.pem six", Handling.REFUSED),
        ("--isolated install six", Handling.REFUSED),
        ("install --no-build-isolation six", Handling.REFUSED),
        ("install --no-binary six six", Handling.REFUSED),
        ("install --no-binary :none: six", Handling.NATIVE),
        ("install --upgrade-strategy eager six", Handling.REFUSED),
        ("install --user six", Handling.REFUSED),
        ("install --platform any --target t six", Handling.REFUSED),
        ("install --pr six", Handling.REFUSED),  # ambiguous
        ("install -r", Handling.REFUSED),
        ("install --pre=1 six", Handling.REFUSED),
        ("index download six", Handling.REFUSED),
        ("frobnicate", Handling.REFUSED),
        ("--frobnicate list", Handling.REFUSED),
    ],
)
def test_what_pip_is_asked_for_is_handled(words: str, handling: Handling) -> None:
    read = classify("pip", words.split())
    assert read.handling is handling
    assert bool(read.refusals) is (handling is Handling.REFUSED)


def test_what_an_abbreviation_means_to_a_newer_pip_is_not_known() -> None:
    words = ["install", "--index-u", "https://a.example.com", "six"]
    assert classify("pip", words, version="26.3.1").handling is Handling.NATIVE
    assert classify("pip", words, version="27.0").handling is Handling.REFUSED


def test_a_value_is_never_an_option_of_the_guard() -> None:
    words = classify("pip", ["install", "-i", "--policy=observe", "--", "--policy=observe"])
    parsed = parse(words.guard_words)
    assert parsed.policy is None
    assert parsed.index_url == "--policy=observe"
    assert parsed.requirement == ["--policy=observe"]


def test_what_is_honored_is_an_option_of_the_guard_s_command() -> None:
    for tool in ("pip", "uv"):
        for path, entry in table(tool).commands.items():
            for option in entry.options.values():
                if option.treatment.name != "HONOURED" or entry.guard == "sync":
                    continue
                value = "=1" if option.arity.value else ""
                arguments = parse([entry.guard, f"{option.note}{value}", "--", "six"])
                assert arguments.module == entry.guard, (path, option)
