"""The `record-mismatch` rule."""

from __future__ import annotations

from typing import ClassVar

from guard.model import RuleId
from guard.rules._contents import ContentRule


class RecordMismatch(ContentRule, frozen=True, kw_only=True):
    """Denies wheels whose RECORD does not list exactly the files that are in them.

    ## What it does

    Compares RECORD with the archive, both ways: every file is listed once, with its size and a
    sha256, sha384 or sha512 that is right, and nothing is listed that is not there. Only RECORD
    itself and its signatures may be without a hash. A RECORD that is not UTF-8, spells a path
    in a second way or gives a weak hash does not count as one.

    ## Why is this bad?

    RECORD is what an uninstall removes and what an audit compares with. No installer checks it:
    pip and uv install a wheel with a wrong hash, with files that nobody listed, and with lines
    that lead out of the environment. Build tools get it right, so a difference says that the
    wheel was changed after it was built.

    ## Example

    ```toml
    [rules.record-mismatch]
    level = "deny"
    ```

    ## Remediation

    Install another release, and tell the project: of more than 13,000 well-known projects that
    were looked at, eight had such a wheel. If you repack wheels yourself, let `wheel pack`
    write RECORD.
    """

    id: ClassVar = RuleId("record-mismatch")
    since: ClassVar = "0.1.0"
