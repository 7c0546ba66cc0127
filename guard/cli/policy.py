"""`guard policy`."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any, Final

from guard.cli.exit import ExitCode
from guard.cli.policy_shown import document, shown
from guard.cli.recording import recorded
from guard.cli.session import policy_files, trust
from guard.errors import PolicyError, UsageError
from guard.policy import Policy, effective, load
from guard.policy.differences import differences
from guard.policy.layers import beside, project_files, said
from guard.policy.load import decoded, overlay
from guard.report.text import plain

_LIMIT: Final = 1_000_000
"""Bytes that are read from a pipe."""


def run(arguments: argparse.Namespace) -> int:
    """Show the effective policy, or do one thing to a file."""
    match arguments.action:
        case "show":
            policy, _ = effective(policy_files(arguments.policy, arguments.approvals))
            as_json = arguments.output_format == "json"
            sys.stdout.write(_json(document(policy)) if as_json else shown(policy))
        case "diff":
            _diff(arguments)
        case "check":
            load(arguments.file)
            sys.stdout.write(f"{arguments.file}: a policy without errors\n")
        case "init":
            _init(Path(arguments.file or "guard.toml"))
        case "trust":
            for path in _projects(arguments.file):
                _trust(path)
        case "distrust":
            for path in _projects(arguments.file):
                with recorded("policy distrust", [str(path)]) as record, record.changing():
                    known = trust().remove(path)
                sys.stderr.write(f"`{path}` {'is' if known else 'was'} not trusted\n")
        case "sign" | "verify":
            from guard.cli import signing  # noqa: PLC0415 - the others need none of it

            return signing.run(arguments)
        case _:
            from guard.policy.schema import cases_schema, schema  # noqa: PLC0415

            sys.stdout.write(cases_schema() if arguments.cases else schema())
    return ExitCode.OK


def _init(path: Path) -> None:
    """Write the commented policy that everybody may begin with; nothing is overwritten."""
    text = (resources.files("guard.policy") / "starter.toml").read_text(encoding="utf-8")
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise UsageError(
            f"`{path}` is there already", hint="name another file, or edit that one"
        ) from None
    except OSError as error:
        raise UsageError(f"`{path}` could not be written", reason=error.strerror) from None
    sys.stderr.write(f"`{path}` written; `guard policy check {path}` reads it again\n")


def _diff(arguments: argparse.Namespace) -> None:
    """Print what a change of a policy loosens and what it tightens."""
    found = [*differences(_named(arguments.old), _named(arguments.new))]
    if arguments.output_format == "json":
        told = [{"effect": str(each.effect), "words": each.words} for each in found]
        sys.stdout.write(_json({"schema": 1, "differences": told}))
        return
    for each in found:
        sys.stdout.write(f"{each.effect:8}  {plain(each.words)}\n")


def _named(name: str) -> Policy:
    """Return the policy of a preset, of a file, or on stdin where that is `-`."""
    base = load("default")
    if name != "-":
        return load(name, base)
    body = sys.stdin.buffer.read(_LIMIT + 1)
    if len(body) > _LIMIT:
        raise UsageError(f"there are more than {_LIMIT} bytes on stdin")
    return overlay(decoded(body, "stdin"), base, source="stdin")


def _json(told: dict[str, Any]) -> str:
    return json.dumps(told, indent=2) + "\n"


def _projects(named: str | None) -> tuple[Path, ...]:
    """Return the file that is named, or all of the project, the outermost first."""
    paths = (Path(named).absolute(),) if named else project_files(Path.cwd())
    if not paths:
        raise PolicyError(
            "there is no policy to trust",
            reason="no guard.toml, and no pyproject.toml with a [tool.guard], here or above",
            hint="name the file",
        )
    return paths


def _trust(path: Path) -> None:
    """Say what the file would change, and trust it as it is now."""
    files = replace(policy_files(None), named=None, folder=path.parent, below=path)
    base, _ = effective(files)
    policy = load(str(path), base, approvals=files.approvals_of(beside(path)))
    changes = [f"{each.effect:8}  {plain(each.words)}" for each in differences(base, policy)]
    with recorded("policy trust", [str(path)]) as record:
        record.says(policy=said(path))
        with record.changing():
            digest = trust().add(path)
        record.says(policy=digest)
    sys.stderr.write(f"`{path}` is trusted as it is now, sha256 {digest[:16]}…; it sets\n")
    sys.stderr.write("".join(f"  {line}\n" for line in changes) or "  nothing\n")
