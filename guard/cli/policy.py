"""`guard policy`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from guard.cli.exit import ExitCode
from guard.cli.recording import recorded
from guard.cli.session import policy_files, trust
from guard.errors import PolicyError, UsageError
from guard.policy import Files, Policy, effective, load
from guard.policy.layers import beside, project_file, said
from guard.report.text import plain
from guard.rules._page import toml


def run(arguments: argparse.Namespace) -> int:
    """Show the effective policy, or do one thing to a file."""
    match arguments.action:
        case "show":
            policy, _ = effective(policy_files(arguments.policy, arguments.approvals))
            sys.stdout.write(shown(policy))
        case "check":
            load(arguments.file)
            sys.stdout.write(f"{arguments.file}: a policy without errors\n")
        case "init":
            _init(Path(arguments.file or "guard.toml"))
        case "trust":
            _trust(_project(arguments.file))
        case "distrust":
            path = _project(arguments.file)
            with recorded("policy distrust", [str(path)]) as record, record.changing():
                known = trust().remove(path)
            sys.stderr.write(f"`{path}` {'is' if known else 'was'} not trusted\n")
        case "sign" | "verify":
            from guard.cli import signing  # noqa: PLC0415 - the others need none of it

            return signing.run(arguments)
        case _:
            from guard.policy.schema import schema  # noqa: PLC0415

            sys.stdout.write(schema())
    return ExitCode.OK


def _init(path: Path) -> None:
    """Write the commented policy that everybody may begin with; nothing is overwritten."""
    text = (resources.files("guard.policy") / "starter.toml").read_text(encoding="utf-8")
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise UsageError(
            f"`{path}` is there already", hint="name another file, or edit that one"
        ) from None
    except OSError as error:
        raise UsageError(f"`{path}` could not be written", reason=error.strerror) from None
    sys.stderr.write(f"`{path}` written; `guard policy check {path}` reads it again\n")


def _project(named: str | None) -> Path:
    path = Path(named).absolute() if named else project_file(Path.cwd())
    if path is None:
        raise PolicyError(
            "there is no policy to trust",
            reason="no guard.toml, and no pyproject.toml with a [tool.guard], here or above",
            hint="name the file",
        )
    return path


def _trust(path: Path) -> None:
    """Say what the file would change, and trust it as it is now."""
    files = policy_files(None)
    below = Files(system=files.system, user=files.user, means=files.means)
    with recorded("policy trust", [str(path)]) as record:
        record.says(policy=said(path))
        with record.changing():
            digest = trust().add(path)
        record.says(policy=digest)
    base, _ = effective(below)
    approvals = files.approvals_of(beside(path))
    changes = [*changed(base, load(str(path), base, approvals=approvals))]
    sys.stderr.write(f"`{path}` is trusted as it is now, sha256 {digest[:16]}…; it sets\n")
    sys.stderr.write("".join(f"  {line}\n" for line in changes) or "  nothing\n")


def changed(below: Policy, policy: Policy) -> Iterator[str]:
    """Yield what is different in `policy`, a line for each value or entry."""
    for rule, before in zip(policy.rules, below.rules, strict=True):
        for key, name in rule.options().items():
            new, old = getattr(rule, name), getattr(before, name)
            if new != old:
                yield f"rules.{rule.id}.{key} = {toml(new)}  # instead of {toml(old)}"
    if policy.approval_required != below.approval_required:
        yield f"approval = {'required' if policy.approval_required else 'optional'}"
    for entry in policy.approvals.entries:
        if entry not in below.approvals.entries:
            aside = ", ".join(dict.fromkeys(each.rule for each in entry.accepted))
            yield f"{plain(entry.title)} is approved{f', setting aside {aside}' if aside else ''}"
    for table in ("indexes", "deny", "exemptions", "publishers", "groups"):
        more = len(getattr(policy, table)) - len(getattr(below, table))
        if more:
            yield f"{more} more of the {table}"


def shown(policy: Policy) -> str:
    """Return the policy as TOML, with the origin of each value beside it."""
    lines = []
    if policy.floor is not None:
        lines += [f"# Not all of it is loosened: {policy.floor.reason}.", ""]
    lines += _approvals(policy)
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
    for denied in policy.deny:
        lines += ["[[deny]]", f"name = {toml(denied.name)}", f"reason = {toml(denied.reason)}"]
        lines += [f"versions = {toml(str(denied.versions))}"] if denied.versions else []
        lines.append("")
    for exemption in policy.exemptions:
        lines += ["[[exempt]]", f"name = {toml(exemption.name)}", f"rule = {toml(exemption.rule)}"]
        lines.append(f"reason = {toml(exemption.reason)}")
        lines += [f"versions = {toml(str(exemption.versions))}"] if exemption.versions else []
        lines += [f"sha256 = {toml(exemption.sha256)}"] if exemption.sha256 else []
        lines += [f"approved-by = {toml(exemption.approved_by)}"] if exemption.approved_by else []
        lines += [f"expires = {exemption.expires}"] if exemption.expires else []
        lines.append("")
    for group in policy.groups:
        lines += ["[[group]]", f"name = {toml(group.name)}", f"members = {toml(group.members)}"]
        for rule in policy.rules:
            names = {name: key for key, name in rule.options().items()}
            for name, value in group.options.get(rule.id, {}).items():
                lines.append(f"rules.{rule.id}.{names[name]} = {toml(value)}")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _approvals(policy: Policy) -> Iterator[str]:
    required = "required" if policy.approval_required else "optional"
    yield f'approval = "{required}"  # {policy.origins.get("approval", "built in")}'
    for entry in policy.approvals.entries:
        yield f"# approved: {entry.title}, in {plain(entry.source)}"
    yield ""
