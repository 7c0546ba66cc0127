"""The `unowned-file` rule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final

import msgspec

from guard.model import Absent, Candidate, Finding, RuleId, Unknown
from guard.rules._base import Rule

Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]

_SHOWN: Final = 20


class UnownedFile(Rule, frozen=True, kw_only=True):
    """Denies files in an environment that belong to nobody and run without being asked for.

    ## What it does

    Is asked by `guard audit` alone. Looks for files that no installed distribution lists, where
    they have an effect of their own: `.pth` lines that begin with `import` or lead out of the
    environment, `.start` files, `sitecustomize` and `usercustomize`, modules that are imported in
    the place of a distribution's, and commands that take the place of the system's. Whatever else
    lies about does not matter here.

    ## Why is this bad?

    An installer lists what it writes, and removes it again. What runs at every start of Python and
    is in nobody's list was put there by something that does not mean to be removed.

    ## Example

    ```toml
    [rules.unowned-file]
    allow = ["8a4f1e7d2c5b9a60f3e8d7c6b5a4938271605f4e3d2c1b0a9f8e7d6c5b4a3928"]
    ```

    ## Remediation

    Read the file. If it is yours, allow it by the sha256 that the finding gives: of the line
    without its end where it is a line, else of the file. Otherwise remove it, and look for what
    else its author has left.
    """

    id: ClassVar = RuleId("unowned-file")
    since: ClassVar = "0.1.0"

    allow: Annotated[
        tuple[Sha256, ...],
        msgspec.Meta(description="The sha256 of lines and files that may stay, as findings say."),
    ] = ()

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        match candidate.unowned:
            case Absent():
                return
            case Unknown(reason):
                yield self.unknown("not known what lies there that is nobody's", cause=reason)
            case unowned:
                found = [each for each in unowned if each.sha256 not in self.allow]
                for each in found[:_SHOWN]:
                    yield self.finding(
                        f"{each.path} belongs to no distribution: {each.what}",
                        f"where: {each.path!r}",
                        f'help: if you have read it: rules.unowned-file.allow = ["{each.sha256}"]',
                    )
                if len(found) > _SHOWN:
                    yield self.finding(f"and {len(found) - _SHOWN} more files that are nobody's")
