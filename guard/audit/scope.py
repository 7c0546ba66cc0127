"""Which rules are asked of what exists already. The choice is made here and nowhere else.

Everything that can be known of a release of a lock is known of one to be installed, so all rules
are asked of it. Of the others not all make sense.
"""

from __future__ import annotations

from typing import Final

from guard.rules import CATALOGUE
from guard.rules.fresh_upload import FreshUpload
from guard.rules.hash_mismatch import HashMismatch
from guard.rules.source_distribution import SourceDistribution
from guard.rules.unapproved_file import UnapprovedFile
from guard.rules.unowned_file import UnownedFile
from guard.rules.vanished_file import VanishedFile
from guard.rules.yanked_file import YankedFile

INSTALLED: Final = frozenset(CATALOGUE) - {SourceDistribution.id}
"""Of an installed release. Nothing will be built any more; what was is past the guard, and said so.

`fresh-upload` stays. It counts from the upload, so what was installed long ago passes, and what
is younger than the cooldown is what one wants to hear of, the more so when it runs already.
"""

OTHERS: Final = frozenset(
    rule.id for rule in (FreshUpload, YankedFile, VanishedFile, HashMismatch, UnapprovedFile)
)
"""Of the files that a document lists for a release beside the one that would be chosen here.

A lock for every platform lists a hundred of them: their page says all of this without a request
more. Whatever is about the release as a whole is asked of the chosen one.
"""

NOBODYS: Final = frozenset({UnownedFile.id})
"""Of an environment itself: only what belongs to none of its releases."""
