"""Logins of people and tokens of CI, with an issuer that may lie."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from joserfc.jwk import ECKey

from guard.errors import PolicyError
from guard.mirror.people.identities import identities
from guard.mirror.people.person import Role
from tests.mirror.backends import Kept
from tests.mirror.people.issuer import FakeIssuer, shared_secret
from tests.mirror.people.office import Office
from tests.mirror.people.served import Mirrored, mirrored

AUDIENCE = "https://mirror.example.com"
OURS = {"repository": "acme/gateway", "ref": "refs/heads/main"}


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    with FakeIssuer() as running:
        yield running


@pytest.fixture
def mirror(tmp_path: Path, issuer: FakeIssuer, kept: Kept) -> Iterator[Mirrored]:
    path = tmp_path / "identities.toml"
    path.write_text(
        f'[login]\nname = "Acme"\nissuer = "{issuer.url}"\nclient-id = "mirror"\n'
        'role = "reader"\n\n'
        f'[[exchange]]\nname = "gateway"\nissuer = "{issuer.url}"\naudience = "{AUDIENCE}"\n'
        'claims = { repository = "acme/*", ref = ["refs/heads/main", "refs/tags/*"] }\n'
    )
    with mirrored(tmp_path, identities=path, anonymous=False, kept=kept) as running:
        yield running


def now(mirror: Mirrored) -> float:
    return float(mirror.office.clock().timestamp())


def exchanged(mirror: Mirrored, token: str) -> requests.Response:
    return mirror.call("POST", "/api/v1/exchange", json={"token": token})


def log_in(mirror: Mirrored, issuer: FakeIssuer, **claims: Any) -> requests.Response:
    """A browser that goes where it is sent."""
    issuer.claims = {"now": now(mirror), "email": "alice@example.com"} | claims
    return mirror.browser().session.get(mirror.url + "/login/provider", timeout=30)


def test_somebody_new_logs_in_and_may_read(mirror: Mirrored, issuer: FakeIssuer) -> None:
    assert "Log in with Acme" in mirror.browser().get("/login")
    came = log_in(mirror, issuer)
    assert came.url == mirror.url + "/requests"
    assert "alice@example.com" in came.text
    (person,) = mirror.office.roster.all()
    assert (person.name, person.role) == ("alice@example.com", Role.READER)
    assert person.subject == f"{issuer.url} somebody"
    assert mirror.office.actions() == ["person add", "login"]


def test_whoever_came_before_is_known_by_the_subject(mirror: Mirrored, issuer: FakeIssuer) -> None:
    log_in(mirror, issuer)
    mirror.office.roster.role("alice@example.com", Role.APPROVER, mirror.office.act)
    came = log_in(mirror, issuer, email="alice.smith@example.com")
    assert '<span class="role">approver</span>' in came.text
    assert len(mirror.office.roster.all()) == 1
    came = log_in(mirror, issuer, sub="mallory")
    assert came.status_code == 403, "a name that is taken is not another way in"
    assert len(mirror.office.roster.all()) == 1


def test_whoever_is_disabled_stays_out(mirror: Mirrored, issuer: FakeIssuer) -> None:
    log_in(mirror, issuer)
    mirror.office.roster.disable("alice@example.com", mirror.office.act, disabled=True)
    assert log_in(mirror, issuer).status_code == 403


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another-client"},
        {"aud": ["mirror", "another-client"]},
        {"iss": "https://evil.example.com"},
        {"exp": 1},
        {"email_verified": False},
    ],
)
def test_what_does_not_hold_lets_nobody_in(
    mirror: Mirrored, issuer: FakeIssuer, claims: dict[str, Any]
) -> None:
    came = log_in(mirror, issuer, **claims)
    assert came.status_code in {401, 403}
    assert "guard-session" not in came.headers.get("Set-Cookie", "")
    assert mirror.office.roster.all() == []


def test_a_login_that_another_browser_began_is_none(mirror: Mirrored, issuer: FakeIssuer) -> None:
    """Else somebody could make a victim's browser log in as themselves."""
    issuer.claims = {"now": now(mirror), "email": "mallory@example.com"}
    mallory = mirror.browser().session
    sent = mallory.get(mirror.url + "/login/provider", allow_redirects=False, timeout=9)
    back = mallory.get(sent.headers["Location"], allow_redirects=False, timeout=9)
    victim = mirror.browser().session
    came = victim.get(back.headers["Location"], timeout=9)
    assert came.status_code == 403
    assert "not begun here" in came.text
    assert victim.get(mirror.url + "/login/callback?code=x&state=", timeout=9).status_code == 403


def test_a_provider_that_refuses_or_is_away_is_said(mirror: Mirrored, issuer: FakeIssuer) -> None:
    issuer.wrong["/token"] = {"error": "access_denied"}
    assert log_in(mirror, issuer).status_code == 401
    issuer.wrong["/token"] = b"x" * (2 << 20)
    assert log_in(mirror, issuer).status_code == 503
    assert mirror.office.roster.all() == []


