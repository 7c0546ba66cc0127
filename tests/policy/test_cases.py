"""A team's own expectations: every rule can be tried, and no mistake in a case goes unnoticed."""

from __future__ import annotations

import tempfile
import tomllib
from pathlib import Path
from textwrap import dedent
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.admission.expectations import EXERCISED_BY, OF_ENVIRONMENTS, Tried, tried, unexercised
from guard.errors import PolicyError
from guard.model import Decision
from guard.policy import load, parse
from guard.policy.case_tables import BeforeTable, CaseTable, ContentTable, Lost
from guard.policy.cases import cases_in, cases_of
from guard.rules import CATALOGUE
from tests.builders import NOW, a_digest, a_policy
from tests.policy.approving import an_approval

ROOT: Final = Path(__file__).parents[2]
EXAMPLE: Final = ROOT / "docs/examples/cases.toml"

POLICY: Final = """
extends = "strict"

[[index]]
name = "internal"
url = "https://packages.example.com/simple/"
owns = ["acme-*"]

[[publisher]]
name = "pinned"
identities = [{ kind = "GitHub", repository = "acme/pinned", workflow = "release.yml" }]

[[index]]
name = "guarded"
url = "https://guarded.example.com/simple/"
receipts = { key = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=" }

[[deny]]
name = "evil"
reason = "no"
"""
INDEX: Final = 'index = "https://packages.example.com/simple/"'
MINE: Final = (
    'publisher = { kind = "GitHub", repository = "acme/pinned", workflow = "release.yml" }'
)
HERS: Final = MINE.replace("acme/", "mallory/")

SPEAKS: Final = {
    "denied-release": 'name = "evil"',
    "unapproved-file": f'name = "other"\nsha256 = "{a_digest()}"',
    "fresh-upload": 'uploaded = "2 hours ago"',
    "yanked-file": 'yanked = "broken"',
    "quarantined-project": 'status = "quarantined"',
    "archived-project": 'status = "archived"',
    "vanished-file": f"{INDEX}\nlisted = false",
    "hash-mismatch": f'sha256 = "{a_digest()}"\nlisted-sha256 = "{a_digest(b"other")}"',
    "known-malware": 'advisories = [{ id = "MAL-2026-1", malware = true }]',
    "known-vulnerability": 'advisories = [{ id = "PYSEC-2026-1", severity = "high" }]',
    "foreign-index": 'name = "acme-lib"\nindex = "https://mirror.example.com/simple"',
    "missing-receipt": 'index = "https://guarded.example.com/simple/"',
    "lookalike-name": 'name = "reqeusts"\nfirst-uploaded = "2 days ago"\nreleases = 1',
    "missing-attestation": 'name = "pinned"',
    "dropped-attestation": f"before.{MINE}",
    "invalid-attestation": 'invalid-attestation = "for other bytes"',
    "unexpected-publisher": f'name = "pinned"\n{HERS}',
    "changed-publisher": f"{MINE}\nbefore.{HERS}",
    "source-distribution": 'filename = "acme_widget-1.0.tar.gz"',
    "direct-url": 'direct-url = "https://files.example.com/acme_widget-1.0-py3-none-any.whl"',
    "ambiguous-archive": 'content.defects = ["ambiguous-archive"]',
    "oversized-archive": "content.entries = 1000000",
    "unsafe-path": 'content.defects = ["unsafe-path"]',
    "record-mismatch": 'content.defects = ["record-mismatch"]',
    "metadata-mismatch": 'content.defects = ["metadata-mismatch"]',
    "startup-hook": 'content.startup-hooks = ["import os; os.system(word)"]',
    "foreign-file": 'overwrites = [{ path = "site-packages/pip/__init__.py", owner = "pip 26" }]',
    "shadowing-command": 'content.commands = ["pip"]',
    "undeclared-binary": 'content.defects = ["undeclared-binary"]',
    "unsafe-pickle": 'content.pickle-imports = ["os.system"]',
    "suspicious-code": 'content.shows = ["decoded-exec"]',
    "suspicious-change": 'uploaded = "20 days ago"\nbefore.shows = []\n'
    'content.shows = ["decoded-exec", "hidden-payload"]',
    "new-dependency": 'uploaded = "20 days ago"\nbefore.requires = ["a"]\n'
    'content.requires = ["a", "b"]',
}
"""For each rule, the facts at which it speaks."""


