"""`unowned-file`: what runs in an environment and belongs to nobody."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from guard.errors import PolicyError
from guard.model import Absent, Candidate, Decision, Unknown, Unowned
from guard.rules.unowned_file import UnownedFile
from tests.builders import a_candidate, a_judgement, a_policy, a_verdict, findings, report

EVIL = Unowned(
    path="site-packages/evil.pth",
    what="at every start of Python it runs 'import evil'",
    sha256="ab" * 32,
)
ALLOWING = f'rules.unowned-file.allow = ["{EVIL.sha256}"]\n'


def an_environment(*unowned: Unowned) -> Candidate:
    return a_candidate(unowned=unowned)


def test_an_environment_of_known_files_is_allowed() -> None:
    assert a_verdict(an_environment()).findings == ()


def test_what_is_no_environment_has_nothing_lying_about() -> None:
    assert findings(UnownedFile(), a_candidate(unowned=Absent("no environment"))) == []


def test_a_hook_that_is_nobodys_is_denied() -> None:
    assert report(a_verdict(an_environment(EVIL))) == snapshot("""\
denied[unowned-file]: site-packages/evil.pth belongs to no distribution: at every start of Python it runs 'import evil'
  --> litellm-1.82.6-py3-none-any.whl
   = where: 'site-packages/evil.pth'
   = help: if you have read it: rules.unowned-file.allow = ["abababababababababababababababababababababababababababababababab"]
   = help: guard rule unowned-file

1 file judged: 1 denied; nothing was installed
""")  # noqa: E501 - as it is printed


def test_what_was_read_may_stay_and_nothing_else_by_its_name() -> None:
    assert a_verdict(an_environment(EVIL), ALLOWING).findings == ()
    other = Unowned(path=EVIL.path, what=EVIL.what, sha256="cd" * 32)
    assert a_verdict(an_environment(other), ALLOWING).decision is Decision.DENIED


def test_an_allowed_file_hides_no_other() -> None:
    other = Unowned(path="bin/ls", what="it takes the place of /bin/ls", sha256="cd" * 32)
    for order in ((EVIL, other), (other, EVIL)):
        [finding] = findings(a_policy(ALLOWING).rule(UnownedFile), an_environment(*order))
        assert finding.message.startswith("bin/ls")


def test_of_very_many_some_are_shown() -> None:
    many = (Unowned(path=f"site-packages/{n}.pth", what="", sha256="cd" * 32) for n in range(25))
    found = findings(UnownedFile(), an_environment(*many))
    assert len(found) == 21
    assert found[-1].message == "and 5 more files that are nobody's"


def test_a_folder_that_cannot_be_read_leaves_it_undecided() -> None:
    verdict = a_verdict(a_candidate(unowned=Unknown("no permission")))
    assert verdict.decision is Decision.UNDECIDED


def test_only_a_digest_allows() -> None:
    with pytest.raises(PolicyError):
        a_policy('rules.unowned-file.allow = ["site-packages/evil.pth"]\n')


def test_a_good_environment_hides_no_bad_one() -> None:
    bad = an_environment(EVIL)
    assert a_judgement(an_environment(), bad).decision is Decision.DENIED
    assert a_judgement(bad, an_environment()).decision is Decision.DENIED
