"""What an environment has of a release, made from only what matters to a rule."""

from __future__ import annotations

from typing import Any

from guard.model import Altered, Candidate, Installation
from tests.builders import a_candidate


def an_installation(**changes: Any) -> Installation:
    """A release that the guard has let in, as it was installed."""
    said: dict[str, Any] = {
        "files": 5,
        "altered": (),
        "wheel": "litellm-1.82.6-py3-none-any.whl",
        "admitted": "litellm-1.82.6-py3-none-any.whl",
        "installer": "uv",
    }
    return Installation(**said | changes)


def installed(**changes: Any) -> Candidate:
    """A candidate that is installed already."""
    return a_candidate(installation=an_installation(**changes))


def edited(*paths: str) -> tuple[Altered, ...]:
    """Files with another content than RECORD says."""
    return tuple(Altered(path=path, what="its sha256 is ab, not RECORD's") for path in paths)


def gone(*paths: str) -> tuple[Altered, ...]:
    """Files that are not there."""
    what = "listed in RECORD, but not there"
    return tuple(Altered(path=path, what=what, missing=True) for path in paths)
