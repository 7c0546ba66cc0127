"""Mail: what has happened, in words, with the same JSON attached."""

from __future__ import annotations

import hashlib
import ipaddress
import smtplib
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any, Final

from guard.errors import UsageError
from guard.mirror.database import notices as event
from guard.mirror.database.notices import Notice
from guard.mirror.watch.notify.receiver import DeliveryError, Receiver, document

_TIMEOUT: Final = 15.0
_SHOWN: Final = 50
"""Events that are told in words; the rest is in what is attached."""

_LONGEST: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A user of a mail server. The password is never shown."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail(Receiver):
    """Sends mail through one server: encrypted, unless it is on this machine."""

    host: str
    port: int
    sender: str
    to: tuple[str, ...]
    login: Login | None = None
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context

    @property
    def name(self) -> str:
        """The digest of whom it is for."""
        whom = f"{self.host}:{self.port} {' '.join(sorted(self.to))}"
        return f"mail {hashlib.sha256(whom.encode()).hexdigest()[:32]}"

    @property
    def shown(self) -> str:
        """Whom it is for."""
        return f"mail to {', '.join(self.to)}"

    def tell(self, notices: Sequence[Notice], *, mirror: str, moment: datetime) -> None:
        """Send one mail. Raises `DeliveryError`."""
        message = self._message(notices, mirror, moment)
        try:
            with smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT) as server:
                server.ehlo()
                if server.has_extn("starttls"):
                    server.starttls(context=self.context())
                    server.ehlo()
                elif not _is_loopback(self.host):
                    raise DeliveryError(
                        f"{self.shown} was not sent", reason=f"{self.host} offers no encryption"
                    )
                if self.login is not None:
                    server.login(self.login.user, self.login.password)
                server.send_message(message)
        except (smtplib.SMTPException, OSError) as error:
            # The server's own words may repeat what was sent to it.
            raise DeliveryError(f"{self.shown} was not sent", reason=type(error).__name__) from None

    def _message(self, notices: Sequence[Notice], mirror: str, moment: datetime) -> EmailMessage:
        lines = [words(notice) for notice in notices]
        more = len(lines) - _SHOWN
        message = EmailMessage()
        message["Subject"] = subject(lines)
        message["From"] = self.sender
        message["To"] = ", ".join(self.to)
        message["Date"] = format_datetime(moment)
        message["Message-ID"] = f"<{self.name.partition(' ')[2]}.{notices[-1].number}@guard.mirror>"
        message["Auto-Submitted"] = "auto-generated"
        text = [f"{mirror}:", "", *lines[:_SHOWN]]
        if more > 0:
            text.append(f"… and {more} more, in the attached document")
        message.set_content("\n".join([*text, ""]))
        message.add_attachment(
            document(notices, mirror=mirror, moment=moment),
            maintype="application",
            subtype="json",
            filename="events.json",
        )
        return message


def subject(lines: Sequence[str]) -> str:
    """Return what stands above a mail."""
    first = lines[0][:100]
    return f"[guard mirror] {first}" + (f" (+{len(lines) - 1})" if lines[1:] else "")


def words(notice: Notice) -> str:
    """Say an event in one line, whatever is in it."""
    data = notice.data
    release = " ".join(filter(None, (_text(data, "project"), _text(data, "version"))))
    match notice.event:
        case event.REVOKED | event.RESTORED:
            rules = ", ".join(str(f.get("rule")) for f in data.get("findings", ()))
            how = "revoked" if notice.event == event.REVOKED else "admitted again"
            said = f"{how}: {_text(data, 'filename')}" + (f" ({rules})" if rules else "")
        case event.DENIED:
            said = f"denied by {_text(data, 'by')}: {release}: {_text(data, 'reason')}"
        case event.LIFTED:
            said = f"denied no more, by {_text(data, 'by')}: {release}"
        case event.REQUESTED:
            said = f"requested by {_text(data, 'by')}: {release}: {_text(data, 'reason')}"
        case other:
            reason = _text(data, "reason")
            said = other + (f": {reason}" if reason else "")
    return _one_line(said)


def _text(data: Mapping[str, Any], key: str) -> str:
    return str(data.get(key) or "")


def _one_line(text: str) -> str:
    shown = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(shown.split())[:_LONGEST]


def mail(server: str, sender: str, to: Sequence[str], login: Login | None = None) -> Mail:
    """Return the mail through `HOST:PORT`. Raises `UsageError`."""
    host, _, port = server.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:  # noqa: PLR2004 - of ports
        raise UsageError("`--smtp` is no HOST:PORT", hint="such as mail.example.com:587")
    for address in (sender, *to):
        if parseaddr(address)[1] != address or "@" not in address or not address.isascii():
            raise UsageError(f"{address[:100]!r} is no mail address")
    return Mail(host=host.strip("[]"), port=int(port), sender=sender, to=tuple(to), login=login)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
