"""The `ambiguous-archive` rule."""

from __future__ import annotations

from typing import ClassVar

from guard.model import RuleId
from guard.rules._contents import ContentRule


class AmbiguousArchive(ContentRule, frozen=True, kw_only=True):
    """Denies archives that two programs could unpack into different files.

    ## What it does

    Reads the ZIP file byte by byte: both headers of every member, the directory, the end
    record, every extra field, and each deflate stream to its last bit. The members must cover
    the file once, without gaps, overlaps, doubles, or anything before, between or behind them,
    and sizes and checksums must be those of the content. Whatever has a second reading is
    refused, with its place in the file and both readings.

    ## Why is this bad?

    Installers read the same archive from different ends. A wheel has been shown from which pip
    and uv install different files, and one from which pip installs another wheel that lies
    hidden in a comment. What a scanner saw is then not what runs.

    ## Example

    ```toml
    [rules.ambiguous-archive]
    level = "deny"
    ```

    ## Remediation

    Ask the project for a wheel that an ordinary build tool has written, and do not repack it:
    the hash would be another. The byte offset helps whoever makes the archive to find the
    fault. A file that was damaged on its way has a `hash-mismatch` as well.
    """

    id: ClassVar = RuleId("ambiguous-archive")
    since: ClassVar = "0.1.0"
