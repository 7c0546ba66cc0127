"""Furnishes a sandbox and runs one command in it. Run by itself: it imports nothing of ours.

The first process makes namespaces of its own and stays outside of them. The second is the first
one inside: it mounts what the build may see, waits for the build, ends whatever that has left
running, and only then takes out what was made. The third becomes the command.

On stdin, a JSON object: `root` an empty folder, `readable` the paths that are visible where they
are, `source` the folder to copy, `copy` where to, `place` where that is seen, `command`,
`environment`, `bytes` and `entries` the most that may be written, `memory` the most that a process
may have; `answer` and `made`, the
descriptors for what came of it.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import shutil
import signal
import stat
import sys
from pathlib import Path
from typing import Any, NoReturn

_NEWNS, _NEWUTS, _NEWIPC = 0x20000, 0x4000000, 0x8000000
_NEWUSER, _NEWPID, _NEWNET = 0x10000000, 0x20000000, 0x40000000
_ALL = _NEWNS | _NEWUTS | _NEWIPC | _NEWUSER | _NEWPID | _NEWNET

_RDONLY, _NOSUID, _NODEV, _NOEXEC = 1, 2, 4, 8
_REMOUNT, _BIND, _REC, _PRIVATE = 32, 4096, 16384, 1 << 18
_FLAGS = {"nosuid": _NOSUID, "nodev": _NODEV, "noexec": _NOEXEC}
"""What a mount has and must keep: in a user namespace it may lose none of these.

