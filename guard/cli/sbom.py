"""`guard sbom`."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from packaging.utils import canonicalize_name

from guard.cli.check import judged_files, local_files
from guard.cli.exit import of_decision
from guard.cli.judging import finish, judged
from guard.cli.parts import Parts, of_environment, of_outcome
from guard.cli.session import Session, session
from guard.errors import UsageError
from guard.install.target import Target, find_python
from guard.plan import is_lock
from guard.private import write_private
from guard.report.text import plain
from guard.request import lines
from guard.sbom import Described, Phase, Root


def run(arguments: argparse.Namespace) -> int:
    """Judge what is named, or what is installed, and write what it is, whatever the verdicts."""
    _need_library()
    moment = _epoch()
    local = local_files(arguments)
    asked = bool(local or arguments.requirement or arguments.requirement_files)
    if asked or arguments.editable:
        root, environment = _root(arguments, Root(name="requirements")), None
    else:
        environment = find_python(arguments.python, system=arguments.system)
        arguments.python = str(environment)
        root = _root(arguments, Root(name="environment"))
    with session(arguments, alone=True) as run:
        if environment is None:
            outcome = judged_files(run, local) if local else judged(run)
            parts = of_outcome(run, outcome, local=bool(local))
        else:
            parts, root = _installed(run, environment, root)
        phase = Phase.PRE_BUILD if environment is None else Phase.POST_BUILD
        _write(_described(run, parts, root, phase, moment), arguments.output)
    if parts.outcome.judgement.verdicts:
        finish(parts.outcome, run, arguments, done=None)
    _tell_unjudged(parts)
    if arguments.output:
        sys.stderr.write(f"{len(parts.parts)} components written to {arguments.output}\n")
    return of_decision(parts.decision)


def _need_library() -> None:
    """Raise `UsageError` without the library, before anything is fetched."""
    if importlib.util.find_spec("cyclonedx") is None:
        raise UsageError(
            "`guard sbom` needs the extra `sbom`, which is not installed",
            reason="there is no `cyclonedx-python-lib` beside the guard",
            hint="`pip install 'wheelguard[sbom]'`, with whatever the guard was installed with",
        )


def _epoch() -> datetime | None:
    """Return the moment that a reproducible build wants to be its own (SOURCE_DATE_EPOCH)."""
    text = os.environ.get("SOURCE_DATE_EPOCH")
    if not text:
        return None
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            f"SOURCE_DATE_EPOCH is {text[:40]!r}, and no moment",
            hint="it is a whole number: the seconds since 1970",
        ) from None


def _root(arguments: argparse.Namespace, default: Root) -> Root:
    if arguments.root:
        name, _, version = (word.strip() for word in arguments.root.partition("=="))
        if not name or not arguments.root.isprintable():
            raise UsageError(
                f"`--root {plain(arguments.root)}` names nothing",
                hint="write NAME or NAME==VERSION",
            )
        return Root(name=name, version=version or None)
    for path in arguments.requirement_files:
        if path.suffix == ".toml" and not is_lock(path):
            return _project(path) or default
    return default


def _project(path: Path) -> Root | None:
    """Return the name and version that a pyproject.toml gives its project."""
    try:
        project = tomllib.loads(lines.text_of(path)).get("project")
    except (ValueError, RecursionError):  # whoever reads its dependencies will say so
        return None
    name = project.get("name") if isinstance(project, dict) else None
    version = project.get("version") if isinstance(project, dict) else None
    if not isinstance(name, str) or not name:
        return None
    return Root(name=name, version=version if isinstance(version, str) else None)


def _installed(run: Session, python: Path, root: Root) -> tuple[Parts, Root]:
    """Return what an environment has, but for what the SBOM is of, whose version it knows."""
    installed = dict(Target(python=python).describe().installed)
    version = installed.pop(canonicalize_name(root.name), None)
    if not installed:
        raise UsageError(f"there is nothing to describe in `{python}`")
    return of_environment(run, installed), replace(root, version=root.version or version)


def _described(
    run: Session, parts: Parts, root: Root, phase: Phase, moment: datetime | None
) -> Described:
    return Described(
        parts=parts.parts,
        root=root,
        phase=phase,
        environment=run.installer.description().environment,
        wanted=parts.wanted,
        decision=parts.decision,
        at=moment or run.now,
    )


def _write(described: Described, path: Path | None) -> None:
    """Write the document to `path`, whole or not at all, or to stdout. Raises `UsageError`."""
    from guard.sbom.document import render  # noqa: PLC0415 - needs the extra

    text = render(described)
    if path is None:
        sys.stdout.write(text)
        return
    try:
        write_private(path, text.encode())
        path.chmod(0o644)
    except OSError as error:
        raise UsageError(f"`{path}` could not be written", reason=error.strerror) from None


def _tell_unjudged(parts: Parts) -> None:
    for title, reason in parts.unjudged.items():
        sys.stderr.write(f"not judged: {plain(title)}: {plain(reason)}\n")
    if parts.decision is not parts.outcome.judgement.decision:
        sys.stderr.write("so the whole is undecided; `--root NAME` names what is your own\n")
