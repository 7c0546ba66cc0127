"""A lock of known old versions has the advisories that the real records have for them, no others.

What is expected comes from the records as they were published, and from `packaging` alone.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from typing import Any, Final

import pytest
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from tests.advisory.records import REAL
from tests.e2e.guarded import Guard

OLD: Final = {
    "requests": "2.19.0",
    "urllib3": "1.24",
    "jinja2": "2.10",
    "pillow": "8.0",
    "django": "3.2.0",
    "pyyaml": "5.1",
    "six": "1.16.0",
}
"""The last of them has nothing against it."""

pytestmark = pytest.mark.skipif(not REAL.is_file(), reason=f"there is no {REAL}")


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    with zipfile.ZipFile(REAL) as archive:
        names = [name for name in archive.namelist() if name.endswith(".json")]
        return [json.loads(archive.read(name)) for name in names]


def expected(records: list[dict[str, Any]], name: str, version: Version) -> set[str]:
    return {
        record["id"]
        for record in records
        if "withdrawn" not in record
        if any(affects(affected, name, version) for affected in record.get("affected", ()))
    }


def affects(affected: dict[str, Any], name: str, version: Version) -> bool:
    package = affected["package"]
    if package["ecosystem"] != "PyPI" or canonicalize_name(package["name"]) != name:
        return False
    listed = affected.get("versions", ())
    if version in set(parsed(listed)):
        return True
    ranges = (each for each in affected.get("ranges", ()) if each["type"] == "ECOSYSTEM")
    return any(inside(each["events"], version) for each in ranges)


def inside(events: list[dict[str, str]], version: Version) -> bool:
    """The last event that is not later than the version decides."""
    affected = False
    order = sorted((Version(text), kind) for event in events for kind, text in event.items())
    for at, kind in order:
        if kind == "introduced" and version >= at:
            affected = True
        elif (kind == "fixed" and version >= at) or (kind == "last_affected" and version > at):
            affected = False
    return affected


def parsed(texts: list[str]) -> Iterator[Version]:
    for text in texts:
        try:
            yield Version(text)
        except InvalidVersion:
            continue


@pytest.fixture
def fed(guard: Guard) -> Guard:
    assert guard("feed", "import", REAL).code == 0
    return guard


def test_exactly_the_advisories_of_the_real_records(
    fed: Guard, records: list[dict[str, Any]]
) -> None:
    lock = fed.work / "requirements.txt"
    lock.write_text("".join(f"{name}=={version}\n" for name, version in OLD.items()))
    ran = fed("audit", "requirements.txt", "--offline", "--output-format", "json")
    found = {
        each["name"]: {record["id"] for record in each["advisories"]["records"]}
        for each in ran.report["candidates"]
    }
    wanted = {name: expected(records, name, Version(text)) for name, text in OLD.items()}
    assert found == wanted
    assert found["six"] == set()
    assert all(found[name] for name in OLD if name != "six"), "the records know all others"


def test_they_are_denied_at_their_lines_where_the_policy_says_so(fed: Guard) -> None:
    """The snapshot is as old as it is: what is too old counts as missing, and that is said."""
    lock = fed.work / "requirements.txt"
    lock.write_text("".join(f"{name}=={version}\n" for name, version in OLD.items()))
    ran = fed("audit", "requirements.txt", "--offline")
    assert "the advisories are too old" in ran.out
    policy = fed.work / "old.toml"
    policy.write_text(
        'extends = "default"\n[rules.known-vulnerability]\nlevel = "deny"\nmax-age = "9999 days"\n'
    )
    ran = fed("audit", "requirements.txt", "--offline", "--policy", policy)
    assert ran.code == 77
    block = ran.finding("known-vulnerability")
    assert block.startswith("denied[known-vulnerability]: 6 releases\n")
    for line, (name, version) in enumerate(OLD.items(), 1):
        title = f"--> {name} {Version(version)} (requirements.txt:{line}): "
        assert (title in block) is (name != "six")
