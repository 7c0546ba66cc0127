"""A network in which nothing but the gateway exists (Linux, where users may make namespaces).

The tool's process leaves the machine's network before it becomes the tool: in a user and a network
namespace of its own it raises the loopback interface, listens where the proxy's address says, and
passes that socket out. Whatever ignores the proxy's variables, down to a build script of a
project's own, then finds no network at all.
"""

from __future__ import annotations

import array
import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

_ENTER: Final = Path(__file__).with_name("_enter.py")
_PATIENCE: Final = 20.0
"""Seconds in which a process must have left the network, or said why it cannot."""


def possible() -> str | None:
    """Return why there can be no such network here; `None` where there can be one."""
    if sys.platform != "linux":
        return f"{sys.platform} has no network namespaces"
    try:
        done = subprocess.run(
            [*_enter("-", 0), "/bin/true"], capture_output=True, timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if done.returncode == 0 else done.stderr.decode(errors="replace").strip()


def wanted() -> bool:
    """Tell whether a network of its own is worth trying here."""
    return sys.platform == "linux"


class Doorway:
    """The way by which a child hands out the socket on which it is to be served."""

    def __init__(self, ours: socket.socket, theirs: socket.socket, command: list[str]) -> None:
        self._ours = ours
        self._theirs = theirs
        self.theirs = theirs.fileno()
        self.command = command

    def received(self) -> socket.socket | str:
        """Return the listening socket that the child made, or why it could not."""
        self._theirs.close()
        self._ours.settimeout(_PATIENCE)
        rights = array.array("i")
        try:
            said, found, _, _ = self._ours.recvmsg(1024, socket.CMSG_SPACE(rights.itemsize))
        except OSError as error:
            return error.strerror or str(error)
        for level, kind, data in found:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                rights.frombytes(data[: rights.itemsize])
        if not rights:
            return said.decode(errors="replace") or "the child said nothing"
        return socket.socket(fileno=rights[0])


@contextlib.contextmanager
def doorway(port: int, command: Sequence[str]) -> Iterator[Doorway]:
    """Yield the doorway of a child that runs `command` where nothing but `port` exists."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.set_inheritable(True)
        yield Doorway(ours, theirs, [*_enter(str(theirs.fileno()), port), *command])


def _enter(descriptor: str, port: int) -> list[str]:
    return [sys.executable, "-I", "-S", str(_ENTER), descriptor, str(port)]