def case(text: str = "", *, expect: str = "admitted") -> str:
    given = dedent(text).strip()
    named = "" if given.startswith("name = ") else 'name = "acme-widget"\n'
    return f'[[case]]\ntitle = "a case"\nexpect = "{expect}"\nversion = "1.0"\n{named}{given}\n'


def came(text: str, policy: str = POLICY) -> tuple[Tried, ...]:
    cases = cases_in(tomllib.loads(text), source="cases.toml", now=NOW)
    return tried(cases, a_policy(policy))


@pytest.mark.parametrize("preset", ["observe", "default", "strict"])
def test_what_a_case_does_not_state_is_harmless(preset: str) -> None:
    cases = cases_in(tomllib.loads(case("only = true")), source="cases.toml", now=NOW)
    (found,) = tried(cases, load(preset))
    assert found.verdict.findings == ()
    assert found.met


@pytest.mark.parametrize("rule", EXERCISED_BY)
def test_every_rule_can_be_made_to_speak(rule: str) -> None:
    policy = f'approval = "required"\n{POLICY}'
    found = came(case(SPEAKS[rule]), policy)
    assert rule in {finding.rule for finding in found[0].verdict.findings}
    assert rule not in unexercised(found, a_policy(policy))


@pytest.mark.parametrize("rule", EXERCISED_BY)
def test_a_rule_that_nothing_is_stated_for_is_named(rule: str) -> None:
    silent = unexercised(came(case()), a_policy(POLICY))
    assert (rule in silent) == (rule not in {"denied-release", "unapproved-file"})


@pytest.mark.parametrize(
    ("rule", "facts"),
    [
        ("known-malware", "advisories = []"),
        ("fresh-upload", 'uploaded = "90 days ago"'),
        ("startup-hook", "content.startup-hooks = []"),
        ("foreign-index", 'index = "https://packages.example.com/simple/"'),
        ("unsafe-path", 'content.defects = ["unsafe-path"]'),
    ],
)
def test_a_fact_that_is_stated_is_about_its_rule_though_that_finds_nothing(
    rule: str, facts: str
) -> None:
    assert rule not in unexercised(came(case(facts)), a_policy(POLICY))


def test_what_exercises_a_rule_is_a_key_of_a_case() -> None:
    keys = {field.encode_name for field in msgspec.structs.fields(CaseTable)}
    keys |= {f"content.{f.encode_name}" for f in msgspec.structs.fields(ContentTable)}
    keys |= {f"before.{f.encode_name}" for f in msgspec.structs.fields(BeforeTable)}
    keys |= {f"unknown.{name}" for name in Lost.__args__}  # type: ignore[attr-defined]
    assert {key for named in EXERCISED_BY.values() for key in named} <= keys
    assert [*EXERCISED_BY] == [rule for rule in CATALOGUE if rule not in OF_ENVIRONMENTS]
    assert CATALOGUE.keys() > OF_ENVIRONMENTS


@pytest.mark.parametrize(
    ("lost", "rule"),
    [
        ("index", "foreign-index"),
        ("listing", "yanked-file"),
        ("uploaded", "fresh-upload"),
        ("status", "quarantined-project"),
        ("bytes", "hash-mismatch"),
        ("content", "startup-hook"),
        ("publisher", "invalid-attestation"),
        ("before", "dropped-attestation"),
        ("overwrites", "foreign-file"),
        ("advisories", "known-malware"),
    ],
)
def test_a_fact_that_could_not_be_had_leaves_it_undecided(lost: str, rule: str) -> None:
    (found,) = came(case(f'unknown = ["{lost}"]\nby = ["{rule}"]', expect="undecided"))
    assert found.met, found.by