def test_ci_exchanges_its_token_for_one_to_read_with(mirror: Mirrored, issuer: FakeIssuer) -> None:
    assert mirror.call("GET", "/simple/frob/").status_code == 401
    came = exchanged(mirror, issuer.token(now(mirror), aud=AUDIENCE, **OURS))
    assert came.status_code == 200, came.text
    secret = came.json()["token"]
    assert mirror.call("GET", "/simple/frob/", secret).status_code == 200
    asked = {"release": "frob==1.0", "reason": "mine"}
    assert mirror.call("POST", "/api/v1/requests", secret, json=asked).status_code == 403
    (kept,) = mirror.office.tokens.all()
    assert (kept.person, kept.scope, kept.label) == ("ci: gateway", Role.READER, "somebody")
    assert kept.expires is not None
    assert kept.expires - kept.created_at == timedelta(minutes=15)
    assert mirror.office.actions() == ["person add", "exchange"]


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"repository": "evil/gateway"}, 403),
        ({"repository": "acme/gateway/more"}, 403),
        ({"repository": None}, 403),
        ({"repository": ["acme/gateway"]}, 403),
        ({"ref": "refs/heads/feature"}, 403),
        ({"aud": "https://other.example.com"}, 401),
        ({"aud": None}, 401),
        ({"iss": "https://evil.example.com"}, 401),
        ({"exp": 1}, 401),
        ({"exp": None}, 401),
        ({"iat": 1}, 401),
        ({"iat": "now"}, 401),
        ({"nbf": 99999999999}, 401),
        ({"sub": None}, 401),
    ],
)
def test_other_tokens_are_not_exchanged(
    mirror: Mirrored, issuer: FakeIssuer, claims: dict[str, Any], status: int
) -> None:
    token = issuer.token(now(mirror), **{"aud": AUDIENCE} | OURS | claims)
    assert exchanged(mirror, token).status_code == status
    assert mirror.office.tokens.all() == []


def test_nor_are_those_that_somebody_else_signed(mirror: Mirrored, issuer: FakeIssuer) -> None:
    good = issuer.token(now(mirror), aud=AUDIENCE, **OURS)
    head, body, signature = good.split(".")
    none = "eyJhbGciOiJub25lIn0"
    theirs = ECKey.generate_key("P-256", {"kid": "one"})
    for token in (
        issuer.token(now(mirror), theirs, aud=AUDIENCE, **OURS),
        issuer.token(now(mirror), shared_secret(), "HS256", aud=AUDIENCE, **OURS),
        f"{none}.{body}.",
        f"{none}.{body}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}",
        "..",
        "",
        "é.é.é",
        "a" * 20_000,
    ):
        assert exchanged(mirror, token).status_code in {401, 429}
    assert mirror.office.tokens.all() == []


def test_new_keys_are_fetched_and_not_for_every_token(mirror: Mirrored, issuer: FakeIssuer) -> None:
    assert exchanged(mirror, issuer.token(now(mirror), aud=AUDIENCE, **OURS)).status_code == 200
    bad = issuer.token(now(mirror), ECKey.generate_key("P-256"), aud=AUDIENCE, **OURS)
    for _ in range(5):
        assert exchanged(mirror, bad).status_code == 401
    assert issuer.asked.count("/keys") == 1


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/.well-known/openid-configuration", b"not json"),
        ("/.well-known/openid-configuration", b"[]"),
        ("/.well-known/openid-configuration", {"issuer": "https://evil.example.com"}),
        ("/keys", b"x" * (2 << 20)),
        ("/keys", {"keys": "none"}),
        ("/keys", {"keys": [{"kty": "EC"}]}),
        ("/keys", b"[" * 100_000),
    ],
)
def test_an_issuer_that_says_nonsense_is_away(
    mirror: Mirrored, issuer: FakeIssuer, path: str, said: Any
) -> None:
    issuer.wrong[path] = said
    came = exchanged(mirror, issuer.token(now(mirror), aud=AUDIENCE, **OURS))
    assert came.status_code == 503
    assert came.headers["Retry-After"] == "10"


_LOGIN = '[login]\nissuer = "https://a"\nclient-id = "x"\n'
_EXCHANGE = '[[exchange]]\nname = "a"\nissuer = "https://a"\naudience = "b"\n'


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("[login]\nissuer = 1", "login.issuer"),
        (_LOGIN.replace("https:", "http:"), "login.issuer"),
        (_LOGIN + 'role = "admin"', "login.role"),
        (_LOGIN + "more = 1", "login"),
        (_EXCHANGE + "claims = {}", "exchange"),
        (_EXCHANGE + 'claims = { sub = "x" }\nlifetime = "9 days"', "exchange[0].lifetime"),
    ],
)
def test_a_file_that_says_what_it_may_not_is_refused(
    office: Office, tmp_path: Path, text: str, at: str
) -> None:
    path = tmp_path / "identities.toml"
    path.write_text(text)
    with pytest.raises(PolicyError) as caught:
        identities(path, office.database, public_url="https://m", client_secret=None)
    assert at in str(caught.value.at)
