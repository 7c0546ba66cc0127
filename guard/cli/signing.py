"""`guard policy sign` and `guard policy verify`: who answers for a policy."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from guard.cli.exit import ExitCode
from guard.cli.recording import recorded, signing_key
from guard.cli.session import means, policy_files
from guard.errors import PolicyError, UsageError
from guard.policy import load
from guard.policy.approvals import NAME, approvals_in, approvals_table
from guard.policy.layers import beside
from guard.policy.load import table_of
from guard.policy.signature import Demand, demand, signature, signature_path
from guard.policy.tables import IdentityTable, read
from guard.private import write_private
from guard.publisher import IdentityPattern, PublisherKind
from guard.report.text import plain

_CLAIMS = ("issuer", "identity", "repository", "workflow", "ref")


def run(arguments: argparse.Namespace) -> int:
    """Sign a policy with the approvals beside it, or say who has."""
    path: Path = arguments.file.absolute()
    files = _files(path)
    if arguments.action == "sign":
        _sign(path, files, arguments)
    else:
        signer = _demand(arguments).signer(files, means())
        names = " and ".join(f"`{each.name}`" for each in files)
        sys.stdout.write(plain(f"{names} {_are(files)} signed by {signer}") + "\n")
    return ExitCode.OK


def _are(files: list[Path]) -> str:
    return "is" if len(files) == 1 else "are"


def _files(path: Path) -> list[Path]:
    """Return the policy and the approvals beside it, once they are known to be that.

    Raises `PolicyError`: nobody should sign what nobody can read.
    """
    if path.name == NAME:
        approvals_in(approvals_table(path), source=str(path))
        return [path]
    load(str(path))
    approvals = beside(path)
    if not approvals.is_file():
        return [path]
    approvals_in(approvals_table(approvals), source=str(approvals))
    return [path, approvals]


def _sign(path: Path, files: list[Path], arguments: argparse.Namespace) -> None:
    named = arguments.key or os.environ.get("GUARD_SIGNING_KEY")
    if not named:
        raise UsageError(
            "there is no key to sign with",
            hint="name a file with `--key` or GUARD_SIGNING_KEY; a Sigstore bundle is made with "
            f"`python -m sigstore sign {path.name}`",
        )
    key = signing_key(Path(named))
    place = signature_path(path)
    with recorded("policy sign", [str(path)]) as record, record.changing():
        try:
            write_private(place, signature(files, key, now=datetime.now(UTC)))
            place.chmod(0o644)  # it holds no secret, and goes where the policy goes
        except OSError as error:
            raise UsageError(f"`{place}` could not be written", reason=error.strerror) from None
    names = " and ".join(f"`{each.name}`" for each in files)
    sys.stderr.write(f"{names} {_are(files)} signed in `{place}` by the key {key.public.id}\n")


def _demand(arguments: argparse.Namespace) -> Demand:
    """Return who may have signed: as the command line says, else as the system's policy does."""
    given = {claim: getattr(arguments, claim) for claim in _CLAIMS}
    if arguments.key or any(given.values()):
        return Demand(
            keys=tuple(arguments.key),
            identities=_identities(arguments, given),
            trust_root=arguments.trust_root,
        )
    system = policy_files(None).system
    if system is None or not system.is_file():
        raise PolicyError(
            "nobody is named who may have signed",
            reason="there is no policy of the system",
            hint="name a public key with `--key`, or an identity",
        )
    return demand(table_of(system), source=system)


def _identities(
    arguments: argparse.Namespace, given: dict[str, Any]
) -> tuple[IdentityPattern, ...]:
    if not any(given.values()):
        return ()
    kind = PublisherKind(arguments.kind) if arguments.kind else None
    if kind is None and given["repository"] and not given["issuer"]:
        kind = PublisherKind.GITHUB
    table = IdentityTable(kind=kind, **given)
    return (read(table.entry, source="the command line", at="identity"),)
