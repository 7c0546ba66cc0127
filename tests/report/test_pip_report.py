"""pip's installation report, as other tools read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from guard.errors import UsageError
from guard.model import Admitted, Requested
from guard.report.pip_report import write
from tests.builders import a_candidate, a_file, a_listing, a_verdict
from tests.wheels import Artifact, a_wheel


def reported(folder: Path, artifact: Artifact, **changes: Any) -> dict[str, Any]:
    """The report on one wheel that was admitted."""
    candidate = a_candidate(file=a_file(artifact.name, artifact.version), **changes)
    admitted = Admitted(a_verdict(candidate), artifact.write_to(folder), artifact.sha256)
    write(folder / "report.json", [admitted], {"python_version": "3.11"})
    document: dict[str, Any] = json.loads((folder / "report.json").read_text())
    assert document["version"] == "1"
    assert document["environment"] == {"python_version": "3.11"}
    (item,) = document["install"]
    return dict(item)


def test_an_item_is_what_pip_would_say(tmp_path: Path) -> None:
    wheel = a_wheel("frob", "1.0", requires=["dep>=2"], requires_python=">=3.8")
    assert reported(tmp_path, wheel) == {
        "download_info": {
            "url": "https://files.example.com/frob-1.0-py3-none-any.whl",
            "archive_info": {
                "hash": f"sha256={wheel.sha256}",
                "hashes": {"sha256": wheel.sha256},
            },
        },
        "is_direct": False,
        "is_yanked": False,
        "requested": True,
        "metadata": {
            "metadata_version": "2.2",
            "name": "frob",
            "version": "1.0",
            "requires_python": ">=3.8",
            "requires_dist": ["dep>=2"],
        },
    }


def test_how_it_was_asked_for(tmp_path: Path) -> None:
    item = reported(
        tmp_path,
        a_wheel("frob", "1.0"),
        requested=Requested(direct_url="https://files.example.com/frob-1.0-py3-none-any.whl"),
        listing=a_listing(yanked=""),
    )
    assert (item["is_direct"], item["is_yanked"], item["requested"]) == (True, True, False)


def test_the_metadata_is_the_wheels_own_and_not_that_of_what_it_carries(tmp_path: Path) -> None:
    carried = {
        "aaa/_vendor/other-9.dist-info/METADATA": "Metadata-Version: 2.1\nName: other\n",
        "frob.py": "",
    }
    item = reported(tmp_path, a_wheel("frob", "1.0", files=carried))
    assert item["metadata"]["name"] == "frob"


def test_a_wheel_without_metadata_is_said(tmp_path: Path) -> None:
    path = tmp_path / "frob-1.0-py3-none-any.whl"
    for body in (b"", b"not a zip file", b"PK\x05\x06" + bytes(18)):
        path.write_bytes(body)
        admitted = Admitted(a_verdict(a_candidate()), path, "0" * 64)
        with pytest.raises(UsageError, match="has no metadata"):
            write(tmp_path / "report.json", [admitted], {})
    assert not (tmp_path / "report.json").exists()


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="could not be written"):
        write(tmp_path / "missing/report.json", [], {})
