"""The base score of a CVSS v4.0 vector: by its MacroVector, and how far it is from the worst there.

Essential reading: CVSS v4.0 §8.2. Of the equivalence classes (EQ) only what base metrics can reach
is here: the exploit maturity counts as the worst (EQ5 = 0), and so do all requirements.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

_LEVELS: Final[Mapping[str, Mapping[str, int]]] = {
    "AV": {"N": 0, "A": 1, "L": 2, "P": 3},
    "PR": {"N": 0, "L": 1, "H": 2},
    "UI": {"N": 0, "P": 1, "A": 2},
    "AC": {"L": 0, "H": 1},
    "AT": {"N": 0, "P": 1},
    "VC": {"H": 0, "L": 1, "N": 2},
    "VI": {"H": 0, "L": 1, "N": 2},
    "VA": {"H": 0, "L": 1, "N": 2},
    "SC": {"H": 0, "L": 1, "N": 2},
    "SI": {"H": 0, "L": 1, "N": 2},
    "SA": {"H": 0, "L": 1, "N": 2},
}
"""How many steps each value is away from the worst one."""

_EXPLOITABILITY: Final = ("AV", "PR", "UI")
_COMPLEXITY: Final = ("AC", "AT")
_VULNERABLE: Final = ("VC", "VI", "VA")
_SUBSEQUENT: Final = ("SC", "SI", "SA")

_EQ1: Final = (((0, 0, 0),), ((1, 0, 0), (0, 1, 0), (0, 0, 1)), ((3, 0, 0), (1, 1, 1)))
_EQ2: Final = (((0, 0),), ((1, 0), (0, 1)))
_EQ36: Final = {0: ((0, 0, 0),), 2: ((1, 0, 0), (0, 1, 0)), 4: ((1, 1, 1),)}
_EQ4: Final = (((0, 0, 0),), ((1, 1, 1),))
"""The worst vectors of each class, as levels; CVSS v4.0 Table 24 to 28."""

_DEPTHS: Final = ((1, 4, 5), (1, 2), {0: 7, 2: 8, 4: 10}, (5, 4))
"""Steps from the worst to the mildest vector of a class, for EQ1, EQ2, EQ3 with EQ6, and EQ4."""

_SCORES: Final = (
    ((10.0, 9.3, 9.6, 9.0, 9.3, 8.8, 9.2, 8.0, 7.9, 6.9),
     (9.5, 9.2, 9.1, 8.1, 9.2, 8.4, 8.2, 7.0, 7.1, 6.3)),
    ((9.4, 8.7, 8.9, 7.5, 8.6, 7.2, 7.6, 5.7, 6.5, 5.3),
     (9.0, 7.7, 7.7, 6.6, 7.4, 6.1, 5.9, 5.2, 5.8, 2.3)),
    ((8.6, 7.0, 7.4, 5.4, 7.2, 5.3, 5.7, 3.6, 4.7, 2.4),
     (7.3, 5.4, 5.5, 4.3, 6.1, 4.6, 5.1, 1.8, 2.4, 1.0)),
)  # fmt: skip
"""CVSS v4.0 §8.3, the score of a MacroVector: by EQ1, EQ2, then EQ3 with EQ6 and EQ4.

The last go in pairs: EQ3 and EQ6 are 00, 01, 10, 11, 21; in each pair EQ4 is 1, then 2.
"""


def base_score(metrics: Mapping[str, str]) -> float:
    """Return the score of the base metrics. Raises `KeyError` for one that is missing or no such.

    The score of the MacroVector is lowered by the mean, over the classes that have a milder one,
    of how far the vector is on its way there.
    """
    level = {name: levels[metrics[name]] for name, levels in _LEVELS.items()}
    groups = [
        [level[name] for name in names]
        for names in (_EXPLOITABILITY, _COMPLEXITY, _VULNERABLE, _SUBSEQUENT)
    ]
    if all(each == _LEVELS["VC"]["N"] for each in (*groups[2], *groups[3])):
        return 0.0
    eq1, eq2 = _exploitability(groups[0]), int(any(groups[1]))
    eq36, eq4 = _vulnerable(groups[2]), int(0 not in groups[3])
    score = _score(eq1, eq2, eq36, eq4)
    assert score is not None  # noqa: S101 - every class that was just found is in the table
    ways = (
        (_score(eq1 + 1, eq2, eq36, eq4), groups[0], _EQ1[eq1], _DEPTHS[0][eq1]),
        (_score(eq1, eq2 + 1, eq36, eq4), groups[1], _EQ2[eq2], _DEPTHS[1][eq2]),
        (_milder(eq1, eq2, eq36, eq4), groups[2], _EQ36[eq36], _DEPTHS[2][eq36]),
        (_score(eq1, eq2, eq36, eq4 + 1), groups[3], _EQ4[eq4], _DEPTHS[3][eq4]),
    )
    lowered = [
        (score - next_score) * _distance(levels, worst) / depth
        for next_score, levels, worst, depth in ways
        if next_score is not None
    ]
    mean = sum(lowered) / (len(lowered) + 1)  # EQ5 has a milder one too, and we are at its worst
    return math.floor((score - mean) * 10 + 0.5 + 1e-9) / 10


def _score(eq1: int, eq2: int, eq36: int, eq4: int) -> float | None:
    """Return the score of a MacroVector, or `None` where there is no such class."""
    exists = eq1 < len(_EQ1) and eq2 < len(_EQ2) and eq36 < len(_SCORES[0][0]) // 2
    return _SCORES[eq1][eq2][2 * eq36 + eq4] if exists and eq4 < len(_EQ4) else None


def _milder(eq1: int, eq2: int, eq36: int, eq4: int) -> float | None:
    """Return the score of the next milder EQ3 and EQ6; from 00 both 01 and 10 are next."""
    following = {0: (1, 2), 2: (3,), 4: ()}[eq36]
    scores = [score for each in following if (score := _score(eq1, eq2, each, eq4)) is not None]
    return max(scores, default=None)


def _exploitability(levels: Sequence[int]) -> int:
    """CVSS v4.0 Table 24."""
    if not any(levels):
        return 0
    physical = levels[0] == _LEVELS["AV"]["P"]
    return 1 if 0 in levels and not physical else 2


def _vulnerable(levels: Sequence[int]) -> int:
    """CVSS v4.0 Table 26 and 29, where every requirement is high: 00, 10 or 21."""
    if levels[0] == levels[1] == 0:
        return 0
    return 2 if 0 in levels else 4


def _distance(levels: Sequence[int], worst: Sequence[Sequence[int]]) -> int:
    """Return the steps from the first worst vector that is nowhere milder than `levels`."""
    return next(
        sum(levels) - sum(each)
        for each in worst
        if all(level >= least for level, least in zip(levels, each, strict=True))
    )
