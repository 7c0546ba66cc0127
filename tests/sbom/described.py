"""What is to be described, made from only what matters, and the document that comes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.markers import default_environment
from packaging.utils import canonicalize_name

from guard.admission import Judgement, Standing
from guard.artifact.content import Content
from guard.model import Candidate, Unknown, Verdict
from guard.sbom import Described, Part, Phase, Root
from guard.sbom.document import render
from tests.builders import NOW, a_candidate, a_file, a_verdict


def a_content(name: str = "frob", **facts: Any) -> Content:
    """What is inside of a wheel that has METADATA."""
    facts = {"name": name, "version": "1.0", "metadata_sha256": "0" * 64} | facts
    return Content(filename=f"{name}-1.0-py3-none-any.whl", **facts)


def a_part(candidate: Candidate, *, toml: str = "", standing: Standing | None = None) -> Part:
    """The part that is judged under the policy that `toml` says."""
    file = candidate.file
    return Part(
        project=file.project,
        version=str(file.version) if file.version else None,
        verdict=a_verdict(candidate, toml),
        standing=standing,
        advisories=candidate.advisories,
    )


def named(name: str, *requires: str, **facts: Any) -> Part:
    """A wheel `name` 1.0 that somebody has opened."""
    content = a_content(name, requires_dist=requires, **facts)
    return a_part(a_candidate(file=a_file(name, "1.0"), content=content))


def unjudged(name: str, reason: str = "no index has it") -> Part:
    none = Unknown("there are none here yet")
    return Part(
        project=canonicalize_name(name), version="1.0", verdict=Unknown(reason), advisories=none
    )


def described(*parts: Part, **changes: Any) -> Described:
    verdicts = tuple(part.verdict for part in parts if isinstance(part.verdict, Verdict))
    said: dict[str, Any] = {
        "parts": parts,
        "root": Root(name="app"),
        "phase": Phase.PRE_BUILD,
        "environment": default_environment(),
        "wanted": None,
        "decision": Judgement(verdicts).decision,
        "at": NOW,
    }
    return Described(**said | changes)


def document(*parts: Part, **changes: Any) -> dict[str, Any]:
    """The document on `parts`, which is valid and hangs together."""
    return checked(render(described(*parts, **changes)))


def component(*parts: Part, **changes: Any) -> dict[str, Any]:
    """The first component of the document on `parts`."""
    found: dict[str, Any] = document(*parts, **changes)["components"][0]
    return found


def properties(of: Mapping[str, Any]) -> dict[str, str]:
    return {each["name"].removeprefix("wheelguard:"): each["value"] for each in of["properties"]}


@cache
def _validator() -> JsonStrictValidator:
    return JsonStrictValidator(SchemaVersion.V1_6)


def checked(text: str) -> dict[str, Any]:
    """What `text` says, if it is CycloneDX 1.6 in ASCII in which every reference leads somewhere.

    The schema knows nothing of references, so they are followed here.
    """
    assert text.isascii()
    assert _validator().validate_str(text) is None
    found: dict[str, Any] = json.loads(text)
    root = found["metadata"]["component"]["bom-ref"]
    parts = [each["bom-ref"] for each in found.get("components", ())]
    others = [each["bom-ref"] for each in found.get("vulnerabilities", ())]
    tools = [each["bom-ref"] for each in found["metadata"]["tools"]["components"]]
    every = [root, *parts, *others, *tools]
    assert len(every) == len(set(every))
    for entry in found["dependencies"]:
        assert {entry["ref"], *entry.get("dependsOn", ())} <= {root, *parts}
    for vulnerability in found.get("vulnerabilities", ()):
        assert {each["ref"] for each in vulnerability["affects"]} <= set(parts)
    for annotation in found["annotations"]:
        assert set(annotation["subjects"]) <= {root, *parts}
    assert sorted(ref for each in found["compositions"] for ref in each["dependencies"]) == sorted(
        [root, *parts]
    )
    for entry in found.get("components", ()):
        for identity in entry.get("evidence", {}).get("identity", ()):
            assert set(identity["tools"]) <= set(tools)
    return found
