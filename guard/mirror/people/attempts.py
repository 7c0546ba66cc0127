"""How often an address may send tokens that are none."""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_ALLOWED: Final = 10
_WINDOW: Final = timedelta(minutes=1)
_REMEMBERED: Final = 10_000
"""Addresses; who is forgotten first has failed the longest ago."""


@dataclass(slots=True)
class _Failed:
    since: datetime
    times: int = 0


class Attempts:
    """Counts the wrong tokens of each address. Used by many threads at once."""

    def __init__(self, allowed: int = _ALLOWED, window: timedelta = _WINDOW) -> None:
        self._allowed = allowed
        self._window = window
        self._failed: OrderedDict[str, _Failed] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, address: str, moment: datetime) -> int:
        """Return for how many seconds the address may not try again; 0 where it may."""
        with self._lock:
            failed = self._current(network(address), moment)
            if failed is None or failed.times < self._allowed:
                return 0
            left = self._window - (moment - failed.since)
        return max(1, -(-left // timedelta(seconds=1)))

    def failed(self, address: str, moment: datetime) -> None:
        """Note that the address sent a wrong token."""
        key = network(address)
        with self._lock:
            failed = self._current(key, moment)
            if failed is None:
                failed = self._failed[key] = _Failed(moment)
            failed.times += 1
            self._failed.move_to_end(key)
            while len(self._failed) > _REMEMBERED:
                self._failed.popitem(last=False)

    def _current(self, key: str, moment: datetime) -> _Failed | None:
        failed = self._failed.get(key)
        if failed is not None and moment - failed.since >= self._window:
            del self._failed[key]
            return None
        return failed


def network(address: str) -> str:
    """Return what counts as one address: an IPv4 address, or the /64 that one customer has."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address[:100]
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    if known.ipv4_mapped:
        return str(known.ipv4_mapped)
    return str(ipaddress.ip_network((known, 64), strict=False))
