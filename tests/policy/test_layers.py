"""Which files count, what each may change, and that a checkout cannot loosen anything."""

from __future__ import annotations

import json
import tempfile
import tomllib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.admission import judge
from guard.errors import PolicyError
from guard.model import Absent, Candidate, Decision, Level, ProjectState, ProjectStatus, Unknown
from guard.policy import Files, Place, Policy, Trust, effective, load
from guard.policy.layers import digest, project_file, project_files, said
from guard.policy.load import SHIPPED, overlay, table_of
from guard.policy.policy import Floor
from guard.rules import CATALOGUE
from guard.rules.archived_project import ArchivedProject
from guard.rules.fresh_upload import FreshUpload
from tests.builders import NOW, a_candidate, a_digest, a_file, a_listing, ago

FRESH: Final = a_candidate(listing=a_listing(upload_time=ago(hours=2)))
OLD: Final = a_candidate()
LOOSE: Final = '[rules.fresh-upload]\nlevel = "off"\n'
TIGHT: Final = '[rules.fresh-upload]\nage = "90 days"\n'


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def decision(policy: Policy, candidate: Candidate) -> Decision:
    return judge(candidate, policy).decision


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "checkout/.git").mkdir(parents=True)
    return tmp_path / "checkout"


def test_without_any_file_it_is_the_default(tmp_path: Path) -> None:
    nowhere = tmp_path / "none.toml"
    assert effective(Files(system=nowhere, user=nowhere, folder=tmp_path)) == (load("default"), ())


def test_each_file_changes_what_is_below_it(checkout: Path, tmp_path: Path) -> None:
    system = written(tmp_path / "system.toml", '[rules.archived-project]\nlevel = "deny"\n' + TIGHT)
    user = written(tmp_path / "user.toml", '[rules.fresh-upload]\nage = "3 days"\n')
    project = written(checkout / "guard.toml", '[[deny]]\nname = "evil"\nreason = "no"\n')
    policy, layers = effective(Files(system=system, user=user, folder=checkout))
    assert policy.rule(ArchivedProject).level is Level.DENY
    assert policy.rule(FreshUpload).age == timedelta(days=3)
    assert policy.origins["rules.fresh-upload.age"] == str(user)
    assert [entry.name for entry in policy.deny] == ["evil"]
    assert [(layer.place, layer.path) for layer in layers] == [
        (Place.SYSTEM, str(system)),
        (Place.USER, str(user)),
        (Place.PROJECT, str(project)),
    ]


def test_a_policy_that_is_named_stands_for_the_users_and_the_projects(
    checkout: Path, tmp_path: Path
) -> None:
    user = written(tmp_path / "user.toml", LOOSE)
    written(checkout / "guard.toml", TIGHT)
    named = written(tmp_path / "named.toml", 'extends = "strict"\n')
    policy, layers = effective(Files(user=user, folder=checkout, named=str(named)))
    assert policy.rule(FreshUpload).age == timedelta(days=14)
    assert [layer.place for layer in layers] == [Place.NAMED]


def test_what_a_file_extends_replaces_options_and_no_entries(tmp_path: Path) -> None:
    system = written(tmp_path / "system.toml", TIGHT + '[[deny]]\nname = "evil"\nreason = "no"\n')
    user = written(tmp_path / "user.toml", 'extends = "strict"\n')
    policy, _ = effective(Files(system=system, user=user))
    assert policy.rule(FreshUpload).age == timedelta(days=14)
    assert [entry.name for entry in policy.deny] == ["evil"]


def test_a_project_has_a_policy_for_each_folder_down_to_the_current_one(
    checkout: Path, tmp_path: Path
) -> None:
    written(tmp_path / "guard.toml", TIGHT)
    inner = checkout / "a/b"
    inner.mkdir(parents=True)
    assert project_files(inner) == (), "nothing beyond the repository counts"
    table = written(checkout / "pyproject.toml", '[tool.guard]\nextends = "strict"\n')
    nearer = written(inner.parent / "guard.toml", TIGHT)
    written(inner / "pyproject.toml", "[project]\nname = 'guard'\n")
    written(checkout / "other/guard.toml", TIGHT)
    assert project_files(inner) == (table, nearer)
    assert project_file(inner) == nearer
    assert project_files(checkout) == (table,)


def test_without_a_repository_every_folder_above_counts(tmp_path: Path) -> None:
    outer = written(tmp_path / "guard.toml", TIGHT)
    (tmp_path / "a/b").mkdir(parents=True)
    assert project_files(tmp_path / "a/b")[-1:] == (outer,)


