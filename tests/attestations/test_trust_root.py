"""Whom the guard believes: a file that nobody can have changed, or one that the user named."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any, Final

import pytest

import guard
from guard.errors import PolicyError
from guard.sources import trust_root
from guard.sources.trust_root import TrustRoot
from guard.sources.verifier import Verifier
from tests.attestations.minting import CONTENT, FILENAME, verified
from tests.e2e.guarded import TIMEOUT, Guard
from tests.local_sigstore import Identity, LocalSigstore

NOW: Final = datetime(2026, 11, 23, tzinfo=UTC)
SHIPPED: Final = "6494e21ea73fa7ee769f85f57d5a3e6a08725eae1e38c755fc3517c9e6bc0b66"


def _shipped() -> dict[str, Any]:
    raw = (resources.files("guard") / "trust" / "trusted_root.json").read_bytes()
    document: dict[str, Any] = json.loads(raw)
    return document


def refreshed(state: Path, made: object, document: object) -> None:
    """What `guard doctor --refresh-trust-root` leaves behind."""
    state.mkdir(exist_ok=True)
    kept = {"made": made, "trustedRoot": document}
    (state / "trusted_root.json").write_text(json.dumps(kept), encoding="utf-8")


def test_the_root_that_is_shipped_is_the_one_that_was_released(tmp_path: Path) -> None:
    root = trust_root.public(tmp_path)
    assert (root.sha256, root.name) == (SHIPPED, "shipped")
    assert list(tmp_path.iterdir()) == []


def test_a_shipped_root_that_was_changed_is_not_used(guard: Guard) -> None:
    """A copy of the whole guard, in which somebody touched one file."""
    copy = guard.folder / "copy"
    shutil.copytree(
        Path(_source()), copy / "guard", ignore=shutil.ignore_patterns("__pycache__", "policies")
    )
    shutil.copytree(Path(_source()).parent / "policies", copy / "policies")
    root = copy / "guard" / "trust" / "trusted_root.json"
    root.write_bytes(root.read_bytes() + b"\n")
    (guard.work / FILENAME).write_bytes(CONTENT)
    (guard.work / f"{FILENAME}.provenance").write_bytes(b"{}")
    done = subprocess.run(
        [sys.executable, "-m", "guard", "verify", FILENAME],
        cwd=guard.work,
        env=guard.environment(PYTHONPATH=str(copy)),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 70, done.stderr
    assert "the trust root that came with the guard was changed" in done.stderr
    assert done.stdout == ""


def _source() -> str:
    (folder,) = guard.__path__
    return folder


def test_a_root_of_ones_own_is_believed(
    sigstore: LocalSigstore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = sigstore.publish(FILENAME, CONTENT, Identity.github())
    (tmp_path / "root.json").write_bytes(sigstore.trusted_root_json())
    configuration = {
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": json.loads(sigstore.trusted_root_json()),
        "signingConfig": {},
    }
    (tmp_path / "configuration.json").write_text(json.dumps(configuration), encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    plain, configured, home = (
        trust_root.from_file(name)
        for name in (
            str(tmp_path / "root.json"),
            str(tmp_path / "configuration.json"),
            "~/root.json",
        )
    )
    assert plain.sha256 == configured.sha256 == home.sha256
    assert plain.name == str(tmp_path / "root.json")
    assert len(verified(Verifier(configured), raw).attestations) == 1
    assert not plain.probably_too_old(NOW), "nobody knows how old it is"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not JSON"),
        (b"\x00\xff", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "is no trust root"),
        (b"{}", "is no trust root"),
        (b'"certificateAuthorities"', "is no trust root"),
        (b'{"trustedRoot": []}', "is no trust root"),
        (b'{"trustedRoot": {}}', "is no trust root"),
        (b" " * 1_000_001, "is no trust root"),
    ],
)
def test_what_is_no_root_is_a_mistake_of_the_policy(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "root.json"
    path.write_bytes(content)
    with pytest.raises(PolicyError, match=words) as caught:
        trust_root.from_file(str(path))
    assert caught.value.source == str(path)


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_a_root_that_cannot_be_read_is_a_mistake_of_the_policy(tmp_path: Path, name: str) -> None:
    with pytest.raises(PolicyError, match="could not be read"):
        trust_root.from_file(str(tmp_path / name))


@pytest.mark.parametrize(
    "document",
    [
        {"certificateAuthorities": []},
        {"certificateAuthorities": None, "tlogs": 7},
        {"certificateAuthorities": [{"certChain": {"certificates": [{"rawBytes": "AAAA"}]}}]},
    ],
)
def test_a_root_of_which_nothing_can_be_made_is_a_mistake_of_the_policy(
    document: object,
) -> None:
    with pytest.raises(PolicyError, match="the trust root `mine` cannot be used") as caught:
        Verifier(TrustRoot(json.dumps(document).encode(), "mine"))
    assert caught.value.source == "mine"
    assert caught.value.reason


def test_a_root_that_was_refreshed_since_is_used(tmp_path: Path) -> None:
    newer = {**_shipped(), "extra": 1}
    refreshed(tmp_path, NOW.isoformat(), newer)
    root = trust_root.public(tmp_path)
    assert (root.name, root.made) == ("refreshed", NOW)
    assert json.loads(root.content) == newer


def test_a_guard_that_is_newer_than_what_was_refreshed_brings_its_own(tmp_path: Path) -> None:
    refreshed(tmp_path, datetime(2025, 9, 21, tzinfo=UTC).isoformat(), _shipped())
    assert trust_root.public(tmp_path).name == "shipped"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"{}",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"made": "2026-11-23T00:00:00+00:00"}',
        b'{"made": "yesterday", "trustedRoot": {"certificateAuthorities": []}}',
        b'{"made": 7, "trustedRoot": {"certificateAuthorities": []}}',
        b'{"made": "2026-11-23", "trustedRoot": {"certificateAuthorities": []}}',
        b'{"made": "2026-11-23T00:00:00+00:00", "trustedRoot": null}',
        b'{"made": "2026-11-23T00:00:00+00:00", "trustedRoot": {}}',
        b'{"made": "2026-11-23T00:00:00+00:00", "trustedRoot": []}',
    ],
)
def test_what_was_refreshed_and_is_broken_is_not_there(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "trusted_root.json").write_bytes(content)
    assert trust_root.public(tmp_path).sha256 == SHIPPED


def test_a_folder_in_the_place_of_what_was_refreshed_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "trusted_root.json").mkdir()
    assert trust_root.public(tmp_path).sha256 == SHIPPED


@pytest.mark.parametrize(("days", "old"), [(0, False), (730, False), (731, True)])
def test_a_root_is_too_old_in_the_end(tmp_path: Path, days: int, old: bool) -> None:
    root = trust_root.public(tmp_path)
    assert root.made is not None
    assert root.probably_too_old(root.made + timedelta(days=days)) is old


def test_a_root_that_cannot_be_refreshed_stays(guard: Guard) -> None:
    """Sigstore's servers are out of reach here, which is said, and nothing is overwritten."""
    state = guard.folder / "state"
    refreshed(state, NOW.isoformat(), _shipped())
    before = (state / "trusted_root.json").read_bytes()
    ran = guard("doctor", "--refresh-trust-root", GUARD_STATE_DIR=str(state))
    assert ran.code == 69, ran.said
    assert "the trust root could not be refreshed" in ran.err
    assert (state / "trusted_root.json").read_bytes() == before
    assert [path.name for path in state.iterdir()] == ["trusted_root.json"]


def test_the_doctor_says_which_root_and_of_when(guard: Guard) -> None:
    ran = guard("doctor", "--no-index")
    assert f"shipped, of 2025-09-22, sha256 {SHIPPED[:16]}" in ran.out, ran.said
    assert "probably too old" not in ran.out
