"""Who published a file: its provenance fetched from where the index says, and verified.

Results are kept by the digests of everything that they follow from: the file, the provenance, the
trust root and the verifier. A warm run imports no Sigstore at all.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from guard.model import Absent, Fact, Listing, Unknown
from guard.private import private_folder, write_private
from guard.publisher import Provenance
from guard.sources.http import FetchError, NotFoundError
from guard.sources.pages import Pages
from guard.sources.trust_root import TrustRoot
from guard.sources.verifier_version import VERSION

if TYPE_CHECKING:
    from guard.sources.verifier import Verifier

LIMIT: Final = 4 << 20
"""Bytes of one provenance object; PyPI's are about 10 KB."""

ACCEPT: Final = "application/vnd.pypi.integrity.v1+json, application/json;q=0.5"


class ProvenanceSource:
    """Fetches and verifies provenance, one verifier for each trust root. Used by many threads."""

    def __init__(
        self,
        pages: Pages,
        results: Path,
        root_of: Callable[[str], TrustRoot],
        *,
        use_results: bool = True,
    ) -> None:
        self._pages = pages
        self._results = results
        self._root_of = root_of
        self._use_results = use_results
        self._verifiers: dict[str, Verifier] = {}
        self._lock = threading.Lock()

    def of(
        self, listing: Fact[Listing], *, index: str, filename: str, sha256: str | None
    ) -> Fact[Provenance]:
        """Return what the attestations of one file prove, from the index with that URL."""
        if isinstance(listing, Absent | Unknown):
            return listing
        if listing.provenance_url is None:
            return Absent("its index lists no attestations")
        if sha256 is None:
            return Unknown("the digest of the file is not known")
        try:
            raw = self._pages.get(listing.provenance_url, accept=ACCEPT, limit=LIMIT).body
        except NotFoundError as error:
            return Unknown(f"its attestations are listed, but not there: {error}")
        except FetchError as error:
            return Unknown(f"its attestations could not be had: {error}")
        return self.verified(raw, root=self._root_of(index), filename=filename, sha256=sha256)

    def enclosed(self, raw: bytes, *, index: str, filename: str, sha256: str) -> Provenance:
        """Return what a provenance object proves that came with its file."""
        return self.verified(raw, root=self._root_of(index), filename=filename, sha256=sha256)

    def attestation(self, raw: bytes, *, index: str, filename: str, sha256: str) -> Provenance:
        """Return what one attestation alone proves."""
        with self._lock:
            verifier = self._verifier(self._root_of(index))
        return verifier.attestation(raw, filename=filename, sha256=sha256)

    def verified(self, raw: bytes, *, root: TrustRoot, filename: str, sha256: str) -> Provenance:
        """Return what the provenance object `raw` proves of a file."""
        key, document = _key(raw, root, filename, sha256), hashlib.sha256(raw).hexdigest()
        if self._use_results and (known := self._known(key)) is not None:
            return replace(known, document=document)
        with self._lock:
            verifier = self._verifier(root)
        found = verifier.provenance(raw, filename=filename, sha256=sha256)
        self._keep(key, found)
        return replace(found, document=document)

    def _verifier(self, root: TrustRoot) -> Verifier:
        from guard.sources.verifier import Verifier  # noqa: PLC0415 - 350 ms, only when needed

        verifier = self._verifiers.get(root.sha256)
        if verifier is None:
            verifier = self._verifiers[root.sha256] = Verifier(root)
        return verifier

    def _known(self, key: str) -> Provenance | None:
        try:
            content = (self._results / f"{key}.json").read_bytes()
            return msgspec.json.decode(content, type=Provenance)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def _keep(self, key: str, found: Provenance) -> None:
        with contextlib.suppress(OSError):  # a result that cannot be kept is found again
            private_folder(self._results)
            write_private(self._results / f"{key}.json", msgspec.json.encode(found))


def _key(raw: bytes, root: TrustRoot, filename: str, sha256: str) -> str:
    parts = (VERSION, filename, sha256, hashlib.sha256(raw).hexdigest(), root.sha256)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
