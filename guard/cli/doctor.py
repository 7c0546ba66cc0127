"""`guard doctor`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import uv
from packaging.utils import canonicalize_name

import guard
from guard.build import sandbox
from guard.cli.exit import ExitCode
from guard.cli.session import (
    Session,
    asking_nothing,
    cache_folder,
    session,
    state_folder,
)
from guard.cli.shell import shim_folder
from guard.cli.wrap import SUPPORTED, knows
from guard.duration import ago
from guard.errors import GuardError
from guard.gateway import namespace
from guard.model import Absent, Index, Unknown
from guard.report.text import plain
from guard.shell.status import status
from guard.sources import trust_root
from guard.wrappers.tools import find


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of the doctor's report."""

    topic: str
    words: str
    well: bool = True


def run(arguments: argparse.Namespace) -> int:
    """Say what is configured, what can be reached, and how old what is cached has become."""
    with session(asking_nothing(arguments), alone=True) as run:
        if arguments.refresh_trust_root:
            trust_root.refresh(state_folder(), run.now)
        answers = list(_answers(run))
    if arguments.output_format == "json":
        document: list[dict[str, Any]] = [
            {"topic": a.topic, "words": a.words, "well": a.well} for a in answers
        ]
        sys.stdout.write(json.dumps({"schema": 1, "answers": document}, indent=2) + "\n")
    else:
        width = max(len(answer.topic) for answer in answers)
        for answer in answers:
            mark = "ok  " if answer.well else "BAD "
            sys.stdout.write(f"{mark} {answer.topic:{width}}  {plain(answer.words)}\n")
    return ExitCode.OK if all(answer.well for answer in answers) else ExitCode.UNDECIDED


def _answers(run: Session) -> Iterator[Answer]:
    yield Answer("guard", guard.__version__)
    yield Answer("uv", uv.find_uv_bin())
    yield Answer("policy", f"{_layers(run)} ({len(run.policy.in_force())} rules in force)")
    yield _approvals(run)
    yield from _target(run)
    yield from _indexes(run)
    yield from _wrapped()
    yield _shims()
    yield _gateway()
    yield _builds()
    yield _trust_root(run)
    yield _cache("page cache", cache_folder() / "pages", "*.json")
    yield _cache("quarantine", cache_folder() / "quarantine", "files/*/*/*")


def _layers(run: Session) -> str:
    """Return the files that the policy comes from, the topmost first."""
    words = [
        layer.path
        + (", locked down" if layer.locked else "")
        + ("" if layer.trusted else ", not trusted")
        for layer in reversed(run.layers)
    ]
    return " over ".join(words) or "default"


def _approvals(run: Session) -> Answer:
    entries = run.policy.approvals.entries
    expired = sum(entry.expired(run.now) for entry in entries)
    needed = "required" if run.policy.approval_required else "optional"
    return Answer("approvals", f"{needed}; {len(entries)} known, {expired} of them expired")


def _target(run: Session) -> Iterator[Answer]:
    try:
        description = run.installer.description()
    except GuardError as error:
        yield Answer("target", f"{error.message}: {error.reason}", well=False)
        return
    version = description.environment["python_full_version"]
    yield Answer("target", f"Python {version} in {description.prefix}")
    if run.installer.name == "pip":
        none = "the target has no pip: leave out `--installer pip`, uv needs nothing there"
        yield Answer("pip", description.pip or none, well=description.pip is not None)


def _indexes(run: Session) -> Iterator[Answer]:
    try:
        configuration = run.installer.configuration()
    except GuardError as error:
        yield Answer("indexes", f"{error.message}: {error.reason}", well=False)
        return
    yield Answer("configured by", configuration.source)
    for index in configuration.indexes:
        yield _reached(run, index)
    if not configuration.indexes:
        yield Answer("indexes", "none is configured", well=False)


def _reached(run: Session, index: Index) -> Answer:
    """Ask an index for a project that most have, and say what its page tells."""
    if index.flat:
        return Answer("find-links", index.url)
    began = time.monotonic()
    page = run.admission.index.page(index, canonicalize_name("pip"))
    took = f"{time.monotonic() - began:.2f} s"
    match page:
        case Unknown(reason):
            return Answer("index", f"{index.url}: {reason}", well=False)
        case Absent():
            return Answer("index", f"{index.url}: reached in {took}; it has no project `pip`")
        case _:
            first = next(iter(page.files()), None)
            times = "upload times" if first and first.upload_time else "no upload times (PEP 700)"
            return Answer("index", f"{index.url}: reached in {took}; {times}")


def _wrapped() -> Iterator[Answer]:
    """Say which tools `guard uv` and `guard pip` start here: the first on PATH past our shims."""
    try:
        real = find("uv")
        more = "" if knows(real.version) else f", which it refuses: it knows uv {SUPPORTED}"
        yield Answer("guard uv", f"{real.path}, {real.version}{more}")
    except GuardError as error:
        yield Answer("guard uv", f"{error.message}: it would use its own")
    try:
        yield Answer("guard pip", str(find("pip").path))
    except GuardError as error:
        yield Answer("guard pip", error.message)


def _shims() -> Answer:
    """Say whether what is started without `guard` in front comes to it all the same."""
    now = status(shim_folder(), os.environ.get("PATH", ""), Path.cwd(), None)
    past = [tool.name for tool in now.tools if not tool.covered]
    more = "; see `guard shell status`"
    if past:
        return Answer("shims", f"past the guard in a script: {', '.join(past)}{more}")
    if now.faults:
        return Answer("shims", f"{now.faults[0]}{more}")
    return Answer("shims", f"every tool on PATH comes to the guard in a script{more}")


def _gateway() -> Answer:
    """Say how well what a wrapped tool starts is kept from the network."""
    why = namespace.possible()
    if why is None:
        words = "network namespaces work here: behind the gateway there is no other network"
        return Answer("gateway", words)
    more = "a program behind the gateway that ignores the proxy has the machine's network"
    return Answer("gateway", f"no network namespaces here ({why}): {more}")


def _builds() -> Answer:
    """Say whether what has no wheel could be built where it can do no harm."""
    why = sandbox.possible()
    if why is None:
        return Answer("builds", "run in a sandbox, where the policy has any")
    return Answer("builds", f"are refused: there is no sandbox here ({why})")


def _trust_root(run: Session) -> Answer:
    try:
        root = trust_root.public(state_folder())
    except GuardError as error:
        return Answer("trust root", f"{error.message}: {error.reason}", well=False)
    old = root.probably_too_old(run.now)
    made = f"of {root.made:%Y-%m-%d}" if root.made else "of unknown age"
    advice = "; probably too old: `guard doctor --refresh-trust-root`" if old else ""
    return Answer("trust root", f"{root.name}, {made}, sha256 {root.sha256[:16]}{advice}", not old)


def _cache(topic: str, folder: Path, pattern: str) -> Answer:
    ages, size = [], 0
    for path in folder.glob(pattern):
        status = path.stat()
        size += status.st_size
        ages.append(time.time() - status.st_mtime)
    if not ages:
        return Answer(topic, f"{folder}: empty")
    oldest = ago(timedelta(seconds=max(ages)))
    return Answer(topic, f"{folder}: {len(ages)} files, {size / 1e6:.1f} MB, oldest {oldest} old")
