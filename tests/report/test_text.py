"""The report in words: what a person sees on a terminal."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from inline_snapshot import snapshot

from guard.model import Absent, Requested, Verdict
from guard.report import Result
from guard.report.text import plain, render
from tests.builders import a_candidate, a_file, a_verdict
from tests.report.results import (
    ADMITTED,
    ATTACKED,
    CHOSEN,
    DENIED,
    EVERY,
    HOSTILE,
    SATISFIED,
    SET_ASIDE,
    UNDECIDED,
)

CONTROL = re.compile(r"[^\n\x20-\x7e\u00a1-\u167f\u2010-\u2027\u2030-\u205e\u2190-\u25ff]")


def test_admitted_with_remarks_and_publishers() -> None:
    assert render(ADMITTED) == snapshot("""\
warning[yanked-file]: yanked by its project: broken
  --> frob-1.0-py3-none-any.whl
   = policy: rules.yanked-file.pinned-level = "warn"
   = help: guard rule yanked-file

Published by, as their attestations say:
  frob 1.0: acme/frob release.yml @ refs/tags/v1.0 (first seen)
  1 not attested

2 files judged: admitted, 1 with remarks; installed
""")


def test_the_newer_releases_that_were_passed_over() -> None:
    assert render(CHOSEN) == snapshot("""\
Passed over:
  litellm 1.83.6 (fresh-upload: uploaded 2 hours ago, younger than 7 days)
  litellm 1.83.5 (fresh-upload: uploaded 2 hours ago, younger than 7 days)
  litellm 1.83.4 (fresh-upload: uploaded 2 hours ago, younger than 7 days)
  litellm 1.83.3 (fresh-upload: uploaded 2 hours ago, younger than 7 days)
  litellm 1.83.2 (fresh-upload: uploaded 2 hours ago, younger than 7 days)
  litellm: 2 more

1 file judged: admitted; installed
""")


def test_denied_with_what_would_be_acceptable() -> None:
    assert render(DENIED) == snapshot("""\
denied[fresh-upload]: uploaded 2 hours ago, younger than 7 days
  --> litellm-1.82.6-py3-none-any.whl
   = policy: rules.fresh-upload.age = "7 days"
   = help: newest acceptable release: 1.82.6
   = help: guard rule fresh-upload

The resolver found nothing else:
  | No solution found
  |   ╰─▶ because only litellm<=1.82.6 is available

2 files judged: 1 denied; nothing was installed
""")


def test_undecided() -> None:
    assert render(UNDECIDED) == snapshot("""\
undecided[hash-mismatch]: could not be downloaded: no answer in time
  --> frob-1.0-py3-none-any.whl
   = help: guard rule hash-mismatch

2 files judged: 1 undecided; nothing was installed
""")


def test_set_aside_by_the_policy() -> None:
    assert render(SET_ASIDE) == snapshot("""\
waived[fresh-upload]: uploaded 2 hours ago, younger than 7 days
  --> litellm-1.82.6-py3-none-any.whl
   = policy: rules.fresh-upload.age = "7 days"
   = waived: fixes an outage (sec@example.com)
   = help: guard rule fresh-upload

1 file judged: admitted, 1 with remarks; installed
""")


def test_nothing_to_do() -> None:
    assert render(SATISFIED) == snapshot(
        "Nothing to do: everything asked for is installed already\n"
    )


def test_what_an_index_says_is_shown_and_not_obeyed() -> None:
    assert render(ATTACKED) == snapshot("""\
denied[yanked-file]: yanked by its project: \\x1b[2J\\x9b31m\\u202e\\r\\n::error title=x::pwned\\n\\u2028%0A\\x07<b>\\x00\\x7f
  --> litellm\\x1b[2J\\x9b31m\\u202e\\r\\n::error title=x::pwned\\n\\u2028%0A\\x07<b>\\x00\\x7f.whl
   = help: guard rule yanked-file

Passed over:
  litellm 2.0 (fresh-upload: \\x1b[2J\\x9b31m\\u202e\\r\\n::error title=x::pwned\\n\\u2028%0A\\x07<b>\\x00\\x7f)

The resolver found nothing else:
  | \\x1b[2J\\x9b31m\\u202e\\r
  | ::error title=x::pwned
  | \\u2028%0A\\x07<b>\\x00\\x7f

1 file judged: 1 denied; nothing was installed
""")  # noqa: E501 - as it is printed


@pytest.mark.parametrize("result", EVERY.values(), ids=EVERY)
def test_nothing_reaches_the_terminal_that_it_would_obey(result: Result) -> None:
    assert CONTROL.findall(render(result)) == []


@pytest.mark.parametrize("result", EVERY.values(), ids=EVERY)
def test_colour_says_nothing_that_words_do_not(result: Result) -> None:
    coloured = render(result, colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render(result)
    if not result.satisfied:
        assert "\x1b[" in coloured


@pytest.mark.parametrize("result", EVERY.values(), ids=EVERY)
def test_no_line_is_a_command_to_a_runner_that_shows_it(result: Result) -> None:
    """GitHub's runner takes what begins with two colons, blanks aside, for a command."""
    assert not [line for line in render(result).splitlines() if line.lstrip().startswith("::")]


def test_each_line_that_was_hostile_stays_one_line() -> None:
    assert plain(HOSTILE).count("\n") == 0
    assert plain(HOSTILE, lines=True).count("\n") == HOSTILE.count("\n")


@pytest.mark.parametrize("text", ["grün", "日本", "a b", "é", "✓ …"])
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize(
    "text", ["\x1b", "\x9b", "\x07", "\u202e", "\u200b", "\ud800", "\xa0", "\t"]
)
def test_what_is_not_seen_is_made_visible(text: str) -> None:
    assert plain(text) == ascii(text)[1:-1]


def test_the_name_of_a_project_may_come_from_a_url() -> None:
    file = a_file(filename="x.whl", project=f"evil{HOSTILE}")
    candidate = a_candidate(
        file=file,
        provenance=ADMITTED.verdicts[1].candidate.provenance,
        requested=Requested(named=True, direct_url="https://e.example/x.whl"),
        origin=Absent("a URL"),
        listing=Absent("a URL"),
        status=Absent("a URL"),
    )
    verdict: Verdict = a_verdict(candidate, 'rules.direct-url.level = "off"\n')
    result = replace(ADMITTED, verdicts=(verdict,), standings=ADMITTED.standings[1:])
    assert CONTROL.findall(render(result)) == []
    assert "Published by" in render(result)
