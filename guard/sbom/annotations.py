"""What the tool has to say of the parts, in words: the verdicts, and what is not known.

The library knows no annotations and no compositions, so these are made here, as JSON has them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import guard
from guard.admission import Standing
from guard.model import Advisories, Finding, Unknown, Verdict
from guard.sbom.cleaning import clean
from guard.sbom.described import Described, Part, Phase
from guard.sbom.graph import Graph
from guard.sbom.properties import TOOL, effect, proved_by


def remarks(described: Described, refs: Sequence[str], root: str) -> list[dict[str, Any]]:
    """Return one annotation on the whole, and one on each part."""
    texts = [(root, _of_all(described))]
    texts += [(ref, _of_part(part)) for part, ref in zip(described.parts, refs, strict=True)]
    annotator = {"component": {"type": "application", "name": TOOL, "version": guard.__version__}}
    return [
        {
            "subjects": [ref],
            "annotator": annotator,
            "timestamp": described.at.isoformat(),
            "text": clean("\n".join(lines)),
        }
        for ref, lines in texts
    ]


def compositions(graph: Graph, refs: Sequence[str], root: str) -> list[dict[str, Any]]:
    """Return of which parts all dependencies are here, of which not, and of which nobody knows."""
    aggregates: dict[str, list[str]] = {"complete": [], "incomplete": [], "unknown": []}
    for position, (ref, edges) in enumerate(zip(refs, graph.edges, strict=True)):
        if edges is None:
            aggregates["unknown"].append(ref)
        else:
            kind = "incomplete" if position in graph.incomplete else "complete"
            aggregates[kind].append(ref)
    whole = not (aggregates["incomplete"] or aggregates["unknown"])
    aggregates["complete" if whole else "incomplete"].append(root)
    return [
        {"aggregate": kind, "dependencies": sorted(members)}
        for kind, members in aggregates.items()
        if members
    ]


def _of_all(described: Described) -> Iterator[str]:
    counts = Counter(
        "not judged" if isinstance(part.verdict, Unknown) else str(part.verdict.decision)
        for part in described.parts
    )
    words = ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
    yield f"{described.decision}: {words or 'there is nothing to judge'}"
    yield from map(_said, described.common)
    yield from _of_advisories(described)
    if described.phase is Phase.POST_BUILD:
        yield "Each is described as its index has it now: the installed files were not compared."
    yield "Neither a verdict nor an attestation says that a file is harmless."


def _of_advisories(described: Described) -> Iterator[str]:
    """Say as of when advisories are known, or that none were asked: both are part of the answer."""
    known = [p.advisories for p in described.parts if isinstance(p.advisories, Advisories)]
    unknown = [p.advisories for p in described.parts if isinstance(p.advisories, Unknown)]
    if known:
        as_of = min(fact.as_of for fact in known)
        yield f"Vulnerabilities as they were known on {as_of.isoformat()}: nothing later is here."
    if unknown:
        reasons = "; ".join(dict.fromkeys(fact.reason for fact in unknown))
        yield (
            f"Components of which no advisories were asked: {len(unknown)} ({reasons}). "
            "That none are listed for them means nothing."
        )


def _of_part(part: Part) -> Iterator[str]:
    if isinstance(part.verdict, Unknown):
        yield f"not judged: {part.verdict.reason}"
        return
    yield str(part.verdict.decision)
    yield from (_said(finding) for finding in part.findings if not finding.common)
    yield from _published(part.verdict, part.standing)
    if isinstance(part.verdict.candidate.digests, Unknown):
        yield "Its bytes were not seen; what is said of it is what its index says."


def _said(finding: Finding) -> str:
    waiver = f" ({finding.waiver})" if finding.waiver else ""
    return f"{effect(finding)}[{finding.rule}]: {finding.message}{waiver}"


def _published(verdict: Verdict, standing: Standing | None) -> Iterator[str]:
    if (proved := proved_by(verdict)) is not None:
        titles = " and ".join(identity.title for identity in proved.identities)
        known = f" ({standing})" if standing else ""
        yield f"Published by {titles}, as its attestations say{known}."
