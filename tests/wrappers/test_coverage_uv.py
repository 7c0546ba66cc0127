from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import uv

from guard.wrappers.coverage import Handling, Treatment, classify, table
from tests.wrappers import helps
from tests.wrappers.compared import missing

UV = uv.find_uv_bin()
UVX = Path(UV).resolve().with_name("uvx")


@pytest.fixture(scope="module")
def completion() -> dict[tuple[str, ...], dict[str, bool]]:
    command = [UV, "generate-shell-completion", "bash"]
    script = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return helps.completion(script)


def test_every_command_and_option_of_this_uv_is_in_the_table(
    completion: dict[tuple[str, ...], dict[str, bool]],
) -> None:
    assert len(completion) > 60, "the completion was not read"
    assert missing("uv", completion) == []


def test_every_command_and_option_of_uv_s_help_is_in_the_table(tmp_path: Path) -> None:
    found = {path: helps.options(text) for path, text in helps.walk([UV], tmp_path, "Commands:")}
    assert len(found) > 50
    assert sum(map(len, found.values())) > 1500
    assert missing("uv", found) == []


def test_the_table_has_nothing_that_uv_has_not(
    completion: dict[tuple[str, ...], dict[str, bool]],
) -> None:
    known = table("uv").commands
    assert set(known) - set(completion) == {("help",)}
    aliases = {
        "--application", "--compile", "--config-setting-package", "--config-settings",
        "--config-settings-package", "--constraint", "--exclude", "--force-reinstall", "--library",
        "--no-cache-dir", "--no-compile", "--no-exact", "--no-pager", "--no-project", "--override",
        "--preview-feature", "--raw-sources", "--requirement",
        "--trusted-host", "--unsafe-package", "--build-constraint",
    }  # fmt: skip
    every = {name for names in completion.values() for name in names}
    mine = {name for entry in known.values() for name in entry.options}
    assert mine - every <= aliases


def test_other_names_of_options_mean_what_the_table_says(
    completion: dict[tuple[str, ...], dict[str, bool]], tmp_path: Path
) -> None:
    every = {name for names in completion.values() for name in names}
    asked: set[str] = set()
    for path, entry in table("uv").commands.items():
        for name, option in entry.options.items():
            if name in every | asked | {"--no-pager"}:
                continue
            asked.add(name)
            said = _said([*path, f"{name}=x", "--zz"], tmp_path)
            assert f"unexpected argument '{name}'" not in said, (path, name)
            flag = re.search(r"unexpected value 'x' for '(--[\w-]+)", said)
            assert (flag is None) is bool(option.arity.value), (path, name)
            assert flag is None or flag[1] in option.names, (path, name)
    assert len(asked) > 15


def test_other_names_of_commands_are_uv_s(tmp_path: Path) -> None:
    for alias in table("uv").aliases:
        assert "unrecognized subcommand" not in _said([*alias, "--zz"], tmp_path)


def test_uvx_has_the_options_of_uv_tool_run(tmp_path: Path) -> None:
    found = helps.options(helps.run([UVX, "--help"], tmp_path))
    assert len(found) > 60
    assert missing("uvx", {(): found}) == []


