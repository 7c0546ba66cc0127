"""Candidates whose content was read from a wheel that a test describes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from guard.artifact.content import Content
from guard.artifact.defect import Defect, DefectKind
from guard.model import Candidate
from tests.artifact.archives import content_of
from tests.builders import a_candidate, a_file

_NONE: Final[Mapping[str, bytes | str | None]] = MappingProxyType({})


def frob(
    changes: Mapping[str, bytes | str | None] = _NONE,
    *,
    project: str = "frob",
    record: Callable[[str], str] = str,
    **more: Any,
) -> Candidate:
    """The wheel `frob-1.0-py3-none-any.whl` with `changes`, asked for as `project`."""
    content = content_of(changes, record=record)
    return a_candidate(file=a_file(project, "1.0"), content=content, **more)


def with_content(**facts: Any) -> Candidate:
    """A wheel of which only some facts are given."""
    content = Content(**{"filename": "frob-1.0-py3-none-any.whl"} | facts)
    return a_candidate(file=a_file("frob", "1.0"), content=content)


def with_defects(kind: DefectKind, *messages: str) -> Candidate:
    """A wheel with defects of one kind, each in a member of its own."""
    defects = tuple(
        Defect(kind=kind, message=message, member=f"frob/{number}.py", offset=number * 100)
        for number, message in enumerate(messages)
    )
    return with_content(defects=defects)
