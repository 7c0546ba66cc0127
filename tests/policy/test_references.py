"""What a policy points to is a part of what is trusted, and is found from the policy's folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

from guard.errors import PolicyError
from guard.policy import Files, Trust, effective, load
from guard.rules.suspicious_code import SuspiciousCode

POLICY: Final = """\
[rules.suspicious-code]
rules = ["yara"]

[[index]]
name = "internal"
url = "https://packages.example.com/simple/"
trust-root = "root.json"
"""
RULE: Final = 'rule frob { strings: $a = "frob" condition: $a }\n'


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    (tmp_path / "checkout/.git").mkdir(parents=True)
    (tmp_path / "checkout/yara").mkdir()
    (tmp_path / "checkout/yara/own.yar").write_text(RULE)
    (tmp_path / "checkout/root.json").write_text('{"certificateAuthorities": []}')
    path = tmp_path / "checkout/guard.toml"
    path.write_text(POLICY)
    return path


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return Trust(tmp_path / "state")


def trusted(policy: Path, trust: Trust) -> bool:
    _, (layer,) = effective(Files(folder=policy.parent, trusted=trust.entries()))
    return layer.trusted


def test_paths_are_seen_from_the_policys_own_folder(
    policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    loaded = load("checkout/guard.toml")
    assert loaded.rule(SuspiciousCode).rules == (str(policy.parent / "yara"),)
    assert [entry.trust_root for entry in loaded.indexes] == [str(policy.parent / "root.json")]


def test_paths_in_full_and_below_home_stay(policy: Path, tmp_path: Path) -> None:
    text = POLICY.replace("yara", str(tmp_path)).replace("root.json", "~/root.json")
    policy.write_text(text)
    loaded = load(str(policy))
    assert loaded.rule(SuspiciousCode).rules == (str(tmp_path),)
    assert [entry.trust_root for entry in loaded.indexes] == [str(Path.home() / "root.json")]


@pytest.mark.parametrize("path", [r"a\u0000b", "~nobody-of-that-name/x"])
def test_what_is_no_path_is_an_error_at_its_key(policy: Path, path: str) -> None:
    for old, at in (
        ("yara", "rules.suspicious-code.rules[0]"),
        ("root.json", "index[0].trust-root"),
    ):
        policy.write_text(POLICY.replace(old, path))
        with pytest.raises(PolicyError, match="is no path") as caught:
            load(str(policy))
        assert caught.value.at == at


@pytest.mark.parametrize(
    "text", ["index = 1", "index = [1]", "rules = 1", "[rules]\nsuspicious-code = 1"]
)
def test_another_shape_is_left_to_its_reader(policy: Path, text: str) -> None:
    policy.write_text(text)
    with pytest.raises(PolicyError, match="expected"):
        load(str(policy))


@pytest.mark.parametrize("name", ["yara/own.yar", "yara/another.yara", "root.json"])
def test_a_file_that_changes_asks_again(policy: Path, trust: Trust, name: str) -> None:
    trust.add(policy)
    assert trusted(policy, trust)
    path = policy.parent / name
    before = path.read_text() if path.exists() else None
    path.write_text(f"{before or ''}// something else\n")
    assert not trusted(policy, trust)
    path.unlink()
    if before is not None:
        path.write_text(before)
    assert trusted(policy, trust)


def test_what_else_lies_there_does_not_count(policy: Path, trust: Trust) -> None:
    trust.add(policy)
    (policy.parent / "yara/README").write_text("words\n")
    assert trusted(policy, trust)


@pytest.mark.parametrize("name", ["root.json", "yara/own.yar"])
@pytest.mark.parametrize("what", ["a pipe", "endless", "huge", "gone"])
def test_what_cannot_be_read_to_its_end_is_an_error_and_never_waited_for(
    policy: Path, trust: Trust, name: str, what: str
) -> None:
    path = policy.parent / name
    trust.add(policy)
    path.unlink()
    if what == "a pipe":
        os.mkfifo(path)
    elif what == "endless":
        path.symlink_to("/dev/zero")
    elif what == "huge":
        with path.open("wb") as stream:
            stream.truncate(1 << 30)
    with pytest.raises(PolicyError):
        trusted(policy, trust)
    with pytest.raises(PolicyError):
        trust.add(policy)


def test_what_nobody_has_trusted_is_not_read(policy: Path, trust: Trust) -> None:
    """A checkout can point to anything."""
    (policy.parent / "root.json").unlink()
    os.mkfifo(policy.parent / "root.json")
    assert not trusted(policy, trust)
    effect, _ = effective(Files(folder=policy.parent))
    assert effect.facts_by().rule(SuspiciousCode).rules == ()
    assert effect.facts_by().indexes == ()
