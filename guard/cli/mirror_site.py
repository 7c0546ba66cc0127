"""Puts the whole server together: the hot routes, the web page and the API, and who may come in."""

from __future__ import annotations

from guard.mirror.people.authentication import Authentication
from guard.mirror.people.automatic import Automatic
from guard.mirror.people.examination import Examiner
from guard.mirror.people.gate import TokenGate
from guard.mirror.people.requests import Requests
from guard.mirror.people.tokens import Tokens
from guard.mirror.server.app import Application, Parts
from guard.mirror.web.app import application
from guard.mirror.web.site import Site


def composed(own: Parts) -> Application:
    """Return the application that a server runs."""
    mirror = own.mirror
    authentication = Authentication(Tokens(mirror.database), mirror.clock)
    site = Site(
        mirror=mirror,
        authentication=authentication,
        examiner=Examiner(own.owners.of, own.judge.admission, mirror.clock),
    )
    automatic = Automatic(Requests(mirror.database), mirror.clock)
    return Application(
        own,
        others=application(site),
        gate=TokenGate(authentication, anonymous=mirror.settings.anonymous),
        denied=automatic if mirror.settings.requests else None,
    )