How it notes access times it keeps where nothing is said of it.
"""

_DETACH = 2
_SET_PDEATHSIG, _SET_DUMPABLE, _CAPBSET_DROP, _NO_NEW_PRIVS, _CAP_AMBIENT = 1, 4, 24, 38, 47
_CAPABILITIES = 64
"""More than there are: the last ones are refused, and that is all."""

_SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store"),
    *("/etc/alternatives", "/etc/group", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/localtime"),
    *("/etc/ld.so.conf.d", "/etc/nsswitch.conf", "/etc/os-release", "/etc/passwd"),
)
"""Compilers, libraries and what they look up. Neither homes nor services, nor what runs."""

_TEMPORARY = ("/tmp", "/dev/shm")  # noqa: S108 - as they are inside
_DEVICES = ("null", "zero", "full", "random", "urandom")
_PROCESSES = 2048
_RESULT_LIMIT = 1 << 20
_CHUNK = 1 << 20
_FAILED = 125

_libc = ctypes.CDLL(None, use_errno=True)


def main(plan: dict[str, Any]) -> None:
    """Run what `plan` says, and end as it did."""
    try:
        _leave()
    except OSError as error:
        _answer(plan, {"impossible": f"no namespaces of its own: {error.strerror or error}"})
        sys.exit(_FAILED)
    alive, tell = os.pipe()
    inside = os.fork()
    if inside == 0:
        os.close(alive)
        _supervise(plan, tell)
    os.close(tell)
    _, status = os.waitpid(inside, 0)
    sys.exit(0 if status == 0 else _FAILED)


def _leave() -> None:
    user, group = os.geteuid(), os.getegid()
    _checked(_libc.unshare(_ALL))
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")


def _supervise(plan: dict[str, Any], tell: int) -> NoReturn:
    """Be the first process inside: with it, everything there ends."""
    code = _FAILED
    try:
        _libc.prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        os.write(tell, b".")  # fails where the one outside has gone meanwhile
        _furnish(plan)
        _libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0)  # so that no build looks into it
        built = os.fork()
        if built == 0:
            _become(plan)
        ended = _waited(built)
        _end_the_others()
        _answer(plan, {"code": ended} | _taken(plan))
        code = 0
    except (OSError, AttributeError) as error:
        _answer(plan, {"impossible": f"the sandbox could not be furnished: {error}"})
    finally:
        os._exit(code)


def _furnish(plan: dict[str, Any]) -> None:
    root = plan["root"]
    _mount("none", "/", None, _REC | _PRIVATE)
    _mount("tmpfs", root, "tmpfs", _NOSUID | _NODEV, "mode=0755,size=16m,nr_inodes=20000")
    writable = _make_writable(root, plan)
    seen: list[str] = []
    for path in sorted([*_SYSTEM, *plan["readable"]], key=lambda each: each.count("/")):
        if os.path.lexists(path) and not any(path.startswith(f"{above}/") for above in seen):
            seen += _shown(root, path)
    for name in _DEVICES:
        _shown(root, f"/dev/{name}")
    os.symlink("/proc/self/fd", f"{root}/dev/fd")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.symlink(f"/proc/self/fd/{number}", f"{root}/dev/{name}")
    _protect(root, writable)
    _mount_processes(f"{root}/proc")
    copy = root + plan["copy"]
    shutil.copytree(plan["source"], copy, symlinks=True)
    if plan["place"] != plan["copy"]:
        os.makedirs(root + plan["place"], exist_ok=True)
        _mount(copy, root + plan["place"], None, _BIND)
    os.chdir(root)
    _mount(None, root, None, _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV)
    _checked(_libc.pivot_root(b".", b"."))
    _checked(_libc.umount2(b".", _DETACH))
    os.chdir("/")


def _make_writable(root: str, plan: dict[str, Any]) -> set[str]:
    """Mount the one folder in memory, also where programs look for one; return where that is.

    What is to be read may lie below, and is mounted after it.
    """
    limits = f"mode=0700,size={plan['bytes']},nr_inodes={plan['entries']}"
    build = f"{root}/build"
    os.mkdir(build)
    _mount("tmpfs", build, "tmpfs", _NOSUID | _NODEV, limits)
    for name in ("home", "out"):
        os.mkdir(f"{build}/{name}")
    places = [root + place for place in _TEMPORARY]
    for place in places:
        within = f"{build}/{os.path.basename(place)}"
        os.mkdir(within)
        os.makedirs(place)
        _mount(within, place, None, _BIND)
    return {build, *places}


def _shown(root: str, path: str) -> list[str]:
    """Make `path` visible at its own place; return it if more can be below."""
    place = root + path
    os.makedirs(os.path.dirname(place), exist_ok=True)
    if os.path.islink(path):
        os.symlink(os.readlink(path), place)
        return []
    if os.path.isdir(path):
        os.makedirs(place, exist_ok=True)
    else:
        with open(place, "xb"):
            pass
    _mount(path, place, None, _BIND | _REC)
    return [path]


def _protect(root: str, writable: set[str]) -> None:
    """Make all that is mounted below `root` read-only, but for what must be writable."""
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    for line in lines.splitlines():
        _, _, _, _, point, options, *_ = line.split(" ")
        place = point.encode("utf-8", "surrogateescape").decode("unicode_escape")
        place = place.encode("latin-1").decode("utf-8", "surrogateescape")
        if place.startswith(f"{root}/") and place not in writable:
            flags = sum(_FLAGS.get(option, 0) for option in options.split(","))
            _mount(None, place, None, _REMOUNT | _BIND | _RDONLY | flags)


def _mount_processes(place: str) -> None:
    """Show the processes inside, and let there be no further namespaces. Not all hosts allow it."""
    os.mkdir(place)
    flags = _NOSUID | _NODEV | _NOEXEC
    with contextlib.suppress(OSError):
        _mount("proc", place, "proc", flags)
        with contextlib.suppress(OSError):
            Path(place, "sys/user/max_user_namespaces").write_text("0", encoding="ascii")
        # As root, a build could write the machine's own settings there.
        _mount(None, place, None, _REMOUNT | _BIND | _RDONLY | flags)


def _become(plan: dict[str, Any]) -> NoReturn:
    try:
        os.setsid()
        _libc.prctl(_SET_DUMPABLE, 1, 0, 0, 0)
        for capability in range(_CAPABILITIES):
            _libc.prctl(_CAPBSET_DROP, capability, 0, 0, 0)
        _libc.prctl(_CAP_AMBIENT, 4, 0, 0, 0)
        _checked(_libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0))
        most = plan["bytes"]
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _lower(resource.RLIMIT_NPROC, _PROCESSES)
        # Not RLIMIT_AS: what is only reserved would count as well, and Go and Node reserve much.
        _lower(resource.RLIMIT_DATA, plan["memory"])
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.closerange(3, 65_536)
        os.chdir(plan["place"])
        os.execve(plan["command"][0], plan["command"], plan["environment"])  # noqa: S606 - words
    except OSError as error:
        os.write(2, f"{plan['command'][0]} could not be run: {error}\n".encode())
    finally:
        os._exit(127)


def _lower(kind: int, most: int) -> None:
    hard = resource.getrlimit(kind)[1]
    bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (bound, bound))


def _waited(built: int) -> int:
    """Return how the build ended, as a shell would; what it leaves behind is waited for as well."""
    while True:
        ended, status = os.wait()
        if ended == built:
            return os.waitstatus_to_exitcode(status)


def _end_the_others() -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


def _taken(plan: dict[str, Any]) -> dict[str, Any]:
    """Return what the hook returned, and copy the file that it names, where it names one."""
    try:
        with _opened("/build/result.json") as stream:
            result = stream.read(_RESULT_LIMIT).decode("utf-8", "replace")
        named = json.loads(result)["return"]
        if isinstance(named, str) and named not in {"", ".", ".."} and "/" not in named:
            with _opened(f"/build/out/{named}") as stream, os.fdopen(plan["made"], "wb") as made:
                shutil.copyfileobj(stream, made, _CHUNK)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        return {"result": None, "missing": str(error)}
    return {"result": result}


def _opened(path: str) -> Any:  # noqa: ANN401 - a binary stream, and `typing.IO` costs an import
    """Open what must be an ordinary file: the build could have put anything there."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path} is no ordinary file")
    return os.fdopen(descriptor, "rb")


def _answer(plan: dict[str, Any], said: dict[str, Any]) -> None:
    os.write(plan["answer"], json.dumps(said).encode())


def _mount(
    what: str | None, where: str, kind: str | None, flags: int, options: str | None = None
) -> None:
    words = [None if word is None else os.fsencode(word) for word in (what, where, kind, options)]
    what_, where_, kind_, options_ = words
    try:
        _checked(_libc.mount(what_, where_, kind_, ctypes.c_ulong(flags), options_))
    except OSError as error:
        raise OSError(error.errno, f"{where}: {error.strerror}") from None


def _checked(returned: int) -> None:
    if returned:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    main(json.load(sys.stdin))