def test_two_policies_in_one_folder_both_count(checkout: Path) -> None:
    """Neither hides the other, whoever has added which."""
    status = ProjectStatus(state=ProjectState.ARCHIVED)
    written(checkout / "pyproject.toml", '[tool.guard.rules.archived-project]\nlevel = "deny"\n')
    written(checkout / "guard.toml", TIGHT)
    policy, layers = effective(Files(folder=checkout))
    assert [Path(layer.path).name for layer in layers] == ["pyproject.toml", "guard.toml"]
    very_old = a_listing(upload_time=ago(days=900))
    assert decision(policy, OLD) is Decision.DENIED
    archived = a_candidate(status=status, listing=very_old)
    assert decision(policy, archived) is Decision.DENIED
    assert decision(policy, a_candidate(listing=very_old)) is Decision.ADMITTED


@pytest.mark.parametrize("text", ["", LOOSE, 'extends = "observe"\n'])
@pytest.mark.parametrize(
    "name", ["sub/guard.toml", "guard.toml", "sub/.git/x", "sub/pyproject.toml"]
)
def test_a_nearer_file_hides_nothing_that_an_outer_one_demands(
    checkout: Path, name: str, text: str
) -> None:
    """An empty `sub/guard.toml`, one beside a `pyproject.toml`, a repository in the repository."""
    written(checkout / "pyproject.toml", '[tool.guard.rules.fresh-upload]\nage = "90 days"\n')
    table = "[tool.guard]\n" + text.replace("[rules", "[tool.guard.rules")
    written(checkout / name, table if name.endswith("pyproject.toml") else text)
    (checkout / "sub").mkdir(exist_ok=True)
    policy, _ = effective(Files(folder=checkout / "sub"))
    assert decision(policy, OLD) is Decision.DENIED
    assert decision(policy, a_candidate(listing=a_listing(upload_time=ago(days=91)))) is (
        Decision.ADMITTED
    )


def test_whoever_trusts_the_inner_file_alone_is_told_of_the_outer_one(checkout: Path) -> None:
    outer = written(checkout / "guard.toml", "")
    inner = written(checkout / "sub/guard.toml", LOOSE)
    trusted = frozenset({(str(inner), said(inner))})
    policy, layers = effective(Files(folder=inner.parent, trusted=trusted))
    assert [layer.trusted for layer in layers] == [False, True]
    (finding,) = judge(FRESH, policy).findings
    assert f"`{outer}` may not loosen" in finding.detail[-1]
    both = trusted | {(str(outer), said(outer))}
    policy, _ = effective(Files(folder=inner.parent, trusted=both))
    assert decision(policy, FRESH) is Decision.ADMITTED


def test_a_users_own_file_is_no_projects(tmp_path: Path) -> None:
    """Whoever works in the folder of the configuration."""
    user = written(tmp_path / "guard.toml", LOOSE)
    policy, layers = effective(Files(user=user, folder=tmp_path))
    assert decision(policy, FRESH) is Decision.ADMITTED
    assert Place.USER in {layer.place for layer in layers}
    assert str(user) not in {layer.path for layer in layers if layer.place is Place.PROJECT}


def test_a_project_of_more_policies_than_anybody_reads_is_refused(checkout: Path) -> None:
    folder = checkout
    for _ in range(30):
        written(folder / "guard.toml", "")
        folder /= "d"
    with pytest.raises(PolicyError, match="have 30 policies"):
        effective(Files(folder=folder))


def test_a_pyproject_that_is_too_large_to_be_read_is_not_passed_over(checkout: Path) -> None:
    """Its policy may lie behind what was put in front of it."""
    written(checkout / "pyproject.toml", "# " + "x" * 1_100_000 + "\n[tool.guard]\n" + TIGHT)
    with pytest.raises(PolicyError, match="larger than"):
        effective(Files(folder=checkout))


def test_a_project_file_that_cannot_be_read_is_an_error(checkout: Path) -> None:
    """It might have tightened something."""
    written(checkout / "pyproject.toml", "[tool.guard]\nextends = \n")
    with pytest.raises(PolicyError, match="not TOML"):
        effective(Files(folder=checkout))


def test_an_untrusted_file_tightens_at_once_and_loosens_nothing(checkout: Path) -> None:
    path = written(checkout / "guard.toml", LOOSE)
    policy, (layer,) = effective(Files(folder=checkout))
    assert not layer.trusted
    assert decision(policy, FRESH) is Decision.DENIED
    written(path, TIGHT)
    policy, _ = effective(Files(folder=checkout))
    assert decision(policy, OLD) is Decision.DENIED


def test_whoever_is_denied_hears_of_the_file_that_is_not_trusted(checkout: Path) -> None:
    path = written(checkout / "guard.toml", LOOSE)
    policy, _ = effective(Files(folder=checkout))
    (finding,) = judge(FRESH, policy).findings
    assert finding.detail[-1] == (
        f"policy: `{path}` may not loosen anything: read it, then `guard policy trust`"
    )


