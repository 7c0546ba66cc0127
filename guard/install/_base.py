"""What every real installer offers."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Final, Protocol

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from guard.errors import InstallerError
from guard.install.configuration import Configuration
from guard.install.target import Description
from guard.model import Admitted
from guard.plan import Planned
from guard.request import Request

_CHATTER: Final = ("TRACE ", "DEBUG ", "INFO ", "WARN ", "Using Python ")
"""How the lines begin that a tool says only because it was asked to be verbose."""

_EMBELLISHING: Final = frozenset({"FORCE_COLOR", "CLICOLOR_FORCE", "RUST_LOG"})
_RESOLVE_TIMEOUT: Final = 900
"""Seconds; a resolution that takes longer has lost its way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What the policy lets a resolver see. A hint to it, never a judgement."""

    cutoff: datetime | None = None
    """Files uploaded after this moment are hidden."""

    uncut: frozenset[str] = frozenset()
    """Projects for which the cut-off does not count: pinned, or exempt from it."""

    own: datetime | None = None
    """The user's own cut-off: it holds for every project, and where the other is given up."""

    excluded: frozenset[tuple[NormalizedName, Version]] = frozenset()
    """Releases that were denied already."""

    approved: Mapping[NormalizedName, frozenset[Version]] = field(default_factory=dict)
    """Projects of which only these releases may be admitted: of some of them, none."""

    built: Path | None = None
    """A folder of wheels that the guard has built, which count beside those of the indexes."""

    def constraints(self) -> str:
        """Return the releases to do without as lines of a constraints file; none: empty."""
        lines = [f"{name}!={version}\n" for name, version in sorted(self.excluded)]
        for name, versions in sorted(self.approved.items()):
            lines += [f"{name}{within}\n" for within in _specifiers(versions)]
        return "".join(lines)


def _specifiers(versions: frozenset[Version]) -> Iterator[str]:
    """Yield the specifier that lets through all of `versions` and as little else as can be said.

    PEP-440 has no *or*: what lies between is let through, then judged and excluded. A pre-release
    as a bound would invite the others.
    """
    if not versions:
        yield "<0.dev0"
    elif len(versions) == 1:
        yield f"=={min(versions)}"
    elif not any(version.is_prerelease for version in versions):
        yield f">={min(versions).public},<={max(versions).public}"


Hint = Callable[[NormalizedName, SpecifierSet], None]
"""Told what a resolver has met: a project, and the versions of it that somebody asks for.

So its page, and the file that will probably be chosen, can be fetched while it still resolves.
"""


class Installer(Protocol):
    """Resolves a request without running third-party code, and installs what was admitted."""

    name: str

    def configuration(self) -> Configuration:
        """Return the indexes and connection settings that the resolver is bound by."""

    def description(self) -> Description:
        """Return what the target environment is like."""

    def resolve(self, request: Request, bounds: Bounds, hint: Hint) -> tuple[Planned, ...]:
        """Return the files that would be installed; nothing where everything is satisfied.

        Raises `InstallerError` when there is no solution, or when the tool fails.
        """

    def apply(self, admitted: Sequence[Admitted], request: Request, *, quiet: bool) -> None:
        """Install exactly these files, by path and hash. Raises `InstallerError`."""

    def remove(self, projects: Sequence[NormalizedName], *, quiet: bool) -> None:
        """Remove what is installed of these projects. Raises `InstallerError`."""


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """Yield a private folder for what a child is given by name."""
    with tempfile.TemporaryDirectory(prefix="guard-") as folder:
        yield Path(folder)


def run(
    command: Sequence[str],
    *,
    words: str = "",
    environment: Mapping[str, str] | None = None,
    failed: str,
    overhear: Callable[[str], None] = lambda _: None,
) -> str:
    """Return what `command` prints, given `words` on its stdin. Raises `InstallerError`.

    `overhear` is told each line that it says on stderr, as it comes.
    """
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env={**_plain(os.environ), **(environment or {})},
        )
    except OSError as error:
        raise InstallerError(failed, reason=str(error), exit_code=70) from None
    with child, concurrent.futures.ThreadPoolExecutor(2) as readers:
        timer = threading.Timer(_RESOLVE_TIMEOUT, child.kill)
        timer.start()
        try:
            said = readers.submit(_listen, child.stderr, overhear)
            printed = readers.submit(_all_of, child.stdout)
            _say(child.stdin, words)
            output, complaints = printed.result(), said.result()
        except BaseException:
            child.kill()
            raise
        finally:
            timer.cancel()
    if child.returncode:
        raise InstallerError(failed, exit_code=_exit_code(child.returncode), output=complaints)
    return output


def _plain(environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` for a tool whose words are read by a program: no colours, no chatter."""
    kept = {name: value for name, value in environ.items() if name not in _EMBELLISHING}
    return kept | {"NO_COLOR": "1"}


def _say(stdin: IO[str] | None, words: str) -> None:
    assert stdin is not None  # noqa: S101 - opened as a pipe above
    with contextlib.suppress(BrokenPipeError), stdin:
        stdin.write(words)


def _all_of(stream: IO[str] | None) -> str:
    assert stream is not None  # noqa: S101
    return stream.read()


def _listen(stream: IO[str] | None, overhear: Callable[[str], None]) -> str:
    """Return what was said to the user, without what was only said because of `--verbose`."""
    assert stream is not None  # noqa: S101
    kept: list[str] = []
    for line in stream:
        overhear(line)
        if not line.startswith(_CHATTER):
            kept.append(line)
    return "".join(kept).strip()


def _exit_code(returned: int) -> int:
    """Return the code a shell would give: a child that died by a signal has a negative one."""
    return returned if returned > 0 else 128 - returned


def hand_over(
    command: Sequence[str], *, environment: Mapping[str, str], failed: str, quiet: bool
) -> None:
    """Run the installing `command` to its end, its words on stderr. Raises `InstallerError`.

    It gets a session of its own: Ctrl-C in the terminal must not stop it half-way.
    """
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise InstallerError(failed, reason=str(error), exit_code=70) from None
    output = _to_the_end(child)
    if child.returncode:
        raise InstallerError(failed, exit_code=_exit_code(child.returncode), output=output.strip())
    if not quiet and output:
        os.write(2, output.encode(errors="replace"))


def _to_the_end(child: subprocess.Popen[str]) -> str:
    interrupted = False
    while True:
        try:
            output, _ = child.communicate()
            break
        except KeyboardInterrupt:
            interrupted = True
    if interrupted:
        raise KeyboardInterrupt
    return output


def without(prefix: str, **more: str) -> dict[str, str]:
    """Return this process's environment without any variable that begins with `prefix`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefix)}
    return kept | more


def pins(admitted: Sequence[Admitted]) -> str:
    """Return a requirements file of exactly these files, each by version, hash and folder."""
    links = [f"--find-links {_quoted(item.path.parent)}\n" for item in admitted]
    names = [
        f"{item.verdict.candidate.file.project}=={item.verdict.candidate.file.version}"
        f" --hash=sha256:{item.sha256}\n"
        for item in admitted
    ]
    return "".join((*links, *names))


def own(admitted: Sequence[Admitted]) -> Iterator[str]:
    """Yield the user's own projects: the same version may be other files than those there."""
    candidates = (item.verdict.candidate for item in admitted)
    return (str(candidate.file.project) for candidate in candidates if candidate.own)


def _quoted(path: Path) -> str:
    return path.as_uri()
