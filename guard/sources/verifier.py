"""Verifies attestations with Sigstore. The only module that imports `sigstore` (350 ms, lazily).

What the libraries leave to their caller is done here: at least one attestation, each about this
very file, and a claimed publisher that is the one in the certificate.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)

from guard.errors import PolicyError
from guard.publisher import Attestation, Identity, PredicateKind, Provenance, PublisherKind
from guard.sources.trust_root import TrustRoot

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from sigstore.models import Bundle

_PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
_STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
_REKOR_V2: Final = (("hashedrekord", "0.0.2"), ("dsse", "0.0.2"))
_MOST: Final = 64
"""Attestations of one file; PyPI allows two."""


class _InvalidError(Exception):
    """An attestation does not say, or does not prove, what it must."""


class _UnsupportedError(Exception):
    """An attestation is of a kind that this verifier does not know."""


class Verifier:
    """Verifies against one trust root; made once and used for every file."""

    def __init__(self, root: TrustRoot) -> None:
        from sigstore.models import TrustedRoot  # noqa: PLC0415 - see the module
        from sigstore.verify import Verifier as SigstoreVerifier  # noqa: PLC0415

        with tempfile.TemporaryDirectory(prefix="guard-") as folder:
            path = Path(folder) / "trusted_root.json"
            path.write_bytes(root.content)
            try:
                self._verifier = SigstoreVerifier(trusted_root=TrustedRoot.from_file(str(path)))
            except Exception as error:  # noqa: BLE001 - the library's own types are not documented
                raise PolicyError(
                    f"the trust root `{root.name}` cannot be used",
                    source=root.name,
                    reason=_words(error),
                ) from None
        self._lock = threading.Lock()

    def provenance(self, raw: bytes, *, filename: str, sha256: str) -> Provenance:
        """Verify every attestation of the PEP 740 object `raw` for one file. Never raises."""
        try:
            pairs = list(_bundles(raw))
        except _InvalidError as error:
            return Provenance(invalid=(str(error),))
        results = [self._one(claimed, given, filename, sha256) for claimed, given in pairs[:_MOST]]
        if len(pairs) > _MOST:
            results.append(_InvalidError(f"more than {_MOST} attestations"))
        return _collected(results)

    def attestation(self, raw: bytes, *, filename: str, sha256: str) -> Provenance:
        """Verify a single PEP 740 attestation, without a provenance object around it."""
        try:
            given = _object(raw)
        except _InvalidError as error:
            return Provenance(invalid=(str(error),))
        return _collected([self._one(None, given, filename, sha256)])

    def bundle(self, raw: bytes, *, filename: str, sha256: str) -> Provenance:
        """Verify a Sigstore bundle: an attestation, or a signature over the file itself."""
        return _collected([self._bundle(raw, filename, sha256)])

    def _one(
        self, claimed: Mapping[str, Any] | None, given: object, filename: str, sha256: str
    ) -> Attestation | _InvalidError | _UnsupportedError:
        try:
            with _named_failures():
                return self._verified(claimed, given, filename, sha256)
        except (_InvalidError, _UnsupportedError) as error:
            return error

    def _verified(
        self, claimed: Mapping[str, Any] | None, given: object, filename: str, sha256: str
    ) -> Attestation:
        """Verify in this order, each step only on what the one before has proved.

        (1) PEP 740 shape, (2) conversion, (3) Sigstore: certificate, log, signature, (4) the
        statement is about this file, (5) the claimed publisher is the certificate's.
        """
        from pypi_attestations import Attestation as Document  # noqa: PLC0415

        from guard.sources import certificate as claims  # noqa: PLC0415

        if claimed is not None and claimed.get("kind") not in set(PublisherKind):
            raise _UnsupportedError(f"a publisher of kind {str(claimed.get('kind'))[:60]!r}")
        document = Document.model_validate(given)
        _refuse_unknown_log(document.verification_material.transparency_entries)
        bundle = document.to_bundle()
        kind, predicate = self._statement(bundle, filename, sha256)
        identity = claims.identity(bundle.signing_certificate)
        if claimed is not None and (lie := claims.contradiction(claimed, identity)):
            raise _InvalidError(lie)
        return _attestation(bundle, identity, kind, predicate)

    def _bundle(
        self, raw: bytes, filename: str, sha256: str
    ) -> Attestation | _InvalidError | _UnsupportedError:
        from sigstore.hashes import Hashed  # noqa: PLC0415
        from sigstore.models import Bundle  # noqa: PLC0415
        from sigstore_models.common.v1 import HashAlgorithm  # noqa: PLC0415

        from guard.sources import certificate as claims  # noqa: PLC0415

        try:
            with _named_failures():
                bundle = Bundle.from_json(raw)
                kind, predicate = PredicateKind.PUBLISH, None
                if bundle._inner.dsse_envelope is not None:  # noqa: SLF001 - it has no public name
                    kind, predicate = self._statement(bundle, filename, sha256)
                else:
                    digest = Hashed(digest=bytes.fromhex(sha256), algorithm=HashAlgorithm.SHA2_256)
                    with self._lock:
                        self._verifier.verify_artifact(digest, bundle, _Anyone())
                identity = claims.identity(bundle.signing_certificate)
                return _attestation(bundle, identity, kind, predicate)
        except (_InvalidError, _UnsupportedError) as error:
            return error

    def _statement(
        self, bundle: Bundle, filename: str, sha256: str
    ) -> tuple[PredicateKind, object]:
        """Return the predicate of a statement that is signed, logged and about this file."""
        with self._lock:  # two threads are slower than one here
            payload_type, payload = self._verifier.verify_dsse(bundle, _Anyone())
        if payload_type != _PAYLOAD_TYPE:
            raise _InvalidError(f"the payload is {payload_type[:60]!r}, not an in-toto statement")
        statement = _object(payload)
        if statement.get("_type") != _STATEMENT_TYPE:
            raise _InvalidError("the payload is not an in-toto statement v1")
        _check_subject(statement.get("subject"), filename, sha256)
        return _predicate_kind(statement.get("predicateType")), statement.get("predicate")


class _Anyone:
    """Leaves the identity to the guard's own policy, which reads the certificate after."""

    def verify(self, cert: Certificate) -> None:
        """Accept every certificate that is valid."""


