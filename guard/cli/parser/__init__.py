"""The words of the command line, one module for each family of commands."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Final

import guard
from guard.cli.parser import (
    allowing,
    auditing,
    describing,
    examining,
    installing,
    locking,
    mirror_people,
    mirroring,
    pip_,
    recording,
    shell,
    wrapping,
)

_COMMANDS: Final[tuple[tuple[str, str, Callable[[argparse.ArgumentParser], None]], ...]] = (
    ("install", "judge, then install", installing.install),
    ("download", "judge, then keep the files", installing.download),
    ("check", "judge, and install nothing", installing.check),
    ("lock", "judge, and write a pylock.toml", locking.lock),
    ("sync", "make an environment what a lock says", locking.sync),
    ("audit", "judge what is installed, or what documents list", auditing.audit),
    ("pip", "what pip is asked for, judged", pip_.pip),
    ("uv", "uv itself, behind the gateway", wrapping.uv),
    ("uvx", "uvx itself, behind the gateway", wrapping.uvx),
    ("pipx", "pipx itself, behind the gateway", wrapping.pipx),
    ("poetry", "poetry itself, behind the gateway", wrapping.poetry),
    ("pdm", "pdm itself, behind the gateway", wrapping.pdm),
    ("python", "Python, with `-m pip` judged", pip_.python),
    ("shell", "make shells and environments go through the guard", shell.shell),
    ("approve", "judge, and allow from now on", allowing.approve),
    ("revoke", "allow no more", allowing.revoke),
    ("approvals", "list or compare approvals", allowing.approvals),
    ("policy", "show or check a policy", allowing.policy),
    ("rule", "explain a rule, or list them", allowing.rule),
    ("verify", "a local file against its attestations", examining.verify),
    ("inspect", "what is inside, and what the attestations say", examining.inspect),
    ("quarantine", "list, show or purge files", examining.quarantine),
    ("sbom", "judge, and describe as CycloneDX", describing.sbom),
    ("request", "ask the people of a mirror for a release", mirror_people.remote_request),
    ("mirror", "an index that has only what the policy admits", mirroring.mirror),
    ("log", "what was installed, approved and trusted here", recording.log),
    ("feed", "fetch, import or show advisories", examining.feed),
    ("doctor", "what is configured, reachable, and how old", examining.doctor),
)
"""Name, help and words of each command, in the order in which they are shown."""


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what a command line says. Exits with 2, and the reason, when it says nothing sensible.

    Requirements may stand on both sides of options, as for pip and uv: argparse alone takes the
    first run of them and leaves the rest.
    """
    top = parser()
    arguments, rest = top.parse_known_args(argv)
    if rest and ("requirement" not in arguments or any(word.startswith("-") for word in rest)):
        top.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        arguments.requirement += rest
    return arguments


def parser() -> argparse.ArgumentParser:
    """Return the parser of every command. Imports nothing that a command needs."""
    top = argparse.ArgumentParser(
        prog="guard",
        description="Judges every artifact of an install before pip or uv may have it.",
        epilog="Exit codes: 0 admitted · 1 lock out of date · 2 usage · 69 undecided · "
        "70 guard failed · 77 denied · 78 bad policy · any other: the installer's own.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"guard {guard.__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, words, describe in _COMMANDS:
        describe(commands.add_parser(name, help=words, allow_abbrev=False))
    return top
