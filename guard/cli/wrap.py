"""`guard uv …` and `guard uvx …`: uv's own words, each command on the way that is right for it.

What brings nothing in is uv's own business, and costs no more than to find that out. `uv pip` is
judged as the guard's own commands are; the rest is uv itself, behind the gateway.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from guard.cli.become import become
from guard.errors import GuardError, InstallerError, UnsupportedError
from guard.install.pythons import refuse_strangers
from guard.wrappers.coverage import Handling, classify
from guard.wrappers.coverage.environment import for_passed
from guard.wrappers.coverage.scan import numbers
from guard.wrappers.tools import Tool, find

if TYPE_CHECKING:
    import argparse

    from guard.cli.uv_words import Plan
    from guard.wrappers.coverage import Classified

SUPPORTED: Final = ">=0.13.8,<0.14"
"""The versions of uv whose commands and options are known one by one."""

_LOWEST, _BELOW = (0, 13, 8), (0, 14)

_STARTING: Final = frozenset({("venv",), ("init",), ("python", "find"), ("python", "list")})
"""What brings nothing in, but starts a Python to ask what it is; so does all of `uv pip`."""


def pass_through(tool: str, words: Sequence[str]) -> None:
    """Become the real tool, where what it was asked for brings no code in. Otherwise return."""
    try:
        found = classify(tool, words)
        if found.handling is Handling.PASSED:
            _pass_on(tool, words, found)
    except (GuardError, OSError):
        return  # `run` comes to the same, and says so


def run(arguments: argparse.Namespace) -> int:
    """Do what the tool was asked for, or refuse to."""
    from guard.cli.bypass import bypassed  # noqa: PLC0415 - not for what is passed on

    tool, words = arguments.tool, arguments.words
    found = classify(tool, words)
    if found.handling is Handling.PASSED:
        _pass_on(tool, words, found)
    if bypassed([tool, *words]):
        _become_bare(tool, words, os.environ)
    if found.handling is Handling.REFUSED:
        raise found.error()
    refuse_strangers(os.environ, Path.cwd())
    if found.handling is Handling.NATIVE:
        from guard.cli import uv_pip  # noqa: PLC0415 - one of several ways

        return uv_pip.run(found)
    return _behind(["tool", "run", *words] if tool == "uvx" else words, found)


def _pass_on(tool: str, words: Sequence[str], found: Classified) -> NoReturn:
    if found.command in _STARTING or found.command[:1] == ("pip",):
        refuse_strangers(os.environ, Path.cwd())
    _become_bare(tool, words, for_passed(tool, os.environ))


def _become_bare(tool: str, words: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    own = ["tool", "uvx"] if tool == "uvx" else []  # so does uvx start uv
    become([str(_real().path), *own, *words], environ)


def _behind(words: Sequence[str], found: Classified) -> int:
    """Run the tool behind the gateway; what came of it is said after the tool has said it."""
    plan = _plan(words, found)
    if plan is not None and plan.script is not None:  # uv looks for `.python-version` there
        refuse_strangers(os.environ, plan.script.absolute().parent)
    real = _real()
    if plan is None:
        become([str(real.path), *words], for_passed("uv", os.environ))
    tool = _known(real)
    from guard.cli.glance import satisfied  # noqa: PLC0415 - as above

    if (nowhere := satisfied(plan, tool)) is not None:
        if plan.then is None:
            become([tool, "--offline", *plan.prepare], nowhere)
        become([tool, "--offline", *plan.then], os.environ)
    from guard.cli.wrapped import Wrapped  # noqa: PLC0415 - everything else is imported there

    wrapped = Wrapped(plan)
    code = wrapped.prepare(tool)
    if code or plan.then is None:
        return code
    return become([tool, *wrapped.options, *plan.then], wrapped.own_environment())


def _plan(words: Sequence[str], found: Classified) -> Plan | None:
    if found.command == ("pip", "compile"):
        from guard.cli import uv_compile  # noqa: PLC0415 - not for what is passed on

        return uv_compile.plan_of(words, found)
    from guard.cli import uv_words  # noqa: PLC0415 - as above

    return uv_words.plan_of(found)


def _real() -> Tool:
    """Return the uv that a shell would run, were it not for the guard; else the guard's own."""
    try:
        return find("uv")
    except InstallerError:
        import uv  # noqa: PLC0415 - only where there is no other

        return Tool(name="uv", path=Path(uv.find_uv_bin()))


def knows(version: str) -> bool:
    """Tell whether a `version` of uv is one of those that are known."""
    return _LOWEST <= numbers(version) < _BELOW  # `packaging` would cost what uv itself takes


def _known(tool: Tool) -> str:
    """Return the path of a uv whose options are known here. Raises `UnsupportedError`."""
    if not knows(tool.version):
        raise UnsupportedError(
            f"`{tool.path}` is uv {tool.version}, which the guard does not know",
            reason=f"it knows uv {SUPPORTED}: another one may have ways in that nobody judges",
            hint="use one of these, or a newer guard",
        )
    return str(tool.path)
