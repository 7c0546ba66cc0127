"""Which policy files count for a run, and which of them may loosen what the others say.

From the bottom: the system's, the user's, and all of the project's, the outermost first, or instead
of these and the user's the one that is named outright. Each changes what is below it. A project's
file comes with the checkout, so an attacker may have written it: unless it is trusted, whatever it
says, the policy below it holds as well, and what an outer file demands is a part of that. The same
goes for everything above a system's policy that is locked down.
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from guard.approval import Approvals
from guard.errors import PolicyError
from guard.policy.approvals import NAME, approvals_in, approvals_table
from guard.policy.load import SHIPPED, has_table, load, overlay, table_of
from guard.policy.policy import Floor, Policy
from guard.policy.references import held
from guard.policy.signature import Demand, Means, demand

NAMES: Final = ("pyproject.toml", "guard.toml")
"""The files of a folder that may hold a policy, the lower first; of the first, `tool.guard`."""

_MOST: Final = 20
"""Policies of one project: each is judged by for every file."""

_UNTRUSTED: Final = "`{}` may not loosen anything: read it, then `guard policy trust`"
_LOCKED: Final = "the system's policy `{}` is locked down: nothing else can loosen it"


class Place(enum.StrEnum):
    """Where a policy file lies, from the bottom to the top."""

    SYSTEM = "system"
    USER = "user"
    PROJECT = "project"
    NAMED = "named"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One policy file that counts."""

    place: Place
    path: str
    trusted: bool = True
    locked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where to look. What is not there does not count; what cannot be read is an error."""

    system: Path | None = None
    user: Path | None = None
    folder: Path | None = None
    """The current folder: the project's files are in it and above, as far as the project goes."""

    below: Path | None = None
    """A file of the project: it does not count, and none above it."""

    named: str | None = None
    """A file or a preset, named on the command line or in the environment."""

    trusted: frozenset[tuple[str, str]] = frozenset()
    """The paths and digests of the project files that were read and found good."""

    approvals: Path | None = None
    """A file of approvals named on the command line: it counts with the user's own."""

    means: Means | None = None
    """What signatures are verified with, where the system's policy demands them."""

    proposed: tuple[Path, Approvals] | None = None
    """What the file of approvals at this path is to be judged as if it said it as well."""

    def approvals_of(self, path: Path) -> Approvals:
        """Return what is approved in the file at `path`; nothing where there is none."""
        found, proposed = Approvals(), self.proposed
        if path.is_file():
            found = approvals_in(approvals_table(path), source=str(path))
        elif path == self.approvals and not (proposed and proposed[0] == path):
            raise PolicyError(f"there is no file `{path}` of approvals")
        return proposed[1] + found if proposed and proposed[0] == path else found


def effective(files: Files) -> tuple[Policy, tuple[Layer, ...]]:
    """Return the policy of a run and the files that it comes from, bottom first.

    Raises `PolicyError`.
    """
    policy: Policy | None = None
    layers: list[Layer] = []
    signed = Demand()
    if files.system is not None and files.system.is_file():
        signed = demand(table_of(files.system), source=files.system)
        policy, layer = _system(files, files.system)
        layers.append(layer)
    _refuse_unsigned(files, signed)
    own = files.approvals_of(files.approvals) if files.approvals else Approvals()
    if files.named is not None:
        layers.append(Layer(place=Place.NAMED, path=files.named))
        if files.named not in SHIPPED:
            own += files.approvals_of(beside(Path(files.named).absolute()))
        return load(files.named, policy, approvals=own), tuple(layers)
    if files.user is not None:
        own += files.approvals_of(beside(files.user))
        if files.user.is_file():
            layers.append(Layer(place=Place.USER, path=str(files.user)))
    table = table_of(files.user) if files.user is not None and files.user.is_file() else {}
    policy = overlay(table, policy or load("default"), source=str(files.user), approvals=own)
    counted: set[Path] = set()
    for path in _of_project(files):
        approvals = beside(path)
        found = Approvals() if approvals in counted else files.approvals_of(approvals)
        counted.add(approvals)
        policy, layer = _project(files, path, policy, found)
        layers.append(layer)
    return policy, tuple(layers)


def _system(files: Files, path: Path) -> tuple[Policy, Layer]:
    table = table_of(path)
    policy = overlay(
        table,
        load("default"),
        source=str(path),
        system=True,
        approvals=files.approvals_of(beside(path)),
    )
    locked = table.get("lockdown") is True
    if locked:
        policy = replace(policy, floor=Floor(policy, _LOCKED.format(path)))
    return policy, Layer(place=Place.SYSTEM, path=str(path), locked=locked)


