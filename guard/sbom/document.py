"""The document: CycloneDX 1.6 in JSON, by the library; what that does not know is added.

Essential reading: CycloneDX 1.6 (`metadata`, `components`, `dependencies`, `compositions`,
`vulnerabilities`, `annotations`), the package URL specification.
"""

from __future__ import annotations

import json
import uuid
import warnings
from collections.abc import Sequence
from typing import Any, Final

from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.bom_ref import BomRef
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.dependency import Dependency
from cyclonedx.model.lifecycle import LifecyclePhase, PredefinedLifecycle
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output.json import JsonV1Dot6

import guard
from guard.sbom.annotations import compositions, remarks
from guard.sbom.cleaning import LONGEST_VERSION, clean
from guard.sbom.component import component
from guard.sbom.described import Described
from guard.sbom.graph import Graph, graph
from guard.sbom.properties import TOOL, properties, said
from guard.sbom.purls import purls
from guard.sbom.vulnerabilities import vulnerabilities

_ROOT: Final = "root-component"
_NAMESPACE: Final = uuid.UUID("5d4c1f8e-3d0a-4f61-9a77-0b6d2c8e41f5")
_ORDER: Final = ("$schema", "bomFormat", "specVersion", "serialNumber", "version", "metadata")


def render(described: Described) -> str:
    """Return the document. Raises `UsageError` where it would name one file twice.

    Its serial number follows from all the rest: the same content at the same time has the same.
    """
    urls = purls(described.parts)
    refs = tuple(map(str, urls))
    components = [component(*pair) for pair in zip(described.parts, urls, strict=True)]
    needs = graph(
        [(part.project, part.requires) for part in described.parts],
        described.environment,
        described.wanted,
    )
    bom = Bom(
        metadata=_metadata(described),
        components=components,
        dependencies=_dependencies(needs, refs),
        vulnerabilities=vulnerabilities(described.parts, refs),
    )
    document = _written(bom)
    unknown = {ref for ref, edges in zip(refs, needs.edges, strict=True) if edges is None}
    document["dependencies"] = [
        entry for entry in document.get("dependencies", ()) if entry["ref"] not in unknown
    ]
    document["compositions"] = compositions(needs, refs, _ROOT)
    document["annotations"] = remarks(described, refs, _ROOT)
    return _dumped(_numbered(document))


def _metadata(described: Described) -> BomMetaData:
    root = described.root
    tool = Component(
        type=ComponentType.APPLICATION, name=TOOL, version=guard.__version__, bom_ref=TOOL
    )
    return BomMetaData(
        timestamp=described.at,
        lifecycles=[PredefinedLifecycle(LifecyclePhase(str(described.phase)))],
        tools=ToolRepository(components=[tool]),
        component=Component(
            type=ComponentType.APPLICATION,
            name=clean(root.name),
            version=clean(root.version, longest=LONGEST_VERSION) if root.version else None,
            bom_ref=_ROOT,
        ),
        properties=properties([("decision", described.decision), *map(said, described.common)]),
    )


def _dependencies(needs: Graph, refs: Sequence[str]) -> list[Dependency]:
    edges = [(_ROOT, needs.roots)]
    edges += [(ref, known or ()) for ref, known in zip(refs, needs.edges, strict=True)]
    return [
        Dependency(BomRef(ref), [Dependency(BomRef(refs[place])) for place in places])
        for ref, places in edges
    ]


def _written(bom: Bom) -> dict[str, Any]:
    """Return what the library makes of it, without the serial number that it made up."""
    with warnings.catch_warnings():
        # That nothing is known to depend on anything is said by `compositions`.
        warnings.simplefilter("ignore", UserWarning)
        written: dict[str, Any] = json.loads(JsonV1Dot6(bom).output_as_string())
    del written["serialNumber"]
    return written


def _numbered(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with its serial number, the head first."""
    content = json.dumps(document, sort_keys=True)
    numbered = document | {"serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, content)}"}
    return {key: numbered.pop(key) for key in _ORDER} | numbered


def _dumped(document: dict[str, Any]) -> str:
    """Return the document in ASCII: an index chooses some of it, and a terminal may show it."""
    return json.dumps(document, indent=2) + "\n"
