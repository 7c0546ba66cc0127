"""`suspicious-change`: what a young release can do that the one before could not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from inline_snapshot import snapshot

from guard.artifact.content import Content, Trace
from guard.artifact.defect import Defect, DefectKind
from guard.errors import PolicyError
from guard.model import Absent, Baseline, Candidate, Decision, Fact, Unknown
from guard.rules.suspicious_change import SuspiciousChange
from tests.builders import (
    a_candidate,
    a_file,
    a_judgement,
    a_listing,
    a_policy,
    a_verdict,
    ago,
    findings,
    report,
)

Traces = tuple[Trace, ...]
MODULE = "litellm/proxy/proxy_server.py"


def shows(
    *capabilities: str, member: str = MODULE, text: str = "", line: int | None = 12
) -> Traces:
    """A file that shows all of `capabilities`."""
    return tuple(
        Trace(
            capability=capability,
            text=text or f"line of {capability}",
            line=line,
            member=member,
            offset=4000,
        )
        for capability in capabilities
    )


def content(*traces: Traces) -> Content:
    return Content(filename="litellm-1.0-py3-none-any.whl", traces=sum(traces, ()))


def baseline(before: Fact[Content]) -> Baseline:
    return Baseline(
        file=a_file(version="1.0"),
        listing=a_listing(upload_time=ago(days=60)),
        requires_dist=(),
        content=before,
    )


def changed(now: Traces, before: Traces = (), **more: Any) -> Candidate:
    """litellm 1.1, uploaded ten days ago, which shows `now` where 1.0 showed `before`."""
    said: dict[str, Any] = {
        "file": a_file(version="1.1"),
        "listing": a_listing(upload_time=ago(days=10)),
        "content": content(now),
        "baseline": baseline(content(before)),
    }
    return a_candidate(**said | more)


EXEC, RUN = shows("decoded-exec"), shows("import-time-process")
BOTH = EXEC + RUN
BAD = changed(BOTH)


def denied(candidate: Candidate) -> bool:
    return a_verdict(candidate).decision is Decision.DENIED


def test_what_shows_nothing_is_allowed() -> None:
    assert a_verdict(changed(())).findings == ()


def test_two_kinds_that_are_new_are_denied_with_their_lines() -> None:
    assert report(a_verdict(BAD)) == snapshot("""\
warning[suspicious-code]: decoded-exec: it runs code that it decodes first
  --> litellm-1.1-py3-none-any.whl
   = where: 'litellm/proxy/proxy_server.py' at byte 4000, line 12: 'line of decoded-exec'
   = help: guard rule suspicious-code

denied[suspicious-change]: 'litellm/proxy/proxy_server.py' shows what it did not in 1.0: decoded-exec, import-time-process
  --> litellm-1.1-py3-none-any.whl
   = where: 'litellm/proxy/proxy_server.py' at byte 4000, line 12: decoded-exec: 'line of decoded-exec'
   = where: 'litellm/proxy/proxy_server.py' at byte 4000, line 12: import-time-process: 'line of import-time-process'
   = help: guard rule suspicious-change

