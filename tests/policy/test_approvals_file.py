"""`approvals.toml` as it is written: sorted, nobody's comment lost, whole or not at all."""

from __future__ import annotations

import os
import stat
import subprocess
import threading
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from guard.approval import Accepted, Approval, ApprovedFile
from guard.errors import PolicyError
from guard.model import RuleId
from guard.policy.approvals import approvals_in
from guard.policy.approvals_file import ApprovalsFile
from guard.policy.approvals_text import HEAD, added, block, removed
from guard.policy.load import decoded
from tests.builders import a_digest
from tests.policy.approving import ENTRY, an_approval

SOURCE: Final = "approvals.toml"
COMMENTED: Final = f"""\
# What our gateway may run.

# Bob has read this one, line by line.
{ENTRY.replace("reason =", "# a remark inside" + chr(10) + "reason =")}
# A word at the end.
"""

INLINE: Final = f"""\
approval = [{{ name = "litellm", version = "1.82.6", reason = "x", approved-by = "y", \
approved-at = 2026-01-01T00:00:00Z, files = [{{ filename = "a", sha256 = "{a_digest()}" }}] }}]
"""
"""As TOML allows, and nobody writes."""


def read(text: str) -> tuple[Approval, ...]:
    return approvals_in(decoded(text.encode(), SOURCE), source=SOURCE).entries


def titles(text: str) -> list[str]:
    return [entry.title for entry in read(text)]


def test_an_approval_is_a_block_with_a_line_for_each_file() -> None:
    entry = replace(
        an_approval(accepted=(("fresh-upload", "uploaded 2 hours ago"),), expires="2027-03-01"),
        files=(
            ApprovedFile(filename="b.whl", sha256="b" * 64),
            ApprovedFile(filename="a.whl", sha256="a" * 64, judged=True),
        ),
        identities=((("kind", "GitHub"), ("repository", "BerriAI/litellm")),),
    )
    assert block(entry).replace("a" * 64, "aa…").replace("b" * 64, "bb…") == snapshot("""\
[[approval]]
name = "litellm"
version = "1.82.6"
files = [
    { filename = "a.whl", sha256 = "aa…", judged = true },
    { filename = "b.whl", sha256 = "bb…" },
]
identities = [
    { kind = "GitHub", repository = "BerriAI/litellm" },
]
accepted = [
    { rule = "fresh-upload", finding = "uploaded 2 hours ago" },
]
reason = "the gateway needs it"
approved-by = "sec@example.com"
approved-at = 2026-03-01T12:00:00Z
expires = 2027-03-01
""")


def test_what_is_added_is_put_in_order() -> None:
    text = added("", [an_approval("zlib-ng"), an_approval("attrs")], source=SOURCE)
    assert text.startswith(HEAD)
    text = added(text, [an_approval(version="1.9"), an_approval(version="1.10")], source=SOURCE)
    assert titles(text) == ["attrs 1.82.6", "litellm 1.9", "litellm 1.10", "zlib-ng 1.82.6"]
    again = added("", [*read(text)], source=SOURCE)
    assert again == text, "whatever the order in which it came about"


def test_every_comment_stays_with_what_it_stands_above() -> None:
    text = added(COMMENTED, [an_approval("attrs"), an_approval("zlib-ng")], source=SOURCE)
    assert titles(text) == ["attrs 1.82.6", "litellm 1.82.6", "zlib-ng 1.82.6"]
    lines = text.splitlines()
    assert lines[0] == "# What our gateway may run."
    bob = lines.index("# Bob has read this one, line by line.")
    assert lines[bob + 1 : bob + 3] == ["[[approval]]", 'name = "litellm"']
    assert "# a remark inside" in lines
    assert "# A word at the end." in lines
    assert removed(text, lambda entry: entry.name != "litellm", source=SOURCE) == COMMENTED


def test_nothing_changes_where_nothing_is_taken_away() -> None:
    assert removed(COMMENTED, lambda entry: False, source=SOURCE) == COMMENTED
    assert added(COMMENTED, [], source=SOURCE) == COMMENTED


def test_a_release_that_is_approved_again_takes_the_place_of_what_it_covers() -> None:
    text = added("", [an_approval(expires="2026-05-01")], source=SOURCE)
    text = added(text, [an_approval(expires="2027-05-01", days_ago=0)], source=SOURCE)
    (entry,) = read(text)
    assert str(entry.expires) == "2027-05-01"
    other = an_approval(sha256=a_digest(b"of another platform"), days_ago=0)
    assert len(read(added(text, [other], source=SOURCE))) == 2, "it has judged another file"


