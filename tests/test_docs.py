from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from guard.cli.exit import ExitCode
from guard.cli.parser import parser
from guard.policy import load, parse
from guard.policy.case_tables import (
    AdvisoryTable,
    AttestedTable,
    BeforeTable,
    CasesFile,
    CaseTable,
    ContentTable,
    OverwrittenTable,
)
from guard.policy.cases import cases_in
from guard.policy.tables import (
    DenyTable,
    ExemptTable,
    GroupTable,
    IdentityTable,
    IndexTable,
    PolicyFile,
    PublisherTable,
    SignatureTable,
)
from guard.rules import CATALOGUE
from tests.builders import NOW
from tests.documents import ROOT, keys, pages, stale

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[[^\]\n]+\]\(([^)\s]+)\)")
_PROSE_FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def _title(path: Path) -> str:
    return str(path.relative_to(ROOT))


every_page = pytest.mark.parametrize("page", pages(), ids=_title)


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _blocks(page: Path, language: str) -> list[str]:
    found = _FENCE.findall(page.read_text(encoding="utf-8"))
    return [body for given, body in found if given == language]


def _commands(page: Path) -> Iterator[list[str]]:
    for block in _blocks(page, "console"):
        for line in block.splitlines():
            typed = re.match(r"\$ (?:[A-Z_]+=\S+ )*(?:\S*/)?guard (.*)", line)
            if typed:
                words = shlex.split(typed[1])
                redirected = [n for n, word in enumerate(words) if word in {">", "|", "2>"}]
                yield words[: redirected[0]] if redirected else words


def _section(text: str, heading: str) -> str:
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def _first_column(text: str) -> list[str]:
    """The first cells of every table row but the heading and the rule below it."""
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]
    return [cell.strip("`") for cell in rows if cell]


def _slugs(page: Path) -> set[str]:
    prose = _PROSE_FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_what_is_generated_is_fresh() -> None:
    assert [_title(path) for path in stale()] == [], "run `make docs`"


def test_the_rules_of_the_readme_are_those_of_the_catalogue() -> None:
    linked = re.findall(r"^\| \[`([\w-]+)`\]", _section(_text("README.md"), "Rules"), re.MULTILINE)
    assert linked == list(CATALOGUE)


@pytest.mark.parametrize("name", ["README.md", "docs/reference/exit-codes.md"])
def test_every_exit_code_is_explained(name: str) -> None:
    text = _section(_text(name), "Exit codes") if name == "README.md" else _text(name)
    codes = [cell for cell in _first_column(text) if cell not in {"code", "other"}]
    assert codes == [str(int(code)) for code in ExitCode]


def test_the_names_of_the_exit_codes_are_the_program_s() -> None:
    rows = re.findall(r"^\| (\d+) \| (\w+) \|", _text("docs/reference/exit-codes.md"), re.MULTILINE)
    assert rows == [(str(int(code)), code.name) for code in ExitCode]


def test_every_variable_of_the_guard_s_own_is_explained() -> None:
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "guard").rglob("*.py"))
    used = {name for source in sources for name in re.findall(r"\bGUARD_[A-Z_]+\b", source)}
    for name in ("README.md", "docs/reference/environment.md"):
        assert set(re.findall(r"\bGUARD_[A-Z_]+\b", _text(name))) == used


@pytest.mark.parametrize(
    ("heading", "table"),
    [
        ("Top level", PolicyFile),
        ("`[[publisher]]`", PublisherTable),
        ("`identities`", IdentityTable),
        ("`[[index]]`", IndexTable),
        ("`[[deny]]`", DenyTable),
        ("`[[exempt]]`", ExemptTable),
        ("`[[group]]`", GroupTable),
        ("`[signature]`", SignatureTable),
    ],
)
def test_every_key_of_a_policy_is_explained(heading: str, table: type) -> None:
    explained = _first_column(_section(_text("docs/reference/policy.md"), heading))[1:]
    assert sorted(explained) == sorted(keys(table))


