"""Puts the whole server together: the hot routes, the web page and the API, and who may come in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from guard.dsse import PrivateKey
from guard.mirror.mirror import Mirror
from guard.mirror.people.authentication import Authentication
from guard.mirror.people.automatic import Automatic
from guard.mirror.people.examination import Examiner
from guard.mirror.people.gate import TokenGate
from guard.mirror.people.requests import Requests
from guard.mirror.people.tokens import Tokens
from guard.mirror.server.app import Application, Parts
from guard.mirror.server.hosts import hosts_of
from guard.mirror.web.app import application
from guard.mirror.web.site import Site

if TYPE_CHECKING:
    from guard.mirror.people.identities import Identities


def composed(own: Parts, key: PrivateKey | None = None) -> Application:
    """Return the application that a server runs; `key` signs receipts."""
    mirror = own.mirror
    authentication = Authentication(Tokens(mirror.database), mirror.clock)
    known = _identities(mirror)
    site = Site(
        mirror=mirror,
        authentication=authentication,
        examiner=Examiner(own.owners.of, own.judge.admission, mirror.clock),
        provider=known.provider if known else None,
        exchange=known.exchange if known else None,
    )
    automatic = Automatic(Requests(mirror.database), mirror.clock)
    return Application(
        own,
        others=application(site),
        gate=TokenGate(authentication, anonymous=mirror.settings.anonymous),
        denied=automatic if mirror.settings.requests else None,
        hosts=hosts_of(mirror.settings.host, mirror.settings.public_url),
        key=key,
    )


def _identities(mirror: Mirror) -> Identities | None:
    """Return whom else is believed. Raises `PolicyError`."""
    settings = mirror.settings
    path = settings.identities or settings.data / "identities.toml"
    if settings.identities is None and not path.is_file():
        return None
    from guard.mirror.people.identities import identities  # noqa: PLC0415 - [mirror-scale]

    return identities(
        path,
        mirror.database,
        public_url=settings.public_url or f"http://{settings.host}:{settings.port}",
        client_secret=os.environ.get("GUARD_MIRROR_CLIENT_SECRET") or None,
    )
