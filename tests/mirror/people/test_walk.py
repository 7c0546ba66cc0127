"""The approval walk of two people in a real browser, and what axe says of every page.

Needs Chromium and the packages of the group `browser`. With TEST_SCREENSHOTS set to a folder, the
pictures of docs/guides/mirror-approvals.md are written there.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Final

import pytest

from guard.mirror.people.person import Role
from tests.e2e.guarded import ago
from tests.fakes import LoopbackIndex
from tests.local_sigstore import Identity, LocalSigstore
from tests.mirror.backends import Kept
from tests.mirror.people.served import Mirrored, mirrored
from tests.wheels import a_wheel

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")

SHOTS: Final = os.environ.get("TEST_SCREENSHOTS")
WIDTH: Final = 1100
_RELEASES: Final[tuple[tuple[str, str, int, list[str], bool], ...]] = (
    ("litellm", "1.82.6", 400, ["httpx>=0.27", "openai>=1.0"], True),
    ("litellm", "1.83.1", 2, ["httpx>=0.27", "openai>=1.0", "polars"], True),
    ("httpx", "0.28.1", 500, ["certifi"], False),
    ("openai", "1.60.0", 45, ["httpx"], True),
    ("openai", "1.61.0", 20, ["httpx", "jiter"], True),
    ("certifi", "2026.1.4", 120, [], False),
)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory, kept: Kept) -> Iterator[Mirrored]:
    """A mirror that has served for a while, with an upstream that is partly attested."""
    folder = tmp_path_factory.mktemp("mirror")
    sigstore = LocalSigstore.create()
    root = folder / "trusted_root.json"
    root.write_bytes(sigstore.trusted_root_json())

    def policy(index: LoopbackIndex) -> str:
        return (
            'extends = "default"\napproval = "required"\n\n'
            f'[[index]]\nname = "company"\nurl = "{index.url}"\nowns = ["*"]\n'
            f'trust-root = "{root}"\n'
        )

    with mirrored(folder, policy=policy, kept=kept) as mirror:
        for name, version, days, needs, attested in _RELEASES:
            wheel = a_wheel(name, version, requires=needs)
            identity = Identity.github(f"acme/{name}", "release.yml", environment="release")
            raw = sigstore.publish(wheel.filename, wheel.content, identity) if attested else None
            mirror.index.add(wheel, uploaded=ago(days=days), provenance=raw)
        let_in(mirror, "litellm==1.82.6", "httpx==0.28.1", "openai==1.60.0", "openai==1.61.0")
        for name, files in (("litellm", 1), ("httpx", 1), ("openai", 2)):
            served(mirror, name, files)
        yield mirror


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@contextmanager
def window(chromium: Any, mirror: Mirrored, **more: Any) -> Iterator[Any]:
    """A new browser window, with no cookie, in which nothing may go wrong unseen."""
    wrong: list[str] = []
    size = {"width": WIDTH, "height": 800}
    context = chromium.new_context(base_url=mirror.url, viewport=size, **more)
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.on("console", lambda said: wrong.extend([said.text] * (said.type == "error")))
    page.on("request", lambda sent: wrong.extend([sent.url] * (mirror.url not in sent.url)))
    yield page
    context.close()
    assert wrong == []


def log_in(page: Any, secret: str) -> None:
    """With nothing but a keyboard."""
    page.goto("/login")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "token"
    page.keyboard.type(secret)
    page.keyboard.press("Enter")
    page.wait_for_url("**/requests")


def shot(page: Any, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def faults(page: Any) -> list[str]:
    """What axe finds on a page, in words."""
    source = resources.files(axe).joinpath("axe.min.js").read_text(encoding="utf-8")
    page.evaluate(source)
    found = page.evaluate("axe.run()")
    return [
        f"{page.url}: {each['impact']} {each['id']}: {node['html']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def let_in(mirror: Mirrored, *releases: str) -> None:
    """What was approved before anybody opens a browser."""
    erin, frank = mirror.secret("erin", Role.REQUESTER), mirror.secret("frank")
    for release in releases:
        said = {"release": release, "reason": "the gateway needs it"}
        number = mirror.call("POST", "/api/v1/requests", erin, json=said).json()["number"]
        path = f"/api/v1/requests/{number}"
        found = mirror.call("POST", f"{path}/examination", erin, json={}).json()["examination"]
        vote = {"approves": True, "reason": "read it, as pinned", "seen": found["digest"]}
        assert mirror.call("POST", f"{path}/votes", frank, json=vote).ok


def served(mirror: Mirrored, name: str, number: int) -> None:
    """Fetch what is listed, as a pip would; a moment after it was approved, it is."""
    accept = {"Accept": "application/vnd.pypi.simple.v1+json"}
    for _ in range(200):
        page = mirror.call("GET", f"/simple/{name}/", headers=accept)
        files = page.json()["files"] if page.ok else []
        if len(files) == number:
            break
        time.sleep(0.05)
    assert len(files) == number
    for file in files:
        assert mirror.call("GET", "/" + file["url"].lstrip("./")).status_code == 200


def test_two_people_approve_a_release(company: Mirrored, chromium: Any) -> None:
    alice, bob = company.secret("alice", Role.REQUESTER), company.secret("bob")
    with window(chromium, company) as hers, window(chromium, company) as his:
        log_in(hers, alice)
        hers.get_by_role("textbox", name="Release").fill("litellm==1.83.1")
        hers.get_by_label("Why is it needed?").fill("it fixes the streaming of our gateway")
        hers.get_by_role("button", name="Ask for it").click()
        hers.wait_for_url("**/requests/*")
        path = hers.url.removeprefix(company.url)
        hers.get_by_role("button", name="Look").click()
        assert hers.get_by_text("This is your request").is_visible()
        assert hers.get_by_role("button", name="Approve").count() == 0

        log_in(his, bob)
        shot(his, "mirror-queue")
        his.get_by_role("link", name=f"Request {path.rpartition('/')[2]}").click()
        assert his.get_by_text("younger than 7 days").is_visible()
        assert his.get_by_text("requires polars, which 1.82.6 did not").is_visible()
        assert his.get_by_text("acme/litellm").first.is_visible()
        his.get_by_label("Set aside fresh-upload in these files").check()
        his.get_by_label("Why?").fill("read the diff; same publisher as before")
        shot(his, "mirror-request")
        assert faults(his) == []
        his.get_by_role("button", name="Approve").click()
        his.get_by_role("heading", name="What came of it").wait_for()
        assert his.get_by_text("1 of 1").is_visible()
        assert faults(his) == []

        hers.reload()
        assert hers.get_by_text("read the diff; same publisher as before").is_visible()
        assert faults(hers) == []


def test_every_page_can_be_used_by_everybody(company: Mirrored, chromium: Any) -> None:
    secret = company.secret("carol")
    wanted = ("/projects/openai", "/projects/httpx")
    with window(chromium, company) as page:
        page.goto("/login")
        assert faults(page) == []
        log_in(page, secret)
        page.goto("/projects/openai")
        shot(page, "mirror-project")
        assert page.get_by_role("table", name="Files of openai").is_visible()
        newest = page.get_by_role("link", name="openai-1.61.0-py3-none-any.whl")
        newest.click()
        assert page.get_by_text("jiter").first.is_visible()
        shot(page, "mirror-file")
        for path in (
            page.url,
            *wanted,
            "/",
            "/requests",
            "/requests?state=all",
            "/projects",
            "/log",
        ):
            page.goto(path)
            assert faults(page) == []
            assert page.locator("h1").count() == 1
            assert page.get_by_role("main").count() == 1
        page.goto("/")
        shot(page, "mirror-overview")
        page.goto("/log")
        shot(page, "mirror-log")


def test_what_is_not_there_is_said_to_everybody(company: Mirrored, chromium: Any) -> None:
    page = chromium.new_page(base_url=company.url)
    page.goto("/nowhere")
    assert page.get_by_role("alert").is_visible()
    assert faults(page) == []
    page.close()


def test_at_night_and_on_a_telephone(company: Mirrored, chromium: Any) -> None:
    secret = company.secret("dora")
    with window(chromium, company, color_scheme="dark") as page:
        log_in(page, secret)
        page.set_viewport_size({"width": 360, "height": 740})
        for path in ("/", "/requests?state=all", "/projects/litellm", "/requests/1", "/log"):
            page.goto(path)
            assert faults(page) == []
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 360, (path, wide)
        page.goto("/requests/1")
        shot(page, "mirror-night")


def test_nothing_needs_a_script(company: Mirrored, chromium: Any) -> None:
    secret = company.secret("emil")
    with window(chromium, company, java_script_enabled=False) as page:
        page.goto("/login")
        page.get_by_label("Token").fill(secret)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("link", name="Projects").click()
        page.get_by_label("Name contains").fill("lite")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name="litellm").click()
        page.get_by_role("button", name="Log out").click()
        assert page.get_by_role("heading", name="Log in").is_visible()
