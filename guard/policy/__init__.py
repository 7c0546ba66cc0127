"""The policy: which rules hold, how strictly, and what is set aside. TOML in, `Policy` out."""

from __future__ import annotations

from guard.policy.load import PRESETS, load, parse
from guard.policy.policy import Exemption, Policy

__all__ = ["PRESETS", "Exemption", "Policy", "load", "parse"]
