"""What is inside a file, as people and programs read it: facts, and no judgement of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

from guard.artifact.content import Content, Pickle, StartupHook, Trace
from guard.artifact.defect import Defect
from guard.report.text import plain

_FEW: Final = 8
"""Entries of one list that are shown."""

_WIDTH: Final = 160


def lines(content: Content) -> Iterator[str]:
    """Yield what is inside in words, each list cut short."""
    for name, value in _rows(content):
        yield f"    {name:15} {plain(value)}"
    yield from _block("startup hooks", content.hooks, [_hook(each) for each in content.hooks])
    yield from _block("native code", content.binaries, _by_format(content))
    yield from _block("pickles", content.pickles, [_pickle(each) for each in content.pickles])
    yield from _block("what code can do", content.traces, _by_capability(content))
    yield from _block("defects", content.defects, [_defect(each) for each in content.defects])


def document(content: Content) -> dict[str, Any]:
    """Return what is inside as it is serialized; the lists are whole."""
    return {
        "name": content.name,
        "version": content.version,
        "tags": content.tags,
        "metadata_sha256": content.metadata_sha256,
        "requires_dist": content.requires_dist,
        "url_requirements": content.url_requirements,
        "top_levels": content.top_levels,
        "commands": _dicts(content.commands),
        "hooks": _dicts(content.hooks),
        "binaries": _dicts(content.binaries),
        "pickles": _dicts(content.pickles),
        "traces": _dicts(content.traces),
        "entries": content.entries,
        "size": content.size,
        "defects": _dicts(content.defects),
    }


def _rows(content: Content) -> Iterator[tuple[str, str]]:
    yield "name", content.name or "not known"
    yield "version", content.version or "not known"
    if content.tags:
        yield "tags", _few(content.tags)
    urls = f", {len(content.url_requirements)} by URL" if content.url_requirements else ""
    yield "requires", f"{len(content.requires_dist)}{urls}"
    if content.top_levels:
        yield "imported as", _few(content.top_levels)
    if content.commands:
        yield "commands", _few([command.name for command in content.commands])
    yield "files", f"{content.entries}, {content.size} bytes unpacked"


def _block(title: str, found: Sequence[object], words: Sequence[str]) -> Iterator[str]:
    if not found:
        return
    yield f"    {title} ({len(found)})"
    for each in words[:_FEW]:
        yield f"      {plain(_cut(each))}"
    if len(words) > _FEW:
        yield f"      … and {len(words) - _FEW} more"


def _hook(hook: StartupHook) -> str:
    return f"{_place(hook.member, hook.line)}: {hook.kind} {hook.text!r}"


def _pickle(pickle: Pickle) -> str:
    names = _few(pickle.names) or "nothing"
    problem = f"; not followed to its end: {pickle.problem}" if pickle.problem else ""
    return f"{pickle.member!r}: {pickle.format}, imports {names}{problem}"


def _by_format(content: Content) -> list[str]:
    """Name what nothing announces one by one, and count the rest: some wheels have thousands."""
    undeclared = [
        f"{each.member!r}: {each.format}, {each.undeclared}"
        for each in content.binaries
        if each.undeclared
    ]
    counts = Counter(str(each.format) for each in content.binaries if not each.undeclared)
    return undeclared + [f"{count} declared: {form}" for form, count in sorted(counts.items())]


def _by_capability(content: Content) -> list[str]:
    """Give the first place of each capability, and how many there are."""
    first: dict[str, Trace] = {}
    counts = Counter(trace.capability for trace in content.traces)
    for trace in content.traces:
        first.setdefault(trace.capability, trace)
    return [
        f"{name}: {counts[name]}, first in {_place(trace.member, trace.line)}: {trace.text!r}"
        for name, trace in sorted(first.items())
    ]


def _defect(defect: Defect) -> str:
    at = f" ({defect.member!r})" if defect.member is not None else ""
    return f"{defect.kind}: {defect.message}{at}"


def _place(member: str, line: int | None) -> str:
    return repr(member) + (f", line {line}" if line is not None else "")


def _few(words: Sequence[str]) -> str:
    shown = ", ".join(words[:_FEW])
    return f"{shown}, … and {len(words) - _FEW} more" if len(words) > _FEW else shown


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…"


def _dicts(found: Sequence[Any]) -> list[dict[str, Any]]:
    return [asdict(each) for each in found]
