"""Which verifier found a result, to be asked without importing it."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

_OWN: Final = "1"
"""Raised whenever `guard.sources.verifier` comes to accept or refuse something else."""

VERSION: Final = f"{_OWN} sigstore {version('sigstore')} {version('pypi-attestations')}"