def test_trust_is_in_what_a_file_says_now(checkout: Path, tmp_path: Path) -> None:
    path = written(checkout / "guard.toml", LOOSE)
    trust = Trust(tmp_path / "state")

    def admitted() -> bool:
        policy, _ = effective(Files(folder=checkout, trusted=trust.entries()))
        return decision(policy, FRESH) is Decision.ADMITTED

    assert not admitted()
    trust.add(path)
    assert admitted()
    written(path, f"# only words\n{LOOSE}")
    assert admitted()
    written(path, f'{LOOSE}\n[[exempt]]\nname = "x"\nrule = "direct-url"\nreason = "y"\n')
    assert not admitted()
    written(path, LOOSE)
    assert admitted()
    assert trust.remove(path)
    assert not trust.remove(path)
    assert not admitted()


def test_a_trusted_file_that_is_copied_elsewhere_is_not_trusted(
    checkout: Path, tmp_path: Path
) -> None:
    trust = Trust(tmp_path / "state")
    trust.add(written(checkout / "guard.toml", LOOSE))
    other = written(tmp_path / "other/guard.toml", LOOSE)
    _, (layer,) = effective(Files(folder=other.parent, trusted=trust.entries()))
    assert not layer.trusted


@pytest.mark.parametrize("record", [b"", b"[]", b"\xff", b'{"a": 1}'])
def test_a_record_that_cannot_be_read_trusts_nothing(tmp_path: Path, record: bytes) -> None:
    (tmp_path / "policies.json").write_bytes(record)
    assert Trust(tmp_path).entries() == frozenset()


def test_nothing_loosens_a_system_that_is_locked_down(checkout: Path, tmp_path: Path) -> None:
    system = written(tmp_path / "system.toml", f"lockdown = true\n{TIGHT}")
    loose = written(tmp_path / "user.toml", LOOSE)
    project = written(checkout / "guard.toml", LOOSE)
    trusted = frozenset({(str(project), digest(table_of(project)))})
    for files in (
        Files(system=system, user=loose),
        Files(system=system, named=str(loose)),
        Files(system=system, named="observe"),
        Files(system=system, folder=checkout, trusted=trusted),
    ):
        policy, _ = effective(files)
        assert decision(policy, OLD) is Decision.DENIED
    strict, _ = effective(Files(system=system, named="strict"))
    status = ProjectStatus(state=ProjectState.ARCHIVED)
    archived = a_candidate(status=status, listing=a_listing(upload_time=ago(days=99)))
    assert decision(effective(Files(system=system))[0], archived) is Decision.ADMITTED
    assert decision(strict, archived) is Decision.DENIED


def test_only_the_system_locks_down(tmp_path: Path) -> None:
    user = written(tmp_path / "user.toml", "lockdown = true\n")
    with pytest.raises(PolicyError, match="only the system's own"):
        effective(Files(user=user))


def test_where_facts_come_from_is_not_for_a_checkout_to_say(checkout: Path) -> None:
    """A trust root of its own would make attestations verify for the policy below as well."""
    table = (
        '[[index]]\nname = "i"\nurl = "https://packages.example.com"\ntrust-root = "mine.json"\n'
    )
    written(checkout / "guard.toml", table)
    policy, _ = effective(Files(folder=checkout))
    assert [entry.trust_root for entry in policy.indexes] == [str(checkout / "mine.json")]
    assert policy.facts_by().indexes == ()


def test_the_resolver_is_told_the_stricter_cut_off() -> None:
    below = load("default")
    for table, age in ((TIGHT, 90), (LOOSE, 7)):
        loaded = overlay(_toml(table), below, source="guard.toml")
        policy = Policy(**_fields(loaded) | {"floor": Floor(below, "why")})
        assert policy.upload_cutoff(NOW) == ago(days=age)


LEVELS: Final = st.sampled_from(["deny", "warn", "off"])
TABLES: Final = st.fixed_dictionaries(
    {
        "rules": st.dictionaries(
            st.sampled_from(sorted(CATALOGUE)), st.fixed_dictionaries({"level": LEVELS})
        ),
        "exempt": st.lists(
            st.fixed_dictionaries(
                {
                    "name": st.sampled_from(["litellm", "lite*", "other"]),
                    "rule": st.sampled_from(sorted(CATALOGUE)),
                    "reason": st.just("none"),
                }
            ),
            max_size=3,
        ),
        "deny": st.lists(st.just({"name": "litellm", "reason": "x"}), max_size=1),
        "group": st.lists(
            st.fixed_dictionaries(
                {
                    "name": st.just("g"),
                    "members": st.just(["lite*"]),
                    "rules": st.dictionaries(
                        st.sampled_from(sorted(CATALOGUE)),
                        st.fixed_dictionaries({"level": LEVELS}),
                    ),
                }
            ),
            max_size=2,
        ),
    },
    optional={"extends": st.sampled_from(["observe", "default", "strict"])},
)
CANDIDATES: Final = st.builds(
    a_candidate,
    listing=st.sampled_from(
        [Unknown("?"), Absent("gone"), a_listing(), a_listing(upload_time=ago(hours=1), yanked="")]
    ),
    status=st.sampled_from(
        [ProjectStatus(), ProjectStatus(state=ProjectState.QUARANTINED), Unknown("?")]
    ),
    digests=st.sampled_from([Unknown("?"), {"sha256": "0" * 64}, {"sha256": a_digest()}]),
    content=st.sampled_from([Unknown("?"), Absent("none")]),
    provenance=st.sampled_from([Unknown("?"), Absent("none")]),
    file=st.sampled_from([a_file(), a_file("other", "1.0")]),
)


