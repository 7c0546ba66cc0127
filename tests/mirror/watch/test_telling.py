"""People are told: by webhook and by mail, in order, and again until somebody takes it."""

from __future__ import annotations

import email
import email.policy
import hashlib
import hmac
import json
import ssl
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import insert

from guard.errors import UsageError
from guard.gateway.authority import issue
from guard.mirror.database import schema
from guard.mirror.database.notices import Notice, Notices
from guard.mirror.watch.notify.deliveries import Deliveries
from guard.mirror.watch.notify.mail import Login, Mail, mail, words
from guard.mirror.watch.notify.receiver import DeliveryError
from guard.mirror.watch.notify.webhook import webhook
from tests.advisory.records import a_record
from tests.builders import NOW
from tests.e2e.guarded import ago
from tests.mirror.watch.conftest import FROB
from tests.mirror.watch.receivers import Mailed, Posted, a_mail_server, a_web_server
from tests.mirror.watch.sites import Replica, Site

SECRET = "a secret of some length"  # noqa: S105 - of a test
LOGIN = Login(user="mirror", password="hunter2")  # noqa: S106 - the same
MALICIOUS = a_record("MAL-2026-7", versions=("1.0",), project="frob")


@pytest.fixture
def hook() -> Iterator[Posted]:
    with a_web_server() as posted:
        yield posted


def deliveries(replica: Replica, hook: Posted) -> Deliveries:
    return Deliveries(
        replica.mirror, [webhook(hook.url, SECRET)], name="https://mirror.example.com"
    )


def events(hook: Posted) -> list[tuple[str, object]]:
    told = [event for body in hook.bodies for event in json.loads(body)["events"]]
    return [(event["event"], event["data"].get("filename")) for event in told]


def test_a_revocation_is_told_once_and_so_is_its_end(site: Site, hook: Posted) -> None:
    with site.replica("one") as one, site.replica("two") as two:
        both = [deliveries(each, hook) for each in (one, two)]
        assert one.file(FROB).status == 200
        site.advise(MALICIOUS)
        one.tick()
        for each in both * 2:
            each.tick()
        assert events(hook) == [("file.revoked", FROB.filename)]
        site.advise()
        one.tick()
        both[1].tick()
        assert events(hook) == [("file.revoked", FROB.filename), ("file.restored", FROB.filename)]


def test_what_is_posted_is_what_the_documentation_says(replica: Replica, hook: Posted) -> None:
    told = deliveries(replica, hook)
    replica.file(FROB)
    replica.site.advise(MALICIOUS)
    replica.tick()
    told.tick()
    (body,), (headers,) = hook.bodies, hook.headers
    document = json.loads(body)
    assert document.keys() == {"schema", "mirror", "sent_at", "events"}
    assert (document["schema"], document["mirror"]) == (1, "https://mirror.example.com")
    (event,) = document["events"]
    assert event.keys() == {"id", "event", "at", "data"}
    finding = event["data"].pop("findings")[0]
    assert event["data"] == {
        "project": "frob",
        "version": "1.0",
        "filename": FROB.filename,
        "sha256": FROB.sha256,
        "state": "revoked",
    }
    assert finding["rule"] == "known-malware"
    seconds, _, given = headers["x-guard-signature"].partition(",")
    signed = seconds.removeprefix("t=").encode() + b"." + body
    assert given == "v1=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert SECRET not in str(headers)


def test_what_is_not_taken_is_sent_again_later_and_given_up_in_the_end(
    replica: Replica, hook: Posted
) -> None:
    told = deliveries(replica, hook)
    Notices(replica.mirror.database).add("test", {}, moment=NOW)
    hook.status = 500
    told.tick()
    told.tick()  # not due yet
    assert len(hook.bodies) == 1
    replica.site.clock.passes(minutes=1)
    told.tick()
    assert len(hook.bodies) == 2
    for _ in range(30):
        replica.site.clock.passes(hours=5)
        told.tick()
    assert len(hook.bodies) == 12
    (standing,) = told.standing().values()
    assert (standing.lost, standing.attempts) == (1, 0)
    hook.status = 204
    Notices(replica.mirror.database).add("test", {}, moment=NOW)
    replica.site.clock.passes(hours=5)
    told.tick()
    assert [event["id"] for event in json.loads(hook.bodies[-1])["events"]] == [2]


def test_a_receiver_is_not_told_of_what_was_before_it(replica: Replica, hook: Posted) -> None:
    Notices(replica.mirror.database).add("test", {}, moment=NOW)
    deliveries(replica, hook).tick()
    assert hook.bodies == []


def test_events_whose_numbers_may_still_come_are_waited_for(replica: Replica, hook: Posted) -> None:
    told = deliveries(replica, hook)
    notices = Notices(replica.mirror.database)
    notices.add("test", {"n": 1}, moment=NOW)
    with replica.mirror.database.begin() as connection:
        row = {"number": 3, "event": "test", "at": NOW, "data": '{"n": 3}'}
        connection.execute(insert(schema.notices).values(row))
    told.tick()
    assert len(json.loads(hook.bodies[0])["events"]) == 1
    with replica.mirror.database.begin() as connection:
        row = {"number": 2, "event": "test", "at": NOW, "data": '{"n": 2}'}
        connection.execute(insert(schema.notices).values(row))
    told.tick()
    assert [event["id"] for event in json.loads(hook.bodies[1])["events"]] == [2, 3]


