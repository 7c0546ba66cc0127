"""The approvals file on disk: changed whole or not at all, by one at a time."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from guard.errors import PolicyError
from guard.policy.approvals import read_bytes
from guard.private import locked, private_folder, replacing

_MODE: Final = 0o644
"""Of a new file: it holds no secret, and others build from the same checkout."""


class ApprovalsFile:
    """The file at `path`; whoever changes it holds a lock in the private folder `locks`."""

    def __init__(self, path: Path, locks: Path) -> None:
        self.path = path
        self._locks = locks

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Let nobody else of this user change it meanwhile. Raises `PolicyError`."""
        name = hashlib.sha256(str(self.path).encode("utf-8", "surrogateescape")).hexdigest()
        with contextlib.ExitStack() as stack:
            try:
                private_folder(self._locks)
                stack.enter_context(locked(self._locks / f"{name}.lock"))
            except OSError as error:
                raise PolicyError(
                    f"nobody could be kept from changing `{self.path}`",
                    reason=error.strerror or str(error),
                    hint="name another folder in GUARD_STATE_DIR",
                ) from None
            yield

    def change(self, edit: Callable[[str], str]) -> None:
        """Write what `edit` makes of the file. Raises `PolicyError`, and then it is as before."""
        text = self._text()
        new = edit(text)
        if new == text:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            mode = self.path.stat().st_mode & 0o777 if self.path.exists() else _MODE
            with replacing(self.path) as part:
                part.write_text(new, encoding="utf-8", newline="\n")
                part.chmod(mode)
        except OSError as error:
            raise PolicyError(
                f"the approvals in `{self.path}` could not be written", reason=error.strerror
            ) from None

    def _text(self) -> str:
        if not self.path.exists():
            return ""
        if not self.path.is_file():  # reading a pipe would never end
            raise PolicyError(f"`{self.path}` is no file, so no approvals are written to it")
        try:
            return read_bytes(self.path).decode("utf-8")
        except UnicodeDecodeError as error:
            raise PolicyError("not UTF-8", source=str(self.path), reason=str(error)) from None
