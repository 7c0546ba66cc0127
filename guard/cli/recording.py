"""What a command leaves behind: the hook that every command has which changes something.

Before anything is changed, its receipts and its entry in the journal are on the disk, or it is not
changed. That it is over is written after; where that fails, a warning says so.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import re
import secrets
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

import guard
from guard.admission import Judgement
from guard.cli.exit import ExitCode, of_decision, of_error
from guard.cli.session import Session, state_folder
from guard.dsse import PrivateKey, SealError, private_key
from guard.errors import EvidenceError, GuardError, PolicyError, SourceError
from guard.evidence import Against, Entry, Event, Journal, Receipts, Run
from guard.evidence.digests import policy_digest
from guard.evidence.receipt import VERIFIER
from guard.install.flow import Outcome
from guard.model import Admitted, Decision
from guard.policy import Layer
from guard.policy.load import SHIPPED
from guard.redacted import without_secrets
from guard.report.text import plain
from guard.request import Request

_SECRET: Final = re.compile(r"--(?:proxy|(?:[a-z-]+-)?(?:password|token|secret))")


class Record:
    """One run, as it will stand in the journal."""

    def __init__(self, command: str, asked: Sequence[str], target: Path | None) -> None:
        now = datetime.now(UTC)
        self._journal = journal()
        self._begun = False
        self._run: Run | None = None
        self._entry = Entry(
            time=now,
            run=f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}",
            event=Event.BEGUN,
            command=command,
            guard=guard.__version__,
            by=account(),
            asked=tuple(words_without_secrets(asked)),
            target=str(target) if target else None,
        )

    def says(self, **more: object) -> None:
        """Set what an entry has to say beyond what every one says."""
        self._entry = msgspec.structs.replace(self._entry, **more)

    def judged(self, session: Session, outcome: Outcome) -> Outcome:
        """Note the judgement, and return it."""
        judgement, entry = outcome.judgement, self._entry
        verdicts = judgement.verdicts
        digest = policy_digest(session.policy)
        self.says(
            policy=digest,
            decision=judgement.decision,
            exit_code=of_decision(judgement.decision),
            files=len(verdicts),
            projects=tuple(sorted({str(v.candidate.file.project) for v in verdicts})),
            against=tuple(_against(judgement)),
        )
        self._run = Run(
            id=entry.run,
            command=entry.command,
            guard=entry.guard,
            policy=session.policy,
            policy_uri=_uri(session.layers),
            policy_digest=digest,
        )
        return outcome

    @contextlib.contextmanager
    def changing(self, admitted: Sequence[Admitted] = ()) -> Iterator[None]:
        """Let something be changed, once it is written down that it will be.

        Whoever is handed artifacts passes them in: each gets its receipt. Raises `EvidenceError`,
        and then nothing may be changed.
        """
        if admitted and self._run is not None:
            written = receipts().write(self._run, admitted, _signing_key())
            self.says(receipts=written)
        self._append(Event.BEGUN)
        self._begun = True
        yield

    def passed(self, reason: str) -> None:
        """Write that a command goes past the guard. Raises `EvidenceError`: then it must not."""
        self.says(reason=reason)
        self._append(Event.PASSED)

    def over(self, exit_code: int | None = None, reason: str | None = None) -> None:
        """Write that the run is over; a warning says it where that cannot be written."""
        if exit_code is not None:
            self.says(exit_code=exit_code, reason=reason and without_secrets(reason))
        elif self._entry.exit_code is None:
            self.says(exit_code=int(ExitCode.OK))
        try:
            self._append(Event.DONE)
        except EvidenceError as error:
            what = "how it ended" if self._begun else "the run"
            sys.stderr.write(f"warning: {what} is not in the journal: {plain(error.message)}")
            sys.stderr.write(f" ({plain(error.reason)})\n" if error.reason else "\n")

    def _append(self, event: Event) -> None:
        code = self._entry.exit_code if event is Event.DONE else None
        now = datetime.now(UTC)
        self._journal.append(
            msgspec.structs.replace(self._entry, event=event, time=now, exit_code=code)
        )


@contextlib.contextmanager
def recorded(
    command: str, asked: Sequence[str] = (), target: Path | None = None
) -> Iterator[Record]:
    """Yield the record of a run; whatever the run comes to is in the journal at the end."""
    record = Record(command, asked, target)
    try:
        yield record
    except GuardError as error:
        if isinstance(error, SourceError):
            record.says(decision=Decision.UNDECIDED)
        record.over(of_error(error), ": ".join(filter(None, (error.message, error.reason))))
        raise
    except KeyboardInterrupt:
        record.over(ExitCode.INTERRUPTED, "interrupted")
        raise
    else:
        record.over()


def asked_for(request: Request) -> list[str]:
    """Return what stood on the command line of a request."""
    files = [f"-r {path}" for path in request.requirement_files]
    return [*request.specifiers, *files]


def journal() -> Journal:
    """Return the journal of this user."""
    return Journal(state_folder())


def receipts() -> Receipts:
    """Return the receipts of this user."""
    return Receipts(state_folder() / "receipts")


def account() -> str:
    """Return the name of this account: an address in git's configuration may be a checkout's."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def words_without_secrets(words: Sequence[str]) -> Iterator[str]:
    """Yield the words of a command line, without what is a password after an option for one."""
    option = ""
    for word in words:
        name, assigned, value = word.partition("=")
        if option:
            yield _kept_of(option, word)
            option = ""
        elif _SECRET.fullmatch(name):
            option = "" if assigned else name
            yield f"{name}={_kept_of(name, value)}" if assigned else name
        else:
            yield without_secrets(word)


def _kept_of(option: str, value: str) -> str:
    """Return what may be shown of the value of a secret option: a proxy's host."""
    return without_secrets(value).rpartition("@")[2] if option == "--proxy" else "…"


def _against(judgement: Judgement) -> Iterator[Against]:
    """Yield each file that made the decision, with the rules that did it.

    Under a denial, what nobody went on to find out is left out.
    """
    denied = judgement.decision is Decision.DENIED
    for verdict in judgement.verdicts:
        if verdict.decision is judgement.decision is not Decision.ADMITTED:
            held = (f for f in verdict.findings if f.holds and not (denied and f.unknown))
            rules = tuple(dict.fromkeys(str(finding.rule) for finding in held))
            yield Against(file=verdict.candidate.file.filename, rules=rules)


def _uri(layers: Sequence[Layer]) -> str:
    """Return where the topmost of the policy's files is; a preset is part of this program."""
    top = layers[-1].path if layers else "default"
    if top in SHIPPED:
        return f"{VERIFIER}@{guard.__version__}#policies/{top}.toml"
    return Path(top).absolute().as_uri()


def _signing_key() -> PrivateKey | None:
    """Return the key that GUARD_SIGNING_KEY names, where it names one. Raises `PolicyError`."""
    named = os.environ.get("GUARD_SIGNING_KEY")
    return signing_key(Path(named)) if named else None


def signing_key(path: Path) -> PrivateKey:
    """Return the private key at `path`. Raises `PolicyError`."""
    try:
        return private_key(path)
    except SealError as error:
        raise PolicyError(
            f"nothing can be signed with `{path}`",
            reason=str(error),
            hint="make a key with `openssl genpkey -algorithm ed25519 -out FILE`",
        ) from None
