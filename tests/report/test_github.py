"""The report as workflow commands: what a runner reads, line by line."""

from __future__ import annotations

import re

import pytest
from inline_snapshot import snapshot

from guard.report import Result
from guard.report.github import render
from tests.report.results import (
    ADMITTED,
    ATTACKED,
    CHOSEN,
    DENIED,
    EVERY,
    SATISFIED,
    SET_ASIDE,
    UNDECIDED,
    UNINFORMED,
)


def test_admitted_with_remarks() -> None:
    assert render(ADMITTED) == snapshot("""\
::warning title=yanked-file%3A frob-1.0-py3-none-any.whl::yanked by its project: broken · policy: rules.yanked-file.pinned-level = "warn"
::notice title=guard::2 files judged: admitted
""")  # noqa: E501 - as it is printed


def test_the_newer_releases_that_were_passed_over() -> None:
    assert render(CHOSEN).splitlines()[0] == snapshot(
        "::notice title=passed over%3A litellm 1.83.6::fresh-upload: uploaded 2 hours ago, younger than 7 days"  # noqa: E501 - as it is printed
    )
    assert len(render(CHOSEN).splitlines()) == 8


def test_denied() -> None:
    assert render(DENIED) == snapshot("""\
::error title=fresh-upload%3A litellm-1.82.6-py3-none-any.whl::uploaded 2 hours ago, younger than 7 days · policy: rules.fresh-upload.age = "7 days"
::notice title=guard::2 files judged: denied
""")  # noqa: E501 - as it is printed


def test_undecided() -> None:
    assert render(UNDECIDED) == snapshot("""\
::error title=hash-mismatch%3A frob-1.0-py3-none-any.whl::could not be downloaded: no answer in time
::notice title=guard::2 files judged: undecided
""")


def test_set_aside_by_the_policy() -> None:
    assert render(SET_ASIDE) == snapshot("""\
::notice title=fresh-upload%3A litellm-1.82.6-py3-none-any.whl::uploaded 2 hours ago, younger than 7 days · policy: rules.fresh-upload.age = "7 days"
::notice title=guard::1 file judged: admitted
""")  # noqa: E501 - as it is printed


def test_nothing_to_do() -> None:
    assert render(SATISFIED) == snapshot("::notice title=guard::0 files judged: admitted\n")


def test_what_an_index_says_is_no_command() -> None:
    assert render(ATTACKED) == snapshot("""\
::error title=yanked-file%3A litellm\\x1b[2J\\x9b31m\\u202e\\r\\n%3A%3Aerror title=x%3A%3Apwned\\n\\u2028%250A\\x07<b>\\x00\\x7f.whl::yanked by its project: \\x1b[2J\\x9b31m\\u202e\\r\\n::error title=x::pwned\\n\\u2028%250A\\x07<b>\\x00\\x7f
::notice title=passed over%3A litellm 2.0::fresh-upload: \\x1b[2J\\x9b31m\\u202e\\r\\n::error title=x::pwned\\n\\u2028%250A\\x07<b>\\x00\\x7f
::notice title=guard::1 file judged: denied
""")  # noqa: E501 - as it is printed


@pytest.mark.parametrize("result", EVERY.values(), ids=EVERY)
def test_every_line_is_one_command_of_ours(result: Result) -> None:
    for line in render(result).split("\n")[:-1]:
        assert re.fullmatch(r"::(error|warning|notice) title=[^:,\r]+::.*", line), line
        assert line.isprintable()


def test_what_files_have_in_common_is_one_annotation() -> None:
    assert render(UNINFORMED) == snapshot("""\
::warning title=known-malware::no advisories were asked: there are none here yet · help: `guard feed update` fetches them, `guard feed import FILE` takes a file
::notice title=guard::2 files judged: admitted
""")  # noqa: E501 - as it is printed
