"""Declared licences in the words of CycloneDX: an SPDX id, an SPDX expression, or a name.

Essential reading: PEP 639. `License-Expression` alone counts where there is one. In older METADATA
`License` may be anything at all: it counts where it is SPDX, or where there are no classifiers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cyclonedx.model.license import (
    DisjunctiveLicense,
    License,
    LicenseAcknowledgement,
    LicenseExpression,
)
from cyclonedx.spdx import is_supported_id
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from guard.artifact.licensing import Licensing
from guard.sbom.cleaning import clean

_NOTHING: Final = frozenset({"unknown", "none", "n/a", "", "-"})
"""What build tools and people write into `License` instead of nothing."""

_DEEPEST: Final = 50
"""Parentheses of one expression: its parser calls itself for each."""

_UNAMBIGUOUS: Final = {
    "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication": "CC0-1.0",
    "Eclipse Public License 2.0 (EPL-2.0)": "EPL-2.0",
    "European Union Public Licence 1.2 (EUPL 1.2)": "EUPL-1.2",
    "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}
"""The last words of classifiers that name one licence in one version, unlike `BSD License`."""


def licenses(declared: Licensing) -> list[License]:
    """Return what is declared. An expression stands alone, as CycloneDX wants it to."""
    if declared.expression:
        spdx = _spdx(declared.expression)
        return [_single(spdx) if spdx else _named(declared.expression)]
    text = declared.text if (declared.text or "").lower() not in _NOTHING else None
    spdx = _spdx(text) if text else None
    if spdx and (not is_supported_id(spdx) or len(declared.classifiers) <= 1):
        return [_single(spdx)]  # the one classifier says the same, less exactly
    names = [*([spdx] if spdx else []), *_classified(declared.classifiers)]
    if not names and text:
        names = [_UNAMBIGUOUS.get(text, text)]
    return [_single(n) if is_supported_id(n) else _named(n) for n in dict.fromkeys(names)]


def _classified(classifiers: tuple[str, ...]) -> Iterator[str]:
    """Yield the SPDX id or, where there is no one id, the last words of each classifier."""
    for classifier in classifiers:
        name = classifier.rpartition(" :: ")[2].strip()
        if name and name != "OSI Approved":
            yield _UNAMBIGUOUS.get(name, name)


def _spdx(text: str) -> str | None:
    """Return `text` as SPDX writes it, if it is an expression of licences that SPDX knows."""
    if text.count("(") > _DEEPEST:
        return None
    try:
        return canonicalize_license_expression(text)
    except InvalidLicenseExpression:
        return None


def _single(spdx: str) -> License:
    declared = LicenseAcknowledgement.DECLARED
    if is_supported_id(spdx):
        return DisjunctiveLicense(id=spdx, acknowledgement=declared)
    return LicenseExpression(spdx, acknowledgement=declared)


def _named(name: str) -> License:
    return DisjunctiveLicense(name=clean(name), acknowledgement=LicenseAcknowledgement.DECLARED)
