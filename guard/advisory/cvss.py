"""The base scores of CVSS 3 and 4 vectors, and the rating of a score.

A base score says how bad it can be anywhere. Threat and environmental metrics are passed by: they
could only make somebody else's situation count for ours.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from guard.advisory import cvss4
from guard.model import Severity

LIMIT: Final = 512
"""Characters of a vector; one with every metric that there is has half of that."""

_RATINGS: Final = (
    (9.0, Severity.CRITICAL),
    (7.0, Severity.HIGH),
    (4.0, Severity.MEDIUM),
    (0.1, Severity.LOW),
)

_VALUES: Final[Mapping[str, Mapping[str, float]]] = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "PR": {"N": 0.85, "L": 0.62, "H": 0.27},
    "UI": {"N": 0.85, "R": 0.62},
    "S": {"U": 0.0, "C": 1.0},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
"""CVSS v3.1 §7.4: the number that each value of a metric stands for."""

_PRIVILEGES_CHANGED: Final = {"N": 0.85, "L": 0.68, "H": 0.5}
"""The same for PR, where the scope changes."""


def rating(score: float) -> Severity:
    """Return the qualitative rating of a score. CVSS v3.1 §5, CVSS v4.0 §6."""
    return next((rating for least, rating in _RATINGS if score >= least), Severity.NONE)


def score(vector: str) -> float:
    """Return the base score of a CVSS 3.0, 3.1 or 4.0 vector. Raises `ValueError`."""
    version, _, rest = vector[:LIMIT].partition("/")
    metrics = _metrics(rest)
    if len(vector) > LIMIT or version not in {"CVSS:3.0", "CVSS:3.1", "CVSS:4.0"}:
        raise ValueError(f"not a CVSS 3 or 4 vector: {vector[:40]!r}")
    try:
        return cvss4.base_score(metrics) if version == "CVSS:4.0" else _base_score(metrics)
    except KeyError as error:
        raise ValueError(f"a metric or value is missing or unknown: {error}") from None


def _metrics(text: str) -> dict[str, str]:
    metrics: dict[str, str] = {}
    for part in text.split("/"):
        name, separator, value = part.partition(":")
        if not separator or name in metrics:
            raise ValueError(f"not a metric, or given twice: {part[:40]!r}")
        metrics[name] = value
    return metrics


def _base_score(metrics: Mapping[str, str]) -> float:
    """CVSS v3.1 §7.1. Raises `KeyError`."""
    value = {name: values[metrics[name]] for name, values in _VALUES.items()}
    changed = metrics["S"] == "C"
    privileges = _PRIVILEGES_CHANGED[metrics["PR"]] if changed else value["PR"]
    exploitability = 8.22 * value["AV"] * value["AC"] * privileges * value["UI"]
    base = 1 - (1 - value["C"]) * (1 - value["I"]) * (1 - value["A"])
    impact = 7.52 * (base - 0.029) - 3.25 * (base - 0.02) ** 15 if changed else 6.42 * base
    if impact <= 0:
        return 0.0
    whole = 1.08 * (impact + exploitability) if changed else impact + exploitability
    return _rounded_up(min(whole, 10.0))


def _rounded_up(number: float) -> float:
    """CVSS v3.1 Appendix A: to one decimal, upwards, whatever the floating point thinks of it."""
    scaled = round(number * 100_000)
    return scaled / 100_000 if scaled % 10_000 == 0 else (math.floor(scaled / 10_000) + 1) / 10
