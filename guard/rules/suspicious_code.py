"""The `suspicious-code` rule."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Annotated, ClassVar, Final

import msgspec

from guard.artifact.content import Content, Trace, where
from guard.model import Candidate, Finding, Level, RuleId
from guard.rules._contents import ContentRule

CapabilityId = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]

_SHOWN: Final = 5
_LENGTH: Final = 120
_WORDS: Final = {
    "credential-read": "names the places where other programs keep secrets",
    "decoded-exec": "runs code that it decodes first",
    "download-and-run": "runs what it downloads",
    "environment-harvest": "collects all environment variables",
    "hidden-payload": "carries code where nobody looks for it",
    "import-time-network": "uses the network when it is imported",
    "import-time-process": "starts another program when it is imported",
    "obfuscation": "is written not to be read",
}


class SuspiciousCode(ContentRule, frozen=True, kw_only=True):
    """Warns of code that does what malware does, and what few honest packages do.

    ## What it does

    Matches the text of every file with YARA rules, and parses the Python sources that these point
    at: `decoded-exec`, `download-and-run`, `environment-harvest`, `credential-read`, `obfuscation`
    and `hidden-payload` are described in `docs/capabilities`. Each is one finding, with the first
    files and lines. `import-time-network` and `import-time-process` are found too, but not warned
    of unless `ignore` says so: some modules ask `git` for their version.

    ## Why is this bad?

    It need not be: installers run what they fetch, and test suites carry odd data. But packages
    that were taken over did one or more of these things, and of the others about one in sixty does.
    What a release does that the one before did not is the matter of `suspicious-change`.

    ## Example

    ```toml
    [rules.suspicious-code]
    ignore = ["import-time-network"]
    rules = ["security/yara"]
    ```

    ## Remediation

    Read the lines. If the package is what it says it is, an `[[exempt]]` entry with the sha256 of
    the wheel keeps the finding from the next one; `ignore` leaves out a capability altogether.
    """

    id: ClassVar = RuleId("suspicious-code")
    since: ClassVar = "0.1.0"

    level: Level = Level.WARN

    ignore: Annotated[
        tuple[CapabilityId, ...],
        msgspec.Meta(description="Capabilities, or ids of your own rules, to leave out."),
    ] = ("import-time-network", "import-time-process")
    rules: Annotated[
        tuple[str, ...],
        msgspec.Meta(description="Folders with `.yar` files of your own."),
    ] = ()

    def inside(self, content: Content, candidate: Candidate) -> Iterator[Finding]:
        for capability, group in groupby(self._traces(content), key=_capability):
            yield self._objection(capability, list(group))

    def _traces(self, content: Content) -> list[Trace]:
        found = (trace for trace in content.traces if trace.capability not in self.ignore)
        return sorted(found, key=lambda t: (t.capability, t.member, t.line or 0))

    def _objection(self, capability: str, traces: list[Trace]) -> Finding:
        first = {trace.member: trace for trace in reversed(traces)}
        members = sorted(first.values(), key=lambda trace: trace.member)
        places = [_place(trace) for trace in members[:_SHOWN]]
        if len(members) > _SHOWN:
            places.append(f"where: and in {len(members) - _SHOWN} more files")
        words = _WORDS.get(capability, "matches a rule of your own")
        return self.finding(f"{capability}: it {words}", *places)


def _capability(trace: Trace) -> str:
    return trace.capability


def _place(trace: Trace) -> str:
    text = trace.text if len(trace.text) <= _LENGTH else f"{trace.text[:_LENGTH]}…"
    line = "" if trace.line is None else f", line {trace.line}"
    (place,) = where(trace.member, trace.offset)
    return f"{place}{line}: {text!r}"
