"""Approvals: what they let in, what they set aside, and what they never can."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.admission import judge
from guard.approval import NEVER, Accepted, Approval, Approvals, ApprovedFile
from guard.errors import PolicyError
from guard.model import Absent, Candidate, Decision, Finding, Level, RuleId, Unknown
from guard.policy import Files, Policy, Trust, effective, load
from guard.policy.approvals import approvals_in
from guard.policy.layers import approvals_file
from guard.policy.load import decoded, overlay
from guard.policy.policy import Floor
from guard.rules import CATALOGUE
from guard.rules.fresh_upload import FreshUpload
from tests.builders import NOW, a_candidate, a_digest, a_file, a_listing, ago
from tests.policy.approving import ENTRY, an_approval

FRESH: Final = a_candidate(listing=a_listing(upload_time=ago(hours=2)))
YANKED: Final = a_candidate(listing=a_listing(yanked="it breaks"))
OTHER: Final = a_digest(b"other bytes")
SET_ASIDE: Final = an_approval(accepted=(("fresh-upload", "uploaded 2 hours ago"),))
REQUIRED: Final = 'approval = "required"\n'


def policy_of(*entries: Approval, base: str = "default", **table: Any) -> Policy:
    return overlay(table, load(base), source="guard.toml", approvals=Approvals(entries))


def read(text: str) -> tuple[Approval, ...]:
    return approvals_in(decoded(text.encode(), "approvals.toml"), source="approvals.toml").entries


def decision(policy: Policy, candidate: Candidate) -> Decision:
    return judge(candidate, policy).decision


# What is written


def test_an_entry_is_read_as_it_is_written() -> None:
    assert read(ENTRY) == (an_approval(),)
    (entry,) = read(ENTRY.replace("litellm", "Lite.LLM").replace("judged = true", "judged = false"))
    assert entry.name == "lite-llm"
    assert not entry.files[0].judged


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        ('name = "litellm"', 'name = "lite*"', "approval[0]", "invalid"),
        ('name = "litellm"\n', "", "approval[0].name", "missing"),
        ("1.82.6", "new", "approval[0]", "Invalid version"),
        (a_digest(), "abc", "approval[0]", "no sha256"),
        ("judged = true", "opened = true", "approval[0].files[0].opened", "no such key"),
        ("reason =", "why = 'x'\nreason =", "approval[0].why", "no such key"),
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00", "approval[0]", "needs an offset"),
        ("2026-03-01T12:00:00Z", "yesterday", "", "not TOML"),
        ("reason =", "expires = 3\nreason =", "approval[0].expires", "a date"),
        ("reason =", 'accepted = [{ rule = "x", finding = "y" }]\nreason =', "[0]", "no rule 'x'"),
    ],
)
def test_what_is_not_understood_is_an_error_that_names_the_place(
    old: str, new: str, at: str, said: str
) -> None:
    with pytest.raises(PolicyError) as raised:
        read(ENTRY.replace(old, new))
    error = raised.value
    assert at in (error.at or "")
    assert said in f"{error.message} {error.reason or ''}"


@pytest.mark.parametrize("rule", sorted(NEVER))
def test_a_file_that_claims_to_set_aside_what_it_cannot_is_refused(rule: str) -> None:
    claim = f'accepted = [{{ rule = "{rule}", finding = "x" }}]\nreason ='
    with pytest.raises(PolicyError, match="no approval sets") as raised:
        read(ENTRY.replace("reason =", claim))
    assert raised.value.at == "approval[0]"


def test_an_empty_list_of_files_approves_nothing_and_is_refused() -> None:
    lines = [line for line in ENTRY.splitlines() if "filename" not in line]
    with pytest.raises(PolicyError, match="at least one"):
        read("\n".join(lines))


# What is set aside


def test_an_approval_sets_aside_what_its_author_saw() -> None:
    verdict = judge(FRESH, policy_of(SET_ASIDE))
    assert verdict.decision is Decision.ADMITTED
    assert [f.waiver for f in verdict.findings] == ["the gateway needs it (sec@example.com)"]


@pytest.mark.parametrize(
    "entry",
    [
        an_approval(),
        replace(SET_ASIDE, files=an_approval(sha256=OTHER).files),
        replace(SET_ASIDE, files=an_approval(judged=False).files),
        replace(SET_ASIDE, version=an_approval(version="1.82.7").version),
        replace(SET_ASIDE, name=an_approval("frob").name),
        an_approval(accepted=(("yanked-file", "yanked by its project: it breaks"),)),
    ],
)
def test_it_sets_aside_nothing_else(entry: Approval) -> None:
    assert decision(policy_of(entry), FRESH) is Decision.DENIED


def test_an_expired_approval_sets_nothing_aside_and_is_named() -> None:
    entry = an_approval(accepted=(("fresh-upload", "x"),), expires="2026-04-01")
    (finding,) = judge(FRESH, policy_of(entry)).findings
    assert finding.waiver is None
    assert finding.detail[-1] == "approval: expired on 2026-04-01: the gateway needs it"


def test_what_could_not_be_told_is_not_what_was_seen() -> None:
    unknown = a_candidate(listing=a_listing(upload_time=Unknown("no answer")))
    assert decision(policy_of(SET_ASIDE), unknown) is Decision.UNDECIDED


def test_worse_that_is_said_of_the_same_bytes_later_was_not_seen() -> None:
    entry = an_approval(accepted=(("yanked-file", "yanked by its project: it breaks"),))
    assert decision(policy_of(entry), YANKED) is Decision.ADMITTED
    malware = a_candidate(listing=a_listing(yanked="it is malware"))
    assert decision(policy_of(entry), malware) is Decision.DENIED


def test_the_resolver_must_see_a_fresh_file_that_is_approved() -> None:
    project = a_file().project
    assert not policy_of().may_be_fresh(project)
    assert policy_of(SET_ASIDE).may_be_fresh(project)
    assert policy_of(SET_ASIDE).fresh_names() == {"litellm"}


def test_the_resolver_is_told_what_is_approved() -> None:
    project, entries = a_file().project, (an_approval(), an_approval(version="1.83.1"))
    assert policy_of(*entries).approved(project, NOW) is None
    bounded = policy_of(
        *entries, an_approval(version="2", expires="2026-01-01"), approval="required"
    )
    assert bounded.approved(project, NOW) == frozenset(entry.version for entry in entries)
    assert bounded.approved(a_file("frob").project, NOW) == frozenset()
    waived = {"name": "litellm", "rule": "unapproved-file", "reason": "ours"}
    assert policy_of(approval="required", exempt=[waived]).approved(project, NOW) is None


def test_other_bytes_under_the_name_of_an_approved_file_are_a_mismatch() -> None:
    """Whether approval is needed or not, and whatever the index has come to promise."""
    listing = a_listing(hashes={"sha256": OTHER})
    file = a_file(hashes={"sha256": OTHER})
    swapped = a_candidate(file=file, listing=listing, digests={"sha256": OTHER})
    assert decision(policy_of(), swapped) is Decision.ADMITTED
    (finding,) = judge(swapped, policy_of(an_approval())).findings
    assert finding.message == f"sha256 is {OTHER}, approved is {a_digest()}"
    both = (an_approval(), an_approval(sha256=OTHER))
    assert decision(policy_of(*both), swapped) is Decision.ADMITTED


@pytest.mark.parametrize("rule", CATALOGUE)
def test_of_every_rule_it_is_known_whether_an_approval_may_set_it_aside(rule: RuleId) -> None:
    """Even one that claims all of them, as no file can be written."""
    claims = an_approval(accepted=tuple((str(id_), "seen") for id_ in CATALOGUE))
    finding = Finding(rule=rule, level=Level.DENY, message="seen")
    waived = policy_of(claims).waive(finding, a_candidate()).waiver is not None
    assert waived is (rule not in NEVER)
    waiver = [{"name": "litellm", "rule": rule, "reason": "ours"}]
    assert policy_of(exempt=waiver).waive(finding, a_candidate()).waiver == "ours"


def test_what_is_never_set_aside_is_a_rule() -> None:
    assert set(CATALOGUE) >= NEVER


BAD: Final = st.sampled_from(
    [
        {"digests": {"sha256": OTHER}},
        {"digests": {"sha256": a_digest()}, "listing": a_listing(hashes={"sha256": OTHER})},
        {"digests": {"sha256": a_digest()}, "provenance": Unknown("?")},
        {"digests": {"sha256": a_digest()}, "listing": a_listing(upload_time=ago(hours=1))},
        {"digests": {"sha256": a_digest()}, "content": Unknown("?"), "advisories": Unknown("?")},
        {"digests": Unknown("?"), "listing": Absent("gone")},
        {"digests": {"sha256": a_digest()}, "file": a_file(version="1.82.7")},
    ]
)
APPROVALS: Final = st.builds(
    an_approval,
    version=st.sampled_from(["1.82.6", "1.82.7"]),
    sha256=st.sampled_from([None, OTHER]),
    judged=st.booleans(),
    expires=st.sampled_from([None, "2020-01-01", "2036-01-01"]),
    accepted=st.lists(st.tuples(st.sampled_from(sorted(CATALOGUE)), st.just("x")), max_size=5).map(
        tuple
    ),
)
TABLES: Final = st.fixed_dictionaries(
    {},
    optional={
        "approval": st.sampled_from(["optional", "required"]),
        "extends": st.sampled_from(["observe", "default", "strict"]),
        "deny": st.just([{"name": "litellm", "reason": "x"}]),
    },
)


@settings(deadline=None, max_examples=200)
@given(changes=BAD, entries=st.lists(APPROVALS, max_size=3), table=TABLES)
def test_no_approval_admits_what_only_a_waiver_may(
    changes: dict[str, Any], entries: list[Approval], table: dict[str, Any]
) -> None:
    """Even one that claims to, as no file can be written."""
    candidate = a_candidate(**changes)
    base = load("default")
    without = judge(candidate, overlay(table, base, source="guard.toml"))
    approvals = Approvals(tuple(entries))
    verdict = judge(candidate, overlay(table, base, source="guard.toml", approvals=approvals))
    held = {f for f in without.findings if f.holds and f.rule in NEVER - {"unapproved-file"}}
    for finding in held:
        assert any(f.rule == finding.rule and f.holds for f in verdict.findings)
    if held:
        assert verdict.decision is not Decision.ADMITTED


@settings(deadline=None, max_examples=200)
@given(
    changes=BAD,
    entries=st.lists(APPROVALS, max_size=3),
    table=TABLES,
    below=st.sampled_from([{}, {"approval": "required"}, {"extends": "strict"}]),
    own=st.lists(APPROVALS, max_size=1),
)
def test_the_approvals_of_an_untrusted_project_admit_nothing_that_is_denied_below(
    changes: dict[str, Any],
    entries: list[Approval],
    table: dict[str, Any],
    below: dict[str, Any],
    own: list[Approval],
) -> None:
    candidate = a_candidate(**changes)
    base = policy_of(*own, **below)
    above = overlay(table, base, source="guard.toml", approvals=Approvals(tuple(entries)))
    policy = replace(above, floor=Floor(base, "not trusted"))
    if decision(policy, candidate) is Decision.ADMITTED:
        assert decision(base, candidate) is Decision.ADMITTED


# Where they lie


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    (folder / ".git").mkdir(parents=True)
    return folder


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


CLAIM: Final = ENTRY.replace(
    "reason =", 'accepted = [{ rule = "fresh-upload", finding = "x" }]\nreason ='
)


def test_the_approvals_beside_each_policy_count(checkout: Path, tmp_path: Path) -> None:
    system = written(tmp_path / "etc/guard.toml", REQUIRED)
    user = tmp_path / "home/guard.toml"
    files = Files(system=system, user=user, folder=checkout)
    assert decision(effective(files)[0], a_candidate()) is Decision.DENIED
    beside = written(user.with_name("approvals.toml"), ENTRY)
    assert decision(effective(files)[0], a_candidate()) is Decision.ADMITTED, "without a policy too"
    beside.unlink()
    written(system.with_name("approvals.toml"), ENTRY)
    assert decision(effective(files)[0], a_candidate()) is Decision.ADMITTED


def test_an_allowlist_in_a_checkout_needs_no_trust_and_sets_nothing_aside(checkout: Path) -> None:
    written(checkout / "guard.toml", REQUIRED)
    files = Files(folder=checkout)
    assert decision(effective(files)[0], a_candidate()) is Decision.DENIED
    written(checkout / "approvals.toml", CLAIM)
    assert decision(effective(files)[0], a_candidate()) is Decision.ADMITTED
    assert decision(effective(files)[0], FRESH) is Decision.DENIED


def test_a_checkout_approves_nothing_for_whoever_has_an_allowlist_of_his_own(
    checkout: Path, tmp_path: Path
) -> None:
    user = written(tmp_path / "home/guard.toml", REQUIRED)
    written(checkout / "guard.toml", 'approval = "optional"\n')
    written(checkout / "approvals.toml", ENTRY)
    policy, _ = effective(Files(user=user, folder=checkout))
    assert decision(policy, a_candidate()) is Decision.DENIED
    assert policy.approved(a_file().project, NOW) == frozenset()


def test_trust_is_in_the_approvals_too(checkout: Path, tmp_path: Path) -> None:
    policy = written(checkout / "guard.toml", REQUIRED)
    trust = Trust(tmp_path / "state")

    def admitted() -> bool:
        files = Files(folder=checkout, trusted=trust.entries())
        return decision(effective(files)[0], FRESH) is Decision.ADMITTED

    trust.add(policy)
    written(checkout / "approvals.toml", CLAIM)
    assert not admitted(), "they came after it"
    trust.add(policy)
    assert admitted()
    written(checkout / "approvals.toml", f"# only words\n{CLAIM}")
    assert admitted()
    written(checkout / "approvals.toml", CLAIM.replace("1.82.6", "1.82.7"))
    assert not admitted()


def test_a_system_that_is_locked_down_has_approvals_of_its_own(
    checkout: Path, tmp_path: Path
) -> None:
    system = written(tmp_path / "etc/guard.toml", f"lockdown = true\n{REQUIRED}")
    user = written(tmp_path / "home/guard.toml", "")
    named = written(tmp_path / "mine.toml", ENTRY)
    written(user.with_name("approvals.toml"), ENTRY)
    for files in (
        Files(system=system, user=user),
        Files(system=system, user=user, approvals=named),
        Files(system=system, named="observe", approvals=named),
    ):
        assert decision(effective(files)[0], a_candidate()) is Decision.DENIED
    written(system.with_name("approvals.toml"), ENTRY)
    assert decision(effective(Files(system=system))[0], a_candidate()) is Decision.ADMITTED


def test_approvals_that_are_named_count_with_the_users_own(checkout: Path, tmp_path: Path) -> None:
    named = written(tmp_path / "mine.toml", CLAIM)
    written(checkout / "guard.toml", REQUIRED)
    for files in (Files(folder=checkout), Files(named="strict"), Files(named="default")):
        policy, _ = effective(replace(files, approvals=named))
        assert decision(policy, FRESH) is Decision.ADMITTED
    with pytest.raises(PolicyError, match="there is no file"):
        effective(Files(approvals=tmp_path / "gone.toml"))


def test_approvals_that_cannot_be_read_are_an_error(checkout: Path) -> None:
    written(checkout / "guard.toml", REQUIRED)
    for body in ("[[approval", "[[approvals]]\n", "\x00"):
        written(checkout / "approvals.toml", body)
        with pytest.raises(PolicyError):
            effective(Files(folder=checkout))


def test_new_approvals_go_beside_the_topmost_policy(checkout: Path, tmp_path: Path) -> None:
    user = tmp_path / "home/guard.toml"
    files = Files(user=user, folder=checkout)
    assert approvals_file(files) == user.with_name("approvals.toml")
    written(checkout / "pyproject.toml", "[tool.guard]\n")
    assert approvals_file(files) == checkout / "approvals.toml"
    named = str(tmp_path / "ci/guard.toml")
    assert approvals_file(replace(files, named=named)) == tmp_path / "ci/approvals.toml"
    assert approvals_file(replace(files, named="strict")) is None
    own = tmp_path / "own.toml"
    assert approvals_file(replace(files, named="strict", approvals=own)) == own


def test_a_proposal_counts_where_it_would_be_written_and_nowhere_below(
    checkout: Path, tmp_path: Path
) -> None:
    user = written(tmp_path / "home/guard.toml", REQUIRED)
    written(checkout / "guard.toml", REQUIRED)
    everything = Approvals(open=True)
    files = Files(user=user, folder=checkout)
    for path, expected in (
        (user.with_name("approvals.toml"), Decision.ADMITTED),
        (checkout / "approvals.toml", Decision.DENIED),
    ):
        policy, _ = effective(replace(files, proposed=(path, everything)))
        assert decision(policy, a_candidate()) is expected


def test_an_approval_compares_by_what_it_says() -> None:
    entry = an_approval()
    assert replace(entry, source="here") == replace(entry, source="there")
    assert replace(entry, accepted=(Accepted(rule=RuleId("x"), finding="y"),)) != entry
    again = ApprovedFile(filename=entry.files[0].filename, sha256=a_digest(), judged=True)
    assert entry.file(a_digest()) == again
    assert entry.file(OTHER) is None


def test_the_cut_off_stays_for_everybody_else() -> None:
    policy = policy_of(SET_ASIDE)
    assert policy.upload_cutoff(NOW) == NOW - policy.rule(FreshUpload).age
