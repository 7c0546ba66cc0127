"""Every exception Guard raises on purpose.

* GuardError
  - UsageError          the command line, or a file it names, is wrong
    - UnsupportedError  what was asked for cannot be judged, so it is refused
    - TargetError       there is no such environment, or none was named
    - OutdatedError     a lock file is not what it would be now
  - PolicyError         the policy says what it may not, or not what it must
  - SourceError         something needed from outside could not be had: *undecided*
  - QuarantineError     the quarantine could not be read or written
  - EvidenceError       the journal or a receipt could not be written, or was changed
  - InstallerError      pip or uv failed, for a reason of its own
    - BuildError        a build backend failed, or did more than it may
  - MirrorError         the mirror's database or store could not be used
  - RefusedError        whoever asks the mirror may not do this, or not now

A denial is *not* an error: it is a `Verdict`.
"""

from __future__ import annotations

from typing import ClassVar


class GuardError(Exception):
    """What happened and to what (`message`), why (`reason`), and what to do next (`hint`)."""

    kind: ClassVar[str] = "failed"

    def __init__(self, message: str, *, reason: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.hint = hint


class UsageError(GuardError):
    """The command line, or a file that it names, is wrong."""

    kind = "usage"


class UnsupportedError(UsageError):
    """What was asked for cannot be judged before it runs, so it is refused, not passed through."""

    kind = "unsupported"


class TargetError(UsageError):
    """There is no such environment to install into, or none was named."""

    kind = "target"


class OutdatedError(UsageError):
    """A lock file is not what would be written now, or not what its requirements need."""

    kind = "outdated"


class PolicyError(GuardError):
    """The policy says what it may not, or does not say what it must: `at` is the key."""

    kind = "policy"

    def __init__(
        self,
        message: str,
        *,
        source: str | None = None,
        at: str | None = None,
        reason: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, reason=reason, hint=hint)
        self.source = source
        self.at = at


class SourceError(GuardError):
    """Something that is needed from outside could not be had, so nothing can be decided."""

    kind = "undecided"


class QuarantineError(GuardError):
    """The quarantine or a cache could not be read or written."""

    kind = "quarantine"


class EvidenceError(GuardError):
    """The journal or a receipt could not be read or written, or is not as it was left."""

    kind = "evidence"


class MirrorError(GuardError):
    """The mirror's database or its store could not be used: nothing is served meanwhile."""

    kind = "mirror"


class RefusedError(GuardError):
    """Whoever asks the mirror may not do this, or not now: `status` is HTTP's."""

    kind = "refused"

    def __init__(
        self,
        message: str,
        *,
        status: int,
        reason: str | None = None,
        hint: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message, reason=reason, hint=hint)
        self.status = status
        self.retry_after = retry_after


class InstallerError(GuardError):
    """Pip or uv failed for a reason of its own; `exit_code` and `output` are the tool's."""

    kind = "installer"

    def __init__(
        self,
        message: str,
        *,
        exit_code: int,
        output: str = "",
        reason: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, reason=reason, hint=hint)
        self.exit_code = exit_code
        self.output = output


class BuildError(InstallerError):
    """A source could not be built: its backend failed, or did more than it may."""

    kind = "build"
