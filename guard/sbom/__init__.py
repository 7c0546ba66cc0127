"""What was judged as a software bill of materials: CycloneDX 1.6, in JSON.

It describes and decides nothing: the verdicts are in it as they were given. The library that it
is written with is an extra, and is imported by the modules that build the document alone.
"""

from guard.sbom.described import Described, Part, Phase, Root

__all__ = ["Described", "Part", "Phase", "Root"]
