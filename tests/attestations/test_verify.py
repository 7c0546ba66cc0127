"""`guard verify` and `guard inspect`: a file on disk, and the documents beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import pytest
from inline_snapshot import snapshot

from guard.cli import main
from guard.publisher import Identity as Found
from guard.sources.provenance import LIMIT
from tests.attestations.minting import CONTENT, FILENAME, a_signature_bundle
from tests.e2e.guarded import Guard
from tests.local_sigstore import Fault, Identity, LocalSigstore, MintedAttestation

REPOSITORY: Final = "https://github.com/acme/widget"
WORKFLOW: Final = f"{REPOSITORY}/.github/workflows/release.yml"

Run = Callable[..., "Ran"]


@dataclass(frozen=True)
class Ran:
    """What came of one command."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self.out)
        return report


@pytest.fixture
def file(sigstore: LocalSigstore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel in the current folder, and the root to verify it under."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GUARD_STATE_DIR", str(tmp_path / "state"))
    Path("root.json").write_bytes(sigstore.trusted_root_json())
    Path(FILENAME).write_bytes(CONTENT)
    return Path(FILENAME)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run one command here, with the local Sigstore for the public one."""

    def ran(command: str, *words: str | Path, root: str = "root.json") -> Ran:
        code = main([command, *map(str, words), "--trust-root", root])
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return ran


def beside(file: Path, suffix: str, content: bytes) -> Path:
    path = file.with_name(f"{file.name}{suffix}")
    path.write_bytes(content)
    return path


def minted(sigstore: LocalSigstore, identity: Identity | None = None, **fault: Any) -> bytes:
    return sigstore.publish(FILENAME, CONTENT, identity or Identity.github(), **fault)


def attestation(sigstore: LocalSigstore) -> MintedAttestation:
    return sigstore.attest(FILENAME, CONTENT, Identity.github())


def test_a_signed_file_is_verified(sigstore: LocalSigstore, file: Path, run: Run) -> None:
    beside(file, ".provenance", minted(sigstore, predicate="slsa"))
    ran = run("verify", file)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.partition("log entry")[0] == snapshot("""\
