"""The `suspicious-change` rule."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final

import msgspec

from guard.approval import Approvals
from guard.artifact.content import Content, Trace, where
from guard.artifact.defect import DefectKind
from guard.duration import Duration
from guard.model import Absent, Baseline, Candidate, Finding, RuleId, Unknown
from guard.rules._base import Rule, Stage

_SHOWN: Final = 120
_FILES: Final = 5
"""Findings; nobody reads more before he looks for himself."""

_HIDING: Final = frozenset({"hidden-payload", "obfuscation"})
_BROWSERS: Final = frozenset(
    {".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".html", ".css", ".map"}
)
_DATA: Final = re.compile(r"[^/]+\.data/(?:purelib/|platlib/)?")
_INFO: Final = re.compile(r"[^/]+\.dist-info/")


class SuspiciousChange(Rule, frozen=True, kw_only=True):
    """Denies young releases in which a file can do two suspicious things that it could not do.

    ## What it does

    Compares what the text of each file shows, such as code that is decoded and run, or a process
    that an import starts, with the *baseline*: the nearest earlier release that had been up for the
    cooldown (at least 7 days) when this one came, not yanked, not a pre-release. A file that has
    gained `kinds` of these capabilities, or is new and has as many, is denied. To those of a Python
    file count the ones of new scripts and data that it may run. Of files for browsers only what
    hides something counts: they quote commands in help texts. A line that has only moved from
    another file is not new. Files older than `window` are not compared: by then what was wrong with
    them is known. Nor are those that were opened and approved: whoever approved them was told.

    ## Why is this bad?

    Whoever takes over a project adds a few lines to a module of thousands that did nothing of the
    kind for years. litellm 1.82.7 decoded a payload and handed it to a new interpreter in a module
    that had done neither, with a RECORD that was right.

    ## Example

    ```toml
    [rules.suspicious-change]
    window = "180 days"
    ```

    ## Remediation

    Read the lines that the finding names, and the commit that brought them. If the project means
    it, an `[[exempt]]` entry for the version lets it pass, and the next one is compared with it.
    """

    id: ClassVar = RuleId("suspicious-change")
    since: ClassVar = "0.1.0"
    stage: ClassVar = Stage.FILE

    window: Annotated[
        Duration, msgspec.Meta(description="A file older than this is not compared.")
    ] = Duration(days=90)
    kinds: Annotated[
        int, msgspec.Meta(ge=1, description="New capabilities of one file that are too many.")
    ] = 2
    approvals: Annotated[
        Approvals,
        msgspec.Meta(description="What `approvals.toml` says.", extra={"table": "approvals"}),
    ] = Approvals()

    def suspects(self, content: Content) -> bool:
        """Tell whether `content` could be denied at all, whatever was there before."""
        return bool(self._excessive(content.traces))

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        if not candidate.younger_than(self.window) or self.approvals.opened_before(candidate):
            return
        match candidate.content:
            case Absent():
                return
            case Unknown(reason):
                yield self.unopened(reason)
                return
            case found:
                content = found
        for defect in content.of(DefectKind.SUSPICIOUS_CODE):
            yield self.unknown(f"not known what has changed: {defect.message}")
        if not self.suspects(content):
            return
        match candidate.baseline:
            case Absent():
                return  # nothing to compare; `suspicious-code` says what is there
            case Unknown(reason):
                yield self.unknown("not known what has changed", cause=reason)
            case baseline:
                yield from self._compared(content, baseline)

    def _compared(self, content: Content, baseline: Baseline) -> Iterator[Finding]:
        name = baseline.file.version
        match baseline.content:
            case Absent(reason) | Unknown(reason):
                yield self.unknown(f"not known what has changed since {name}", cause=reason)
            case before:
                found = self._excessive(gained(content, before))
                for member, traces in found[:_FILES]:
                    kinds = ", ".join(sorted(trace.capability for trace in traces))
                    message = f"{member!r} shows what it did not in {name}: {kinds}"
                    yield self.finding(message, *map(_place, traces))
                if more := found[_FILES:]:
                    yield self.finding(f"and {len(more)} more files show what they did not")

    def _excessive(self, traces: Iterable[Trace]) -> list[tuple[str, list[Trace]]]:
        """Return the files that show too much, with one trace of each capability."""
        files: dict[str, dict[str, Trace]] = {}
        beside: dict[str, Trace] = {}
        for trace in traces:
            if not _is_for_browsers(trace.member):
                files.setdefault(trace.member, {}).setdefault(trace.capability, trace)
            if not _is_python(trace.member) and _counts(trace):
                beside.setdefault(trace.capability, trace)
        for member, own in files.items():
            for capability, trace in beside.items() if _is_python(member) else ():
                own.setdefault(capability, trace)
        return [(m, [*own.values()]) for m, own in files.items() if len(own) >= self.kinds]


def gained(content: Content, before: Content) -> list[Trace]:
    """Return the traces that show what their file could not do before.

    A file is the same one whatever version its path names. A line that the other release had in
    another file is no gain, if it is there no more: it has moved. One that was copied is a gain.
    """
    had = {(_file(trace), trace.capability) for trace in before.traces}
    moved = _lines(before.traces) - _lines(content.traces)
    left = Counter((capability, text) for _, capability, text in moved.elements())
    found = []
    for trace in content.traces:
        if (_file(trace), trace.capability) in had:
            continue
        line = (trace.capability, trace.text)
        if left[line] > 0:
            left[line] -= 1
        else:
            found.append(trace)
    return found


def _lines(traces: Iterable[Trace]) -> Counter[tuple[str, str, str]]:
    return Counter((_file(trace), trace.capability, trace.text) for trace in traces)


def _file(trace: Trace) -> str:
    """Return the path without the version: PEP-427 has it in the names of two folders.

    Files for browsers are named after a digest of what they hold: these go by their folder.
    """
    path = _INFO.sub(".dist-info/", _DATA.sub("", trace.member, count=1), count=1)
    return posixpath.dirname(path) + "/*" if _is_for_browsers(path) else path


def _is_python(member: str) -> bool:
    """Tell whether Python may run it; commands often have no extension."""
    name = posixpath.basename(member)
    return name.endswith((".py", ".pyw", ".pth")) or "." not in name


def _is_for_browsers(member: str) -> bool:
    return posixpath.splitext(member)[1].lower() in _BROWSERS


def _counts(trace: Trace) -> bool:
    return trace.capability in _HIDING or not _is_for_browsers(trace.member)


def _place(trace: Trace) -> str:
    text = trace.text if len(trace.text) <= _SHOWN else f"{trace.text[:_SHOWN]}…"
    line = "" if trace.line is None else f", line {trace.line}"
    (place,) = where(trace.member, trace.offset)
    return f"{place}{line}: {trace.capability}: {text!r}"
