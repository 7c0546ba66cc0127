"""A whole mirror on loopback: its upstream, its people, and browsers and programs that come."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
import requests
import uvicorn

from guard.cli.mirror_parts import opened
from guard.cli.mirror_site import composed
from guard.mirror.people.person import Role
from guard.mirror.server.app import watching
from guard.mirror.server.serving import configured
from guard.mirror.settings import Settings
from tests.advisory.records import a_snapshot
from tests.e2e.guarded import LONG_AGO, ago
from tests.fakes import LoopbackIndex
from tests.mirror.backends import Kept
from tests.mirror.people.office import Office
from tests.wheels import a_wheel

OLD: Final = a_wheel("frob", "1.0", requires=["httpx"])
NEW: Final = a_wheel("frob", "1.1", requires=["httpx", "evil"])
POLICY: Final = 'extends = "default"\napproval = "required"\n'


@dataclass
class Browser:
    """What a browser sends: its cookies, its Origin, and the fields of the form that it shows."""

    mirror: Mirrored
    origin: str = ""
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False
        self.origin = self.origin or self.mirror.url

    def get(self, path: str, status: int = 200) -> str:
        came = self.session.get(self.mirror.url + path, timeout=30)
        assert came.status_code == status, came.text
        return came.text

    def proof(self, path: str) -> str:
        found = re.search(r'name="proof" value="([0-9a-f]{64})"', self.get(path))
        assert found, "there is no form"
        return found[1]

    def post(self, path: str, page: str = "/login", **fields: Any) -> requests.Response:
        """Send a form that is on `page`."""
        said = {"proof": self.proof(page)} | fields
        headers = {"Origin": self.origin}
        return self.session.post(
            self.mirror.url + path, data=said, headers=headers, timeout=30, allow_redirects=False
        )

    def log_in(self, secret: str) -> Browser:
        came = self.post("/login", token=secret)
        assert (came.status_code, came.headers["Location"]) == (303, "/requests"), came.text
        return self


@dataclass
class Mirrored:
    """A mirror that is being served."""

    url: str
    office: Office
    index: LoopbackIndex

    def browser(self, name: str = "", role: Role = Role.APPROVER) -> Browser:
        """A browser; of somebody new, where a name is given."""
        browser = Browser(self)
        if name:
            self.office.person(name, role)
            browser.log_in(self.office.token(name).secret)
        return browser

    def call(
        self, method: str, path: str, secret: str | None = None, **more: Any
    ) -> requests.Response:
        """What a program sends."""
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                method,
                self.url + path,
                headers=headers | more.pop("headers", {}),
                timeout=30,
                allow_redirects=False,
                **more,
            )

    def secret(self, name: str, role: Role = Role.APPROVER) -> str:
        """A token of somebody new."""
        self.office.person(name, role)
        return self.office.token(name).secret


@contextmanager
def mirrored(
    folder: Path,
    *,
    policy: Callable[[LoopbackIndex], str] = lambda _: POLICY,
    kept: Kept | None = None,
    **settings: Any,
) -> Iterator[Mirrored]:
    """Serve a mirror with its own state below `folder`."""
    a_snapshot(folder / "state" / "advisories", now=ago())
    with (
        pytest.MonkeyPatch.context() as patch,
        LoopbackIndex() as index,
        socket.socket() as listening,
    ):
        for name, value in _environment(folder).items():
            patch.setenv(name, value)
        (folder / "guard.toml").write_text(policy(index))
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        index.add(OLD, uploaded=LONG_AGO)
        index.add(NEW, uploaded=ago(days=2))
        backend = (kept or Kept())(folder)
        said = {"data": folder / "data", "index_url": index.url, "port": port} | settings
        said |= {"database": backend.database, "store": backend.store}
        with opened(Settings(policy=str(folder / "guard.toml"), **said)) as own:
            office = Office(own.mirror.database, clock=own.mirror.clock)
            server = uvicorn.Server(configured(composed(own), "127.0.0.1", 0))
            listening.listen(100)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
            thread.start()
            try:
                with watching(own):
                    yield Mirrored(f"http://127.0.0.1:{port}", office, index)
            finally:
                server.should_exit = True
                thread.join()


def _environment(folder: Path) -> dict[str, str]:
    return {
        "GUARD_CACHE_DIR": str(folder / "cache"),
        "GUARD_STATE_DIR": str(folder / "state"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "NO_PROXY": "127.0.0.1",
        "PIP_CONFIG_FILE": "/dev/null",
        "UV_NO_CONFIG": "1",
    }