@pytest.mark.parametrize(
    ("facts", "expect", "met"),
    [
        ('by = ["fresh-upload"]', "denied", True),
        ('by = ["fresh-upload", "yanked-file"]', "denied", True),
        ('by = ["fresh-upload", "yanked-file"]\nonly = true', "denied", True),
        ("", "denied", True),
        ('by = ["fresh-upload"]\nonly = true', "denied", False),
        ('by = ["startup-hook"]', "denied", False),
        ('by = ["fresh-upload", "startup-hook"]', "denied", False),
        ("", "admitted", False),
        ('by = ["fresh-upload"]', "undecided", False),
    ],
)
def test_an_expectation_is_of_the_decision_and_of_those_that_made_it(
    facts: str, expect: str, met: bool
) -> None:
    stated = f'uploaded = "2 hours ago"\nyanked = ""\n{facts}'
    (found,) = came(case(stated, expect=expect))
    assert found.met is met
    assert found.verdict.decision is Decision.DENIED


def test_of_what_is_admitted_the_remarks_count() -> None:
    warned = 'status = "archived"\n'
    for facts, met in (
        ('by = ["archived-project"]\nonly = true', True),
        ("", True),
        ("only = true", False),
        ('by = ["yanked-file"]', False),
    ):
        (found,) = came(case(warned + facts), 'extends = "default"')
        assert found.met is met


def test_the_clock_of_the_file_counts_before_that_of_the_machine() -> None:
    young = case('uploaded = 2020-01-01\nby = ["fresh-upload"]', expect="denied")
    assert came("now = 2020-01-02T00:00:00+01:00\n" + young)[0].met
    assert not came(young)[0].met


@pytest.mark.parametrize(
    ("uploaded", "age"),
    [
        ('"2 hours ago"', "2 hours"),
        ('"PT2H ago"', "2 hours"),
        ("2026-03-31", "1 day"),
        ("2026-04-01T13:00:00+02:00", "1 hour"),
    ],
)
def test_an_age_and_a_date_are_moments(uploaded: str, age: str) -> None:
    (found,) = came(case(f"uploaded = {uploaded}", expect="denied"))
    assert found.telling[0].message == f"uploaded {age} ago, younger than 14 days"


def test_an_approval_is_of_the_digest_that_a_case_states() -> None:
    policy = parse('extends = "default"\napproval = "required"\n', source="guard.toml")
    assert policy.approval_required
    (found,) = came(case(expect="undecided"), 'approval = "required"')
    assert found.by == ("unapproved-file",)
    assert "no sha256 of it is known" in found.telling[0].message
    assert an_approval().files[0].sha256 == a_digest()