@pytest.mark.parametrize(
    ("heading", "table"),
    [
        ("Top level", CasesFile),
        ("`[[case]]`", CaseTable),
        ("`publisher`", AttestedTable),
        ("`content`", ContentTable),
        ("`before`", BeforeTable),
        ("`advisories`", AdvisoryTable),
        ("`overwrites`", OverwrittenTable),
    ],
)
def test_every_key_of_a_case_is_explained(heading: str, table: type) -> None:
    explained = _first_column(_section(_text("docs/reference/policy-cases.md"), heading))[1:]
    assert sorted(explained) == sorted(keys(table))


@every_page
def test_commands_are_ones_that_the_program_takes(page: Path) -> None:
    for words in _commands(page):
        if words in (["--help"], ["--version"]):  # they end the program, and well
            continue
        assert parser().parse_args(words).module


@every_page
def test_policies_are_ones_that_the_program_reads(page: Path, tmp_path: Path) -> None:
    for text in _blocks(page, "toml"):
        document = tomllib.loads(text)
        if "case" in document:
            assert cases_in(document, source=_title(page), now=NOW)
        elif "tool" in document:
            (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
            load(str(tmp_path / "pyproject.toml"))
        else:
            parse(text, source=_title(page))


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    prose = _PROSE_FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in _LINK.findall(prose):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        place = (page.parent / name).resolve() if name else page
        assert place.exists(), target
        if anchor:
            assert anchor in _slugs(place), target


@every_page
def test_no_page_names_the_host_of_a_registry(page: Path) -> None:
    hosts = re.compile(r"\bpy(?:pi)\.(?:org|io)\b|python(?:hosted)\b|registry\.npm|npm(?:js)\.")
    assert not hosts.search(page.read_text(encoding="utf-8"))


def test_every_page_can_be_reached_from_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / link).resolve() for link in _LINK.findall(index.read_text("utf-8"))}
    assert {path for path in pages() if path.parent != ROOT} - {index} <= linked


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads(_text("pyproject.toml"))["project"]
    extras = project["optional-dependencies"].values()
    every = [*project["dependencies"], *(text for extra in extras for text in extra)]
    declared = [Requirement(text).name for text in every]
    explained = re.findall(r"^## `(.*)`$", _text("docs/concepts/dependencies.md"), re.MULTILINE)
    assert explained == declared


@pytest.mark.parametrize(
    ("name", "groups"), [("run", []), ("dev", ["test", "lint"])], ids=["run", "dev"]
)
def test_every_dependency_is_pinned_within_its_bounds(name: str, groups: list[str]) -> None:
    document = tomllib.loads(_text("pyproject.toml"))
    asked = document["project"]["dependencies"] + document["build-system"]["requires"]
    asked += [text for group in groups for text in document["dependency-groups"][group]]
    text = _text(f"requirements/{name}.txt")
    lines = (Requirement(pin) for pin in re.findall(r"^\w.*(?= \\$)", text, re.MULTILINE))
    pinned = {canonicalize_name(pin.name): pin for pin in lines}
    for requirement in map(Requirement, asked):
        pin = pinned.get(canonicalize_name(requirement.name))
        assert pin is not None, f"{requirement}: run `make pins`"
        [version] = pin.specifier
        assert requirement.specifier.contains(version.version), f"{requirement}: run `make pins`"
        assert requirement.extras <= pin.extras, f"{requirement}: run `make pins`"


@pytest.mark.parametrize("name", ["run", "dev"])
def test_pins_are_names_versions_and_hashes_and_nothing_else(name: str) -> None:
    line = re.compile(
        r"[a-z0-9-]+(\[[a-z0-9, -]+\])?==\S+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?"
    )
    lines = _text(f"requirements/{name}.txt").splitlines()
    assert [each for each in lines if not line.fullmatch(each)] == []


def test_the_first_screen_of_the_readme_is_one_screen() -> None:
    assert _text("README.md").partition("\n## ")[0].count("\n") <= 40
