"""`foreign-index`: a name that comes from another index than its own (dependency confusion)."""

from __future__ import annotations

import itertools

import pytest
from inline_snapshot import snapshot

from guard.model import Absent, Decision, Origin, Unknown
from tests.builders import INDEX, a_candidate, a_file, a_judgement, a_verdict, report

PUBLIC = "https://public.example.com/simple"
MIRROR = "https://mirror.example.com/simple"
OWNED = f"""
[[index]]
name = "internal"
url = "{INDEX}/"
owns = ["acme-*", "widget"]
"""


def from_(url: str, *rivals: str) -> Origin:
    return Origin(url=url, rivals=rivals)


def test_a_name_that_only_one_index_has_is_allowed() -> None:
    assert a_verdict(a_candidate(origin=from_(PUBLIC))).findings == ()


def test_an_owned_name_from_its_owner_is_allowed() -> None:
    candidate = a_candidate(file=a_file("acme-core"), origin=from_(INDEX, PUBLIC))
    assert a_verdict(candidate, OWNED).findings == ()


def test_an_owned_name_from_elsewhere_is_denied() -> None:
    candidate = a_candidate(file=a_file("acme-core", "99.0"), origin=from_(PUBLIC))
    assert report(a_verdict(candidate, OWNED)) == snapshot("""\
denied[foreign-index]: acme-core belongs to internal (https://packages.example.com/simple), this file comes from https://public.example.com/simple
  --> acme_core-99.0-py3-none-any.whl
   = policy: [[index]] internal owns it
   = help: guard rule foreign-index

1 file judged: 1 denied; nothing was installed
""")  # noqa: E501 - as it is printed


def test_a_name_that_two_indexes_claim_is_denied() -> None:
    candidate = a_candidate(origin=from_(INDEX, PUBLIC))
    assert report(a_verdict(candidate)) == snapshot("""\
denied[foreign-index]: https://packages.example.com/simple and https://public.example.com/simple have different files of this name
  --> litellm-1.82.6-py3-none-any.whl
   = help: say whose name it is: [[index]] with `owns` in the policy
   = help: guard rule foreign-index

1 file judged: 1 denied; nothing was installed
""")  # noqa: E501 - as it is printed


@pytest.mark.parametrize("spelled", ["Acme-*", "acme_*", "acme.*", "ACME__*"])
@pytest.mark.parametrize("project", ["acme-core", "ACME_core", "acme.core"])
def test_a_name_is_owned_however_it_is_spelled(spelled: str, project: str) -> None:
    policy = OWNED.replace("acme-*", spelled)
    candidate = a_candidate(file=a_file(project), origin=from_(PUBLIC))
    assert a_verdict(candidate, policy).decision is Decision.DENIED


@pytest.mark.parametrize("project", ["acme", "notacme-core", "widgets", "my-widget"])
def test_a_pattern_owns_whole_names_only(project: str) -> None:
    candidate = a_candidate(file=a_file(project), origin=from_(PUBLIC))
    assert a_verdict(candidate, OWNED).findings == ()


@pytest.mark.parametrize(
    "url",
    [
        "https://packages.example.com/simple/other",
        "https://packages.example.com/SIMPLE",
        "https://packages.example.com:8443/simple",
        "http://packages.example.com/simple",
        "https://packages.example.com.evil.example/simple",
    ],
)
def test_another_address_is_another_index(url: str) -> None:
    candidate = a_candidate(file=a_file("acme-core"), origin=from_(url))
    assert a_verdict(candidate, OWNED).decision is Decision.DENIED


@pytest.mark.parametrize(
    "spelled",
    [
        "https://PACKAGES.example.com/simple",
        "https://packages.example.com:443/simple/",
        "https://user:secret@packages.example.com/simple//",
    ],
)
def test_the_policy_may_spell_the_same_index_in_other_ways(spelled: str) -> None:
    policy = OWNED.replace(f"{INDEX}/", spelled)
    candidate = a_candidate(file=a_file("acme-core"), origin=from_(INDEX, PUBLIC))
    assert a_verdict(candidate, policy).findings == ()


@pytest.mark.parametrize("url", [INDEX, MIRROR])
def test_a_name_may_have_two_owners(url: str) -> None:
    policy = f'{OWNED}\n[[index]]\nname = "mirror"\nurl = "{MIRROR}"\nowns = ["acme-core"]\n'
    candidate = a_candidate(file=a_file("acme-core"), origin=from_(url))
    assert a_verdict(candidate, policy).findings == ()
    other = a_candidate(file=a_file("acme-core"), origin=from_(PUBLIC))
    assert a_verdict(other, policy).decision is Decision.DENIED


@pytest.mark.parametrize("owned", [True, False])
def test_an_index_that_does_not_answer_could_have_the_name(*, owned: bool) -> None:
    origin = Origin(url=INDEX, rivals=Unknown("the page of acme-core could not be had"))
    candidate = a_candidate(file=a_file("acme-core"), origin=origin)
    verdict = a_verdict(candidate, OWNED if owned else "")
    assert verdict.decision is (Decision.ADMITTED if owned else Decision.UNDECIDED)


def test_an_index_that_is_not_known_leaves_it_undecided() -> None:
    verdict = a_verdict(a_candidate(origin=Unknown("no answer in time")))
    assert report(verdict) == snapshot("""\
undecided[foreign-index]: not known which index it comes from: no answer in time
  --> litellm-1.82.6-py3-none-any.whl
   = help: guard rule foreign-index

1 file judged: 1 undecided; nothing was installed
""")


def test_what_comes_from_no_index_is_not_foreign() -> None:
    candidate = a_candidate(file=a_file("acme-core"), origin=Absent("a file"))
    assert a_verdict(candidate, OWNED).findings == ()


def test_rivals_that_are_known_to_be_absent_are_none() -> None:
    origin = Origin(url=INDEX, rivals=Absent("only one index is configured"))
    assert a_verdict(a_candidate(origin=origin)).findings == ()


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_an_entry_that_does_not_own_it_hides_none_that_does(order: tuple[int, ...]) -> None:
    entries = [
        f'[[index]]\nname = "plain"\nurl = "{PUBLIC}"\n',
        OWNED,
        f'[[index]]\nname = "mirror"\nurl = "{MIRROR}"\nowns = ["other-*"]\n',
    ]
    policy = "".join(entries[i] for i in order)
    candidate = a_candidate(file=a_file("acme-core"), origin=from_(PUBLIC))
    assert a_verdict(candidate, policy).decision is Decision.DENIED


def test_a_good_file_hides_no_foreign_one() -> None:
    foreign = a_candidate(file=a_file("acme-core"), origin=from_(PUBLIC))
    assert a_judgement(a_candidate(), foreign, toml=OWNED).decision is Decision.DENIED
    assert a_judgement(foreign, a_candidate(), toml=OWNED).decision is Decision.DENIED


def test_each_rival_is_named() -> None:
    verdict = a_verdict(a_candidate(origin=from_(INDEX, PUBLIC, MIRROR)))
    assert [PUBLIC in f.message for f in verdict.findings] == [True, False]
    assert [MIRROR in f.message for f in verdict.findings] == [False, True]