verified: widget-1.0-py3-none-any.whl was signed by acme/widget release.yml @ refs/tags/v1.0 (https://token.actions.githubusercontent.com)
   = slsa-provenance, \
""")
    assert ran.out.endswith(
        "An attestation says who signed a file, not that the file is harmless.\n"
    )


def test_the_report_for_programs_has_every_claim(
    sigstore: LocalSigstore, file: Path, run: Run
) -> None:
    beside(file, ".provenance", minted(sigstore))
    ran = run("verify", file, "--output-format", "json")
    (attestation,) = ran.report.pop("attestations")
    assert {key: value for key, value in ran.report.items() if key != "attestations"} == {
        "schema": 1,
        "filename": FILENAME,
        "decision": "verified",
        "invalid": [],
        "unsupported": [],
        "unexpected": [],
    }
    identity = attestation.pop("identity")
    assert list(identity) == [claim.name for claim in fields(Found)]
    assert (identity["repository_id"], identity["environment"]) == (1001, None)
    assert isinstance(attestation.pop("log_index"), int)
    assert attestation == {
        "predicate": "publish",
        "integrated_at": "2025-07-01T12:00:01+00:00",
        "builder": None,
        "source": None,
        "kind": "GitHub",
    }
    inspected = run("inspect", file, "--output-format", "json").report
    assert inspected["attestations"] == ran.report["attestations"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--repository", "acme/widget"], (0, "")),
        (["--repository", "Acme/*", "--workflow", "release.yml"], (0, "")),
        (["--repository", "acme/widget", "--ref", "refs/tags/*", "--trigger", "release"], (0, "")),
        (["--issuer", "https://token.actions.githubusercontent.com"], (0, "")),
        (["--identity", f"{WORKFLOW}@refs/tags/*"], (0, "")),
        (["--kind", "GitHub", "--workflow", "release.yml"], (0, "")),
        (["--environment", "not attested"], (0, "")),
        (["--repository", "evil/widget"], (77, "repository is acme/widget, not evil/widget")),
        (["--repository", "acme"], (77, "repository is acme/widget, not acme")),
        (["--repository", "acme/widget", "--workflow", "x.yml"], (77, "workflow is release.yml")),
        (["--ref", "refs/heads/*"], (77, "ref is refs/tags/v1.0, not refs/heads/*")),
        (["--trigger", "push"], (77, "trigger is release, not push")),
        (["--issuer", "https://gitlab.com"], (77, "issuer is https://token.actions.")),
        (["--kind", "GitLab", "--repository", "acme/widget"], (77, "issuer is https://token.")),
        (["--identity", WORKFLOW], (77, "identity is")),
        (["--environment", "release"], (69, "environment is not attested, not release")),
        (["--environment", "release", "--ref", "refs/x"], (77, "ref is refs/tags/v1.0")),
    ],
)
def test_who_is_expected_can_be_said(
    sigstore: LocalSigstore,
    file: Path,
    run: Run,
    words: list[str],
    expected: tuple[int, str],
) -> None:
    code, said = expected
    beside(file, ".provenance", minted(sigstore))
    ran = run("verify", file, *words)
    assert ran.code == code, ran.out
    assert said in ran.out
    assert ("unexpected: " in ran.out) is bool(code)
    decision = {0: "verified", 69: "undecided", 77: "denied"}[code]
    report = run("verify", file, *words, "--output-format", "json").report
    assert report["decision"] == decision
    assert len(report["unexpected"]) == bool(code)


def test_a_repository_alone_is_one_at_github(sigstore: LocalSigstore, file: Path, run: Run) -> None:
    """Anybody can have a repository of that name elsewhere."""
    beside(file, ".provenance", minted(sigstore, Identity.gitlab()))
    assert run("verify", file, "--repository", "acme/widget").code == 77
    assert run("verify", file, "--repository", "acme/widget", "--kind", "GitLab").code == 0
    issuer = ("--issuer", "https://gitlab.com")
    assert run("verify", file, "--repository", "acme/widget", *issuer).code == 0


OUTCOMES: Final = {
    Fault.WRONG_DIGEST: (77, "invalid: "),
    Fault.BAD_SIGNATURE: (77, "invalid: "),
    Fault.OTHER_PUBLISHER: (77, "invalid: "),
    Fault.TRUNCATED_PROVENANCE: (77, "invalid: "),
    Fault.NO_BUNDLES: (77, "not attested: "),
    Fault.NO_ATTESTATIONS: (77, "not attested: "),
    Fault.REKOR_V2_WITHOUT_TIMESTAMP: (69, "undecided: "),
    Fault.UNKNOWN_PUBLISHER_KIND: (69, "undecided: "),
}


@pytest.mark.parametrize("fault", OUTCOMES)
def test_what_is_not_proved_is_not_verified(
    sigstore: LocalSigstore, file: Path, run: Run, fault: Fault
) -> None:
    code, word = OUTCOMES[fault]
    beside(file, ".provenance", minted(sigstore, fault=fault))
    for words in ([], ["--repository", "acme/widget"]):
        ran = run("verify", file, *words)
        assert (ran.code, ran.out.startswith(word)) == (code, True), ran.out
        assert "verified: " not in ran.out
    shown = run("inspect", file)
    assert "verified" not in shown.out


def test_an_object_without_bundles_is_not_attested(file: Path, run: Run) -> None:
    beside(file, ".provenance", b'{"version": 1, "attestation_bundles": []}')
    ran = run("verify", file)
    assert ran.code == 77
    assert ran.out == f"not attested: there is no attestation of {FILENAME} in the document\n"
    assert run("verify", file, "--output-format", "json").report["attestations"] == []
    assert run("inspect", file).out.startswith(f"{FILENAME}\n  not attested\n  inside\n")


def test_other_bytes_are_not_verified(sigstore: LocalSigstore, file: Path, run: Run) -> None:
    beside(file, ".provenance", minted(sigstore))
    file.write_bytes(CONTENT + b"\n")
    ran = run("verify", file)
    assert ran.code == 77
    assert ran.out.startswith("invalid: the statement is about other bytes")


def test_a_good_attestation_does_not_make_up_for_a_bad_one(
    sigstore: LocalSigstore, file: Path, run: Run
) -> None:
    both = [
        attestation(sigstore),
        sigstore.attest(FILENAME, CONTENT, Identity.github(), fault=Fault.BAD_SET),
    ]
    beside(file, ".provenance", sigstore.provenance(both))
    ran = run("verify", file)
    assert ran.code == 77
    assert "verified: " in ran.out
    assert "invalid: " in ran.out


SIDECARS: Final[dict[str, Callable[[LocalSigstore], bytes]]] = {
    ".provenance": minted,
    ".publish.attestation": lambda sigstore: attestation(sigstore).to_json(),
    ".slsa.attestation": lambda sigstore: attestation(sigstore).to_json(),
    ".sigstore.json": lambda sigstore: attestation(sigstore).to_bundle_json(),
    ".sigstore": lambda sigstore: a_signature_bundle(sigstore, Identity.google(), CONTENT),
}


@pytest.mark.parametrize(("suffix", "make"), SIDECARS.items(), ids=SIDECARS)
def test_the_document_is_found_beside_the_file_or_where_it_is_named(
    sigstore: LocalSigstore,
    file: Path,
    run: Run,
    suffix: str,
    make: Callable[[LocalSigstore], bytes],
) -> None:
    document = make(sigstore)
    sidecar = beside(file, suffix, document)
    assert run("verify", file).code == 0
    sidecar.rename("elsewhere")
    assert run("verify", file).code == 2
    assert run("verify", file, "--provenance", "elsewhere").code == 0
    assert run("verify", file, "--bundle", "elsewhere").code == 0


def test_a_named_document_wins_over_one_that_is_found(
    sigstore: LocalSigstore, file: Path, run: Run
) -> None:
    beside(file, ".provenance", minted(sigstore))
    Path("named").write_bytes(minted(sigstore, fault=Fault.BAD_SIGNATURE))
    assert run("verify", file, "--provenance", "named").code == 77


@pytest.mark.parametrize("command", ["verify", "inspect"])
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["missing.whl", "--provenance", "p"], "`missing.whl` could not be read"),
        ([FILENAME, "--provenance", "missing"], "`missing` could not be read"),
        ([FILENAME, "--bundle", "missing"], "`missing` could not be read"),
        ([".", "--provenance", "p"], "`.` could not be read"),
        ([FILENAME, "--provenance", "."], "`.` could not be read"),
        ([FILENAME, "--provenance", "large"], f"`large` is larger than {LIMIT} bytes"),
    ],
)
def test_what_is_not_there_is_a_mistake_of_the_command(
    file: Path, run: Run, command: str, words: list[str], said: str
) -> None:
    Path("p").write_bytes(b"{}")
    Path("large").write_bytes(b" " * (LIMIT + 1))
    ran = run(command, *words)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert file.exists()


@pytest.mark.parametrize(
    ("command", "word", "said"),
    [
        ("verify", FILENAME, f"there is no provenance beside `{FILENAME}`"),
        ("verify", ".", "there is no provenance beside"),
        ("verify", "/", "there is no provenance beside"),
        ("inspect", ".", "`.` could not be read"),
        ("inspect", "missing.whl", "`missing.whl` could not be read"),
        ("inspect", "missing", "`missing` could not be read"),
    ],
)
def test_there_is_nothing_to_verify_or_to_look_into(
    file: Path, run: Run, command: str, word: str, said: str
) -> None:
    ran = run(command, word)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert file.exists()


@pytest.mark.parametrize("root", ["missing.json", FILENAME])
def test_a_root_that_is_none_is_a_mistake_of_the_configuration(
    file: Path, run: Run, root: str
) -> None:
    beside(file, ".provenance", b"{}")
    ran = run("verify", file, root=root)
    assert (ran.code, ran.out) == (78, "")
    assert f"  --> {root}\n" in ran.err


def test_everything_that_is_said_is_shown(sigstore: LocalSigstore, file: Path, run: Run) -> None:
    beside(file, ".provenance", minted(sigstore, Identity.github(environment="release")))
    ran = run("inspect", file)
    assert ran.code == 0
    said = ran.out.partition("  inside\n")[0]
    shown = [line for line in said.splitlines() if "log index" not in line]
    assert "\n".join(shown) == snapshot("""\
widget-1.0-py3-none-any.whl
  publish attestation, verified
    kind            GitHub
    issuer          https://token.actions.githubusercontent.com
    identity        https://github.com/acme/widget/.github/workflows/release.yml@refs/tags/v1.0
    repository      acme/widget
    repository-id   1001
    owner           acme
    owner-id        2002
    workflow        release.yml
    ref             refs/tags/v1.0
    digest          0123456789abcdef0123456789abcdef01234567
    environment     release
    trigger         release
    runner          github-hosted
    build-signer    https://github.com/acme/widget/.github/workflows/release.yml@refs/tags/v1.0
    run             https://github.com/acme/widget/actions/runs/1/attempts/1
    subject         repo:acme/widget:environment:release
    logged at       2025-07-01T12:00:01+00:00
    builder         not attested
    source          not attested\
""")


def test_a_terminal_is_told_nothing_by_a_certificate(
    sigstore: LocalSigstore, file: Path, run: Run
) -> None:
    """The signer chooses the name of an environment, and the index that of a kind."""
    identity = Identity.github(environment="\x1b[2J\x1b]0;owned\x07\u202egnp")
    beside(file, ".provenance", minted(sigstore, identity))
    words = ["--environment", "release"]
    for ran in (run("verify", file, *words), run("inspect", file)):
        assert "environment" in ran.out
        assert not {"\x1b", "\x07", "\u202e"} & set(ran.out)


def test_the_public_sigstore_is_the_one_that_is_meant(
    sigstore: LocalSigstore, file: Path, guard: Guard
) -> None:
    """The real command, as it is installed."""
    file.rename(guard.work / FILENAME)
    beside(guard.work / FILENAME, ".provenance", minted(sigstore))
    ran = guard("verify", FILENAME)
    assert (ran.code, "verified" in ran.out) == (77, False), ran.said
    assert guard("verify").code == 2
