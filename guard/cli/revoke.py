"""`guard revoke`: what was approved is so no more."""

from __future__ import annotations

import argparse
import sys

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from guard.approval import Approval
from guard.cli.allowlist import change, destination
from guard.cli.exit import ExitCode
from guard.cli.recording import recorded
from guard.cli.session import policy_files
from guard.errors import UsageError
from guard.model import Versions
from guard.policy.approvals_text import removed


def run(arguments: argparse.Namespace) -> int:
    """Take approvals out of the file; nothing changes where one of the words fits none."""
    path = destination(policy_files(arguments.policy, arguments.approvals))
    wanted = [_requirement(word) for word in arguments.requirement]
    gone: list[Approval] = []

    def unwanted(entry: Approval) -> bool:
        if any(_fits(requirement, entry) for requirement in wanted):
            gone.append(entry)
            return True
        return False

    def without(text: str) -> str:
        gone.clear()
        left = removed(text, unwanted, source=str(path))
        for requirement in wanted:
            if not any(_fits(requirement, entry) for entry in gone):
                raise UsageError(
                    f"nothing in `{path}` approves {requirement}",
                    hint="`guard approvals list` shows what is approved, and where",
                )
        return left

    with recorded("revoke", arguments.requirement, path) as record:
        with record.changing():
            change(path, without)
        names = {str(entry.name) for entry in gone}
        record.says(files=sum(len(e.files) for e in gone), projects=tuple(sorted(names)))
    for entry in gone:
        sys.stderr.write(f"{entry.title} is approved no more in {path}\n")
    return ExitCode.OK


def _requirement(word: str) -> Requirement:
    try:
        requirement = Requirement(word)
    except InvalidRequirement:
        raise UsageError(f"`{word}` is no name with versions, such as `litellm<1.83`") from None
    if requirement.url or requirement.marker or requirement.extras:
        raise UsageError(f"`{word}`: a name and versions are all that is approved")
    return requirement


def _fits(requirement: Requirement, entry: Approval) -> bool:
    if canonicalize_name(requirement.name) != entry.name:
        return False
    return not requirement.specifier or Versions(requirement.specifier).contains(entry.version)
