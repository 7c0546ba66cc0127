"""What somebody else wrote of releases: lock files, requirements and SBOMs, read as one list.

A reader fetches nothing and judges nothing. What it cannot read it refuses, and what is no Python
package it counts: nothing that a document names goes by unseen.
"""

from __future__ import annotations

from guard.inventory._base import Format, Inventory, Listed
from guard.inventory._read import read

__all__ = ["Format", "Inventory", "Listed", "read"]
