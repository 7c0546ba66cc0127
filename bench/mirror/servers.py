"""The servers that are measured, each started for itself on one core, and stopped afterwards."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uv

from bench.mirror.upstream import WARM, Tree
from bench.tools import GUARD, environment

_PATIENCE: Final = 60.0
_INSTALLING: Final = 180.0
JSON: Final = "application/vnd.pypi.simple.v1+json"

_NGINX: Final = """\
daemon off; worker_processes 1; pid {home}/pid; error_log {home}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/fastcgi; scgi_temp_path {home}/scgi; uwsgi_temp_path {home}/uwsgi;
  default_type application/octet-stream; gzip_static on;
  server {{
    listen 127.0.0.1:{port}; root {root};
    location /simple/ {{ sendfile off; default_type {json}; index index.json; }}
  }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that answers."""

    name: str
    base: str
    pid: int
    page: str = f"/simple/{WARM}/"
    file: str | None = None


@contextlib.contextmanager
def nginx(home: Path, root: Path, *, core: int, name: str = "nginx") -> Iterator[Server]:
    """Yield an nginx that serves `root` as it is."""
    home.mkdir(parents=True)
    port = free_port()
    configuration = home / "nginx.conf"
    text = _NGINX.format(home=home, port=port, root=root, json=JSON)
    configuration.write_text("user root;\n" + text if os.geteuid() == 0 else text, encoding="utf-8")
    command = ["nginx", "-p", str(home), "-c", str(configuration)]
    with _running(command, home, core=core) as process:
        base = f"http://127.0.0.1:{port}"
        _answers(process, f"{base}/simple/{WARM}/")
        yield Server(name=name, base=base, pid=process.pid)


@contextlib.contextmanager
def guard(
    home: Path, upstream: str, tree: Tree, *, core: int, more: Sequence[str] = ()
) -> Iterator[Server]:
    """Yield our mirror of `upstream`, with what it has had in `home` before."""
    home.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [GUARD, "mirror", "serve", "--data", str(home / "data"), "--port", str(port)]
    command += ["--index-url", f"{upstream}/simple/", "--quiet", *more]
    more_env = {"GUARD_CACHE_DIR": str(home / "cache"), "GUARD_STATE_DIR": str(home / "state")}
    with _running(command, home, core=core, more=more_env) as process:
        base = f"http://127.0.0.1:{port}"
        _answers(process, f"{base}/simple/{WARM}/")
        place = f"/files/{tree.wheel.sha256[:2]}/{tree.wheel.sha256}/{tree.wheel.filename}"
        _answers(process, base + place)
        yield Server(name="guard mirror", base=base, pid=process.pid, file=place)


class Others:
    """Other people's servers, in an environment of their own, as far as they can be installed."""

    def __init__(self, home: Path, python: str = sys.executable) -> None:
        self._home = home
        self._bin = home / "venv" / "bin"
        self._python = python

    def install(self, *packages: str) -> bool:
        """Tell whether these could be installed in time."""
        command = [uv.find_uv_bin(), "pip", "install", "--quiet", "--python", str(self._bin.parent)]
        try:
            if not self._bin.is_dir():
                new = [uv.find_uv_bin(), "venv", "--quiet", "--python", self._python]
                subprocess.run([*new, str(self._bin.parent)], check=True, timeout=_INSTALLING)
            subprocess.run([*command, *packages], check=True, timeout=_INSTALLING)
        except (OSError, subprocess.SubprocessError):
            return False
        return True

    @contextlib.contextmanager
    def pypiserver(self, tree: Tree, *, core: int) -> Iterator[Server]:
        """Yield a pypiserver with the files of `WARM`: empty ones, but for the real one."""
        folder = self._home / "packages"
        folder.mkdir()
        for entry in json.loads(tree.page.read_bytes())["files"]:
            (folder / entry["filename"]).touch()
        tree.wheel.write_to(folder)
        app = f'pypiserver:app(roots=["{folder}"])'
        with self._gunicorn("pypiserver", app, core=core) as (process, base):
            _answers(process, f"{base}/simple/{WARM}/")
            place = f"/packages/{tree.wheel.filename}"
            yield Server(name="pypiserver", base=base, pid=process.pid, file=place)

    @contextlib.contextmanager
    def proxpi(self, upstream: str, tree: Tree, *, core: int) -> Iterator[Server]:
        """Yield a proxpi of `upstream`."""
        more = {
            "PROXPI_INDEX_URL": f"{upstream}/simple/",
            "PROXPI_CACHE_DIR": str(self._home / "proxpi-cache"),
            "PROXPI_DOWNLOAD_TIMEOUT": "30",
        }
        with self._gunicorn("proxpi", "proxpi.server:app", core=core, more=more) as (process, base):
            page = f"/index/{WARM}/"
            _answers(process, base + page)
            place = page + tree.wheel.filename
            _answers(process, base + place)
            yield Server(name="proxpi", base=base, pid=process.pid, page=page, file=place)

    @contextlib.contextmanager
    def devpi(self, upstream: str, tree: Tree, *, core: int) -> Iterator[Server]:
        """Yield a devpi-server with a mirror of `upstream`."""
        folder = str(self._home / "devpi-data")
        home = self._home / "devpi"
        home.mkdir()
        init = [str(self._bin / "devpi-init"), "--serverdir", folder, "--no-root-pypi"]
        subprocess.run(
            [*init, "--root-passwd", "measured"], check=True, capture_output=True, timeout=_PATIENCE
        )
        port = free_port()
        command = [str(self._bin / "devpi-server"), "--serverdir", folder, "--port", str(port)]
        with _running(command, home, core=core) as process:
            base = f"http://127.0.0.1:{port}"
            _answers(process, f"{base}/+api", accept="application/json")
            login = _sent(f"{base}/+login", "POST", {"user": "root", "password": "measured"})
            token = base64.b64encode(f"root:{login['result']['password']}".encode()).decode()
            index = {"type": "mirror", "mirror_url": f"{upstream}/simple/", "volatile": True}
            _sent(f"{base}/root/up", "PUT", index, {"X-Devpi-Auth": token})
            page = f"/root/up/+simple/{WARM}/"
            _answers(process, base + page)
            entries = json.loads(_got(base + page))["files"]
            relative = next(e["url"] for e in entries if e["filename"] == tree.wheel.filename)
            place = "/root/up/" + relative.removeprefix("../../").partition("#")[0]
            _answers(process, base + place)
            yield Server(name="devpi-server", base=base, pid=process.pid, page=page, file=place)

    @contextlib.contextmanager
    def _gunicorn(
        self, name: str, app: str, *, core: int, more: Mapping[str, str] | None = None
    ) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
        home = self._home / name
        home.mkdir()
        port = free_port()
        command = [str(self._bin / "gunicorn"), "--workers", "1", "--threads", "8"]
        command += ["--bind", f"127.0.0.1:{port}", app]
        with _running(command, home, core=core, more=more) as process:
            yield process, f"http://127.0.0.1:{port}"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def _running(
    command: Sequence[str], home: Path, *, core: int, more: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    env = environment(**dict(more or {}))
    with (home / "log").open("ab") as log:
        pinned = ["taskset", "-c", str(core), *command]
        process = subprocess.Popen(
            pinned,
            env=env,
            cwd=home,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _answers(process: subprocess.Popen[bytes], url: str, accept: str = JSON) -> None:
    """Wait until `url` is answered well."""
    until = time.monotonic() + _PATIENCE
    said: object = None
    while time.monotonic() < until and process.poll() is None:
        try:
            _got(url, accept)
        except (urllib.error.URLError, OSError) as error:
            said = error
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"{url} is not answered: {said}")


def _got(url: str, accept: str = JSON) -> bytes:
    request = urllib.request.Request(url, headers={"Accept": accept})  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=_PATIENCE) as response:  # noqa: S310
        body: bytes = response.read()
        return body


def _sent(
    url: str, method: str, document: object, headers: Mapping[str, str] | None = None
) -> dict[str, dict[str, str]]:
    request = urllib.request.Request(  # noqa: S310 - loopback
        url,
        data=json.dumps(document).encode(),
        method=method,
        headers={"Content-Type": "application/json", "Accept": "application/json"}
        | dict(headers or {}),
    )
    with urllib.request.urlopen(request, timeout=_PATIENCE) as response:  # noqa: S310
        answered: dict[str, dict[str, str]] = json.loads(response.read())
        return answered
