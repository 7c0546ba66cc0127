"""How long work is watched: a run says what it does, and somebody may show it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told what happens, from any thread."""

    def step(self, words: str) -> None:
        """Say that a new phase begins."""

    def expect(self, files: int, size: int) -> None:
        """Say how many files, of how many bytes in all, are about to come."""

    def received(self, size: int) -> None:
        """Say how many more bytes have come."""

    def arrived(self, filename: str) -> None:
        """Say that a file is complete."""

    def done(self) -> None:
        """Say that nothing more is to be shown."""


class Silent:
    """Shows nothing."""

    def step(self, words: str) -> None:
        """Show nothing."""

    def expect(self, files: int, size: int) -> None:
        """Show nothing."""

    def received(self, size: int) -> None:
        """Show nothing."""

    def arrived(self, filename: str) -> None:
        """Show nothing."""

    def done(self) -> None:
        """Show nothing."""
