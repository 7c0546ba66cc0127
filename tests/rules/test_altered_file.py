"""`altered-file`: what is installed is no longer what was."""

from __future__ import annotations

from inline_snapshot import snapshot

from guard.model import Absent, Decision, Unknown
from guard.rules.altered_file import AlteredFile
from tests.builders import a_candidate, a_judgement, a_verdict, findings, report
from tests.rules.installations import edited, gone, installed

PATHS = tuple(f"frob/{number}.py" for number in range(7))


def test_files_as_record_lists_them_are_allowed() -> None:
    assert a_verdict(installed()).findings == ()


def test_what_is_not_installed_has_no_files_to_compare() -> None:
    candidate = a_candidate(installation=Absent("it is not installed"))
    assert findings(AlteredFile(), candidate) == []


def test_an_edited_file_is_denied() -> None:
    assert report(a_verdict(installed(altered=edited("frob.py")))) == snapshot("""\
denied[altered-file]: frob.py is not as RECORD says
  --> litellm-1.82.6-py3-none-any.whl
   = where: 'frob.py': its sha256 is ab, not RECORD's
   = help: guard rule altered-file

1 file judged: 1 denied; nothing was installed
""")


def test_many_edited_files_are_one_finding() -> None:
    [finding] = findings(AlteredFile(), installed(altered=edited(*PATHS), files=40))
    assert finding.message == "7 of 40 files, frob/0.py among them, are not as RECORD says"
    assert len(finding.detail) == 6
    assert finding.detail[-1] == "and 2 more"


def test_a_missing_file_is_mentioned_and_denied_on_demand() -> None:
    candidate = installed(altered=gone("frob/tests.py"))
    assert a_verdict(candidate).decision is Decision.ADMITTED
    strict = 'rules.altered-file.missing-level = "deny"\n'
    assert a_verdict(candidate, strict).decision is Decision.DENIED
    assert a_verdict(candidate, 'rules.altered-file.missing-level = "off"\n').findings == ()


def test_missing_files_do_not_hide_an_edited_one() -> None:
    found = findings(AlteredFile(), installed(altered=(*edited("a.py"), *gone(*PATHS))))
    assert [finding.message for finding in found] == [
        "a.py is not as RECORD says",
        "7 of 5 files, frob/0.py among them, are listed in RECORD, but not there",
    ]


def test_where_nothing_lists_the_files_nothing_is_decided() -> None:
    verdict = a_verdict(installed(altered=Unknown("there is no RECORD")))
    assert verdict.decision is Decision.UNDECIDED
    unread = a_verdict(a_candidate(installation=Unknown("no permission")))
    assert unread.decision is Decision.UNDECIDED


def test_a_good_release_hides_no_bad_one() -> None:
    bad = installed(altered=edited("frob.py"))
    assert a_judgement(installed(), bad).decision is Decision.DENIED
    assert a_judgement(bad, installed()).decision is Decision.DENIED
