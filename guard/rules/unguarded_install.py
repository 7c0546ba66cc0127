"""The `unguarded-install` rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from guard.model import Absent, Candidate, Finding, Installation, Level, RuleId, Unknown
from guard.rules._base import Rule


class UnguardedInstall(Rule, frozen=True, kw_only=True):
    """Warns of installed releases that nobody had judged before they were installed.

    ## What it does

    Is asked by `guard audit` alone. Looks for a file of the release that the guard or an approval
    has let in, and compares the RECORD of what is installed with the RECORD in that file. A release
    that was let in by name does not count: it must be these files. The pip that `python -m venv`
    puts into a new environment is the environment's own, where its files are those of the wheel
    that came with the interpreter. Where the policy says `approval = "required"`, the finding is
    held to `required-level`.

    ## Why is this bad?

    What was installed with plain pip ran nothing that the policy demands: no cooldown, no look
    inside, no comparison with what the index promised. It may also be another file than the one
    that is on the index by that name.

    ## Example

    ```toml
    [rules.unguarded-install]
    level = "deny"
    ```

    ## Remediation

    `guard install --reinstall NAME==VERSION` judges the release and installs the judged file in its
    place. `guard audit --full` fetches the file from the index and compares. Where a machine is
    adopted as it is, `guard approve --environment` writes down what it has.
    """

    id: ClassVar = RuleId("unguarded-install")
    since: ClassVar = "0.1.0"

    level: Level = Level.WARN
    required_level: Annotated[
        Level, msgspec.Meta(description='The level where the policy has `approval = "required"`.')
    ] = Level.DENY
    required: Annotated[
        bool,
        msgspec.Meta(description='Whether `approval = "required"`.', extra={"table": "approval"}),
    ] = False

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        match candidate.installation:
            case Absent():
                return
            case Unknown(reason):
                yield self.unknown("not known what is installed", cause=reason, level=self._level())
            case installation:
                yield from self._found(installation)

    def _found(self, installation: Installation) -> Iterator[Finding]:
        level = self._level()
        if level is Level.OFF:
            return
        by = f"INSTALLER: {installation.installer}" if installation.installer else "no INSTALLER"
        detail = (by, *self._policy())
        match installation.admitted:
            case Absent(reason):
                yield self.finding(f"installed past the guard: {reason}", *detail, level=level)
            case Unknown(reason):
                message = "not known whether the guard let it in"
                yield self.unknown(message, *detail, cause=reason, level=level)
            case str():
                return

    def _level(self) -> Level:
        return self.required_level if self.required else self.level

    def _policy(self) -> Iterator[str]:
        if self.required:
            yield 'policy: approval = "required"'
