"""`source-distribution`: what would have to be built, and so would run before it was judged."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from guard.model import Absent, Decision, FileKind, Requested, Unknown
from tests.builders import a_candidate, a_file, a_judgement, a_verdict, report

SDIST = a_file(filename="litellm-1.82.6.tar.gz", kind=FileKind.SDIST)
TREE = a_file(version=None, filename="litellm", kind=FileKind.SOURCE_TREE, hashes={})


def test_a_wheel_is_allowed() -> None:
    assert a_verdict(a_candidate()).findings == ()


def test_a_source_distribution_is_denied() -> None:
    assert report(a_verdict(a_candidate(file=SDIST))) == snapshot("""\
denied[source-distribution]: installing this sdist would run its build backend
  --> litellm-1.82.6.tar.gz
   = help: choose a release with a wheel for the target interpreter
   = help: or have it built in a sandbox: rules.source-distribution.action = "build"
   = help: guard rule source-distribution

1 file judged: 1 denied; nothing was installed
""")


BUILT = '[rules.source-distribution]\naction = "build"\n'


def test_what_the_guard_builds_itself_is_allowed_where_the_policy_says_so() -> None:
    coming = a_candidate(file=SDIST, requested=Requested(named=True, to_build=True))
    assert a_verdict(coming, BUILT).findings == ()
    assert a_verdict(coming).decision is Decision.DENIED


def test_what_an_installer_would_build_is_denied_all_the_same() -> None:
    assert a_verdict(a_candidate(file=SDIST), BUILT).decision is Decision.DENIED


def test_a_folder_of_the_users_own_is_built_and_no_other_tree() -> None:
    coming = Requested(named=True, to_build=True, direct_url="file:///home/user/litellm")
    own = a_file(
        version=None, url="file:///home/user/litellm", kind=FileKind.SOURCE_TREE, hashes={}
    )
    assert a_verdict(a_candidate(file=own, requested=coming), BUILT).findings == ()
    assert a_verdict(a_candidate(file=own, requested=coming)).decision is Decision.DENIED
    assert a_verdict(a_candidate(file=TREE, requested=coming), BUILT).decision is Decision.DENIED


def test_a_group_may_be_built_and_nobody_else() -> None:
    policy = (
        '[[group]]\nname = "ours"\nmembers = ["litellm"]\n'
        'rules.source-distribution.action = "build"\n'
    )
    coming = Requested(named=True, to_build=True)
    assert a_verdict(a_candidate(file=SDIST, requested=coming), policy).findings == ()
    other = a_file("requests", "2.0", filename="requests-2.0.tar.gz", kind=FileKind.SDIST)
    denied = a_verdict(a_candidate(file=other, requested=coming), policy)
    assert [finding.rule for finding in denied.findings] == ["source-distribution"]


def test_a_source_tree_is_denied() -> None:
    candidate = a_candidate(
        file=TREE,
        requested=Requested(named=True, direct_url="git+https://git.example.com/litellm"),
        origin=Absent("a URL"),
        listing=Absent("a URL"),
        digests=Absent("not a single file"),
    )
    policy = 'rules.direct-url.level = "off"\n'
    assert report(a_verdict(candidate, policy)) == snapshot("""\
denied[source-distribution]: installing this source tree would run its build backend
  --> litellm
   = help: choose a release with a wheel for the target interpreter
   = help: guard rule source-distribution

1 file judged: 1 denied; nothing was installed
""")


def test_what_a_file_is_counts_and_not_what_it_is_called() -> None:
    disguised = a_file(filename="litellm-1.82.6-py3-none-any.whl", kind=FileKind.SDIST)
    assert a_verdict(a_candidate(file=disguised)).decision is Decision.DENIED


@pytest.mark.parametrize("fact", [Absent("a URL"), Unknown("no answer in time")])
def test_it_needs_no_index_to_know(fact: Absent | Unknown) -> None:
    candidate = a_candidate(file=SDIST, origin=fact, listing=fact, status=fact, digests=fact)
    assert a_verdict(candidate).decision is Decision.DENIED


def test_a_wheel_hides_no_source_distribution() -> None:
    sdist = a_candidate(file=SDIST)
    assert a_judgement(a_candidate(), sdist).decision is Decision.DENIED
    assert a_judgement(sdist, a_candidate()).decision is Decision.DENIED
