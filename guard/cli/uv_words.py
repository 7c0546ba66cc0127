"""What a command line of uv would do behind the gateway, and what then without it.

The words were read by the table: here is only what uv's commands mean for the gateway. uv is handed
the same options, under the names that they were given.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from guard.cli.uv_paths import is_here
from guard.errors import UnsupportedError
from guard.wrappers.coverage import Classified, Given

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_FILES: Final = ("--requirements", "--with-requirements")
_NAMES: Final = ("--from", "--with")
_INDEXES: Final = ("--index", "--extra-index-url")
_DEFAULT_INDEX: Final = ("--default-index", "--index-url")
_REFRESH: Final = frozenset({"--refresh", "--refresh-package"})
_HOW_IT_IS_RUN: Final = frozenset({"--module", "--script", "--gui-script"})
_LAYERS: Final = frozenset({*_FILES, "--isolated"})
_DOING: Final = frozenset(
    {
        *_REFRESH,
        *("--upgrade", "--upgrade-group", "--upgrade-package"),
        *("--reinstall", "--reinstall-package"),
        *("--active", "--check", "--dry-run", "--env-file", "--isolated", "--no-sync"),
    }
)
"""Options with which there is something to do, or to say, even if everything is in place."""

_NOTHING: Final = (sys.executable, "-I", "-S", "-c", "")
"""A program that does nothing, and is none of the environment's: what is there does not run yet."""

_AT: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)(\[[^]]*\])?@(.+)")


class Plan(NamedTuple):
    """What a command line comes to behind the gateway; a dataclass would cost each command 5 ms."""

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


def plan_of(found: Classified) -> Plan | None:
    """Return what to do for a command that goes through the gateway; `None`: uv may simply do it.

    Raises `UnsupportedError` for what is on no index.
    """
    command = ("tool", "run") if found.tool == "uvx" else found.command
    if command == ("version",) and not (found.positionals or found.has("--bump")):
        return None
    if command == ("run",):
        return _run(found)
    if command == ("tool", "run"):
        return _tool_run(found)
    plan = _read(found)
    prepare = (*command, *_words(found.options), *_after(found.positionals))
    if command[0] == "tool":
        wanted = _requirements(found.positionals) if command[1] == "install" else ()
        return plan._replace(prepare=prepare, requirements=(*plan.requirements, *wanted))
    # Only what is added has to be on an index.
    wanted = _requirements(found.positionals) if command == ("add",) else ()
    script = next(map(Path, found.values("--script")), None)
    return plan._replace(
        glance=_glance(found.options) if command == ("sync",) and script is None else None,
        prepare=prepare,
        requirements=(*plan.requirements, *wanted),
        script=script,
        project=script is None,
    )


def _tool_run(found: Classified) -> Plan:
    if not found.trailing:
        raise _unsupported("`uv tool run` without a command", "there is nothing to run")
    plan, own = _read(found), _words(found.options)
    wanted: tuple[Requirement, ...] = ()
    source: list[str] = []
    if not found.has("--from"):
        wanted, source = _requirements(found.trailing[:1]), ["--from", found.trailing[0]]
    return plan._replace(
        prepare=("tool", "run", *own, *source, "--", *_NOTHING),
        then=("tool", "run", *_offline(found.options), *_after(found.trailing)),
        requirements=(*plan.requirements, *wanted),
        resolves_again=True,
    )


def _run(found: Classified) -> Plan:
    from guard.gateway.script import is_script  # noqa: PLC0415 - only here

    if not found.trailing:
        raise _unsupported("`uv run` without a command", "there is nothing to run")
    plan, program = _read(found), found.trailing[0]
    if program == "-" or "://" in program:
        raise _unsupported(f"`uv run {program}`", "what it needs cannot be read beforehand")
    if is_script(Path(program)):
        return _run_script(found, plan, Path(program))
    given = {option.option.name for option in found.options}
    layered = bool(plan.requirements) or bool(given & _LAYERS)
    alone = [] if layered or given & {"--no-project", "--no-sync"} else ["--no-sync"]
    kept = [option for option in found.options if option.option.name not in _HOW_IT_IS_RUN]
    return plan._replace(
        glance=_glance(kept, "--inexact") if alone else None,
        prepare=("run", *_words(kept), "--", *_NOTHING),
        then=("run", *alone, *_offline(found.options), *_after(found.trailing)),
        project="--no-project" not in given,
        resolves_again=layered,
    )


def _run_script(found: Classified, plan: Plan, script: Path) -> Plan:
    if plan.requirements or found.has("--module"):
        raise _unsupported("`--with` for a script with metadata", "add it to the script")
    python = [option for option in found.options if option.option.name == "--python"]
    return plan._replace(
        prepare=("sync", "--script", str(script), *_words(python)),
        then=("run", *_offline(found.options), *_after(found.trailing)),
        script=script,
        resolves_again=True,
    )


def _glance(options: Sequence[Given], *more: str) -> tuple[str, ...] | None:
    """Return the words of a `uv sync` that only looks; `None` where something is to be done."""
    given = {option.option.name for option in options}
    if given & _DOING:
        return None
    locked = () if given & {"--locked", "--frozen"} else ("--locked",)
    return ("sync", *_words(options), *more, "--check", "--offline", *locked)


def _offline(options: Iterable[Given]) -> list[str]:
    """Return the options that may stand beside `--offline`; what they ask for is done by then."""
    return _words(option for option in options if option.option.name not in _REFRESH)


def _words(options: Iterable[Given]) -> list[str]:
    """Return the options as uv takes them; no value can be taken for an option."""
    return [
        given.written if given.value is None else f"{given.written}={given.value}"
        for given in options
    ]


def _after(words: Sequence[str]) -> list[str]:
    """Return the words that are no options of uv's, so that none can be taken for one."""
    return ["--", *words] if words else []


def _read(found: Classified) -> Plan:
    """Return what the options say of indexes and requirements."""
    named = [part for value in found.values(*_NAMES) for part in value.split(",")]
    urls = [url for name in _DEFAULT_INDEX for url in found.values(name)[-1:]]
    return Plan(
        prepare=(),
        refresh=any(option.option.name in _REFRESH for option in found.options),
        index_url=next(iter(urls), None),
        extra_index_urls=tuple(found.values(*_INDEXES)),
        requirements=(*_requirements(named), *_of_files(found.values(*_FILES))),
    )


def _of_files(files: Sequence[str]) -> tuple[Requirement, ...]:
    if not files:
        return ()
    from guard.request import Request, read  # noqa: PLC0415 - it costs what most have no use for

    wanted = read(Request(requirement_files=tuple(map(Path, files))))
    if wanted.direct or wanted.indexes[1:]:
        raise _unsupported(
            "a requirements file with URLs, paths or indexes",
            "they are judged by `guard install -r`",
        )
    return tuple(wanted.requirements)


def _requirements(words: Sequence[str]) -> tuple[Requirement, ...]:
    """Return what is asked for by name. Raises `UnsupportedError` for URLs and paths."""
    if not words:
        return ()
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
