"""What a command line of uv would do: nothing that matters, something to judge, or neither.

Only what is known here is let through. The words are uv's own and are handed to it as they are.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from guard.cli.uv_paths import is_here
from guard.errors import UnsupportedError

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_HARMLESS: Final = frozenset({"cache", "help", "init", "python", "self", "version"})
_PROJECT: Final = frozenset({"add", "export", "lock", "remove", "sync", "tree"})
_TOOL: Final = frozenset({"install", "run", "upgrade"})
_TOOL_HARMLESS: Final = frozenset({"dir", "list", "uninstall", "update-shell"})
_DOWNLOADS: Final = frozenset({("python", "install"), ("python", "upgrade"), ("self", "update")})

_REFUSED: Final = {
    "--allow-insecure-host": "the gateway is the only host there is",
    "--branch": "a repository is on no index",
    "--build-constraints": "the file may name what is on no index",
    "--cache-dir": "what lies in another cache was not judged",
    "--config-file": "name it in UV_CONFIG_FILE, where it is read and judged",
    "--constraints": "the file may name what is on no index",
    "--directory": "change to the folder instead",
    "--excludes": "the file may name what is on no index",
    "--find-links": "its files lie on no index",
    "--keyring-provider": "the guard itself asks for passwords",
    "--no-build-isolation": "it builds with whatever is installed",
    "--no-cache": "use `GUARD_CACHE_DIR` for another cache",
    "--no-config": "unset what the configuration says instead",
    "--overrides": "the file may name what is on no index",
    "--project": "change to the folder instead",
    "--python-downloads": "a downloaded Python is not judged",
    "--rev": "a repository is on no index",
    "--system-certs": "the gateway is the only host there is",
    "--tag": "a repository is on no index",
    "--torch-backend": "it names indexes of uv's own",
    "--with-editable": "add it to the project instead",
    "--with-executables-from": "install it by itself",
}
_SHORT: Final = {
    "-b": "--build-constraints",
    "-c": "--constraints",
    "-f": "--find-links",
    "-i": "--index-url",
    "-n": "--no-cache",
    "-p": "--python",
    "-r": "--requirements",
    "-w": "--with",
}
_FILES: Final = frozenset({"--requirements", "--requirement", "--with-requirements"})
_INDEXES: Final = frozenset({"--default-index", "--extra-index-url", "--index", "--index-url"})
_NAMES: Final = frozenset({"--from", "--with"})
_VALUED: Final = frozenset(
    [
        "--bounds",
        "--color",
        "--config-setting",
        "--config-settings-package",
        "--depth",
        "--env-file",
        "--exclude-newer",
        "--exclude-newer-package",
        "--extra",
        "--fork-strategy",
        "--format",
        "--group",
        "--index-strategy",
        "--link-mode",
        "--marker",
        "--no-binary-package",
        "--no-build-isolation-package",
        "--no-build-package",
        "--no-editable-package",
        "--no-emit-package",
        "--no-extra",
        "--no-group",
        "--no-install-package",
        "--no-sources-package",
        "--only-group",
        "--optional",
        "--output-file",
        "--output-format",
        "--package",
        "--prerelease",
        "--prerelease-package",
        "--prune",
        "--python",
        "--python-platform",
        "--python-version",
        "--refresh-package",
        "--reinstall-package",
        "--resolution",
        "--script",
        "--upgrade-group",
        "--upgrade-package",
        "-C",
        "-P",
        "-d",
        "-m",
        "-o",
    ]
)
_DOING: Final = frozenset(
    {
        "--active",
        "--check",
        "--dry-run",
        "--env-file",
        "--isolated",
        "--no-sync",
        "--refresh",
        "--refresh-package",
        "--reinstall",
        "--reinstall-package",
        "--upgrade",
        "--upgrade-group",
        "--upgrade-package",
    }
)
_NOTHING: Final = (sys.executable, "-I", "-S", "-c", "")
"""A program that does nothing, and is none of the environment's: what is there does not run yet."""

