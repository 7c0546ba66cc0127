"""The `metadata-mismatch` rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from guard.artifact.content import Content
from guard.artifact.defect import DefectKind
from guard.model import Absent, Candidate, FileKind, Finding, RuleId, Unknown
from guard.rules._contents import ContentRule


class MetadataMismatch(ContentRule, frozen=True, kw_only=True):
    """Denies wheels whose metadata contradict their filename, or can be read in two ways.

    ## What it does

    Holds METADATA, WHEEL and the folders of the wheel to its filename and to the project that was
    asked for: name, version, tags, build, one `.dist-info`, at most one `.data`. METADATA is read
    as strictly as its least forgiving reader does: headers that may be there once are there once,
    what an installer acts on is neither folded nor encoded, and a blank line ends the headers for
    all. entry_points.txt must name the same commands to every reader. Where the index offers the
    metadata as a file of its own (PEP 658), which resolvers read in place of the wheel's, that
    file must be METADATA byte for byte.

    ## Why is this bad?

    A resolver decides by the metadata, an installer by the filename and by its own parser. Where
    these differ, another project, version or dependency is installed than the one that was judged.

    ## Example

    ```toml
    [rules.metadata-mismatch]
    level = "deny"
    ```

    ## Remediation

    Do not rename wheels; build them, or let `wheel tags` write the new name and the metadata
    together. For somebody else's wheel, install another release and tell the project.
    """

    id: ClassVar = RuleId("metadata-mismatch")
    since: ClassVar = "0.1.0"

    def inside(self, content: Content, candidate: Candidate) -> Iterator[Finding]:
        if not content.of(DefectKind.METADATA_MISMATCH):
            yield from self._asked_for(candidate, content)
            yield from self._offered(candidate, content)

    def _asked_for(self, candidate: Candidate, content: Content) -> Iterator[Finding]:
        """Compare with what the plan calls the file, which need not be what it is named."""
        project, version = candidate.file.project, candidate.file.version
        if content.name is not None and canonicalize_name(content.name) != project:
            yield self.finding(f"METADATA says {content.name}, the plan says {project}")
        if content.version is not None and version is not None:
            said = _version(content.version)
            if said is not None and said != version:
                yield self.finding(f"METADATA says version {said}, the plan says {version}")

    def _offered(self, candidate: Candidate, content: Content) -> Iterator[Finding]:
        """Compare with what the index gave the resolver to read instead (PEP 658: of wheels)."""
        if candidate.file.kind is not FileKind.WHEEL:
            return
        listing = candidate.listing
        match listing if isinstance(listing, Absent | Unknown) else listing.core_metadata:
            case Absent():
                return
            case Unknown(reason):
                yield self.unknown("what its index had a resolver read is not known", cause=reason)
            case sha256:
                if sha256 != content.metadata_sha256:
                    yield self.finding(
                        "the metadata file that its index offers is not the METADATA of the wheel",
                        f"offered: sha256 {sha256}",
                        f"inside: sha256 {content.metadata_sha256}",
                    )


def _version(text: str) -> Version | None:
    """Return the version, or `None` where METADATA has none: that is a defect of its own."""
    try:
        return Version(text)
    except InvalidVersion:
        return None