def test_a_redirect_is_not_followed(replica: Replica, hook: Posted) -> None:
    with a_web_server() as other:
        hook.status, hook.location = 307, other.url
        with pytest.raises(DeliveryError, match="could not be told") as caught:
            webhook(hook.url, SECRET).tell([a_notice()], mirror="", moment=NOW)
        assert caught.value.reason == "HTTP 307"
        assert other.bodies == []
        assert "of-a-chat" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("http://chat.example.com/hook", SECRET),
        ("ftp://chat.example.com/hook", SECRET),
        ("file:///etc/passwd", SECRET),
        ("https://", SECRET),
        ("https://chat.example.com:port/", SECRET),
        ("https://chat.example.com/hook", "short"),
        ("https://chat.example.com/hook", None),
    ],
)
def test_what_is_no_webhook_is_refused(url: str, secret: str | None) -> None:
    with pytest.raises(UsageError):
        webhook(url, secret)


def test_requests_of_people_are_told(replica: Replica, hook: Posted) -> None:
    told = deliveries(replica, hook)
    told.tick()
    with replica.mirror.database.begin() as connection:
        person = {"number": 1, "name": "dev", "role": "requester", "created_at": NOW}
        connection.execute(insert(schema.people).values(person))
        asked = {"project": "frob", "version": "1.0", "reason": "needed", "requested_by": 1}
        asked |= {"requested_at": NOW, "state": "open"}
        connection.execute(insert(schema.requests).values(asked))
    told.tick()
    told.tick()
    (body,) = hook.bodies
    (event,) = json.loads(body)["events"]
    assert event["event"] == "request.opened"
    assert event["data"]["by"] == "dev"


def test_a_failure_is_told_once_until_it_is_over(replica: Replica) -> None:
    notices = Notices(replica.mirror.database)
    both = ("feed.failed", "feed.recovered")
    assert not notices.turned(both, None, moment=NOW)
    assert notices.turned(both, {"reason": "HTTP 500"}, moment=NOW)
    assert not notices.turned(both, {"reason": "HTTP 502"}, moment=NOW)
    assert notices.turned(both, None, moment=NOW)
    assert [n.event for n in notices.after(0, limit=9)] == ["feed.failed", "feed.recovered"]


def a_notice(event: str = "file.revoked", **data: object) -> Notice:
    said = {"filename": FROB.filename, "findings": [{"rule": "known-malware"}]} | data
    return Notice(number=7, event=event, at=NOW, data=said)


@pytest.fixture
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a mail server shows, and what trusts it."""
    made = issue(["127.0.0.1"], now=ago())
    return made.context, ssl.create_default_context(cadata=made.authority.decode())


def test_mail_is_sent_encrypted_to_a_server_that_is_trusted(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    serving, trusting = contexts
    with a_mail_server(serving) as mailed:
        sent = replace(a_mail(mailed, LOGIN), context=lambda: trusting)
        sent.tell([a_notice()], mirror="https://mirror.example.com", moment=NOW)
        assert mailed.encrypted == [True]
        message = email.message_from_bytes(mailed.messages[0], policy=email.policy.default)
        assert message["Subject"] == f"[guard mirror] revoked: {FROB.filename} (known-malware)"
        attached = next(iter(message.iter_attachments()))
        assert json.loads(attached.get_content())["events"][0]["id"] == 7
        before = mailed.dialogues[0][: mailed.dialogues[0].index("STARTTLS")]
        assert not any(line.startswith("AUTH") for line in before)
    assert "hunter2" not in repr(sent)


def test_mail_is_not_sent_to_a_server_that_shows_another_certificate(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    with a_mail_server(contexts[0]) as mailed:
        with pytest.raises(DeliveryError, match="was not sent"):
            a_mail(mailed, LOGIN).tell([a_notice()], mirror="", moment=NOW)
        assert mailed.messages == []
        assert not any("AUTH" in line for said in mailed.dialogues for line in said)


def test_only_a_server_on_this_machine_may_do_without_encryption() -> None:
    with a_mail_server(None) as mailed:
        a_mail(mailed).tell([a_notice()], mirror="", moment=NOW)
        assert mailed.encrypted == [False]


def a_mail(mailed: Mailed, login: Login | None = None) -> Mail:
    return mail(f"127.0.0.1:{mailed.port}", "mirror@example.com", ["sec@example.com"], login)


@pytest.mark.parametrize(
    ("server", "to"),
    [
        ("mail.example.com", "sec@example.com"),
        ("mail.example.com:0", "sec@example.com"),
        ("mail.example.com:587", "sec@example.com\nBcc: all@example.com"),
        ("mail.example.com:587", "Sec <sec@example.com>"),
        ("mail.example.com:587", "sec"),
    ],
)
def test_what_is_no_address_of_mail_is_refused(server: str, to: str) -> None:
    with pytest.raises(UsageError):
        mail(server, "mirror@example.com", [to])


def test_no_event_makes_a_second_line() -> None:
    said = words(a_notice("request.opened", by="dev\r\nBcc: x", project="frob", reason="a\x00b\nc"))
    assert said == "requested by dev Bcc: x: frob: a b c"
