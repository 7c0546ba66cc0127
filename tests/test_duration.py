"""Durations, as people write them."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.duration import Duration, ago, cutoff
from tests.builders import NOW


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("7 days", timedelta(days=7)),
        ("1 day", timedelta(days=1)),
        ("1 days", timedelta(days=1)),
        ("  7days ", timedelta(days=7)),
        ("12 hours", timedelta(hours=12)),
        ("90 minutes", timedelta(minutes=90)),
        ("30 seconds", timedelta(seconds=30)),
        ("2 weeks", timedelta(weeks=2)),
        ("0 days", timedelta()),
        ("P7D", timedelta(days=7)),
        ("P2W", timedelta(weeks=2)),
        ("PT12H", timedelta(hours=12)),
        ("P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
    ],
)
def test_what_is_a_duration(text: str, length: timedelta) -> None:
    assert Duration.parse(text) == length


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "7", "7.5 days", "-7 days", "+7 days", "7 dayss", "seven days", "7 d", "7 Days"),
        *(
            "7 days 3 hours",
            "7 months",
            "days",
            "7\ndays",
            "\u0667 days",
            "1234567 days",
            "7 day s",
        ),
        *("P", "PT", "P7", "P1M", "P7DT", "p7d", "P-7D", "P7D ago", "P1Y", "P\u0667D", "T1H"),
    ],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match='expected a duration such as "7 days"'):
        Duration.parse(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        *(("7 days", "7 days"), ("P1D", "1 day"), ("24 hours", "1 day"), ("36 hours", "36 hours")),
        *(("2 weeks", "14 days"), ("60 seconds", "1 minute"), ("61 seconds", "61 seconds")),
        *(("0 seconds", "0 days"), ("PT25H", "25 hours"), ("1 second", "1 second")),
    ],
)
def test_how_a_duration_is_shown(text: str, shown: str) -> None:
    assert str(Duration.parse(text)) == shown


@given(st.integers(0, 999_999), st.sampled_from(["second", "minute", "hour", "day", "week"]))
def test_what_is_shown_is_read_as_the_same_length(number: int, unit: str) -> None:
    length = Duration.parse(f"{number} {unit}s")
    with contextlib.suppress(ValueError):  # a number of more than six digits
        assert Duration.parse(str(length)) == length


@given(st.text(max_size=20) | st.from_regex(r"P?T?[0-9]{0,7} ?[A-Za-z]{0,8}", fullmatch=True))
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert Duration.parse(text) >= timedelta()
    with contextlib.suppress(ValueError):
        assert cutoff(text, now=NOW).tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("7 days", NOW - timedelta(days=7)),
        ("P7D", NOW - timedelta(days=7)),
        ("2026-03-24", datetime(2026, 3, 24, tzinfo=UTC)),
        ("2026-03-24T10:39:00Z", datetime(2026, 3, 24, 10, 39, tzinfo=UTC)),
        ("2026-03-24T12:39:00+02:00", datetime(2026, 3, 24, 10, 39, tzinfo=UTC)),
        (" 2026-03-24T10:39:00 ", datetime(2026, 3, 24, 10, 39, tzinfo=UTC)),
    ],
)
def test_a_cutoff_is_an_age_or_a_moment(text: str, moment: datetime) -> None:
    assert cutoff(text, now=NOW) == moment


@pytest.mark.parametrize(
    "text", ["", "7", "yesterday", "2026-13-01", "999999 weeks", "0001-01-01T00:00:00+14:00"]
)
def test_what_is_no_cutoff(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        cutoff(text, now=NOW)


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (timedelta(), "0 seconds"),
        (timedelta(milliseconds=999), "0 seconds"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(minutes=59, seconds=59), "59 minutes"),
        (timedelta(hours=2, minutes=59), "2 hours"),
        (timedelta(days=6, hours=23), "6 days"),
        (timedelta(days=365), "365 days"),
        (timedelta(seconds=-1), "0 seconds"),
    ],
)
def test_an_age_is_said_in_its_largest_whole_unit(age: timedelta, said: str) -> None:
    assert ago(age) == said
