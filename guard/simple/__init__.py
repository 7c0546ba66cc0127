"""The Simple repository API as a document: a page of an index in, `ProjectPage` out.

Essential reading, in order: PEP 503 (HTML), PEP 691 (JSON), PEP 700 (upload times, sizes),
PEP 592 (yanked), PEP 740 (provenance), PEP 792 (project status).
"""

from __future__ import annotations

from guard.simple.page import PageError, PageFile, ProjectPage
from guard.simple.parse import ACCEPT, parse

__all__ = ["ACCEPT", "PageError", "PageFile", "ProjectPage", "parse"]
