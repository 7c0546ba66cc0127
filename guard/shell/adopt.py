"""An environment's own `pip`, given over to the guard, and given back as it was.

Where an environment is active, or a script names its `pip` by path, no shim on PATH is asked. So
the entry points themselves become shims. What they were is kept in the private state. And its pip
is configured to start the guard, however it is started itself.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from guard.errors import QuarantineError, TargetError, UnsupportedError
from guard.private import private_folder, write_private
from guard.shell import redirect, shims
from guard.wrappers.interpreter import written_in
from guard.wrappers.tools import is_shim

_LIMIT: Final = 16 * 1024
"""Bytes of an entry point: they are ten lines."""

_NAME: Final = re.compile(r"pip(3(\.\d+)?)?")
_CALL: Final = re.compile(rb"^from pip\.?[\w.]* import (main|cli)( as \w+)?$", re.MULTILINE)
_FILE: Final = "entry-points.json"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry point as it was."""

    name: str
    mode: int
    content: bytes


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """The entry points of one environment."""

    environment: str
    entries: list[Entry]
    had_configuration: bool = False
    """Whether there was a `pip.conf` in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """What was done to an environment: names of entry points."""

    changed: tuple[str, ...]
    left: tuple[str, ...] = ()
    """Not shims any more when they were to be given back: pip has been installed anew."""


def adopt(environment: Path, kept: Path) -> Adopted:
    """Replace the environment's entry points of pip by shims, all or none.

    Raises `TargetError` for what is no virtual environment, `UnsupportedError` for an entry point
    that is not as pip's installers write it, `QuarantineError` where it cannot be recorded.
    """
    environment, scripts, python = _parts(environment)
    entries = _known(environment, scripts, python, kept)
    redirect.planned(environment, python)
    shims.refuse_passing()
    before = _read(environment, kept)
    had = before.had_configuration if before else (environment / "pip.conf").exists()
    _keep(Record(environment=str(environment), entries=entries, had_configuration=had), kept)
    done: list[Entry] = []
    try:
        redirect.begin(environment, python, scripts / entries[0].name)
        for entry in entries:
            text = shims.posix((str(scripts / entry.name),), of=python)
            shims.write_program(scripts / entry.name, text.encode(), mode=entry.mode)
            done.append(entry)
    except OSError as error:
        _give_back(scripts, done)
        redirect.end(environment, python, had=had)
        raise _failed(scripts, error) from None
    return Adopted(changed=tuple(entry.name for entry in entries))


def _known(environment: Path, scripts: Path, python: Path, kept: Path) -> list[Entry]:
    """Return every entry point that is there, as pip's installer wrote it: now, or before."""
    record = _read(environment, kept)
    recorded = {entry.name: entry for entry in record.entries} if record else {}
    found = []
    for path in _entry_points(scripts):
        entry = _entry(path, python) or recorded.get(path.name)
        if entry is None:
            raise UnsupportedError(
                f"`{path}` is a shim already, but what it was is not recorded",
                reason="it was made with another GUARD_STATE_DIR, or the environment was copied",
                hint="install pip anew with `python -m pip install --force-reinstall pip`",
            )
        found.append(entry)
    if not found:
        raise TargetError(
            f"`{environment}` has no pip of its own, so there is nothing to replace",
            hint="`guard install --python` needs none there",
        )
    return found


def undo(environment: Path, kept: Path) -> Adopted:
    """Give the environment its entry points back, byte for byte. Raises `GuardError`."""
    environment, scripts, python = _parts(environment)
    record = _read(environment, kept)
    if record is None:
        raise TargetError(f"`{environment}` was not adopted, as far as is recorded here")
    ours = [entry for entry in record.entries if is_shim(scripts / entry.name)]
    try:
        _give_back(scripts, ours)
        redirect.end(environment, python, had=record.had_configuration)
    except (OSError, UnicodeDecodeError) as error:
        raise _failed(scripts, error) from None
    _forget(environment, kept)
    names = {entry.name for entry in ours}
    return Adopted(
        changed=tuple(sorted(names)),
        left=tuple(sorted(entry.name for entry in record.entries if entry.name not in names)),
    )


