"""`guard verify`: a local file against its provenance, offline where the provenance is at hand."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from guard.cli.exit import ExitCode
from guard.cli.session import state_folder
from guard.errors import UsageError
from guard.publisher import Identity, IdentityPattern, Mismatch, Provenance, PublisherKind
from guard.quarantine import digests_of
from guard.report.json import attestation as document_of
from guard.report.text import plain
from guard.sources import trust_root
from guard.sources.provenance import LIMIT
from guard.sources.trust_root import TrustRoot

_SIDECARS = (
    ".provenance",
    ".publish.attestation",
    ".slsa.attestation",
    ".sigstore.json",
    ".sigstore",
)
_CLAIMS = ("issuer", "identity", "repository", "workflow", "ref", "environment", "trigger")


@dataclass(frozen=True, slots=True)
class Unlike:
    """An identity that is not the expected one."""

    identity: Identity
    mismatches: tuple[Mismatch, ...]

    @property
    def unattested(self) -> bool:
        """Whether only what the certificate does not say speaks against it."""
        return all(mismatch.unattested for mismatch in self.mismatches)

    def __str__(self) -> str:
        return f"{_title(self.identity)}: {'; '.join(map(str, self.mismatches))}"


def run(arguments: argparse.Namespace) -> int:
    """Verify one file, say who published it, and compare that with what was asked for."""
    file = Path(arguments.file)
    provenance = verified(file, evidence(arguments, file), root(arguments))
    expected = _expected(arguments)
    unlike = _unlike(provenance, expected) if expected else []
    code = _code(provenance, unlike)
    if arguments.output_format == "json":
        sys.stdout.write(json.dumps(_document(file, provenance, unlike, code), indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(_lines(file, provenance, unlike)) + "\n")
    return code


def root(arguments: argparse.Namespace) -> TrustRoot:
    """Return the trust root that was named, or the public one."""
    if arguments.trust_root:
        return trust_root.from_file(arguments.trust_root)
    return trust_root.public(state_folder())


def evidence(arguments: argparse.Namespace, file: Path) -> Path:
    """Return the file that holds the attestations. Raises `UsageError` where there is none."""
    if found := evidence_at_hand(arguments, file):
        return found
    raise UsageError(
        f"there is no provenance beside `{file}`",
        reason=f"looked for {', '.join(file.name + suffix for suffix in _SIDECARS)}",
        hint="name it with `--provenance` or `--bundle`; `guard check` fetches it from an index",
    )


def evidence_at_hand(arguments: argparse.Namespace, file: Path) -> Path | None:
    """Return the file that holds the attestations: named, or beside `file` by convention."""
    named = arguments.provenance or arguments.bundle
    if named:
        return Path(named)
    places = (file.parent / f"{file.name}{suffix}" for suffix in _SIDECARS)
    return next((place for place in places if place.is_file()), None)


def verified(file: Path, evidence: Path, root: TrustRoot) -> Provenance:
    """Return what the document `evidence` proves of `file`. Raises `UsageError`."""
    from guard.sources.verifier import Verifier  # noqa: PLC0415 - 350 ms

    try:
        with evidence.open("rb") as stream:
            raw = stream.read(LIMIT + 1)
        sha256 = digests_of(file, {"sha256"})["sha256"]
    except OSError as error:
        raise UsageError(
            f"`{error.filename or file}` could not be read", reason=error.strerror
        ) from None
    if len(raw) > LIMIT:
        raise UsageError(f"`{evidence}` is larger than {LIMIT} bytes")
    verifier = Verifier(root)
    if b'"mediaType"' in raw and b'"attestation_bundles"' not in raw:
        return verifier.bundle(raw, filename=file.name, sha256=sha256)
    if b'"attestation_bundles"' in raw:
        return verifier.provenance(raw, filename=file.name, sha256=sha256)
    return verifier.attestation(raw, filename=file.name, sha256=sha256)


def _expected(arguments: argparse.Namespace) -> IdentityPattern | None:
    given = {claim: getattr(arguments, claim) for claim in _CLAIMS}
    if not any(given.values()):
        return None
    values = {claim: (value,) for claim, value in given.items() if value}
    kind = PublisherKind.GITHUB if values.get("repository") and not values.get("issuer") else None
    return IdentityPattern(kind=_kind(arguments, kind), **values)


def _kind(arguments: argparse.Namespace, default: PublisherKind | None) -> PublisherKind | None:
    return PublisherKind(arguments.kind) if arguments.kind else default


def _unlike(provenance: Provenance, expected: IdentityPattern) -> list[Unlike]:
    """Return each identity that is not as was asked for, and how it differs."""
    pairs = [(identity, expected.mismatches(identity)) for identity in provenance.identities]
    return [Unlike(*pair) for pair in pairs if pair[1]]


def _code(provenance: Provenance, unlike: list[Unlike]) -> ExitCode:
    if provenance.invalid or any(not each.unattested for each in unlike):
        return ExitCode.DENIED
    if provenance.attestations:
        return ExitCode.UNDECIDED if unlike else ExitCode.OK
    return ExitCode.UNDECIDED if provenance.unsupported else ExitCode.DENIED


def _lines(file: Path, provenance: Provenance, unlike: list[Unlike]) -> list[str]:
    lines = [
        f"verified: {plain(file.name)} was signed by {plain(_title(given.identity))}\n"
        f"   = {given.predicate}, log entry {given.log_index}, "
        f"{given.integrated_at:%Y-%m-%d %H:%M} UTC"
        for given in provenance.attestations
    ]
    lines += [f"invalid: {plain(reason)}" for reason in provenance.invalid]
    lines += [f"undecided: {plain(reason)}" for reason in provenance.unsupported]
    lines += [f"unexpected: {plain(str(each))}" for each in unlike]
    if not provenance.attestations and not provenance.unsupported and not provenance.invalid:
        lines.append(f"not attested: there is no attestation of {plain(file.name)} in the document")
    if provenance.attestations:
        lines.append("An attestation says who signed a file, not that the file is harmless.")
    return lines


def _title(identity: Identity) -> str:
    return f"{identity.title} ({identity.issuer})"


def _document(
    file: Path, provenance: Provenance, unlike: list[Unlike], code: ExitCode
) -> dict[str, object]:
    decisions = {ExitCode.OK: "verified", ExitCode.UNDECIDED: "undecided"}
    return {
        "schema": 1,
        "filename": file.name,
        "decision": decisions.get(code, "denied"),
        "attestations": [document_of(given) for given in provenance.attestations],
        "invalid": list(provenance.invalid),
        "unsupported": list(provenance.unsupported),
        "unexpected": [str(each) for each in unlike],
    }
