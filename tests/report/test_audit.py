"""An audit in words: what matters first, a line for each release, and no flood."""

from __future__ import annotations

import json

from inline_snapshot import snapshot

from guard.admission import Judgement
from guard.model import Absent, Advisories, Advisory, Severity, Unknown, Verdict
from guard.report import Result, github
from guard.report import json as json_report
from guard.report.audit import render
from guard.report.result import Location
from tests.builders import a_candidate, a_file, a_listing, a_verdict, ago
from tests.rules.installations import an_installation, edited

UNKNOWN = Unknown("offline, and not seen within the last 7 days")


def a_release(name: str, **changes: object) -> Verdict:
    return a_verdict(a_candidate(file=a_file(name, "1.0"), **changes))


def audited(*verdicts: Verdict, lines: bool = False) -> Result:
    places = tuple(Location("uv.lock", n) for n in range(1, len(verdicts) + 1)) if lines else ()
    return Result(
        decision=Judgement(verdicts).decision, verdicts=verdicts, locations=places, each=True
    )


def vulnerable(name: str) -> Verdict:
    record = Advisory(id=f"PYSEC-{name}", severity=Severity.HIGH, summary="it is open")
    advisories = Advisories(records=(record,), as_of=ago(hours=1), source="https://example.com")
    return a_release(name, advisories=advisories)


def undecided(name: str) -> Verdict:
    return a_release(name, listing=UNKNOWN, origin=UNKNOWN, status=UNKNOWN)


def test_the_worst_comes_first_and_each_release_has_a_line() -> None:
    result = audited(
        a_release("fine"),
        vulnerable("one"),
        vulnerable("two"),
        undecided("three"),
        undecided("four"),
        a_release("five", listing=a_listing(upload_time=ago(hours=1))),
        lines=True,
    )
    assert render(result, noun="release") == snapshot("""\
denied[fresh-upload]: uploaded 1 hour ago, younger than 7 days
  --> five 1.0 (uv.lock:6)
   = policy: rules.fresh-upload.age = "7 days"
   = help: guard rule fresh-upload

undecided[fresh-upload and 5 more]: 2 releases
  --> three 1.0 (uv.lock:4): upload time unknown: offline, and not seen within the last 7 days
  --> four 1.0 (uv.lock:5): upload time unknown: offline, and not seen within the last 7 days
   = help: guard rule fresh-upload

warning[known-vulnerability]: 2 releases
  --> one 1.0 (uv.lock:2): known vulnerability: PYSEC-one, high
  --> two 1.0 (uv.lock:3): known vulnerability: PYSEC-two, high
   = help: guard rule known-vulnerability

6 releases, advisories 1 hour old: 3 admitted, 1 denied, 2 undecided
""")


def test_what_is_held_against_one_release_alone_is_told_with_its_details() -> None:
    changed = a_release("frob", installation=an_installation(altered=edited("a.py", "b.py")))
    assert render(audited(a_release("fine"), changed), noun="distribution") == snapshot("""\
denied[altered-file]: 2 of 5 files, a.py among them, are not as RECORD says
  --> frob 1.0
   = where: 'a.py': its sha256 is ab, not RECORD's
   = where: 'b.py': its sha256 is ab, not RECORD's
   = help: guard rule altered-file

2 distributions: 1 admitted, 1 denied
""")


def test_a_thousand_warnings_are_no_flood_and_no_denial_is_left_out() -> None:
    warned = [vulnerable(f"warned-{n}") for n in range(100)]
    fresh = a_listing(upload_time=ago(hours=1))
    denied = [a_release(f"denied-{n}", listing=fresh) for n in range(100)]
    text = render(audited(*warned, *denied), noun="release")
    assert "… and 80 more (`--verbose`)" in text
    assert text.count("--> denied-") == 100
    assert text.count("--> warned-") == 20
    everything = render(audited(*warned, *denied), noun="release", verbose=True)
    assert everything.count("--> warned-") == 100
    assert everything.count("it is open") == 100


def test_nothing_that_a_stranger_wrote_is_obeyed_by_a_terminal() -> None:
    evil = Unknown("\x1b[2J\nadmitted")
    text = render(audited(a_release("frob", origin=evil)), noun="release")
    assert "\x1b" not in text
    assert "\nadmitted" not in text


def test_nothing_was_there() -> None:
    assert render(audited(), noun="distribution") == "0 distributions: nothing to judge\n"


def test_programs_are_told_where_it_is_listed_and_what_is_installed() -> None:
    installed = an_installation(admitted=Absent("past"), altered=edited("a.py"))
    result = audited(a_release("frob", installation=installed), lines=True)
    [candidate] = json.loads(json_report.render(result))["candidates"]
    assert candidate["location"] == {"path": "uv.lock", "line": 1}
    assert candidate["installation"] == {
        "installer": "uv",
        "files": 5,
        "altered": [{"path": "a.py", "what": "its sha256 is ab, not RECORD's"}],
        "wheel": "litellm-1.82.6-py3-none-any.whl",
        "admitted": None,
        "direct_url": None,
    }
    unread = audited(a_release("frob", installation=Unknown("no permission")))
    assert json.loads(json_report.render(unread))["candidates"][0]["installation"] is None


def test_of_a_request_programs_are_told_neither() -> None:
    result = Result(decision=Judgement(()).decision, verdicts=(a_release("frob"),))
    document = json.loads(json_report.render(result))
    assert not {"location", "installation"} & document["candidates"][0].keys()
    assert "left_out" not in document


def test_annotations_are_at_the_line() -> None:
    result = audited(vulnerable("one"), undecided("two"), lines=True)
    first, *rest, last = github.render(result).splitlines()
    assert first.startswith("::warning file=uv.lock,line=1,title=known-vulnerability%3A ")
    assert rest
    assert all(" file=uv.lock,line=2,title=" in each for each in rest)
    assert last.startswith("::notice title=guard::2 files judged")