def _project(files: Files, path: Path, below: Policy, approvals: Approvals) -> tuple[Policy, Layer]:
    policy = overlay(table_of(path), below, source=str(path), approvals=approvals)
    trusted = is_trusted(path, files.trusted)
    if not trusted:
        policy = replace(policy, floor=Floor(below, _UNTRUSTED.format(path)))
    return policy, Layer(place=Place.PROJECT, path=str(path), trusted=trusted)


def _of_project(files: Files) -> Iterator[Path]:
    """Yield the files of the project that count, the outermost first."""
    for path in project_files(files.folder) if files.folder is not None else ():
        if path == files.below:
            return
        if path not in {files.system, files.user}:
            yield path


def _refuse_unsigned(files: Files, signed: Demand) -> None:
    """Refuse what is not signed as the system's policy demands, before anything of it is read."""
    if files.approvals is not None:  # named, and counted with the user's own
        signed.check(Place.NAMED, files.approvals, means=files.means)
        signed.check(Place.USER, files.approvals, means=files.means)
    if files.named is not None and files.named in SHIPPED:
        signed.refuse_preset(Place.NAMED, files.named)
    elif files.named is not None:
        named = Path(files.named).absolute()
        signed.check(Place.NAMED, named, beside(named), means=files.means)
    else:
        if files.user is not None:
            signed.check(Place.USER, files.user, beside(files.user), means=files.means)
        for path in _of_project(files):
            signed.check(Place.PROJECT, path, beside(path), means=files.means)


def beside(path: Path) -> Path:
    """Return where the approvals of the policy at `path` lie."""
    return path.with_name(NAME)


def approvals_file(files: Files) -> Path | None:
    """Return the file that new approvals are written to: that of the topmost policy.

    `None` where that is a preset, which has no place.
    """
    if files.approvals is not None:
        return files.approvals
    if files.named is not None:
        return None if files.named in SHIPPED else beside(Path(files.named).absolute())
    path = project_file(files.folder) if files.folder is not None else None
    if path is None:
        path = files.user
    return beside(path) if path else None


def project_files(folder: Path) -> tuple[Path, ...]:
    """Return the policy files of the project that `folder` is in, the outermost first.

    The project goes as far as the outermost repository around it, and where there is none, as far
    as there are folders: a repository within another must not hide what that one demands. Raises
    `PolicyError`.
    """
    places = (folder, *folder.parents)
    roots = [number for number, place in enumerate(places) if (place / ".git").exists()]
    within = places[: roots[-1] + 1] if roots else places
    paths = (place / name for place in reversed(within) for name in NAMES)
    found = tuple(path for path in paths if _is_policy(path))
    if len(found) > _MOST:
        raise PolicyError(
            f"`{folder}` and the folders around it have {len(found)} policies",
            reason=f"no more than {_MOST} can count at once",
            hint="merge some of them, or name one with `--policy`",
        )
    return found


def _is_policy(path: Path) -> bool:
    return path.exists() and (path.name != "pyproject.toml" or has_table(path))


def project_file(folder: Path) -> Path | None:
    """Return the topmost policy file of the project that `folder` is in, if there is one."""
    found = project_files(folder)
    return found[-1] if found else None


def is_trusted(path: Path, trusted: frozenset[tuple[str, str]]) -> bool:
    """Tell whether the policy at `path` says what it did when it was trusted.

    What was never trusted is not looked at: it can point to anything. Raises `PolicyError`.
    """
    return any(known == str(path) for known, _ in trusted) and (str(path), said(path)) in trusted


def said(path: Path) -> str:
    """Return the digest of what the policy at `path` and the approvals beside it say.

    What the policy points to counts with that. Raises `PolicyError`.
    """
    table, approvals = table_of(path), beside(path)
    return digest(table, approvals_table(approvals) if approvals.is_file() else None, held(table))


def digest(
    table: Mapping[str, Any],
    approvals: Mapping[str, Any] | None = None,
    files: Mapping[str, str] | None = None,
) -> str:
    """Return the sha256 of what a policy file says, whatever its layout and its comments.

    `files` are the digests of those that it points to.
    """
    more = {"approvals": approvals, "files": files}
    beyond = {name: held for name, held in more.items() if held}
    whole = {"policy": table, **beyond} if beyond else table
    written = json.dumps(whole, sort_keys=True, default=_written).encode()
    return hashlib.sha256(written).hexdigest()


def _written(value: object) -> str:
    """TOML has dates, which JSON has not."""
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
