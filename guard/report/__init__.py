"""Judgements as people and programs read them: one module per format."""

from __future__ import annotations

from guard.report.result import Result

__all__ = ["Result"]
