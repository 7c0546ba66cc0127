"""The startup files of each shell, and the block in them."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs

from guard.errors import GuardError, UsageError
from guard.private import private_folder, replacing, write_private
from guard.shell import block
from guard.shell.functions import Shell, body

_LIMIT: Final = 4 * 2**20
"""Bytes of a startup file: the longest that people write are a hundredth of this."""

_LOGIN: Final = (".bash_profile", ".bash_login", ".profile")
"""Of these a login bash reads the first that is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A file, what it holds (`None`: it is not there), and what it is to hold."""

    path: Path
    before: bytes | None
    after: bytes | None


def files(shell: Shell, environ: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """Return the files that get the block: for bash also that of login shells."""
    home = Path.home()
    match shell:
        case Shell.BASH:
            login = (home / name for name in _LOGIN)
            return (
                home / ".bashrc",
                next((path for path in login if os.path.lexists(path)), home / _LOGIN[-1]),
            )
        case Shell.ZSH:
            return (Path(environ.get("ZDOTDIR") or home).absolute() / ".zshrc",)
        case Shell.FISH:
            configured = Path(environ.get("XDG_CONFIG_HOME") or home / ".config").absolute()
            return (configured / "fish" / "config.fish",)
        case Shell.POWERSHELL:
            return tuple(_profiles(home, environ))


def with_block(shell: Shell) -> tuple[Path, ...]:
    """Return the files that have a block, whole or damaged, wherever this guard may have put it."""
    places = dict.fromkeys(files(shell))
    if shell is Shell.BASH:
        places |= dict.fromkeys(Path.home() / name for name in (".bashrc", *_LOGIN))
    return tuple(path for path in places if state(shell, path, None) != "absent")


def state(shell: Shell, path: Path, shims: Path | None) -> str:
    """Return what the block in the file at `path` is: absent, present, older or damaged."""
    try:
        content = _read(path) or b""
        if not block.has_block(content, name=str(path)):
            return "absent"
        said = block.body_in(content, name=str(path))
    except GuardError:
        return "damaged"
    return "present" if shims is None or said == body(shell, shims) else "older"


def planned(shell: Shell, shims: Path) -> list[Change]:
    """Return what puts the block into the startup files of `shell`. Raises `UsageError`."""
    text = body(shell, shims)
    changes = []
    for path in files(shell):
        before = _read(path)
        ends = shell is Shell.POWERSHELL and before is not None and b"\r\n" in before
        after = block.put(before, text, name=str(path), crlf=ends)
        changes.append(Change(path=path, before=before, after=after))
    return changes


def uninstall(shell: Shell, kept: Path) -> list[Change]:
    """Take the block out of the startup files of `shell`; return what was changed."""
    changes = []
    for path in with_block(shell):
        before = _read(path) or b""
        after = block.take(before, name=str(path))
        changes.append(Change(path=path, before=before, after=after))
    changed = apply(changes, None)
    for change in changed:
        _copy_of(change.path, kept).unlink(missing_ok=True)
    return changed


def kept_copy(path: Path, kept: Path) -> Path | None:
    """Return the copy of a startup file as it was before, if there is one."""
    copy = _copy_of(path, kept)
    return copy if copy.is_file() else None


def apply(changes: list[Change], kept: Path | None) -> list[Change]:
    """Write what differs, all of it or nothing, and return it. Raises `UsageError`.

    What the files held is kept in the private folder `kept` until the block is taken out again.
    """
    wanted = [change for change in changes if change.before != change.after]
    done: list[Change] = []
    for change in wanted:
        try:
            _keep(change, kept)
            _write(change.path, change.before, change.after)
        except OSError as error:
            for earlier in done:
                _write(earlier.path, earlier.after, earlier.before)
            raise UsageError(
                f"`{change.path}` could not be written, so no startup file was changed",
                reason=error.strerror or str(error),
            ) from None
        done.append(change)
    return done


def _keep(change: Change, kept: Path | None) -> None:
    """Keep what the file is without a block, once."""
    if kept is None or change.before is None or _copy_of(change.path, kept).is_file():
        return
    plain = block.take(change.before, name=str(change.path))
    if plain is not None:
        private_folder(kept)
        write_private(_copy_of(change.path, kept), plain)


def _copy_of(path: Path, kept: Path) -> Path:
    return kept / f"{path.name}.{hashlib.sha256(os.fsencode(path)).hexdigest()[:12]}"


def _read(path: Path) -> bytes | None:
    """Return what the file holds, `None` where there is none. Raises `UsageError`."""
    place = Path(os.path.realpath(path))
    try:
        if not os.path.lexists(place):
            return None
        if not place.is_file():
            raise UsageError(f"`{path}` is not a file", hint="take it away, then run this again")
        with place.open("rb") as stream:
            content = stream.read(_LIMIT + 1)
    except OSError as error:
        raise UsageError(
            f"`{path}` could not be read", reason=error.strerror or str(error)
        ) from None
    if len(content) > _LIMIT:
        raise UsageError(f"`{path}` is larger than any startup file: {_LIMIT} bytes")
    return content


def _write(path: Path, before: bytes | None, after: bytes | None) -> None:
    """Replace the file that `path` is or leads to, in one step; its mode stays. Raises `OSError`.

    It must still hold `before`.
    """
    place = Path(os.path.realpath(path))
    if _read(place) != before:
        raise OSError(None, "somebody else has just changed it; run this again")
    if before is None:
        place.parent.mkdir(parents=True, exist_ok=True)
    else:
        _refuse_others(place)
    if after is None:
        place.unlink()
        return
    status = place.stat() if before is not None else None
    with replacing(place) as part:
        part.write_bytes(after)
        if status is not None:
            part.chmod(status.st_mode & 0o7777)
            if sys.platform != "win32" and part.stat().st_gid != status.st_gid:
                os.chown(part, -1, status.st_gid)


def _refuse_others(place: Path) -> None:
    """Refuse a file that replacing would change in more than what it holds."""
    status = place.stat()
    if not status.st_mode & 0o200:
        raise OSError(None, "it is read-only; something else looks after it")
    if sys.platform != "win32" and status.st_uid != os.geteuid():
        raise OSError(None, "it belongs to another user")
    if status.st_nlink > 1:
        raise OSError(None, "it has another name (a hard link), which would keep what it says now")


def _profiles(home: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    if sys.platform == "win32":
        documents = platformdirs.user_documents_path()
        yield documents / "PowerShell" / "profile.ps1"
        yield documents / "WindowsPowerShell" / "profile.ps1"
    else:
        configured = Path(environ.get("XDG_CONFIG_HOME") or home / ".config").absolute()
        yield configured / "powershell" / "profile.ps1"
