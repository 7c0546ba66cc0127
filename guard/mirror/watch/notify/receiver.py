"""What is sent, whoever receives it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from guard.errors import SourceError
from guard.mirror.database.notices import Notice

SCHEMA: Final = 1


class DeliveryError(SourceError):
    """A receiver did not take what it was sent: it is sent again."""


class Receiver(ABC):
    """Somebody who is told of events."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Names it in the database: at most 128 characters, nothing secret."""

    @property
    @abstractmethod
    def shown(self) -> str:
        """Names it for people: nothing secret."""

    @abstractmethod
    def tell(self, notices: Sequence[Notice], *, mirror: str, moment: datetime) -> None:
        """Send events, the oldest first. Raises `DeliveryError`."""


def document(notices: Sequence[Notice], *, mirror: str, moment: datetime) -> bytes:
    """Return the JSON that is sent: docs/reference/mirror-events.md."""
    events: list[Mapping[str, Any]] = [
        {
            "id": notice.number,
            "event": notice.event,
            "at": f"{notice.at:%Y-%m-%dT%H:%M:%SZ}",
            "data": notice.data,
        }
        for notice in notices
    ]
    said = {"schema": SCHEMA, "mirror": mirror, "sent_at": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}
    return msgspec.json.encode(said | {"events": events})