def adopted(kept: Path) -> tuple[str, ...]:
    """Return the environments that are recorded as adopted."""
    found = []
    for path in kept.glob(f"*/{_FILE}"):
        record = _decoded(path)
        if record is not None:
            found.append(record.environment)
    return tuple(sorted(found))


def is_adopted(environment: Path) -> bool | None:
    """Tell whether the environment's pip goes through the guard, every way; `None`: it has none."""
    found = [*_entry_points(_scripts(environment))]
    if not found:
        return None
    begun = redirect.is_begun(environment, _scripts(environment) / "python")
    return begun and all(is_shim(path) for path in found)


def _parts(environment: Path) -> tuple[Path, Path, Path]:
    """Return the environment, its folder of scripts, and its interpreter, all absolute."""
    if os.name != "posix":
        raise UnsupportedError(
            "environments are not adopted on Windows",
            reason="the entry points of pip are programs there, not scripts",
        )
    environment = Path(os.path.abspath(environment))  # noqa: PTH100 - not through symbolic links
    python = _scripts(environment) / "python"
    if not (environment / "pyvenv.cfg").is_file() or not os.access(python, os.X_OK):
        raise TargetError(
            f"`{environment}` is not a virtual environment",
            reason="there is no pyvenv.cfg, or no bin/python",
            hint="only virtual environments are adopted: others belong to a system or to conda",
        )
    if not str(environment).isprintable():
        raise UnsupportedError(f"{str(environment)!r} cannot be written into a script")
    return environment, python.parent, python


def _scripts(environment: Path) -> Path:
    return environment / "bin"


def _entry_points(scripts: Path) -> Iterator[Path]:
    for path in sorted(scripts.glob("pip*")):
        if _NAME.fullmatch(path.name):
            yield path


def _entry(path: Path, python: Path) -> Entry | None:
    """Return an entry point as it is; `None` for a shim. Raises `UnsupportedError`."""
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or status.st_size > _LIMIT or status.st_nlink > 1:
        raise _unexpected(path, "it is not a file of its own")
    if is_shim(path):
        return None
    content = path.read_bytes()
    if not _CALL.search(content):
        raise _unexpected(path, "it does not call pip's `main`")
    named = written_in(path)
    if named is None or not named.parent.samefile(python.parent):
        raise _unexpected(path, f"it does not name an interpreter in `{python.parent}`")
    return Entry(name=path.name, mode=stat.S_IMODE(status.st_mode), content=content)


def _unexpected(path: Path, reason: str) -> UnsupportedError:
    return UnsupportedError(
        f"`{path}` is not the entry point that pip's installers write, so nothing was replaced",
        reason=reason,
        hint="install pip anew there, or make the environment again",
    )


def _give_back(scripts: Path, entries: list[Entry]) -> None:
    for entry in entries:
        shims.write_program(scripts / entry.name, entry.content, mode=entry.mode)


def _failed(scripts: Path, error: OSError | UnicodeDecodeError) -> TargetError:
    reason = getattr(error, "strerror", None) or str(error)
    return TargetError(f"`{scripts}` or `pip.conf` beside it could not be written", reason=reason)


def _place(environment: Path, kept: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(environment)).hexdigest()[:16]
    return kept / digest / _FILE


def _keep(record: Record, kept: Path) -> None:
    place = _place(Path(record.environment), kept)
    try:
        private_folder(place.parent)
        write_private(place, msgspec.json.encode(record))
    except OSError as error:
        raise QuarantineError(
            "what the entry points were could not be written down, so they were left",
            reason=error.strerror or str(error),
            hint="name another folder in GUARD_STATE_DIR",
        ) from None


def _forget(environment: Path, kept: Path) -> None:
    place = _place(environment, kept)
    place.unlink(missing_ok=True)
    place.parent.rmdir()


def _read(environment: Path, kept: Path) -> Record | None:
    place = _place(environment, kept)
    record = _decoded(place)
    if record is None and place.exists():
        raise QuarantineError(
            f"the record `{place}` cannot be read",
            hint="take it away; `python -m pip install --force-reinstall pip` makes pip anew",
        )
    return record


def _decoded(place: Path) -> Record | None:
    try:
        record = msgspec.json.decode(place.read_bytes(), type=Record)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    names = (entry.name for entry in record.entries)
    return record if all(map(_NAME.fullmatch, names)) else None
