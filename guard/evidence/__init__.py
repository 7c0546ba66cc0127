"""What a run leaves behind: receipts of what was handed over, and the journal of what was done."""

from __future__ import annotations

from guard.evidence.journal import Against, Entry, Event, Journal
from guard.evidence.receipt import Receipts, Run

__all__ = ["Against", "Entry", "Event", "Journal", "Receipts", "Run"]
