"""`unguarded-install`: what nobody had judged before it was installed."""

from __future__ import annotations

from inline_snapshot import snapshot

from guard.model import Absent, Decision, Unknown
from guard.rules.unguarded_install import UnguardedInstall
from tests.builders import a_candidate, a_judgement, a_verdict, findings, report
from tests.rules.installations import installed

PAST = Absent("no file of litellm 1.82.6 was ever let in")
REQUIRED = 'approval = "required"\n[rules.unapproved-file]\nlevel = "off"\n'


def test_what_the_guard_let_in_is_allowed() -> None:
    assert a_verdict(installed()).findings == ()


def test_what_is_not_installed_is_past_nobody() -> None:
    candidate = a_candidate(installation=Absent("it is not installed"))
    assert findings(UnguardedInstall(), candidate) == []


def test_what_came_past_the_guard_is_mentioned() -> None:
    assert report(a_verdict(installed(admitted=PAST, installer="pip"))) == snapshot("""\
warning[unguarded-install]: installed past the guard: no file of litellm 1.82.6 was ever let in
  --> litellm-1.82.6-py3-none-any.whl
   = INSTALLER: pip
   = help: guard rule unguarded-install

1 file judged: admitted, 1 with remarks
""")


def test_where_approval_is_required_it_is_denied() -> None:
    verdict = a_verdict(installed(admitted=PAST), REQUIRED)
    assert verdict.decision is Decision.DENIED
    (finding,) = verdict.findings
    assert finding.detail == ("INSTALLER: uv", 'policy: approval = "required"')
    milder = f'{REQUIRED}[rules.unguarded-install]\nrequired-level = "warn"\n'
    assert a_verdict(installed(admitted=PAST), milder).decision is Decision.ADMITTED


def test_what_cannot_be_compared_is_not_fine() -> None:
    unknown = Unknown("litellm-1.82.6-py3-none-any.whl was, and is not at hand")
    [finding] = findings(UnguardedInstall(), installed(admitted=unknown, installer=None))
    assert finding.unknown
    assert finding.detail == ("no INSTALLER",)
    assert a_verdict(installed(admitted=unknown), REQUIRED).decision is Decision.UNDECIDED
    unread = a_candidate(installation=Unknown("no permission"))
    assert [each.unknown for each in findings(UnguardedInstall(), unread)] == [True]


def test_nothing_is_said_at_a_level_that_is_off() -> None:
    off = f'{REQUIRED}[rules.unguarded-install]\nrequired-level = "off"\n'
    assert a_verdict(installed(admitted=PAST), off).findings == ()


def test_a_good_release_hides_no_bad_one() -> None:
    bad = installed(admitted=PAST)
    for order in ((installed(), bad), (bad, installed())):
        assert a_judgement(*order, toml=REQUIRED).decision is Decision.DENIED
