"""Admission: the one place that decides. `judge` is pure; `gather.Admission` gathers first."""

from __future__ import annotations

from guard.admission.judge import Asked, Judgement, Standing, judge, standing

__all__ = ["Asked", "Judgement", "Standing", "judge", "standing"]
