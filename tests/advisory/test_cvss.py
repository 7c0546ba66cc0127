"""CVSS: the scores that the specifications and their calculators give."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.advisory import cvss
from guard.model import Severity

V3 = ["AV:NALP", "AC:LH", "PR:NLH", "UI:NR", "S:UC", "C:HLN", "I:HLN", "A:HLN"]
V4 = ["AV:NALP", "AC:LH", "AT:NP", "PR:NLH", "UI:NPA", "VC:HLN", "VI:HLN", "VA:HLN", "SC:HLN"]
V4 += ["SI:HLN", "SA:HLN"]


@pytest.mark.parametrize(
    ("metrics", "score"),
    [
        ("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
        ("AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
        ("AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
        ("AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4),
        ("AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1),
        ("AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5),
        ("AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 7.8),
        ("AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 6.8),
        ("AV:N/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:L", 2.0),
        ("AV:N/AC:L/PR:N/UI:N/S:C/C:N/I:N/A:N", 0.0),
        ("AV:N/AC:L/PR:H/UI:N/S:C/C:H/I:H/A:H", 9.1),
    ],
)
@pytest.mark.parametrize("version", ["3.0", "3.1"])
def test_base_scores_of_version_3(version: str, metrics: str, score: float) -> None:
    assert cvss.score(f"CVSS:{version}/{metrics}") == score


@pytest.mark.parametrize(
    ("metrics", "score"),
    [
        ("AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 10.0),
        ("AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3),
        ("AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N", 8.7),
        ("AV:N/AC:L/AT:N/PR:L/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N", 7.1),
        ("AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.7),
        ("AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 7.3),
        ("AV:N/AC:L/AT:N/PR:N/UI:A/VC:N/VI:N/VA:N/SC:L/SI:L/SA:N", 5.1),
        ("AV:P/AC:H/AT:P/PR:H/UI:A/VC:N/VI:N/VA:L/SC:N/SI:N/SA:N", 1.0),
        ("AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N", 0.0),
    ],
)
def test_base_scores_of_version_4(metrics: str, score: float) -> None:
    assert cvss.score(f"CVSS:4.0/{metrics}") == score


def test_other_metrics_do_not_change_a_base_score() -> None:
    v3 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    assert cvss.score(f"{v3}/E:U/RL:O/RC:U/MAV:P") == cvss.score(v3)
    v4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"
    assert cvss.score(f"{v4}/E:U/CR:L/U:Clear") == cvss.score(v4)


@pytest.mark.parametrize(
    ("score", "rating"),
    [
        (0.0, Severity.NONE),
        (0.1, Severity.LOW),
        (3.9, Severity.LOW),
        (4.0, Severity.MEDIUM),
        (6.9, Severity.MEDIUM),
        (7.0, Severity.HIGH),
        (8.9, Severity.HIGH),
        (9.0, Severity.CRITICAL),
        (10.0, Severity.CRITICAL),
    ],
)
def test_ratings(score: float, rating: Severity) -> None:
    assert cvss.rating(score) is rating


@pytest.mark.parametrize(
    "vector",
    [
        "",
        "7.5",
        "AV:N/AC:L/Au:N/C:P/I:P/A:P",
        "CVSS:3.1",
        "CVSS:3.1/",
        "CVSS:2.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H",
        "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1/AV:N/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/",
        "CVSS:4.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" + "/X:Y" * 1000,
    ],
)
def test_what_is_no_vector_is_an_error(vector: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        cvss.score(vector)


@given(text=st.text(max_size=60))
def test_any_text_has_a_score_or_is_an_error(text: str) -> None:
    for version in ("", "CVSS:3.1/", "CVSS:4.0/"):
        with pytest.raises(ValueError, match=r"."):
            cvss.score(version + text)


@pytest.mark.parametrize(("version", "metrics"), [("3.1", V3), ("4.0", V4)])
def test_no_step_down_raises_a_score(version: str, metrics: list[str]) -> None:
    """The values of a metric are in order here, the worst first; a milder one is never worse."""
    names, values = zip(*(metric.split(":") for metric in metrics), strict=True)
    worst = [value[0] for value in values]
    for first, second in itertools.combinations(range(len(names)), 2):
        for a, b in itertools.product(values[first], values[second]):
            chosen = list(worst)
            chosen[first], chosen[second] = a, b
            score = _scored(version, names, chosen)
            assert 0.0 <= score <= 10.0
            assert round(score, 1) == score
            for at in (first, second):
                if (further := values[at].find(chosen[at]) + 1) < len(values[at]):
                    milder = [*chosen[:at], values[at][further], *chosen[at + 1 :]]
                    assert names[at] == "S" or _scored(version, names, milder) <= score


def _scored(version: str, names: tuple[str, ...], values: list[str]) -> float:
    vector = "/".join(f"{name}:{value}" for name, value in zip(names, values, strict=True))
    return cvss.score(f"CVSS:{version}/{vector}")
