"""`guard lock`: judge a request, and write it as a lock file when all of it is admitted."""

from __future__ import annotations

import argparse
import os
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from packaging.markers import Marker
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from guard import lock_file, plan
from guard.cli import lock_inputs
from guard.cli.judging import finish, installable, judged
from guard.cli.session import Session, session
from guard.errors import OutdatedError, UsageError
from guard.install.flow import Outcome
from guard.model import Decision
from guard.private import replacing
from guard.report.text import plain

_PROJECT: Final = Path("pyproject.toml")
_SHOWN: Final = 20


def run(arguments: argparse.Namespace) -> int:
    """Judge the request, and write, or compare with, what is admitted."""
    path: Path = arguments.output
    if not plan.is_lock(path):
        raise UsageError(
            f"`{path}` is no name for a lock file",
            reason="PEP 751 names them `pylock.toml` and `pylock.<name>.toml`",
            hint="name it with `--output`",
        )
    if _asks_nothing(arguments) and _PROJECT.is_file():
        arguments.requirement_files = [_PROJECT]
    kept = _kept(path, arguments)
    with session(arguments, alone=True) as run:
        run.request = replace(run.request, preferences=kept, upgrade_packages=())
        outcome = judged(run)
        done = None
        if outcome.judgement.decision is Decision.ADMITTED:
            done = _done(run, outcome, arguments)
    return finish(outcome, run, arguments, done=done)


def _asks_nothing(arguments: argparse.Namespace) -> bool:
    """Tell whether the project of this folder is meant. A group is then asked for besides it."""
    return not (
        arguments.requirement
        or arguments.requirement_files
        or arguments.editable
        or arguments.only_group
    )


def _kept(path: Path, arguments: argparse.Namespace) -> tuple[tuple[NormalizedName, Version], ...]:
    """Return the versions of the lock that is there, but for what is to be upgraded."""
    if arguments.upgrade or not path.exists():
        return ()
    upgraded = set(map(canonicalize_name, arguments.upgrade_package))
    return tuple(
        (package.name, package.version)
        for package in plan.read(path).packages
        if package.version is not None and package.name not in upgraded
    )


def _done(run: Session, outcome: Outcome, arguments: argparse.Namespace) -> str:
    """Write the lock where it is another one than before, and say what was done."""
    path: Path = arguments.output
    body = _body(run, outcome, arguments)
    differences = list(_differences(_document(path), tomllib.loads(body.decode())))
    if not differences:
        return f"{path} is up to date"
    if arguments.check:
        raise OutdatedError(
            f"`{path}` is not what would be written now",
            reason="; ".join(differences[:_SHOWN]),
            hint="run the same command without `--check`, and look at what changes",
        )
    if arguments.output_format == "text" and not arguments.quiet:
        sys.stderr.writelines(f"  {plain(line)}\n" for line in differences[:_SHOWN])
    if arguments.dry_run:
        return "nothing was written (--dry-run)"
    _write(path, body)
    return f"locked in {path}"


def _body(run: Session, outcome: Outcome, arguments: argparse.Namespace) -> bytes:
    environment = run.installer.description().environment
    here = (
        f"sys_platform == '{environment['sys_platform']}'"
        f" and platform_machine == '{environment['platform_machine']}'"
    )
    return lock_file.serialize(
        lock_file.lock(
            installable(outcome),
            python=str(environment["python_version"]),
            planned=outcome.planned,
            environments=() if arguments.universal else (Marker(here),),
            tool=lock_inputs.table(run.request, run.wanted, arguments.output),
        )
    )


def _document(path: Path) -> Mapping[str, Any]:
    """Return the lock that is there, whoever wrote it; nothing where there is none."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Yield what would change, one line each; who wrote it does not count."""
    before, after = _packages(old), _packages(new)
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) == after.get(name):
            continue
        was, is_ = _versions(before.get(name, [])), _versions(after.get(name, []))
        if not was:
            yield f"+ {name} {is_}"
        elif not is_:
            yield f"- {name} {was}"
        elif was != is_:
            yield f"~ {name} {was} -> {is_}"
        else:
            yield f"~ {name} {was}: other files, or said otherwise"
    apart = {"packages", "created-by"}
    for key in sorted((old.keys() | new.keys()) - apart):
        if old and old.get(key) != new.get(key):
            yield f"~ {key}"


def _packages(document: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for package in document.get("packages", ()):
        found.setdefault(str(package.get("name")), []).append(package)
    return found


def _versions(packages: list[dict[str, Any]]) -> str:
    return ", ".join(sorted({str(package.get("version", "")) for package in packages}))


def _write(path: Path, body: bytes) -> None:
    """Replace the file in one step. It keeps its permissions; of a link, the file it leads to.

    That must be called as a lock is: a checkout can bring a link to anything that is the user's.
    """
    try:
        place = Path(os.path.realpath(path))
        if not plan.is_lock(place):
            raise UsageError(
                f"`{path}` is a link to `{place}`, which is no name for a lock file",
                hint="take the link away",
            )
        mode = place.stat().st_mode & 0o777 if place.exists() else 0o644
        with replacing(place) as part:
            part.write_bytes(body)
            part.chmod(mode)
    except OSError as error:
        raise UsageError(f"`{path}` could not be written", reason=error.strerror) from None
