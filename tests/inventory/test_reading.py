"""Which reader a document gets, where its entries stand, and the limits of it all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

import pytest

from guard.errors import UnsupportedError, UsageError
from guard.inventory import Format, read
from guard.inventory._base import Skipped, collected
from tests.inventory.documents import FILES, SHA256, WHEEL, inventory, of, titles

PACKAGE: Final = '[[package]]\nname = "frob"\nversion = "1.0"\n'
UV: Final = f'version = 1\nrequires-python = ">=3.11"\n{PACKAGE}source = {{ editable = "." }}\n'
POETRY: Final = f'{PACKAGE}files = []\n[metadata]\nlock-version = "2.1"\n'
PDM: Final = f'{PACKAGE}[metadata]\nlock_version = "4.5.0"\n'
PYLOCK: Final = (
    'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "frob"\n'
    f'wheels = [{{url = "{FILES}/{WHEEL}", hashes = {{sha256 = "{SHA256}"}}}}]\n'
)
BOM: Final = '{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [%s]}'
COMPONENT: Final = '{"purl": "pkg:pypi/frob@1.0"}'


@pytest.mark.parametrize(
    ("name", "text", "form"),
    [
        ("uv.lock", UV, Format.UV),
        ("a.py.lock", UV, Format.UV),
        ("poetry.lock", POETRY, Format.POETRY),
        ("other.lock", POETRY, Format.POETRY),
        ("pdm.lock", PDM, Format.PDM),
        ("pdm.win.lock", PDM, Format.PDM),
        ("pylock.toml", PYLOCK, Format.PYLOCK),
        ("pylock.dev.toml", PYLOCK, Format.PYLOCK),
        ("lock.toml", PYLOCK, Format.PYLOCK),
        ("requirements.txt", "frob==1.0", Format.REQUIREMENTS),
        ("dev.in", "frob==1.0", Format.REQUIREMENTS),
        ("bom.json", BOM % COMPONENT, Format.CYCLONEDX),
        ("bom.cdx", "\ufeff \n" + BOM % COMPONENT, Format.CYCLONEDX),
        ("a", '{"spdxVersion": "SPDX-2.3", "packages": []}', Format.SPDX),
    ],
)
def test_a_document_is_known(name: str, text: str, form: Format, tmp_path: Path) -> None:
    assert inventory(tmp_path, name, text).format is form


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("bom.xml", '<?xml version="1.0"?><bom/>', "of SBOMs, only JSON"),
        ("bom.json", " <bom/>", "of SBOMs, only JSON"),
        ("bom.spdx", "SPDXVersion: SPDX-2.3\n", "of SBOMs, only JSON"),
        ("package.json", '{"name": "x"}', "neither CycloneDX nor SPDX"),
        ("bom.json", '{"bomFormat": "cyclonedx"}', "neither CycloneDX nor SPDX"),
        ("bom.json", '{"@context": "https://schema.org"}', "neither CycloneDX nor SPDX"),
        ("pyproject.toml", '[project]\nname = "x"\n', "TOML, and no lock file"),
        ("Cargo.lock", PACKAGE, "TOML, and no lock file"),
        ("Pipfile", "[packages]\n", "neither its name nor its content"),
        ("a.whl", b"PK\x03\x04", "neither its name nor its content"),
        ("a", "", "neither its name nor its content"),
    ],
)
def test_another_document_is_refused(
    name: str, text: str | bytes, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(UnsupportedError) as caught:
        inventory(tmp_path, name, text)
    assert reason in str(caught.value.reason)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["uv.lock", "poetry.lock", "pdm.lock", "pylock.toml"])
@pytest.mark.parametrize("text", [UV, POETRY, PDM, PYLOCK])
def test_a_name_decides_over_the_content(name: str, text: str, tmp_path: Path) -> None:
    """The tool that a name belongs to reads it as its own, whatever it looks like."""
    own = {"uv.lock": UV, "poetry.lock": POETRY, "pdm.lock": PDM, "pylock.toml": PYLOCK}[name]
    if text == own:
        assert inventory(tmp_path, name, text).format == name
    else:
        with pytest.raises(UsageError):
            inventory(tmp_path, name, text)


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    for path in (tmp_path / "uv.lock", tmp_path, tmp_path / "a.txt", Path("nul\0.json")):
        with pytest.raises(UsageError, match="could not be read"):
            read(path)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is nothing without an end")
def test_a_document_without_an_end_is_refused() -> None:
    with pytest.raises(UsageError, match="could not be read"):
        read(Path("/dev/zero"))


def test_there_may_not_be_too_many_entries(tmp_path: Path) -> None:
    items = [Skipped("x")] * 5
    assert len(collected(tmp_path, Format.SPDX, items, most=5).skipped) == 5
    with pytest.raises(UsageError, match="has more than 4 entries"):
        collected(tmp_path, Format.SPDX, items, most=4)


@pytest.mark.parametrize(
    "hidden",
    [
        '"""\n[[package]]\n"""',
        "'''\n[[package]]\n'''",
        '"""\\"""\n[[package]]\n""""',
        '"""""\n[[package]]\n"""""',
        "'''''\n[[package]]\n'''''",
        '"""\\\\"""# """\n#[[package]]',
        "\"a'''b\" # '''\n# [[package]]",
        '\'"""\' # """\n# [[package]]',
        '[\n  "a", # [[package]]\n  """\n[[package]]""",\n[\n[1]\n]]',
    ],
)
def test_a_header_in_a_string_is_none(hidden: str, tmp_path: Path) -> None:
    text = f'version = 1\nrequires-python = ">=3.11"\nx = {hidden}\n\n'
    text += f'  [[ package ]] # """\nname = "frob"\nsource = {{ editable = "." }}\ny = {hidden}\n'
    text += '[[package]]\r\nname = "dep"\r\nsource = { editable = "." }\r\n'
    found = inventory(tmp_path, "uv.lock", text)
    lines = text.split("\n")
    for name in ("frob", "dep"):
        line = of(found, name).line
        assert line is not None
        assert "[[" in lines[line - 1]
        assert f'name = "{name}"' in lines[line]