1 file judged: 1 denied; nothing was installed
""")  # noqa: E501 - as it is printed


@pytest.mark.parametrize(
    ("now", "before"),
    [
        (EXEC, ()),
        (BOTH, BOTH),
        (BOTH, EXEC),
        (BOTH, RUN),
        (EXEC + shows("decoded-exec", line=99, text="another line"), ()),
        (BOTH + shows("import-time-network"), BOTH),
    ],
)
def test_fewer_than_two_new_kinds_are_allowed(now: Traces, before: Traces) -> None:
    assert not denied(changed(now, before))


def test_what_was_there_before_hides_nothing_new() -> None:
    more = shows("credential-read", "import-time-network")
    assert denied(changed(BOTH + more, BOTH))
    assert denied(changed(more + BOTH, BOTH))


def test_what_another_module_could_do_before_is_new_in_this_one() -> None:
    elsewhere = shows(
        "decoded-exec", "import-time-process", member="litellm/other.py", text="other"
    )
    assert denied(changed(BOTH + elsewhere, elsewhere))
    assert denied(changed(BOTH, elsewhere))


def test_one_kind_in_each_of_two_modules_is_allowed() -> None:
    assert not denied(changed(EXEC + shows("import-time-process", member="litellm/other.py")))


def test_a_new_module_has_gained_all_that_it_can_do() -> None:
    start = "litellm/_runtime/start.py"
    assert denied(changed(shows("import-time-process", "download-and-run", member=start), EXEC))


def test_a_module_that_moved_has_gained_nothing() -> None:
    old, new = "litellm/old.py", "litellm/new.py"
    kinds = ("decoded-exec", "import-time-process")
    assert not denied(changed(shows(*kinds, member=new), shows(*kinds, member=old)))


def test_a_module_that_was_copied_has_gained_what_is_in_the_copy() -> None:
    """Lines that an attacker finds in a vendored package would otherwise be free to use."""
    old, new = "litellm/old.py", "litellm/new.py"
    there = shows("decoded-exec", "import-time-process", member=old)
    copy = shows("decoded-exec", "import-time-process", member=new)
    assert denied(changed(there + copy, there))


def test_one_line_that_moved_makes_room_for_one() -> None:
    kinds = ("decoded-exec", "import-time-process")
    before = shows(*kinds, member="litellm/old.py")
    moved = shows(*kinds, member="litellm/a.py") + shows(*kinds, member="litellm/b.py")
    [finding] = findings(SuspiciousChange(), changed(moved, before))
    assert finding.message.startswith("'litellm/b.py' shows what it did not in 1.0")


def test_the_version_in_a_path_makes_no_other_file_of_it() -> None:
    kinds = ("decoded-exec", "import-time-process")
    old = shows(*kinds, member="litellm-1.0.data/scripts/run", text="as it was")
    new = shows(*kinds, member="litellm-1.1.data/scripts/run", text="as it is")
    assert not denied(changed(new, old))
    lib = shows(*kinds, member="litellm-1.1.data/purelib/litellm/a.py", text="as it is")
    assert not denied(changed(lib, shows(*kinds, member="litellm/a.py")))
    assert denied(changed(new, shows(*kinds, member="litellm-1.0.data/scripts/other")))


@pytest.mark.parametrize(
    "payload",
    [
        shows("hidden-payload", member="litellm/sound.wav", line=None),
        shows("obfuscation", member="litellm/_runtime/index.js"),
        shows("download-and-run", member="litellm/setup.sh"),
    ],
)
def test_a_payload_beside_the_module_that_runs_it_counts(payload: Traces) -> None:
    assert denied(changed(RUN + payload))
    assert denied(changed(payload + RUN))
    assert not denied(changed(RUN + payload, payload))
    assert not denied(changed(payload))


def test_commands_in_the_help_texts_of_a_page_are_allowed() -> None:
    chunk = "litellm/proxy/_next/static/chunks/2ksvn.js"
    texts = shows("credential-read", "download-and-run", member=chunk)
    assert not denied(changed(RUN + texts))
    hidden = shows("obfuscation", member=chunk)
    older = shows("obfuscation", member="litellm/proxy/_next/static/chunks/1_y65.js", text="older")
    assert not denied(changed(RUN + hidden, older))
    assert denied(changed(RUN + hidden, shows("obfuscation", member="elsewhere/a.js", text="b")))


def test_a_script_that_is_no_python_counts_alone() -> None:
    assert denied(changed(shows("download-and-run", "credential-read", member="litellm/setup.sh")))


@pytest.mark.parametrize(("days", "expected"), [(89.9, True), (90, False), (-1, True)])
def test_only_what_is_young_is_compared(days: float, expected: bool) -> None:
    listing = a_listing(upload_time=ago(days=days))
    [*found] = findings(SuspiciousChange(), changed(BOTH, listing=listing))
    assert bool(found) is expected


@pytest.mark.parametrize("moment", [Unknown("no times"), Absent("a local index has no times")])
def test_without_an_upload_time_everything_is_young(moment: Absent | Unknown) -> None:
    assert denied(changed(BOTH, listing=a_listing(upload_time=moment)))


def test_the_window_and_the_number_are_the_policys() -> None:
    wide = "[rules.suspicious-change]\nwindow = '1000 days'\n"
    listing = a_listing(upload_time=ago(days=999))
    assert a_verdict(changed(BOTH, listing=listing), wide).decision is Decision.DENIED
    for kinds, decision in ((1, Decision.DENIED), (2, Decision.ADMITTED)):
        toml = f"[rules.suspicious-change]\nkinds = {kinds}\n"
        assert a_verdict(changed(EXEC), toml).decision is decision


def test_no_kinds_at_all_would_be_too_many() -> None:
    with pytest.raises(PolicyError) as error:
        a_policy("[rules.suspicious-change]\nkinds = 0\n")
    assert error.value.at == "rules.suspicious-change.kinds"


def test_a_first_release_is_compared_with_nothing() -> None:
    assert findings(SuspiciousChange(), changed(BOTH, baseline=Absent("none"))) == []


@pytest.mark.parametrize(
    "unknown",
    [
        Unknown("its page could not be read"),
        baseline(Unknown("its page could not be read")),
        baseline(Absent("its page could not be read")),
    ],
)
def test_a_baseline_that_cannot_be_had_leaves_it_undecided(unknown: Fact[Baseline]) -> None:
    candidate = changed(BOTH, baseline=unknown)
    [finding] = findings(SuspiciousChange(), candidate)
    assert finding.unknown
    assert finding.message.endswith(": its page could not be read")
    assert a_verdict(candidate).decision is Decision.UNDECIDED


def test_a_baseline_that_cannot_be_had_matters_to_nobody_who_shows_nothing() -> None:
    for traces in ((), EXEC, shows("credential-read", "download-and-run", member="a.js")):
        candidate = changed(traces, baseline=Unknown("its page could not be read"))
        assert findings(SuspiciousChange(), candidate) == []


@pytest.mark.parametrize("traces", [(), EXEC, BOTH, EXEC + shows("obfuscation", member="a.js")])
@pytest.mark.parametrize("before", [(), EXEC, BOTH, shows("decoded-exec", member="other.py")])
def test_what_is_not_suspected_is_never_denied(traces: Traces, before: Traces) -> None:
    """Only for what is suspected is the baseline fetched at all."""
    suspected = SuspiciousChange().suspects(content(traces))
    assert suspected or not denied(changed(traces, before))


def test_a_wheel_that_could_not_be_read_is_undecided() -> None:
    [finding] = findings(SuspiciousChange(), changed((), content=Unknown("the disk is full")))
    assert finding.unknown
    assert finding.message == "what is inside is not known: the disk is full"
    assert findings(SuspiciousChange(), changed((), content=Absent("no wheel"))) == []


def test_more_than_can_be_kept_is_undecided() -> None:
    """A flood of harmless traces must not wash away the one that matters."""
    defect = Defect(kind=DefectKind.SUSPICIOUS_CODE, message="more than the 2000 that are kept")
    cut = changed((), content=replace(content(EXEC), defects=(defect,)))
    assert a_verdict(cut).decision is Decision.UNDECIDED
    assert denied(changed((), content=replace(content(BOTH), defects=(defect,))))


def test_what_no_index_lists_has_no_past() -> None:
    candidate = changed(BOTH, listing=Absent("a local file"), baseline=Absent("a local file"))
    assert findings(SuspiciousChange(), candidate) == []


def test_long_lines_and_many_files_are_shown_in_part() -> None:
    kinds = ("decoded-exec", "import-time-process")
    many = sum((shows(*kinds, member=f"m{n}.py", text="x" * 500) for n in range(400)), ())
    found = findings(SuspiciousChange(), changed(many))
    assert [finding.message for finding in found[5:]] == [
        "and 395 more files show what they did not"
    ]
    assert all(len(line) < 250 for finding in found for line in finding.detail)


def test_a_good_wheel_hides_no_bad_one() -> None:
    good = changed(BOTH, BOTH)
    assert a_judgement(good, BAD).decision is Decision.DENIED
    assert a_judgement(BAD, good).decision is Decision.DENIED


def test_the_cooldown_is_what_the_policy_says_but_never_less_than_a_week() -> None:
    assert a_policy().settled() == timedelta(days=7)
    assert a_policy("rules.fresh-upload.age = '14 days'\n").settled() == timedelta(days=14)
    assert a_policy("rules.fresh-upload.age = '1 day'\n").settled() == timedelta(days=7)
    assert a_policy("rules.fresh-upload.level = 'off'\n").settled() == timedelta(days=7)
