"""The `altered-file` rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Final

import msgspec

from guard.model import Absent, Altered, Candidate, Finding, Installation, Level, RuleId, Unknown
from guard.rules._base import Rule

_SHOWN: Final = 5


class AlteredFile(Rule, frozen=True, kw_only=True):
    """Denies installed releases whose files are not those that their RECORD lists.

    ## What it does

    Is asked by `guard audit` alone. Every file that an installed release lists in RECORD must be
    there, with that hash and that size. Files that are gone are held to `missing-level`: somebody
    may have removed tests to save room. Bytecode in `__pycache__` has no hash and is not compared.
    Where nothing lists the files of a release with their hashes, nothing is known of them.

    ## Why is this bad?

    Nothing edits the files of an installed release but a debugger's owner, a patch that nobody will
    remember, and an attacker who stays. A reinstall from the index shows which of them it was.

    ## Example

    ```toml
    [rules.altered-file]
    missing-level = "off"
    ```

    ## Remediation

    Look at the file, then install the release again with `--reinstall`. What is patched on purpose
    belongs into a release of your own, on an index of your own.
    """

    id: ClassVar = RuleId("altered-file")
    since: ClassVar = "0.1.0"

    missing_level: Annotated[
        Level, msgspec.Meta(description="The level for files that are listed and not there.")
    ] = Level.WARN

    def check(self, candidate: Candidate) -> Iterator[Finding]:
        match candidate.installation:
            case Absent():
                return
            case Unknown(reason):
                yield self.unknown("not known what is installed", cause=reason)
            case installation:
                yield from self._compared(installation)

    def _compared(self, installation: Installation) -> Iterator[Finding]:
        match installation.altered:
            case Absent():
                return
            case Unknown(reason):
                yield self.unknown("its files cannot be compared with anything", cause=reason)
            case altered:
                files = installation.files
                changed = [each for each in altered if not each.missing]
                missing = [each for each in altered if each.missing]
                if changed:
                    yield self._one(changed, files, "not as RECORD says")
                level = self.at_most(self.missing_level)
                if missing and level is not Level.OFF:
                    yield self._one(missing, files, "listed in RECORD, but not there", level)

    def _one(
        self, found: Sequence[Altered], files: int, words: str, level: Level | None = None
    ) -> Finding:
        first = found[0].path
        message = f"{len(found)} of {files} files, {first} among them, are {words}"
        if len(found) == 1:
            message = f"{first} is {words}"
        where = [f"where: {each.path!r}: {each.what}" for each in found[:_SHOWN]]
        if len(found) > _SHOWN:
            where.append(f"and {len(found) - _SHOWN} more")
        return self.finding(message, *where, level=level)
