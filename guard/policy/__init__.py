"""The policy: which rules hold, how strictly, and what is set aside. TOML in, `Policy` out."""

from __future__ import annotations

from guard.policy.layers import Files, Layer, Place, effective
from guard.policy.load import PRESETS, load, parse
from guard.policy.policy import Exemption, Policy
from guard.policy.trust import Trust

__all__ = [
    "PRESETS",
    "Exemption",
    "Files",
    "Layer",
    "Place",
    "Policy",
    "Trust",
    "effective",
    "load",
    "parse",
]
