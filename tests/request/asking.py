"""Requests written to files, and what the guard reads in them."""

from __future__ import annotations

from pathlib import Path

from guard.request import Request, Wanted, read


def asked(*specifiers: str) -> Wanted:
    """What the guard reads in arguments."""
    return read(Request(specifiers=specifiers))


def in_file(folder: Path, text: str | bytes, name: str = "requirements.txt") -> Wanted:
    """What the guard reads in a requirements file of that content."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read(Request(requirement_files=(path,)))
