"""Package URLs: what a part is called, in this document and in others.

Essential reading: the package URL specification, and its type `pypi`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from packageurl import PackageURL
from packaging.utils import is_normalized_name

from guard.errors import UsageError
from guard.model import Verdict
from guard.sbom.cleaning import LONGEST_VERSION, clean
from guard.sbom.described import Part


def purls(parts: Sequence[Part]) -> tuple[PackageURL, ...]:
    """Return the package URL of each part: by name and version, with the file where it must be.

    Raises `UsageError` for the same file twice.
    """
    titles = Counter((part.project, part.version) for part in parts)
    found = tuple(_purl(part, alone=titles[part.project, part.version] == 1) for part in parts)
    for purl, count in Counter(map(str, found)).items():
        if count > 1:
            raise UsageError(
                f"`{purl}` was asked for {count} times", hint="name each file only once"
            )
    return found


def _purl(part: Part, *, alone: bool) -> PackageURL:
    qualifiers = {}
    if not alone and isinstance(part.verdict, Verdict):
        qualifiers["file_name"] = clean(part.verdict.candidate.file.filename)
    version = clean(part.version, longest=LONGEST_VERSION) if part.version else None
    return PackageURL("pypi", name=_name(part), version=version, qualifiers=qualifiers)


def _name(part: Part) -> str:
    """Return the name of a part; an environment may hold anything under what should be one."""
    if is_normalized_name(part.project):
        return part.project
    digest = hashlib.sha256(part.project.encode(errors="backslashreplace")).hexdigest()
    return f"unnamed-{digest[:16]}"