_FLAGS: Final = re.compile(r"-{1,2}[A-Za-z][A-Za-z-]*")
_AT: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(\[[^]]*\])?@(.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a command line comes to behind the gateway."""

    prepare: tuple[str, ...]
    """uv's words for the part that fetches and installs."""

    then: tuple[str, ...] | None = None
    """uv's words for the user's own program, which runs without any of it, and offline."""

    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    script: Path | None = None
    writes: tuple[Path, ...] = ()
    """Files that uv may write besides those of a project."""

    project: bool = False
    """It is about the project around the working folder."""

    glance: tuple[str, ...] | None = None
    """uv's words that ask whether anything would change at all, and change nothing."""

    refresh: bool = False
    """What the guard itself has cached is to be asked for again, too."""

    resolves_again: bool = False
    """The user's program is started by a resolution, of what was prepared."""


def classify(words: Sequence[str]) -> Plan | None:
    """Return what to do for uv's `words`; `None` where uv may simply do it.

    Whoever only wants to be shown something has been by now: a `--help` is the program's own.
    Raises `UnsupportedError` for what is not known to be either.
    """
    options, rest = _leading(words)
    if not rest:
        return None
    command, *after = rest
    if command == "version" and set(after) - {"--short"}:
        raise _unsupported("`uv version` with a value", "it locks and syncs; edit the file instead")
    if command in _HARMLESS and (command, next(iter(after), "")) not in _DOWNLOADS:
        return None
    if command == "tool" and after and after[0] in _TOOL_HARMLESS:
        return None
    if command == "tool" and after and after[0] in _TOOL:
        return _tool(options, after[0], after[1:])
    if command == "run":
        return _run(options, after)
    if command in _PROJECT:
        return _project(options, command, after)
    raise _unsupported(f"`uv {' '.join(rest[:2])}`", "it is not known what it would bring in")


def _leading(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the options in front of the command, and the rest."""
    options: list[str] = []
    rest = list(words)
    while rest and rest[0].startswith("-"):
        options.append(rest.pop(0))
        if options[-1] in _VALUED and rest:
            options.append(rest.pop(0))
    list(_options(options))
    return options, rest


def _project(options: list[str], command: str, words: Sequence[str]) -> Plan:
    given, names = _split(words, to_the_end=True)
    found = _read(given)
    # `remove` takes names alone; what they are called does not have to be on any index.
    wanted = () if command == "remove" else _requirements(names)
    script = next((Path(value) for name, value in given if name == "--script"), None)
    plain = command == "sync" and script is None and not names
    return replace(
        found,
        glance=_glance(options, words, given) if plain else None,
        prepare=(*options, command, *words),
        requirements=(*found.requirements, *wanted),
        script=script,
        project=script is None,
    )


def _tool(options: list[str], command: str, words: Sequence[str]) -> Plan:
    given, rest = _split(words, to_the_end=command != "run")
    found = _read(given)
    if command != "run":
        wanted = () if command == "upgrade" else _requirements(rest)
        return replace(
            found,
            prepare=(*options, "tool", command, *words),
            requirements=(*found.requirements, *wanted),
        )
    if not rest:
        raise _unsupported("`uv tool run` without a command", "there is nothing to run")
    own = list(words[: len(words) - len(rest)])
    if own and own[-1] == "--":
        own.pop()
    source = [] if _has(given, "--from") else ["--from", rest[0]]
    wanted = _requirements(source[1:])
    return replace(
        found,
        prepare=(*options, "tool", "run", *own, *source, "--", *_NOTHING),
        then=(*options, "tool", "run", *_offline(own), "--", *rest),
        requirements=(*found.requirements, *wanted),
        resolves_again=True,
    )


def _run(options: list[str], words: Sequence[str]) -> Plan:
    from guard.gateway.project import is_script  # noqa: PLC0415 - only here

    given, rest = _split(words, to_the_end=False)
    found = _read(given)
    own = list(words[: len(words) - len(rest)])
    if own and own[-1] == "--":
        own.pop()
    if not rest:
        raise _unsupported("`uv run` without a command", "there is nothing to run")
    script = Path(rest[0])
    if rest[0] == "-" or "://" in rest[0]:
        raise _unsupported(f"`uv run {rest[0]}`", "what it needs cannot be read beforehand")
    if is_script(script):
        if found.requirements or set(own) & {"--module"}:
            raise _unsupported("`--with` for a script with metadata", "add it to the script")
        python = [word for name, value in given if name == "--python" for word in (name, value)]
        prepare = (*options, "sync", "--script", rest[0], *python)
        return replace(
            found,
            prepare=prepare,
            then=(*options, "run", *_offline(own), *rest),
            script=script,
            resolves_again=True,
        )
    layered = bool(found.requirements) or any(n in {*_FILES, "--isolated"} for n, _ in given)
    alone = [] if layered or {"--no-project", "--no-sync"} & {*own} else ["--no-sync"]
    kept = [word for word in own if word not in {"-m", "--module", "-s", "--gui-script"}]
    kept = [word for word in kept if word != "--script"]
    plain = alone and "--" not in kept
    return replace(
        found,
        glance=_glance(options, [*kept, "--inexact"], given) if plain else None,
        prepare=(*options, "run", *kept, "--", *_NOTHING),
        then=(*options, "run", *alone, *_offline(own), *rest),
        project=not _has(given, "--no-project"),
        resolves_again=layered,
    )


def _glance(
    options: Sequence[str], words: Sequence[str], given: Sequence[tuple[str, str]]
) -> tuple[str, ...] | None:
    """Return the words of a `uv sync` that only looks; `None` where something is to be done."""
    names = {name for name, _ in given}
    if names & _DOING or "-U" in words or "-P" in words:
        return None
    locked = () if names & {"--locked", "--frozen"} else ("--locked",)
    return (*options, "sync", *words, "--check", "--offline", *locked)


def _offline(words: Sequence[str]) -> list[str]:
    """Return the options that may stand beside `--offline`; what they ask for is done by then."""
    kept: list[str] = []
    for word in words:
        if kept and kept[-1] == "--refresh-package":
            kept.pop()
        elif word != "--refresh" and not word.startswith("--refresh-package="):
            kept.append(word)
    return kept


def _has(given: Sequence[tuple[str, str]], name: str) -> bool:
    return any(option == name for option, _ in given)


def _split(words: Sequence[str], *, to_the_end: bool) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the options with their values, and the other words: all, or from the first one on."""
    waiting, taken, others = list(words), list[str](), list[str]()
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            others += waiting
            break
        if not word.startswith("-") or word == "-":
            others.append(word)
            if not to_the_end:
                others += waiting
                break
            continue
        taken.append(word)
        if _is_valued(word, to_the_end=to_the_end) and waiting:
            taken.append(waiting.pop(0))
    return list(_options(taken, to_the_end=to_the_end)), others


def _is_valued(word: str, *, to_the_end: bool) -> bool:
    if word == "-m" and not to_the_end:
        return False  # `uv run -m` is a flag
    if word == "--script" and not to_the_end:
        return False
    name = _SHORT.get(word, word)
    return name in _VALUED | _FILES | _INDEXES | _NAMES or (name in _REFUSED and "=" not in word)


def _options(words: Sequence[str], *, to_the_end: bool = True) -> Iterator[tuple[str, str]]:
    """Yield the options by their long names. Raises `UnsupportedError` for one that is refused."""
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        name, equals, value = word.partition("=")
        name = _SHORT.get(name, name)
        if name in _REFUSED:
            raise _unsupported(f"`{name}`", _REFUSED[name])
        if not equals and _is_valued(word, to_the_end=to_the_end) and waiting:
            value = waiting.pop(0)
        if not _FLAGS.fullmatch(name) or (len(name) > len("-x") and not name.startswith("--")):
            raise _unsupported(f"`{word}`", "short options are read one by one")
        yield name, value


def _read(given: Sequence[tuple[str, str]]) -> Plan:
    """Return what the options say of indexes and requirements."""
    from guard.request import Request, read  # noqa: PLC0415 - not for what is passed on

    files = tuple(Path(value) for name, value in given if name in _FILES)
    wanted = read(Request(requirement_files=files)) if files else None
    if wanted is not None and (wanted.direct or wanted.indexes[1:]):
        raise _unsupported(
            "a requirements file with URLs, paths or indexes",
            "they are judged by `guard install -r`",
        )
    named = [part for name, value in given if name in _NAMES for part in value.split(",")]
    return Plan(
        prepare=(),
        refresh=_has(given, "--refresh") or _has(given, "--refresh-package"),
        index_url=_last(given, "--default-index") or _last(given, "--index-url"),
        extra_index_urls=tuple(
            value for name, value in given if name in {"--index", "--extra-index-url"}
        ),
        requirements=(*_requirements(named), *(wanted.requirements if wanted else ())),
    )


def _last(given: Sequence[tuple[str, str]], name: str) -> str | None:
    return next((value for option, value in reversed(given) if option == name), None)


def _requirements(words: Sequence[str]) -> tuple[Requirement, ...]:
    """Return what is asked for by name. Raises `UnsupportedError` for URLs and paths."""
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - as above

    found = []
    for word in words:
        at = _AT.fullmatch(word)
        plain = f"{at[1]}{'' if at[3] == 'latest' else f'=={at[3]}'}" if at else word
        try:
            requirement = Requirement(plain)
        except InvalidRequirement:
            raise _unsupported(f"`{word}`", "it is not the name of a project on an index") from None
        if requirement.url is not None or is_here(word):
            raise _unsupported(f"`{word}`", "a URL or a path is on no index")
        found.append(requirement)
    return tuple(found)


def _unsupported(what: str, why: str) -> UnsupportedError:
    return UnsupportedError(
        f"{what} is not supported behind the gateway",
        reason=why,
        hint="`guard install` judges requirements of every kind that can be judged",
    )