@settings(deadline=None)
@given(table=TABLES, below=st.sampled_from(["observe", "default", "strict"]), candidate=CANDIDATES)
def test_whatever_a_checkout_says_nothing_more_is_admitted(
    table: dict[str, Any], below: str, candidate: Candidate
) -> None:
    base = load(below)
    policy = Policy(
        **_fields(overlay(_toml(tomli_w.dumps(table)), base, source="guard.toml"))
        | {"floor": Floor(base, "not trusted")}
    )
    if decision(policy, candidate) is Decision.ADMITTED:
        assert decision(base, candidate) is Decision.ADMITTED
    own = overlay(_toml(tomli_w.dumps(table)), base, source="guard.toml")
    if decision(own, candidate) is Decision.DENIED:
        assert decision(policy, candidate) is Decision.DENIED, "it may tighten"


FEW: Final = ("fresh-upload", "yanked-file", "quarantined-project")
"""Few enough that several files speak of the same rule."""

SAID: Final[st.SearchStrategy[dict[str, Any]]] = st.fixed_dictionaries(
    {"rules": st.fixed_dictionaries({rule: st.builds(dict, level=LEVELS) for rule in FEW})},
    optional={
        "exempt": st.builds(
            lambda rule: [{"name": "litellm", "rule": rule, "reason": "none"}],
            st.sampled_from(FEW),
        ),
    },
)
OBJECTIONABLE: Final = st.sampled_from(
    [
        FRESH,
        a_candidate(listing=a_listing(yanked="")),
        a_candidate(status=ProjectStatus(state=ProjectState.QUARANTINED)),
        a_candidate(listing=Unknown("?")),
    ]
)


@settings(deadline=None, max_examples=150)
@given(
    tables=st.lists(st.tuples(SAID, st.booleans()), min_size=1, max_size=3),
    own=SAID,
    candidate=OBJECTIONABLE,
)
def test_what_lies_below_a_file_that_is_not_trusted_holds_whatever_lies_above_it(
    tables: list[tuple[dict[str, Any], bool]], own: dict[str, Any], candidate: Candidate
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        user = written(folder / "home/guard.toml", tomli_w.dumps(own))
        (folder / "checkout/.git").mkdir(parents=True)
        paths, place = [], folder / "checkout"
        for table, _ in tables:
            paths.append(written(place / "guard.toml", tomli_w.dumps(table)))
            place /= "sub"
        known = {(str(p), said(p)) for p, (_, good) in zip(paths, tables, strict=True) if good}
        files = Files(user=user, folder=paths[-1].parent, trusted=frozenset(known))
        whole, layers = effective(files)
        assert [layer.trusted for layer in layers[1:]] == [good for _, good in tables]
        found = decision(whole, candidate)
        for path, (_, good) in zip(paths, tables, strict=True):
            below, _ = effective(replace(files, below=path))
            if not good and found is Decision.ADMITTED:
                assert decision(below, candidate) is Decision.ADMITTED


def _toml(text: str) -> dict[str, Any]:
    return tomllib.loads(text)


def _fields(policy: Policy) -> dict[str, Any]:
    return {name: getattr(policy, name) for name in Policy.__slots__}


def test_a_digest_is_of_what_is_said() -> None:
    one, other = _toml("a = 1\nb = 2027-01-01\n"), _toml("b = 2027-01-01 # why\na = 1\n")
    assert digest(one) == digest(other) != digest({"a": 1})
    assert json.loads(json.dumps(one, default=str)) == {"a": 1, "b": "2027-01-01"}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_policy_that_is_shipped_takes_no_approvals_from_the_current_folder(
    name: str, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {
        "name": "litellm",
        "version": "1.82.6",
        "reason": "none",
        "approved-by": "nobody",
        "approved-at": NOW,
        "files": [],
    }
    written(checkout / "approvals.toml", tomli_w.dumps({"approval": [entry]}))
    monkeypatch.chdir(checkout)
    policy, layers = effective(Files(folder=checkout, named=name))
    assert not policy.approved_names()
    assert [layer.place for layer in layers] == [Place.NAMED]
