"""What was asked for: requirement specifiers and files, read but never rewritten.

pip and uv read the same words again when they resolve. Reading them here serves to know which
versions are pinned and which digests are demanded, and to refuse what could not be judged (I7):
also whatever pip and uv do not read alike, for then nobody knows what was asked for.
"""

from __future__ import annotations

from guard.request.files import read
from guard.request.project import groups
from guard.request.specifier import direct_file
from guard.request.wanted import Group, IndexOptions, Request, Wanted

__all__ = ["Group", "IndexOptions", "Request", "Wanted", "direct_file", "groups", "read"]
