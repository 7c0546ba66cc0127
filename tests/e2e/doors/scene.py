"""What stands behind every door: a good index, an attacker's, and environments to come into."""

from __future__ import annotations

import io
import shlex
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from string import Template
from typing import Final

from guard.gateway import authority
from tests.e2e.doors.door import Door, Poison, Tool
from tests.e2e.guarded import (
    LONG_AGO,
    TIMEOUT,
    Environment,
    Guard,
    Ran,
    ago,
    cloned,
    scrubbed,
    tree,
    with_its_own_pip,
)
from tests.fakes import LoopbackIndex
from tests.faults import Answer, Seen
from tests.wheels import Artifact, a_module_payload, a_startup_payload, a_wheel, an_sdist

_COMMAND: Final = {"console_scripts": {"frob": "frob:main"}}
_MAIN: Final = "def main(): pass\n"
_EDITABLE: Final = "\nbuild_editable = build_wheel\n"


class Attacker(LoopbackIndex):
    """An index that nobody has judged; as a proxy, it has its own answer for every address."""

    def __init__(self, *, tls: bool) -> None:
        super().__init__()
        self._scheme = "https" if tls else "http"
        self.texts: dict[str, str] = {}
        if tls:
            own = authority.issue(["127.0.0.1"], now=ago()).context
            self._server.socket = own.wrap_socket(self._server.socket, server_side=True)

    @property
    def origin(self) -> str:
        """Where it is, by its own certificate or by none."""
        return f"{self._scheme}://127.0.0.1:{self._server.port}"

    def _answer(self, seen: Seen) -> Answer:
        if seen.location in self.texts:
            return Answer(
                headers={"Content-Type": "text/plain"}, body=self.texts[seen.location].encode()
            )
        return super()._answer(seen)


class _Shim(Guard):
    """The guard as the shims start it: variables for Python are not for the guard's own."""

    def command(self, *words: str | Path) -> list[str]:
        return [sys.executable, "-EP", "-m", "guard", *map(str, words)]