@pytest.mark.parametrize(
    ("facts", "at", "words"),
    [
        ("uplaoded = 2026-01-01", "case[0].uplaoded", "no such key"),
        ("content.hooks = []", "case[0].content.hooks", "no such key"),
        ("publisher = { repo = 'a/b' }", "case[0].publisher.repo", "no such key"),
        ('uploaded = "2 hours"', "case[0].uploaded", "expected an age such as"),
        ("uploaded = 7", "case[0].uploaded", "expected an age such as"),
        ("uploaded = 2026-01-01T00:00:00", "case[0].uploaded", "expected an age such as"),
        ('uploaded = "999999 weeks ago"', "case[0].uploaded", "no calendar"),
        ('first-uploaded = "999999 weeks ago"', "case[0].first-uploaded", "no calendar"),
        ('by = ["fresh-uplaod"]', "case[0].by", "no such rule"),
        ("by = []", "case[0].by", "at least one entry"),
        ('filename = "other-1.0-py3-none-any.whl"', "case[0].filename", "no file of acme-widget"),
        ('filename = "acme_widget-1.0.exe"', "case[0].filename", "Invalid sdist"),
        ('index = "packages.example.com"', "case[0].index", "absolute URL"),
        ('also-on = ["https://a.example.com"]', "case[0].also-on", "state `index`"),
        ('sha256 = "abc"', "case[0].sha256", "no sha256 digest"),
        ('listed-sha256 = "abc"', "case[0].listed-sha256", "no sha256 digest"),
        ("listed = false", "case[0].listed", "state `index`"),
        (f"{INDEX}\nlisted = false\nyanked = ''", "case[0].yanked", "no index lists it"),
        ("publisher = {}", "case[0].publisher", "a kind"),
        ("publisher = { kind = 'GitHub' }", "case[0].publisher", "a repository or an identity"),
        ("before.publisher = {}", "case[0].before.publisher", "a kind"),
        ("content.requires = ['a b']", "case[0].content.requires", "not a requirement"),
        ("before.requires = ['a b']", "case[0].before.requires", "not a requirement"),
        ("advisories = [{ id = 'x', fixed = ['?'] }]", "case[0].advisories", "Invalid version"),
        ("unknown = ['sky']", "case[0].unknown", "invalid enum value"),
        ("unknown = ['uploaded']\nuploaded = 2026-01-01", "case[0].unknown", "is stated"),
        ("unknown = ['publisher']\ninvalid-attestation = 'x'", "case[0].unknown", "is stated"),
        ("status = 'gone'", "case[0].status", "invalid enum value"),
    ],
)
def test_a_mistake_is_an_error_that_names_the_key(facts: str, at: str, words: str) -> None:
    with pytest.raises(PolicyError, match=words) as caught:
        came(case(facts))
    assert (caught.value.source, (caught.value.at or "").removesuffix("[0]")) == ("cases.toml", at)


@pytest.mark.parametrize("key", ["title", "expect", "name", "version"])
def test_what_every_case_must_say(key: str) -> None:
    whole = case().splitlines()
    with pytest.raises(PolicyError, match="this key is missing") as caught:
        came("\n".join(line for line in whole if not line.startswith(f"{key} =")))
    assert caught.value.at == f"case[0].{key}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "missing"),
        ("case = []", "at least one entry"),
        ("[case]\n", "expected a list"),
        ("now = 2026-01-01T00:00:00\n" + case(), "has no offset"),
        ("now = 2026-01-01\n" + case(), "expected"),
        (case("only = true", expect="denied"), "missing"),
        (case('version = "x"').replace('version = "1.0"\n', ""), "Invalid version"),
        (case('name = "a b"'), "name is invalid"),
    ],
)
def test_a_file_that_says_nothing_sensible_is_an_error(text: str, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        came(text)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="could not be read"):
        cases_of(tmp_path / "gone.toml", NOW)
    (tmp_path / "large.toml").write_bytes(b"#" * 4_000_001)
    with pytest.raises(PolicyError, match="larger than"):
        cases_of(tmp_path / "large.toml", NOW)


@given(st.binary(max_size=200))
def test_any_bytes_are_cases_or_a_named_error(body: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cases.toml"
        path.write_bytes(body)
        with pytest.raises(PolicyError):
            cases_of(path, NOW)


_VALUES: Final = st.one_of(
    st.booleans(), st.integers(), st.text(max_size=8), st.lists(st.text(max_size=8), max_size=2)
)


@given(
    st.dictionaries(
        st.sampled_from([f.encode_name for f in msgspec.structs.fields(CaseTable)]), _VALUES
    )
)
def test_any_values_are_a_case_or_a_named_error(facts: dict[str, Any]) -> None:
    base = {"title": "t", "expect": "admitted", "name": "frob", "version": "1.0"}
    try:
        cases = cases_in({"case": [base | facts]}, source="cases.toml", now=NOW)
    except PolicyError:
        return
    assert tried(cases, a_policy(POLICY))[0].verdict.candidate.judged_at == NOW


def test_the_example_is_as_its_policy_says() -> None:
    found = tried(cases_of(EXAMPLE, NOW), load(str(EXAMPLE.with_name("guard.toml"))))
    assert [each.case.title for each in found if not each.met] == []
    assert all(each.verdict.candidate.judged_at != NOW for each in found)
