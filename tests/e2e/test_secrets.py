"""Passwords: an index that asks for one gets it, and nobody else ever sees it."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.e2e.guarded import LONG_AGO, Environment, Guard, Ran, at, to, untouched
from tests.e2e.overhearing import overheard_at
from tests.fakes import LoopbackIndex
from tests.wheels import a_wheel

USER, PASSWORD = "builder", f"s3cret/p@ss{os.getpid()}"
"""With what must be encoded in a URL; another one in every process that runs tests."""

FROB = a_wheel("frob", "1.0", requires=["dep"])
DEP = a_wheel("dep", "1.0")


@pytest.fixture
def index() -> Iterator[LoopbackIndex]:
    with LoopbackIndex(credentials=(USER, PASSWORD)) as index:
        index.add(FROB, uploaded=LONG_AGO)
        index.add(DEP, uploaded=LONG_AGO)
        yield index


@pytest.fixture(autouse=True)
def overheard(index: LoopbackIndex) -> set[str]:
    return overheard_at(index)


def encoded(password: str = PASSWORD) -> str:
    return password.replace("/", "%2F").replace("@", "%40")


def assert_kept(ran: Ran, guard: Guard, overheard: set[str]) -> None:
    """The password is in no output, no argument, and no file that the guard itself has written."""
    for secret in (PASSWORD, encoded()):
        assert secret not in ran.said
        assert not [words for words in overheard if secret in words]
        for path in (*guard.cache.rglob("*"), *guard.work.glob("*.json")):
            if path.is_file() and "uv" not in path.relative_to(guard.folder).parts:
                assert secret.encode() not in path.read_bytes(), path


def test_credentials_in_uvs_variables(
    target: Environment, guard: Guard, index: LoopbackIndex, overheard: set[str]
) -> None:
    ran = guard.install(
        "frob", "--report", "r.json", into=target, UV_DEFAULT_INDEX=index.url_with_credentials
    )
    assert ran.code == 0, ran.said
    assert target.installed() == {"frob": "1.0", "dep": "1.0"}
    assert any("uv" in words and "compile" in words for words in overheard)
    report = json.loads((guard.work / "r.json").read_text())
    assert {item["download_info"]["url"].partition("/files")[0] for item in report["install"]} == {
        index.origin
    }
    assert_kept(ran, guard, overheard)


@pytest.mark.parametrize("kind", ["UV_INDEX", "uv.toml", "--index"])
def test_credentials_in_variables_for_a_named_index(
    kind: str, target: Environment, guard: Guard, index: LoopbackIndex, overheard: set[str]
) -> None:
    named = {"UV_INDEX_MY_OWN_USERNAME": USER, "UV_INDEX_MY_OWN_PASSWORD": PASSWORD}
    words: tuple[str, ...] = ()
    if kind == "UV_INDEX":
        named |= {"UV_INDEX": f"my-own={index.url}", "UV_DEFAULT_INDEX": index.url}
    elif kind == "uv.toml":
        (guard.work / "uv.toml").write_text(
            f'[[index]]\nname = "my-own"\nurl = "{index.url}"\ndefault = true\n'
        )
    else:
        words = ("--index", f"my-own={index.url}", "--default-index", f"my-own={index.url}")
    ran = guard.install("frob", *words, into=target, **named)
    assert ran.code == 0, ran.said
    assert target.installed() == {"frob": "1.0", "dep": "1.0"}
    assert_kept(ran, guard, overheard)


@pytest.mark.parametrize(
    ("kind", "either"),
    [
        ("PIP_INDEX_URL", "uv"),
        ("PIP_INDEX_URL", "pip"),
        ("pip.conf", "uv"),
        ("venv", "uv"),
        ("venv", "pip"),
        ("requirements", "uv"),
        ("requirements", "pip"),
        ("option", "uv"),
        ("option", "pip"),
    ],
    indirect=["either"],
)
def test_credentials_in_pips_configuration(
    kind: str, either: Environment, guard: Guard, index: LoopbackIndex, overheard: set[str]
) -> None:
    url = index.url_with_credentials
    settings: dict[str, str] = {}
    words: tuple[str, ...] = ("frob",)
    if kind == "PIP_INDEX_URL":
        settings = {"PIP_INDEX_URL": url}
    elif kind == "pip.conf":
        (guard.work / "pip.conf").write_text(f"[global]\nindex-url = {url.replace('%', '%%')}\n")
        (guard.work / "pip.conf").write_text(f"[global]\nindex-url = {url}\n")
        settings = {"PIP_CONFIG_FILE": str(guard.work / "pip.conf")}
    elif kind == "venv":
        (either.path / "pip.conf").write_text(f"[install]\nindex-url = {url}\n")
        settings = {"PIP_CONFIG_FILE": ""}
    elif kind == "requirements":
        (guard.work / "r.txt").write_text(f"--index-url {url}\nfrob\n")
        words = ("-r", "r.txt")
    else:
        words = ("frob", "--index-url", url)
    ran = guard.install(*words, into=either, **settings)
    assert ran.code == 0, ran.said
    assert either.installed() == {"frob": "1.0", "dep": "1.0"}
    if kind != "option":  # what the user's own command line says is there for all to see
        assert_kept(ran, guard, overheard)
    else:
        assert not [w for w in overheard if encoded() in w and "-m guard" not in w]
        assert encoded() not in ran.said


def test_credentials_in_netrc(
    either: Environment, guard: Guard, index: LoopbackIndex, overheard: set[str]
) -> None:
    home = guard.folder / "home"
    home.mkdir()
    host = urlsplit(index.url).hostname
    (home / ".netrc").write_text(f"machine {host} login {USER} password {PASSWORD}\n")
    (home / ".netrc").chmod(stat.S_IRUSR | stat.S_IWUSR)
    ran = guard.install("frob", into=either, index=index)
    assert ran.code == 0, ran.said
    assert_kept(ran, guard, overheard)


def test_credentials_from_the_keyring(
    target: Environment, guard: Guard, index: LoopbackIndex, overheard: set[str]
) -> None:
    tools = guard.folder / "tools"
    tools.mkdir()
    keyring = tools / "keyring"
    keyring.write_text(f'#!/bin/sh\n[ "$3" = {USER} ] && echo "{PASSWORD}"\n')
    keyring.chmod(0o755)
    path = guard.environment()["PATH"]
    ran = guard.install(
        "frob",
        into=target,
        UV_DEFAULT_INDEX=index.url.replace("//", f"//{USER}@", 1),
        UV_KEYRING_PROVIDER="subprocess",
        PATH=f"{tools}:{path}",
    )
    assert ran.code == 0, ran.said
    assert target.installed() == {"frob": "1.0", "dep": "1.0"}
    assert_kept(ran, guard, overheard)


def test_without_credentials_it_says_so(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    with untouched(target):
        ran = guard.install("frob", into=target, index=index)
    assert ran.code == 69, ran.said
    assert "401" in ran.said
    assert "user name and password" in ran.said


def test_wrong_credentials_are_not_repeated(
    target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    url = index.url_with_credentials.replace(encoded(), "wr0ng")
    with untouched(target):
        ran = guard.install("frob", into=target, UV_DEFAULT_INDEX=url)
    assert ran.code == 69, ran.said
    assert "wr0ng" not in ran.said


def test_no_other_place_gets_them(either: Environment, guard: Guard, index: LoopbackIndex) -> None:
    """Files elsewhere, another port of the same host, a redirect: none is sent the password."""
    with LoopbackIndex() as elsewhere:
        elsewhere.add(FROB)
        index.add(FROB, uploaded=LONG_AGO, url=elsewhere.file_url(FROB.filename), metadata=False)
        ran = guard.install(
            "--no-deps",
            "frob",
            into=either,
            PIP_INDEX_URL=index.url_with_credentials,
        )
        assert ran.code == 0, ran.said
        assert elsewhere.requests
        sent = [s for s in elsewhere.requests if s.headers["user-agent"].startswith("wheelguard")]
        assert sent
        assert not [seen for seen in sent if "authorization" in seen.headers]


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
def test_a_url_that_is_asked_for_is_shown_without_its_password(
    form: str, target: Environment, guard: Guard, index: LoopbackIndex
) -> None:
    url = index.url_with_credentials.replace("/simple/", "/files/frob-1.0-py3-none-any.whl")
    words = (f"frob @ {url}", "--output-format", form)
    ran = guard("check", *words, *to(target), *at(index))
    assert ran.code == 77, ran.said
    assert encoded() not in ran.said


@pytest.mark.parametrize(
    "word",
    [
        "frob @@ https://{}@example.com/frob-1.0-py3-none-any.whl",
        "frob==https://{}@example.com/frob-1.0-py3-none-any.whl",
        "https://{}@example.com:port/frob-1.0-py3-none-any.whl",
        "https://{}@[example.com/frob-1.0-py3-none-any.whl",
        "https://{}@example.com/a%2Ffrob-1.0-py3-none-any.whl",
        "frob --find-links=https://{}@example.com/",
        "frob --https://{}@example.com/",
    ],
)
@pytest.mark.parametrize("password", [encoded(), PASSWORD], ids=["encoded", "plain"])
def test_a_misspelt_requirement_is_shown_without_its_password(
    word: str, password: str, target: Environment, guard: Guard
) -> None:
    word = word.format(f"{USER}:{password}")
    ran = guard.install(word, into=target)
    assert ran.code in {2, 77}, ran.said
    assert "s3cret" not in ran.said


@pytest.mark.parametrize(
    "line",
    [
        "-r https://{}@example.com/r.txt",
        "-r htps://{}@example.com/r.txt",
        "-c {}@example.com/r.txt",
        "--Index-Url=https://{}@example.com/",
        "-ihttps://{}@h/",
    ],
)
def test_a_misspelt_line_is_shown_without_its_password(
    line: str, target: Environment, guard: Guard
) -> None:
    (guard.work / "r.txt").write_text(line.format(f"{USER}:{PASSWORD}") + "\n")
    ran = guard.install("-r", "r.txt", into=target)
    assert ran.code == 2, ran.said
    assert "s3cret" not in ran.said


@pytest.mark.parametrize("scheme", ["https://", "htps://", ""])
def test_a_misspelt_file_is_shown_without_its_password(
    scheme: str, target: Environment, guard: Guard
) -> None:
    ran = guard.install("-r", f"{scheme}{USER}:{encoded()}@example.com/r.txt", into=target)
    assert ran.code == 2, ran.said
    assert "s3cret" not in ran.said


@pytest.mark.parametrize("host", ["h/simple", "[h/simple"])
def test_an_index_that_is_no_url_is_not_repeated(
    host: str, target: Environment, guard: Guard
) -> None:
    ran = guard.install("frob", into=target, PIP_INDEX_URL=f"https://{USER}:{PASSWORD}@{host}")
    assert ran.code == 2, ran.said
    assert "s3cret" not in ran.said