@contextlib.contextmanager
def _named_failures() -> Iterator[None]:
    """Turn whatever the libraries raise into one of two answers, the type kept in the words.

    Nine types were seen to escape those that are documented, from certificates and log entries that
    somebody made up; none of them may pass for anything but a refusal.
    """
    try:
        yield
    except (_InvalidError, _UnsupportedError):
        raise
    except Exception as error:  # noqa: BLE001 - see above
        raise _InvalidError(_words(error)) from None


def _words(error: Exception) -> str:
    said = " ".join(str(error).split())[:240]
    return f"{said} ({type(error).__name__})" if said else type(error).__name__


def _writable(text: str) -> str:
    """Return `text` without the halves of characters that JSON can say and nothing can write."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _bundles(raw: bytes) -> Iterator[tuple[Mapping[str, Any], object]]:
    """Yield each attestation with the publisher that its bundle claims.

    PEP-740: the version of the provenance object is 1; `attestation_bundles` has one or more.
    """
    document = _object(raw)
    if document.get("version") != 1 or document.get("version") is True:
        raise _InvalidError("not a provenance object of version 1")
    bundles = document.get("attestation_bundles")
    if not isinstance(bundles, list):
        raise _InvalidError("the provenance object has no list of bundles")
    for bundle in bundles:
        publisher = bundle.get("publisher") if isinstance(bundle, dict) else None
        attestations = bundle.get("attestations") if isinstance(bundle, dict) else None
        if not isinstance(publisher, dict) or not isinstance(attestations, list):
            raise _InvalidError("a bundle has no publisher or no attestations")
        for attestation in attestations:
            yield publisher, attestation


def _object(raw: bytes) -> dict[str, Any]:
    """Return a JSON object in which no key is given twice. Raises `_InvalidError`."""
    try:
        document = json.loads(raw, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise _InvalidError(f"not JSON: {_words(error)}") from None
    if not isinstance(document, dict):
        raise _InvalidError("not a JSON object")
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key is given twice")
    return document


def _refuse_unknown_log(entries: Sequence[Any]) -> None:
    """Tell entries of Rekor v2 from forged ones: PEP 740 cannot carry the timestamp they need."""
    for entry in entries:
        kind = entry.get("kindVersion", {}) if isinstance(entry, dict) else {}
        if isinstance(kind, dict) and (kind.get("kind"), kind.get("version")) in _REKOR_V2:
            raise _UnsupportedError("an entry of Rekor v2, which needs a newer verifier")


def _check_subject(subject: object, filename: str, sha256: str) -> None:
    """PEP-740: one subject, whose name parses to the same file and whose sha256 is the file's."""
    if not isinstance(subject, list) or len(subject) != 1 or not isinstance(subject[0], dict):
        raise _InvalidError("the statement does not have exactly one subject")
    name, digest = subject[0].get("name"), subject[0].get("digest")
    if not isinstance(name, str) or _parsed(name) != _parsed(filename):
        raise _InvalidError(f"the statement is about {str(name)[:100]!r}, not about this file")
    signed = digest.get("sha256") if isinstance(digest, dict) else None
    if signed != sha256:
        raise _InvalidError(f"the statement is about other bytes: sha256 {str(signed)[:64]}")


def _parsed(filename: str) -> tuple[Any, ...]:
    try:
        if filename.endswith(".whl"):
            return parse_wheel_filename(filename)
        return parse_sdist_filename(filename)
    except (InvalidWheelFilename, InvalidSdistFilename) as error:
        raise _InvalidError(f"not the name of a distribution: {error}") from None


def _predicate_kind(given: object) -> PredicateKind:
    from pypi_attestations import AttestationType  # noqa: PLC0415

    kinds = {
        AttestationType.PYPI_PUBLISH_V1.value: PredicateKind.PUBLISH,
        AttestationType.SLSA_PROVENANCE_V1.value: PredicateKind.SLSA_PROVENANCE,
    }
    kind = kinds.get(str(given))
    if kind is None:
        raise _InvalidError(
            f"the predicate type {str(given)[:100]!r} is none that an index accepts"
        )
    return kind


def _attestation(
    bundle: Bundle, identity: Identity, kind: PredicateKind, predicate: object
) -> Attestation:
    entry = bundle.log_entry._inner  # noqa: SLF001 - index and time have no public name
    build = _step(predicate, "buildDefinition", "externalParameters", "workflow", "repository")
    return Attestation(
        identity=identity,
        predicate=kind,
        log_index=int(entry.log_index),
        integrated_at=datetime.fromtimestamp(int(entry.integrated_time or 0), UTC),
        builder=_step(predicate, "runDetails", "builder", "id"),
        source=build,
    )


def _step(document: object, *keys: str) -> str | None:
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return _writable(document) if isinstance(document, str) else None


def _collected(results: Sequence[Attestation | _InvalidError | _UnsupportedError]) -> Provenance:
    return Provenance(
        attestations=tuple(r for r in results if isinstance(r, Attestation)),
        invalid=tuple(_writable(str(r)) for r in results if isinstance(r, _InvalidError)),
        unsupported=tuple(_writable(str(r)) for r in results if isinstance(r, _UnsupportedError)),
    )
