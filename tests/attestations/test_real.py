"""Real attestations of real files, offline; and a library's cache that somebody poisoned."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import pytest

from guard.sources.verifier import Verifier
from tests.attestations import real
from tests.attestations.minting import CONTENT, FILENAME
from tests.attestations.real import Real, each_real, needs_real
from tests.e2e.guarded import TIMEOUT, Guard, Ran
from tests.fakes import LoopbackIndex
from tests.local_sigstore import Identity, LocalSigstore

_TUF: Final = "https://tuf-repo-cdn.sigstore.dev"
_UNSHARE: Final = ("unshare", "--map-root-user", "--net")

_VERIFY_ALL: Final = """
import socket, sys
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5)
except OSError:
    pass
else:
    sys.exit("the network is there")
from guard.cli import main
for file, evidence in zip(sys.argv[2::2], sys.argv[3::2]):
    code = main(["verify", file, "--provenance", evidence])
    print(f"exit code {code}")
"""

_LIBRARY: Final = """
import sys
from pathlib import Path
from pypi_attestations import Attestation, Distribution, GitHubPublisher
attestation = Attestation.model_validate_json(Path(sys.argv[1]).read_bytes())
publisher = GitHubPublisher(repository="acme/widget", workflow="release.yml")
attestation.verify(publisher, Distribution.from_file(Path(sys.argv[2])), offline=True)
"""


@each_real()
def test_a_real_attestation_verifies_as_it_is_known_to(
    public_verifier: Verifier, real: Real
) -> None:
    known: dict[str, Any] = real.known
    assert real.sha256 == known["sha256"]
    result = real.verified(public_verifier)
    assert bool(result.attestations) is known["verifies"]
    assert bool(result.invalid) is not known["verifies"]
    for identity in result.identities:
        assert {
            "issuer": identity.issuer,
            "san": [identity.identity],
            "source_ref": identity.ref,
            "source_digest": identity.digest,
            "repo_id": identity.repository_id and str(identity.repository_id),
            "owner_id": identity.owner_id and str(identity.owner_id),
            "runner_environment": identity.runner,
            "build_trigger": identity.trigger,
            "deployment_environment": identity.environment,
            "token_subject": identity.subject,
            "publisher_kind": str(identity.kind),
        }.items() <= known.items()
        if known["repository"]:
            assert identity.repository == known["repository"]
            assert identity.workflow == known["workflow"]
        else:
            assert known["publisher_kind"] in {"Google", "CircleCI"}
        if known["email"]:
            assert identity.identity == known["email"]


@each_real()
def test_a_real_attestation_is_about_one_file(public_verifier: Verifier, real: Real) -> None:
    raw = real.evidence.read_bytes()
    one = real.known["attestation_kind"] == "attestation"
    verify = public_verifier.attestation if one else public_verifier.provenance
    for filename, sha256 in (
        (real.path.name, "0" * 64),
        (real.path.name.replace("-", "x-", 1), real.sha256),
    ):
        result = verify(raw, filename=filename, sha256=sha256)
        assert (len(result.attestations), len(result.invalid)) == (0, 1)


@each_real()
def test_a_real_attestation_is_none_to_another_sigstore(verifier: Verifier, real: Real) -> None:
    assert real.verified(verifier).attestations == ()


@needs_real
def test_what_a_mirror_of_the_database_mangled_does_not_verify(public_verifier: Verifier) -> None:
    """The one natural negative: checkpoints whose line breaks were escaped once too often."""
    entry = real.every_real()[0]
    raw = entry.evidence.read_bytes().replace(b"\\n", b"\\\\n")
    assert raw != entry.evidence.read_bytes()
    assert entry.verified(public_verifier, raw).attestations == ()


@pytest.fixture
def signed(sigstore: LocalSigstore, guard: Guard) -> Path:
    """A file with minted attestations beside it, and the root that they verify under."""
    minted = sigstore.attest(FILENAME, CONTENT, Identity.github())
    file = guard.work / FILENAME
    file.write_bytes(CONTENT)
    file.with_name(f"{FILENAME}.provenance").write_bytes(sigstore.provenance([minted]))
    file.with_name(f"{FILENAME}.publish.attestation").write_bytes(minted.to_json())
    (guard.work / "root.json").write_bytes(sigstore.trusted_root_json())
    return file


def poisoned(sigstore: LocalSigstore, folder: Path) -> Path:
    """A cache of the library's in which our Sigstore stands for the public one."""
    cache = folder / "poisoned"
    place = cache / "sigstore-python" / "tuf" / quote(_TUF, safe="")
    place.mkdir(parents=True)
    (place / "trusted_root.json").write_bytes(sigstore.trusted_root_json())
    return cache


def test_a_poisoned_cache_deceives_the_library_and_not_the_guard(
    sigstore: LocalSigstore, guard: Guard, signed: Path
) -> None:
    cache = poisoned(sigstore, guard.folder)
    subprocess.run(
        [sys.executable, "-c", _LIBRARY, f"{signed}.publish.attestation", signed],
        check=True,  # the library believes what lies in the user's cache
        timeout=TIMEOUT,
        env=guard.environment(XDG_CACHE_HOME=str(cache)),
    )
    ran = guard("verify", signed, XDG_CACHE_HOME=str(cache))
    assert ran.code == 77, ran.said
    assert "verified:" not in ran.out
    assert guard("verify", signed, "--trust-root", "root.json").code == 0


@needs_real
def test_a_poisoned_cache_hides_no_real_attestation(sigstore: LocalSigstore, guard: Guard) -> None:
    entry = real.every_real()[0]
    cache = poisoned(sigstore, guard.folder)
    ran = guard("verify", entry.path, "--provenance", entry.evidence, XDG_CACHE_HOME=str(cache))
    assert ran.code == 0, ran.said


def without_a_network(guard: Guard, index: LoopbackIndex, *pairs: tuple[Path, Path]) -> Ran:
    """Verify each file by its evidence where not even `index` can be reached."""
    files = [str(path) for pair in pairs for path in pair]
    port = urlsplit(index.origin).port
    done = subprocess.run(
        [*_UNSHARE, sys.executable, "-c", _VERIFY_ALL, str(port), *files],
        cwd=guard.work,
        env=guard.environment(),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def _cannot_unshare() -> bool:
    if shutil.which(_UNSHARE[0]) is None:
        return True
    command = [*_UNSHARE, "true"]
    return bool(subprocess.run(command, capture_output=True, check=False).returncode)


needs_unshare = pytest.mark.skipif(_cannot_unshare(), reason="no network namespaces here")


@needs_unshare
@needs_real
def test_nothing_real_is_asked_of_a_network(guard: Guard, index: LoopbackIndex) -> None:
    entries = real.every_real()
    ran = without_a_network(guard, index, *((each.path, each.evidence) for each in entries))
    assert ran.code == 0, ran.said
    expected = [f"exit code {0 if each.known['verifies'] else 77}" for each in entries]
    assert [line for line in ran.out.splitlines() if line.startswith("exit code")] == expected
    assert ran.out.count("verified: ") == len(entries)


@needs_unshare
def test_nothing_is_asked_of_a_network(guard: Guard, index: LoopbackIndex, signed: Path) -> None:
    """Under the shipped root a minted attestation is none, and it takes no question to say so."""
    ran = without_a_network(guard, index, (signed, signed.with_name(f"{FILENAME}.provenance")))
    assert ran.code == 0, ran.said
    assert "exit code 77" in ran.out
    assert ran.err == ""
