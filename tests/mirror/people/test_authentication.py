"""Who sends a request, and how often somebody may guess."""

from __future__ import annotations

import base64
import logging

import pytest

from guard.errors import RefusedError
from guard.mirror.people.authentication import Authentication
from guard.mirror.people.person import Role
from tests.mirror.people.office import Office

HERE = "192.0.2.1"


@pytest.fixture
def authentication(office: Office) -> Authentication:
    office.person("alice")
    return Authentication(office.tokens, office.clock)


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "basic", "alice", "__token__", ""])
def test_it_comes_as_pip_uv_and_programs_send_it(
    office: Office, authentication: Authentication, form: str
) -> None:
    secret = office.token("alice").secret
    header = form.format(secret) if "{}" in form else basic(form, secret)
    caller = authentication.of_header(header, HERE)
    assert caller is not None
    assert caller.name == "alice"


def test_without_a_header_nobody_is_there(authentication: Authentication) -> None:
    assert authentication.of_header(None, HERE) is None


@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic !!", "Basic YQ==", "Digest x", "Bearer", basic("a", "b"), "Basic /w=="],
)
def test_anything_else_is_refused(authentication: Authentication, header: str) -> None:
    with pytest.raises(RefusedError) as caught:
        authentication.of_header(header, HERE)
    assert caught.value.status == 401


def test_a_header_without_an_end_is_not_read(
    office: Office, authentication: Authentication
) -> None:
    secret = office.token("alice").secret
    with pytest.raises(RefusedError):
        authentication.of_header(f"Bearer {' ' * 5000}{secret}", HERE)


def test_a_revocation_is_felt_within_a_second(
    office: Office, authentication: Authentication
) -> None:
    made = office.token("alice")
    assert authentication.of_header(f"Bearer {made.secret}", HERE)
    office.tokens.revoke(made.number, office.act)
    office.clock.passes(seconds=1)
    with pytest.raises(RefusedError):
        authentication.of_header(f"Bearer {made.secret}", HERE)


def test_who_guesses_has_to_wait_and_nobody_else(
    office: Office, authentication: Authentication
) -> None:
    used, new = office.token("alice"), office.token("alice", Role.READER)
    assert authentication.of_header(f"Bearer {used.secret}", HERE)
    for _ in range(10):
        with pytest.raises(RefusedError) as caught:
            authentication.of_header("Bearer wrong", HERE)
        assert caught.value.status == 401
    office.clock.passes(seconds=10)
    for secret in ("wrong", new.secret):
        with pytest.raises(RefusedError) as caught:
            authentication.of_header(f"Bearer {secret}", HERE)
        assert (caught.value.status, caught.value.retry_after) == (429, 50)
    assert authentication.of_header(f"Bearer {used.secret}", HERE), "it was in use here before"
    assert authentication.of_header(f"Bearer {new.secret}", "192.0.2.2")
    office.clock.passes(seconds=50)
    assert authentication.of_header(f"Bearer {new.secret}", HERE)


def test_a_customer_s_ipv6_network_is_one_address(
    office: Office, authentication: Authentication
) -> None:
    for number in range(10):
        with pytest.raises(RefusedError):
            authentication.of_header("Bearer wrong", f"2001:db8::{number}")
    with pytest.raises(RefusedError) as caught:
        authentication.of_header("Bearer wrong", "2001:db8::ffff")
    assert caught.value.status == 429


def test_a_wrong_token_is_logged_without_itself(
    office: Office, authentication: Authentication, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO), pytest.raises(RefusedError) as caught:
        authentication.of_header("Bearer wgm_not-so-secret", HERE)
    assert HERE in caplog.text
    assert "not-so-secret" not in caplog.text + str(caught.value)