def _said(words: list[str], home: Path) -> str:
    done = subprocess.run([UV, *words], cwd=home, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def _settings(words: list[str], home: Path) -> str | None:
    """What uv makes of `words`, without doing it; `None` where it does not take them."""
    done = subprocess.run(
        [UV, "--show-settings", *words], cwd=home, capture_output=True, text=True, check=False
    )
    return done.stdout if done.returncode == 0 else None


def _listed(settings: str, name: str) -> list[str]:
    """The strings of a field of uv's settings that is a list, or of `Some` list."""
    block = re.search(rf"^    {name}: (?:Some\(\n +)?\[(.*?)\]", settings, re.MULTILINE | re.DOTALL)
    return re.findall(r'"([^"]*)"', block[1]) if block else []


@pytest.mark.parametrize(
    "words",
    [
        "six",
        "-v six -- idna",
        "-vU six",
        "-Uv -rr.txt six",
        "-r=r.txt six",
        "-vrr.txt six",
        "-r r.txt -c c.txt six",
        "--requirement r.txt six",
        "--requirement=r.txt six",
        "--index-url https://a.example.com/simple six",
        "-i https://a.example.com/simple six",
        "-ihttps://a.example.com/simple six",
        "--no-deps six --pre idna",
        "-e . six",
        "-P idna -Pidna six",
        "--prefix p six",
        "- six",
    ],
)
def test_what_is_asked_for_is_what_uv_takes_for_it(words: str, tmp_path: Path) -> None:
    (tmp_path / "r.txt").touch()
    settings = _settings(["pip", "install", *words.split()], tmp_path)
    read = classify("uv", ["pip", "install", *words.split()])
    assert settings is not None
    assert read.handling is Handling.NATIVE
    assert list(read.positionals) == _listed(settings, "package")


@pytest.mark.parametrize(
    "words",
    [
        "ruff --help",
        "--offline ruff --offline check",
        "--from ruff ruff-lsp -q",
        "--from=ruff -v ruff",
        "-w six,idna ruff --with x",
        "--with six -- ruff --version",
        "-vp3.11 ruff -p3.12",
        "--refresh ruff@1.0 -- x",
    ],
)
def test_the_program_is_what_uv_takes_for_it(words: str, tmp_path: Path) -> None:
    settings = _settings(["tool", "run", *words.split()], tmp_path)
    assert settings is not None
    for read in (classify("uvx", words.split()), classify("uv", ["tool", "run", *words.split()])):
        assert read.handling is Handling.GATEWAY
        assert list(read.trailing) == _listed(settings, "command")


@pytest.mark.parametrize(
    "words",
    [
        "pip inst six",  # no abbreviations of commands
        "pip install --requ r.txt six",  # nor of options
        "pip install --index-url -x six",  # a value that looks like an option
        "pip install --pre=1 six",
        "pip install six -x",
        "pip install -r",
        "pip --python x install six",  # an option of the command, before it
        "-- pip install six",
        "frob",
    ],
)
def test_what_uv_does_not_take_is_refused(words: str, tmp_path: Path) -> None:
    assert _settings(words.split(), tmp_path) is None
    assert classify("uv", words.split()).handling is Handling.REFUSED


@pytest.mark.parametrize(
    ("words", "handling"),
    [
        ("", Handling.PASSED),
        ("--version", Handling.PASSED),
        ("--help pip install six", Handling.PASSED),
        ("pip install six --help", Handling.PASSED),
        ("help pip install", Handling.PASSED),
        ("pip list --outdated", Handling.PASSED),
        ("-q --offline pip --quiet list -q", Handling.PASSED),
        ("tree", Handling.GATEWAY),
        ("tree --frozen", Handling.PASSED),
        ("run --help", Handling.PASSED),
        ("run python --help", Handling.GATEWAY),
        ("run --with six python -c x", Handling.GATEWAY),
        ("tool upgrade --all", Handling.GATEWAY),
        ("tool list", Handling.PASSED),
        ("venv", Handling.PASSED),
        ("venv --seed", Handling.REFUSED),
        ("self update", Handling.REFUSED),
        ("self update --help", Handling.PASSED),
        ("python install 3.13", Handling.REFUSED),
        ("python find", Handling.PASSED),
        ("build --wheel", Handling.REFUSED),
        ("audit", Handling.REFUSED),
        ("audit --frozen", Handling.PASSED),
        ("publish", Handling.PASSED),
        ("--cache-dir x pip list", Handling.PASSED),
        ("--cache-dir x add six", Handling.REFUSED),
        ("pip --cert x list", Handling.PASSED),
        ("pip --cert x install six", Handling.REFUSED),
        ("--isolated run x", Handling.REFUSED),
        ("run --isolated x", Handling.GATEWAY),
        ("sync --build", Handling.REFUSED),  # a build would run code
        ("sync --index-strategy first-index", Handling.GATEWAY),
        ("sync --index-strategy unsafe-best-match", Handling.REFUSED),
        ("add six --index https://u:secret@a.example.com/simple", Handling.GATEWAY),
        ("pip install six --no-verify-hashes", Handling.REFUSED),
        ("pip install six --torch-backend=auto", Handling.REFUSED),
        ("pip install six --no-binary :none:", Handling.NATIVE),
        ("pip install six --no-binary six", Handling.REFUSED),
        ("--allow-python-downloads venv", Handling.REFUSED),
        ("--trusted-host a.example.com add six", Handling.REFUSED),
    ],
)
def test_what_uv_is_asked_for_is_handled(words: str, handling: Handling) -> None:
    read = classify("uv", words.split())
    assert read.handling is handling
    assert bool(read.refusals) is (handling is Handling.REFUSED)


def test_a_refusal_never_says_a_value() -> None:
    words = ["add", "six", "--cache-dir=secret", "--find-links", "secret", "--proxyy=secret"]
    assert "secret" not in repr(classify("uv", words).refusals)


def test_what_a_newer_uv_has_is_refused_with_the_versions() -> None:
    refusal = classify("uv", ["add", "--brand-new", "six"], version="9.0").refusals[0]
    assert refusal.what == "`uv add --brand-new`"
    assert "uv 0.13.9" in refusal.why
    assert "yours is 9.0" in refusal.why


def test_words_before_the_command_are_words_for_the_guard_as_well() -> None:
    words = (
        "-q --offline pip --no-cache install -U -rr.txt --index-url=https://a.example.com -- six"
    )
    read = classify("uv", words.split())
    assert read.guard_words == [
        "install",
        "--quiet",
        "--offline",
        "--no-cache",
        "--upgrade",
        "--requirement=r.txt",
        "--index-url=https://a.example.com",
        "--",
        "six",
    ]


def test_every_refusal_says_why_and_what_to_do() -> None:
    for tool in ("uv", "uvx"):
        for path, entry in table(tool).commands.items():
            assert entry.why
            assert entry.nearest or entry.handling is not Handling.REFUSED, path
            for option in entry.options.values():
                assert option.note, (path, option)
                assert option.nearest or option.treatment is not Treatment.REFUSED, (path, option)