def test_branches_that_approve_different_projects_are_merged_by_git(tmp_path: Path) -> None:
    entries = [an_approval(name) for name in ("attrs", "numpy", "zope")]
    base = added("", entries, source=SOURCE)
    one = added(base, [an_approval("httpx")], source=SOURCE)
    other = added(base, [an_approval("pydantic")], source=SOURCE)
    paths = [tmp_path / name for name in ("one", "base", "other")]
    for path, text in zip(paths, (one, base, other), strict=True):
        path.write_text(text)
    merged = subprocess.run(
        ["git", "merge-file", "--stdout", *paths], capture_output=True, text=True, check=True
    ).stdout
    expected = added(one, [an_approval("pydantic")], source=SOURCE)
    assert merged == expected


@pytest.mark.parametrize(
    "text",
    [
        INLINE,
        ENTRY.replace('"the gateway needs it"', '"""\n[[approval]]\n"""'),
        ENTRY.replace("[[approval]]", '[["approval"]]'),
        f"[other]\n{ENTRY}",
    ],
)
def test_a_layout_of_somebody_else_is_left_as_it_is(text: str) -> None:
    with pytest.raises(PolicyError):
        added(text, [an_approval("attrs")], source=SOURCE)


WORDS: Final = st.text(min_size=1, max_size=30).filter(lambda text: "\x00" not in text)


@settings(deadline=None)
@given(
    reason=WORDS,
    by=WORDS,
    finding=WORDS,
    filename=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30),
    names=st.lists(st.sampled_from(["a", "b", "c", "litellm"]), max_size=4, unique=True),
)
def test_whatever_is_written_is_read_again(
    reason: str, by: str, finding: str, filename: str, names: list[str]
) -> None:
    entry = replace(
        an_approval(),
        reason=reason,
        approved_by=by,
        files=(ApprovedFile(filename=filename, sha256=a_digest(), judged=True),),
        accepted=(Accepted(rule=RuleId("fresh-upload"), finding=finding),),
    )
    text = added(COMMENTED, [entry, *map(an_approval, names)], source=SOURCE)
    (again,) = (e for e in read(text) if e.files == entry.files)
    assert (again.reason, again.approved_by) == (reason, by)
    assert again.accepted == entry.accepted
    assert added(text, [], source=SOURCE) == text


# On disk


@pytest.fixture
def file(tmp_path: Path) -> ApprovalsFile:
    return ApprovalsFile(tmp_path / "approvals.toml", tmp_path / "locks")


def approve(file: ApprovalsFile, *names: str) -> None:
    with file.held():
        file.change(lambda text: added(text, map(an_approval, names), source=str(file.path)))


def test_everybody_may_read_it_and_a_narrower_mode_stays(file: ApprovalsFile) -> None:
    approve(file, "attrs")
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o644
    file.path.chmod(0o640)
    approve(file, "httpx")
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o640
    assert titles(file.path.read_text()) == ["attrs 1.82.6", "httpx 1.82.6"]


def test_a_change_that_fails_leaves_it_as_it_was(file: ApprovalsFile) -> None:
    approve(file, "attrs")
    before = file.path.read_bytes()

    def interrupted(text: str) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), file.held():
        file.change(interrupted)
    with pytest.raises(PolicyError), file.held():
        file.change(lambda text: removed(text + "[[", lambda entry: True, source="x"))
    assert file.path.read_bytes() == before
    assert not [path for path in file.path.parent.iterdir() if path.suffix == ".part"]


def test_a_link_is_replaced_and_what_it_names_is_not_written_to(
    file: ApprovalsFile, tmp_path: Path
) -> None:
    """A checkout may hold a link to anything."""
    victim = tmp_path / "victim"
    victim.write_text("# mine\n")
    file.path.symlink_to(victim)
    approve(file, "attrs")
    assert victim.read_text() == "# mine\n"
    assert not file.path.is_symlink()


def test_what_is_no_file_is_not_waited_for(file: ApprovalsFile) -> None:
    os.mkfifo(file.path)
    with pytest.raises(PolicyError, match="is no file"):
        approve(file, "attrs")


def test_what_is_not_text_is_an_error(file: ApprovalsFile) -> None:
    file.path.write_bytes(b"\xff")
    with pytest.raises(PolicyError, match="not UTF-8"):
        approve(file, "attrs")


def test_many_at_once_lose_nothing(file: ApprovalsFile) -> None:
    names = [f"project-{n}" for n in range(12)]
    threads = [threading.Thread(target=approve, args=(file, name)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(titles(file.path.read_text())) == sorted(f"{name} 1.82.6" for name in names)
