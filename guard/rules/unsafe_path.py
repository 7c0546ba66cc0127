"""The `unsafe-path` rule."""

from __future__ import annotations

from typing import ClassVar

from guard.model import RuleId
from guard.rules._contents import ContentRule


class UnsafePath(ContentRule, frozen=True, kw_only=True):
    """Denies wheels with a path that leads elsewhere, or to different files on different systems.

    ## What it does

    Looks at every name in the archive, and at where it would land once the `.data` folder is
    unpacked. Denied are ways out of the folder, absolute paths, drives, backslashes, device
    names, control and invisible characters, two names that are one where case or Unicode forms
    are folded, links and special modes; further what would land where another member does, or
    nowhere, or among the files of the environment itself: `pyvenv.cfg`, `pip.conf`, the standard
    library, the DLLs beside `python.exe`.

    ## Why is this bad?

    Such a path writes outside of the environment, over a file that is not its own, or passes a
    check under one name and is installed under another. The installers disagree: pip refuses
    `../x`, uv skips it without a word, and both let a wheel replace the configuration of the
    environment.

    ## Example

    ```toml
    [rules.unsafe-path]
    level = "deny"
    ```

    ## Remediation

    No build tool writes such a name by itself. Ask the project for a clean file, or install
    another release. Two names that differ in case only are mended by renaming one of them.
    """

    id: ClassVar = RuleId("unsafe-path")
    since: ClassVar = "0.1.0"
