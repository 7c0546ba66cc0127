"""Leaves the machine's network and becomes the tool. Run by itself: it imports nothing of ours.

Arguments: the descriptor of the doorway (`-` for a trial), the port to listen on, the command.
"""

from __future__ import annotations

import array
import ctypes
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

_NEWUSER = 0x10000000
_NEWNET = 0x40000000
_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_UP = 1
_FAILED = 125


def main(descriptor: str, port: int, command: list[str]) -> None:
    """Enter the namespaces, pass the listening socket out, and become `command`."""
    door = None if descriptor == "-" else socket.socket(fileno=int(descriptor))
    try:
        _leave()
        _raise_loopback()
        listening = socket.create_server(("127.0.0.1", port), backlog=128)
    except OSError as error:
        reason = f"no network of its own: {error.strerror or error}"
        if door is not None:
            door.send(reason.encode())
        sys.stderr.write(reason if door is None else "")
        sys.exit(_FAILED)
    if door is not None:
        rights = array.array("i", [listening.fileno()])
        door.sendmsg([b"."], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        door.close()
    os.execv(command[0], command)  # noqa: S606 - a list of words, as everywhere


def _leave() -> None:
    user, group = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEWUSER | _NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        name = struct.pack("16sH14s", b"lo", 0, b"")
        flags = struct.unpack("16sH14s", fcntl.ioctl(control, _SIOCGIFFLAGS, name))[1]
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", flags | _UP, b""))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
