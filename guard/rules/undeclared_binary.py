"""The `undeclared-binary` rule."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import ClassVar, Final

from guard.artifact.content import Binary, Content, where
from guard.artifact.known import LAUNCHERS
from guard.model import Candidate, Finding, Level, RuleId
from guard.rules._contents import ContentRule

_SHOWN: Final = 4


class UndeclaredBinary(ContentRule, frozen=True, kw_only=True):
    """Warns of native or compiled code in a wheel that does not say that it has any.

    ## What it does

    Tells ELF, PE and Mach-O files by their first bytes, whatever they are called, and finds them in
    wheels for any platform and under names like `.png` or `.json`. Compiled Python is found where
    its source is missing, and where it could run in place of a source that says something else.
    The launchers that setuptools, distlib and pip carry are known by their sha256.

    ## Why is this bad?

    Nobody can read such a file, and nobody looks for it there. The wheel that took the place of
    torchtriton in 2022 carried its stealer as an executable beside the modules. Honest projects do
    it too, for convenience: that is why this rule warns.

    ## Example

    ```toml
    [rules.undeclared-binary]
    level = "deny"
    ```

    ## Remediation

    Ask the project for wheels per platform, which say what they hold. If you know the files, an
    `[[exempt]]` entry with the sha256 of the wheel keeps the finding from the next one.
    """

    id: ClassVar = RuleId("undeclared-binary")
    since: ClassVar = "0.1.0"

    level: Level = Level.WARN

    def inside(self, content: Content, candidate: Candidate) -> Iterator[Finding]:
        for (form, reason), group in groupby(_undeclared(content), key=_sort):
            yield self._objection(f"{form} {reason}", list(group))

    def _objection(self, message: str, found: list[Binary]) -> Finding:
        places = [*_places(found[:_SHOWN])]
        if len(found) > _SHOWN:
            places.append(f"where: and in {len(found) - _SHOWN} more files")
        return self.finding(message, *places)


def _undeclared(content: Content) -> list[Binary]:
    found = (b for b in content.binaries if b.undeclared and b.sha256 not in LAUNCHERS)
    return sorted(found, key=lambda binary: (*_sort(binary), binary.member))


def _sort(binary: Binary) -> tuple[str, str]:
    return binary.format.value, binary.undeclared or ""


def _places(found: list[Binary]) -> Iterator[str]:
    for binary in found:
        yield from where(binary.member, binary.offset)
