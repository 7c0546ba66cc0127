"""`guard approve`: judge, show, ask, and write down what may be installed from now on."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from guard.approval import NEVER, Approval, Approvals
from guard.cli.allowlist import change, destination
from guard.cli.exit import ExitCode
from guard.cli.expiry import last_day
from guard.cli.judging import finish, installable
from guard.cli.proposal import Terms, approvals_of, judged_as_approved, pins_of_environment
from guard.cli.recording import Record, account, recorded
from guard.cli.session import policy_files, session
from guard.errors import UnsupportedError, UsageError
from guard.model import Decision, RuleId, Verdict
from guard.plan import is_lock
from guard.policy import effective
from guard.policy.approvals_text import added
from guard.report.text import plain
from guard.rules import CATALOGUE

_SHOWN: Final = 20


def run(arguments: argparse.Namespace) -> int:
    """Judge the request as if it were approved, and approve it when nothing else speaks against."""
    _refuse(arguments)
    path = destination(policy_files(arguments.policy, arguments.approvals))
    words = ["--environment"] if arguments.environment else list(arguments.requirement)
    words += [f"-r {file}" for file in arguments.requirement_files]
    with recorded("approve", words, path) as record:
        code = _approve(arguments, path, record)
        record.says(exit_code=int(code))
    return code


def _approve(arguments: argparse.Namespace, path: Path, record: Record) -> int:
    terms = Terms(
        by=arguments.approved_by or account(),
        reason=arguments.reason or "",
        expires=last_day(arguments.expires, datetime.now(UTC)),
        only_opened=arguments.only_opened,
    )
    rules = _accepted_rules(arguments.accept)
    files = policy_files(arguments.policy, arguments.approvals)
    known = effective(replace(files, proposed=(path, Approvals())))[0].approvals
    arguments.approvals = None  # the file may not be there yet, and is in `files`
    if arguments.environment:
        arguments.requirement, arguments.no_deps = pins_of_environment(arguments), True
    with session(arguments, alone=True) as run:
        proposal, outcome = judged_as_approved(run, files, path, rules)
        record.judged(run, outcome)
        if outcome.judgement.decision is not Decision.ADMITTED:
            code = finish(outcome, run, arguments, done=None)
            sys.stderr.write(_why_not(outcome.judgement.verdicts, path, rules))
            return code
        installable(outcome)
        entries = approvals_of(run, outcome, proposal, terms)
        new = [e for e in entries if arguments.renew or not _holds(e, known, run.now)]
        done = _done(len(new), len(entries) - len(new), path)
        if arguments.output_format != "text":
            _write(path, new, terms.reason, record)
            return finish(outcome, run, arguments, done=done)
        finish(outcome, run, arguments, done=None)
    reason: str | None = terms.reason
    if new and not arguments.yes:
        reason = _agreed(new, path, reason)
    if reason is None:
        sys.stderr.write("nothing was approved\n")
        return ExitCode.DENIED
    _write(path, new, reason, record)
    sys.stderr.write(f"{done}\n")
    return ExitCode.OK


def _write(path: Path, new: Sequence[Approval], reason: str, record: Record) -> None:
    entries = [replace(entry, reason=reason) for entry in new]
    if entries:
        with record.changing():
            change(path, lambda text: added(text, entries, source=str(path)))


def _refuse(arguments: argparse.Namespace) -> None:
    """Refuse at once what could not be finished. Raises `UsageError`."""
    if arguments.yes and not arguments.reason:
        raise UsageError("`--yes` needs a `--reason`", hint="say why this is to be installed")
    if not arguments.yes and (arguments.output_format != "text" or not sys.stdin.isatty()):
        raise UsageError(
            "there is nobody to ask", hint="add `--yes --reason …` when you know what is approved"
        )
    if arguments.lock:
        if not is_lock(arguments.lock):
            raise UsageError(f"`{arguments.lock}` is no name for a lock file (PEP 751)")
        arguments.requirement_files = [*arguments.requirement_files, arguments.lock]
    asked = arguments.requirement or arguments.requirement_files
    if arguments.environment and asked:
        raise UnsupportedError(
            "an environment is approved as it is", hint="leave out `--environment`, or the rest"
        )


def _accepted_rules(given: Sequence[str]) -> frozenset[RuleId]:
    for rule in given:
        if rule not in CATALOGUE:
            raise UsageError(f"there is no rule `{rule}`", hint="`guard rule` lists them")
        if rule in NEVER:
            raise UsageError(
                f"no approval sets {rule} aside",
                hint="write an [[exempt]] that names the rule, or do without this release",
            )
    return frozenset(map(RuleId, given))


def _holds(entry: Approval, known: Approvals, now: datetime) -> bool:
    """Tell whether an approval that has not expired says all of this already."""
    (judged, *_) = entry.files
    for other in known.of(entry.name):
        found = other.file(judged.sha256)
        same = other.version == entry.version and found is not None and found.judged
        if same and not other.expired(now) and set(entry.accepted) <= set(other.accepted):
            return True
    return False


def _agreed(new: Sequence[Approval], path: Path, reason: str | None) -> str | None:
    """Show what would be approved, ask, and return the reason; `None` if it is not to be."""
    sys.stderr.write(f"\nTo be approved in `{path}`:\n")
    sys.stderr.writelines(f"  {plain(line)}\n" for line in _shown(new))
    reason = reason or _answer("Reason: ")
    if not reason or not reason.isprintable():
        return None
    return reason if _answer("Approve? [y/N] ").lower() in {"y", "yes"} else None


def _answer(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def _shown(new: Sequence[Approval]) -> Iterator[str]:
    for entry in new[:_SHOWN]:
        rules = ", ".join(dict.fromkeys(each.rule for each in entry.accepted))
        aside = f"; sets aside {rules}" if rules else ""
        until = f"; until {entry.expires}" if entry.expires else ""
        others = len(entry.files) - 1
        unopened = f", and {others} that nobody has opened" if others else ""
        yield f"{entry.title}: {entry.files[0].filename}{unopened}{aside}{until}"
    if len(new) > _SHOWN:
        yield f"… and {len(new) - _SHOWN} more"


def _done(new: int, held: int, path: Path) -> str:
    already = f"; {held} {'was' if held == 1 else 'were'} approved already" if held else ""
    if not new:
        return f"nothing to approve{already}"
    return f"{new} release{'' if new == 1 else 's'} approved in {path}{already}"


def _why_not(verdicts: Sequence[Verdict], path: Path, accepted: frozenset[RuleId]) -> str:
    """Say what would set a denial aside, where anything would."""
    against = {f.rule for v in verdicts for f in v.findings if f.holds and not f.unknown}
    lines = ["nothing was approved"]
    if fixed := sorted(against & NEVER):
        lines.append(f"   = {', '.join(fixed)}: no approval sets this aside")
    elif against and against <= accepted:
        lines.append(f"   = a policy below denies it: for that, `{path}` does not count")
    elif against:
        words = " ".join(f"--accept {rule}" for rule in sorted(against))
        lines.append(f"   = help: to set this aside, once you have read it: {words}")
    return "\n".join([*lines, ""])