class Scene:
    """One side of a door, in a folder of its own."""

    def __init__(
        self,
        folder: Path,
        door: Door,
        template: Path,
        index: LoopbackIndex,
        attacker: Attacker,
        uv: str,
    ) -> None:
        self._door = door
        self._uv = uv
        self._guard = _Shim(folder)
        self._index = index
        self._attacker = attacker
        self.folder = folder
        self.marker = folder / "the-marker"
        self.environment = Environment(cloned(template, folder / "target"))
        if door.tool is Tool.PIP:
            with_its_own_pip(template, self.environment)
        self._furnish()

    @property
    def asked(self) -> bool:
        """Whether the attacker's server was asked for anything."""
        return self._attacker.requests != []

    def bare(self) -> Ran:
        """Run the tool itself, with everything that was set up."""
        return self._run(self._words(self._door.command))

    def guarded(self) -> Ran:
        """Run the same behind the guard."""
        if self._door.guarded is not None:
            words = shlex.split(self._told(self._door.guarded))
        elif self._door.tool is Tool.UV_PIP:
            words = self._words(self._door.command)  # for the environment of this side
        else:
            words = shlex.split(self._told(self._door.command))
        return self._guard(*words, **self._environ())

    def use(self) -> None:
        """Start every environment here, and import what was installed, as anybody would."""
        for python in [self.environment.python, *self._environments()]:
            subprocess.run(
                [python, "-c", "import frob"],
                check=False,
                capture_output=True,
                timeout=TIMEOUT,
                env=scrubbed(PYTHONDONTWRITEBYTECODE="1"),
            )

    def installed(self) -> set[str]:
        """Every distribution in every environment here, but pip and setuptools."""
        own = ("pip-", "setuptools-")
        folders = [self.environment.path, *(path.parents[1] for path in self._environments())]
        found = (path.name for each in folders for path in each.rglob("*.dist-info"))
        return {name.removesuffix(".dist-info") for name in found if not name.startswith(own)}

    def tree(self) -> dict[str, str]:
        """Every file that is not the guard's own, nor a cache's."""
        return tree(self._guard.work) | tree(self.environment.path)

    def _environments(self) -> Iterator[Path]:
        yield from self.folder.glob("*/.venv/bin/python")
        yield from self.folder.glob("home/data/uv/tools/*/bin/python")

    def _furnish(self) -> None:
        self._guard.work.mkdir()
        self._guard.knows()
        payload = a_startup_payload(self.marker)
        marker = a_wheel("frob", "9.0", files={"frob.py": _MAIN, **payload}, entry_points=_COMMAND)
        source = an_sdist("knob", "1.0", files={"knob.py": "", **payload}, payload=self.marker)
        for name in ("wheels", "tools", "fake", "elsewhere"):
            (self.folder / name).mkdir()
        marker.write_to(self.folder / "wheels")
        (self.folder / "tools" / "uv").symlink_to(self._uv)
        self._unpack(source)
        self._attacker.add(marker, uploaded=LONG_AGO)
        self._stock(source)
        self._told_by = self._places(marker, source)
        for path, text in self._attacker.texts.items():
            self._attacker.texts[path] = self._told(text)
        for path, text in self._door.files.items():
            place = self.folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(self._told(text), encoding="utf-8")
            if path.startswith("fake/") or text.startswith("#!"):
                place.chmod(0o755)
        if self._door.poison is not None:
            self._poison(self._door.poison)

    def _stock(self, source: Artifact) -> None:
        """Give the good index what every door needs of it, long ago."""
        good = a_wheel("frob", "1.0", files={"frob.py": _MAIN}, entry_points=_COMMAND)
        same = an_sdist("frob", "1.0", payload=self.marker)
        far = a_wheel(
            "far",
            "1.0",
            requires=[f"frob @ {self._attacker.file_url('frob-9.0-py3-none-any.whl')}"],
        )
        near = a_wheel("near", "1.0", requires=["frob"])
        for each in (good, same, far, near, source):
            self._index.add(each, uploaded=LONG_AGO)
        self._good = good

    def _unpack(self, source: Artifact) -> None:
        with tarfile.open(fileobj=io.BytesIO(source.content)) as archive:
            archive.extractall(self.folder, filter="data")
        (self.folder / "knob-1.0").rename(self.folder / "tree")
        with (self.folder / "tree/_build/in_tree.py").open("a") as backend:
            backend.write(_EDITABLE)

    def _places(self, marker: Artifact, source: Artifact) -> dict[str, str]:
        index, evil = self._index, self._attacker
        return {
            "evil": evil.url,
            "folder": str(self.folder),
            "hash": marker.sha256,
            "index": index.url,
            "marker": str(self.marker),
            "origin": evil.origin,
            "port": evil.origin.rpartition(":")[2],
            "python": str(self.environment.python),
            "sdist": index.file_url(source.filename),
            "target": str(self.environment.path),
            "tree": str(self.folder / "tree"),
            "url": evil.file_url(marker.filename),
            "wheel": str(self.folder / "wheels" / marker.filename),
            "wheels": str(self.folder / "wheels"),
        }

    def _told(self, text: str) -> str:
        return Template(text).substitute(self._told_by)

    def _words(self, command: str) -> list[str]:
        words = shlex.split(self._told(command))
        if words[0] == "uvx":
            return ["uv", "tool", "run", *words[1:]]
        if words[:2] == ["uv", "pip"]:
            return [*words[:3], "--python", str(self.environment.python), *words[3:]]
        return words

    def _environ(self) -> dict[str, str]:
        path = f"{self.environment.path / 'bin'}:{self.folder / 'tools'}:/usr/bin:/bin"
        own = {"PATH": path, "UV_DEFAULT_INDEX": self._index.url, "PIP_INDEX_URL": self._index.url}
        if self._door.tool in {Tool.UV, Tool.UVX}:
            own |= {"PATH": path.partition(":")[2], "UV_PYTHON": sys.executable}
        told = {name: self._told(value) for name, value in self._door.environ.items()}
        return own | told

    def _run(self, words: list[str], **more: str) -> Ran:
        done = subprocess.run(
            words,
            cwd=self._guard.work,
            env=self._guard.environment(**self._environ() | more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def _poison(self, poison: Poison) -> None:
        warm = str(self.folder / "warm")
        match poison:
            case Poison.UV:
                words = ["uv", "pip", "install", "--quiet", "--target", warm, "frob"]
                self._run(words, UV_OFFLINE="")
                for path in self.folder.glob("uv-cache/archive-v0/*/frob.py"):
                    path.unlink()  # a link to the one that was installed
                    path.write_text(a_module_payload(self.marker, "frob")["frob.py"])
            case Poison.PIP_RESPONSE:
                files = {"frob.py": _MAIN, **a_startup_payload(self.marker)}
                self._list(a_wheel("frob", "1.0", files=files))
                self._index.fault("/files/*", _kept_for_long)
                self._run(["pip", "download", "--quiet", "--no-deps", "--dest", warm, "frob"])
                self._index.heal()
                self._list(self._good)
            case Poison.PIP_WHEEL:
                self._run(["pip", "wheel", "--quiet", "--wheel-dir", warm, "knob"])
                self.marker.unlink()
        self._index.forget_requests()

    def _list(self, wheel: Artifact) -> None:
        """List a file of which nothing is said: pip has to fetch it to know anything."""
        self._index.add(wheel, hashes=False, metadata=False, uploaded=LONG_AGO)


def _kept_for_long(answer: Answer) -> Answer:
    return replace(answer, headers={**answer.headers, "Cache-Control": "max-age=31536000"})


@contextmanager
def scene(folder: Path, door: Door, template: Path, uv: str) -> Iterator[Scene]:
    """Set the scene of a door below the new `folder`, with the `uv` of that path."""
    folder.mkdir()
    with LoopbackIndex() as index, Attacker(tls=door.tls) as attacker:
        attacker.texts = {
            "/requirements.txt": "frob @ $url\n",
            "/script.py": "import pathlib; pathlib.Path('$marker').write_text('ran')\n",
        }
        yield Scene(folder, door, template, index, attacker, uv)
