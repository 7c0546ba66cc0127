"""pip's settings are options that nobody typed: what comes of each for `guard pip`."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.cli.pip_configured import options
from guard.errors import UnsupportedError
from guard.wrappers.coverage import Arity, Handling, Treatment, classify, table
from tests.e2e.guarded import (
    LONG_AGO,
    Environment,
    Guard,
    assert_paragraph,
    cloned,
    installed_in,
    untouched,
    with_its_own_pip,
)
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel

INSTALL = classify("pip", ["install", "six"])


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("pre", "1", ["--pre"]),
        ("pre", "YES", ["--pre"]),
        ("pre", "0", []),
        ("pre", "off", []),
        ("no-deps", "true", ["--no-deps"]),
        ("no-dependencies", "1", ["--no-deps"]),
        ("no-deps", "false", []),
        ("quiet", "2", ["--quiet"]),
        ("require-hashes", "1", ["--require-hashes"]),
        ("requirement", "a.txt\n b.txt", ["--requirement=a.txt", "--requirement=b.txt"]),
        ("only-binary", ":all:", ["--only-binary=:all:"]),
        ("no-binary", ":none:", []),
        ("upgrade-strategy", "only-if-needed", []),
        ("no-build-isolation", "1", []),
        ("no-compile", "1", []),
        ("trusted-host", "example.com", []),
        ("index-url", "https://example.com/simple", []),
        ("no-such-thing", "1", []),
        ("tools-cache-dir", "there", []),
    ],
)
def test_a_setting_is_its_option(name: str, value: str, words: list[str]) -> None:
    assert options(INSTALL, {name: value}) == words


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("no-binary", "six"),
        ("no-binary", ":all:"),
        ("no-build-isolation", "0"),
        ("ignore-requires-python", "1"),
        ("ignore-installed", "true"),
        ("platform", "win_amd64"),
        ("config-settings", "a=b"),
        ("upgrade-strategy", "eager"),
        ("group", "dev"),
    ],
)
def test_what_is_refused_where_it_is_typed_is_refused_as_a_setting(name: str, value: str) -> None:
    with pytest.raises(UnsupportedError, match=f"`{name} = {value}`"):
        options(INSTALL, {"pre": "1", name: value})


def test_what_is_typed_counts_more() -> None:
    found = classify("pip", ["install", "--report=mine", "-r", "mine.txt", "six"])
    words = options(found, {"report": "theirs", "requirement": "theirs.txt"})
    assert words == ["--requirement=theirs.txt"]


def test_no_setting_of_a_judged_command_is_passed_over_in_silence() -> None:
    travel = {"client-cert", "isolated", "no-proxy-env", "trusted-host", "use-feature"}
    read = {"cert", "proxy", "python", "root", "user"}
    heeded = travel | read | {"keyring-provider", "use-deprecated"}
    for path, entry in table("pip").commands.items():
        if entry.handling is not Handling.NATIVE:
            continue
        for option in entry.options.values():
            name = option.name.removeprefix("--")
            if option.treatment is not Treatment.REFUSED or name in heeded:
                continue
            inverted = name in {"no-build-isolation", "no-require-hashes"}
            value = ("0" if inverted else "1") if option.arity is Arity.FLAG else "something"
            with pytest.raises(UnsupportedError):
                options(classify("pip", [*path, "six"]), {name: value})


@pytest.fixture
def stocked(index: LoopbackIndex) -> LoopbackIndex:
    for wheel in (
        a_wheel("six", "1.16.0"),
        a_wheel("six", "2.0rc1"),
        a_wheel("near", "1.0", requires=["six"]),
    ):
        index.add(wheel, uploaded=LONG_AGO)
    return index


@pytest.fixture
def its(guard: Guard, pip_template: Path, pip_target: Environment) -> dict[str, str]:
    with_its_own_pip(pip_template, pip_target)
    return {"PATH": f"{pip_target.path / 'bin'}:/usr/bin:/bin"}


@pytest.mark.parametrize(
    ("settings", "line", "expected"),
    [
        ({"PIP_PRE": "1"}, "install near", {"near": "1.0", "six": "2.0rc1"}),
        ({"PIP_PRE": "0"}, "install near", {"near": "1.0", "six": "1.16.0"}),
        ({"PIP_NO_DEPS": "1"}, "install near", {"near": "1.0"}),
        ({"PIP_REQUIREMENT": "more.txt"}, "install near", {"near": "1.0", "six": "1.16.0"}),
        ({"PIP_NO_BINARY": ":none:"}, "install six", {"six": "1.16.0"}),
    ],
    ids=str,
)
def test_what_is_installed_is_what_pip_installs(
    guard: Guard,
    pip_template: Path,
    pip_target: Environment,
    stocked: LoopbackIndex,
    its: dict[str, str],
    tmp_path: Path,
    settings: dict[str, str],
    line: str,
    expected: dict[str, str],
) -> None:
    (guard.work / "more.txt").write_text("six\n")
    settings = {**its, "PIP_INDEX_URL": stocked.url, **settings}
    ran = guard("pip", *line.split(), **settings)
    assert ran.code == 0, ran.said
    assert pip_target.installed() == expected
    bare = Environment(cloned(pip_template, tmp_path / "bare"), installer="pip")
    with_its_own_pip(pip_template, bare)
    past = {**settings, "PATH": f"{bare.path / 'bin'}:/usr/bin:/bin", "GUARD_BYPASS": "to compare"}
    ran = guard("pip", *line.split(), **past)
    assert ran.code == 0, ran.said
    assert installed_in(bare.packages) == expected


@pytest.mark.parametrize(
    ("path", "text", "line", "refused"),
    [
        ("home/config/pip/pip.conf", "[install]\nno-binary = six\n", "install six", "no-binary"),
        ("home/config/pip/pip.conf", "[download]\nno-binary = six\n", "download six", "no-binary"),
        ("home/.pip/pip.conf", "[global]\nplatform = any\n", "install six", "platform"),
        ("pip-target/pip.conf", "[install]\nuser = yes\n", "install six", "user"),
    ],
)
def test_a_line_in_a_file_is_refused_by_its_name(
    guard: Guard, pip_target: Environment, stocked: LoopbackIndex, its: dict[str, str],
    path: str, text: str, line: str, refused: str,
) -> None:  # fmt: skip
    place = guard.folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    with untouched(pip_target):
        ran = guard("pip", *line.split(), **its, PIP_INDEX_URL=stocked.url, PIP_CONFIG_FILE="")
    assert_paragraph(ran, 2, f"pip is configured with `{refused} = ")