@pytest.mark.parametrize(
    "packages",
    [
        'package = [{ name = "frob", source = { editable = "." } }]\n',
        '[["package"]]\nname = "frob"\nsource = { editable = "." }\n',
    ],
)
def test_where_lines_cannot_be_known_there_are_none(packages: str, tmp_path: Path) -> None:
    text = f'version = 1\nrequires-python = ">=3.11"\n{packages}'
    assert of(inventory(tmp_path, "uv.lock", text), "frob").line is None


@pytest.mark.parametrize(
    "toml",
    [
        "a." * 100_000 + "a = 1",
        '"a".' * 100_000 + "a = 1",
        "a . " * 100_000 + "a = 1",
        "x = {" + "a." * 100_000 + "a = 1}",
        "x = " + "[" * 100_000,
        "x = " + "{a = " * 100_000,
        f"x = {'9' * 5000}",
        '"\\' * 100_000,
        "'''\"\"\"" * 100_000,
        "[[package]]\n[[package.x]]\n[package]\n",
        "a = 1\na = 2",
        "\x00",
        "x = \ud800",
    ],
)
def test_toml_that_would_take_for_ever_is_refused_at_once(toml: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not TOML"):
        inventory(tmp_path, "uv.lock", toml)


@pytest.mark.parametrize(
    "text",
    [
        '{"bomFormat": "CycloneDX", "bomFormat": "CycloneDX"}',
        BOM % '{"purl": "pkg:pypi/frob@1.0", "purl": "pkg:pypi/evil@1.0"}',
        BOM % '{"purl": "pkg:pypi/frob@1.0", "\\u0070url": "pkg:pypi/evil@1.0"}',
        BOM.replace("}", ', "components": []}') % COMPONENT,
        BOM % ("[" * 100_000),
        BOM % ('{"components":[' * 100_000),
        BOM % ("9" * 5000),
        BOM % "NaN",
        BOM % "-Infinity",
        BOM % f"{COMPONENT},",
        BOM % f",{COMPONENT}",
        BOM % f"{COMPONENT} {COMPONENT}",
        BOM % "{'purl': 1}",
        BOM % COMPONENT + "x",
        BOM % COMPONENT + BOM % COMPONENT,
        '{"a" 1}',
        '{"a": 1,}',
        "{1: 1}",
        '{"a": }',
        "{,}",
        "{",
        '{"a',
        '{"a": [',
        b'{"a": "\xff"}',
    ],
)
def test_json_that_two_would_read_differently_is_refused(text: str | bytes, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not JSON"):
        inventory(tmp_path, "bom.json", text)


def test_json_may_be_laid_out_in_any_way(tmp_path: Path) -> None:
    document = json.loads(BOM % f"{COMPONENT}, {COMPONENT.replace('frob', 'dep')}")
    for text in (
        json.dumps(document),
        json.dumps(document, indent="\t").replace("\n", "\r\n"),
        json.dumps(document, separators=("\n,\n", " : ")),
    ):
        found = inventory(tmp_path, "bom.json", text)
        assert titles(found) == ["frob 1.0", "dep 1.0"]
        rows = text.split("\n")
        assert [rows[(each.line or 0) - 1].count("{") for each in found.listed] != [0, 0]


def test_an_empty_document_names_nothing(tmp_path: Path) -> None:
    assert inventory(tmp_path, "bom.json", BOM % "").listed == ()
    assert inventory(tmp_path, "uv.lock", UV.partition("[[")[0]).listed == ()
    assert inventory(tmp_path, "requirements.txt", "").listed == ()


@pytest.mark.skipif(os.name != "posix", reason="there are no such pipes elsewhere")
def test_a_pipe_in_place_of_a_document_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "uv.lock")
    with pytest.raises(UsageError, match="could not be read"):
        read(tmp_path / "uv.lock")
