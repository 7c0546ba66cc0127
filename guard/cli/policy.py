"""`guard policy`."""

from __future__ import annotations

import argparse
import sys

from guard.cli.exit import ExitCode
from guard.cli.session import policy_name
from guard.policy import Policy, load
from guard.rules._page import toml


def run(arguments: argparse.Namespace) -> int:
    """Show the effective policy, or check a file."""
    if arguments.action == "show":
        sys.stdout.write(shown(load(policy_name(arguments))))
    else:
        load(arguments.file)
        sys.stdout.write(f"{arguments.file}: a policy without errors\n")
    return ExitCode.OK


def shown(policy: Policy) -> str:
    """Return the policy as TOML, with the origin of each value beside it."""
    lines = []
    for rule in policy.rules:
        lines.append(f"[rules.{rule.id}]")
        for key, name in rule.options().items():
            origin = policy.origins.get(f"rules.{rule.id}.{key}", "built in")
            lines.append(f"{key} = {toml(getattr(rule, name))}  # {origin}")
        lines.append("")
    for index in policy.indexes:
        lines += ["[[index]]", f"name = {toml(index.name)}", f"url = {toml(index.url)}"]
        lines += [f"owns = {toml(index.owns)}"] if index.owns else []
        lines.append("")
    for entry in policy.deny:
        lines += ["[[deny]]", f"name = {toml(entry.name)}", f"reason = {toml(entry.reason)}"]
        lines += [f"versions = {toml(str(entry.versions))}"] if entry.versions else []
        lines.append("")
    for exemption in policy.exemptions:
        lines += ["[[exempt]]", f"name = {toml(exemption.name)}", f"rule = {toml(exemption.rule)}"]
        lines.append(f"reason = {toml(exemption.reason)}")
        lines += [f"versions = {toml(str(exemption.versions))}"] if exemption.versions else []
        lines += [f"sha256 = {toml(exemption.sha256)}"] if exemption.sha256 else []
        lines += [f"approved-by = {toml(exemption.approved_by)}"] if exemption.approved_by else []
        lines += [f"expires = {exemption.expires}"] if exemption.expires else []
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"
