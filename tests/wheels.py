"""Real distributions, made in memory: the same arguments always make the same bytes.

A wheel made here is one that pip and uv install without complaint, unless it was asked to be
wrong; a source distribution is one that they build without any other package, because its build
backend travels inside it.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import itertools
import json
import stat
import tarfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.parser import BytesParser
from pathlib import Path
from types import MappingProxyType

from packaging.requirements import Requirement
from packaging.tags import parse_tag
from packaging.utils import canonicalize_name
from packaging.version import Version

_NOTHING: Mapping[str, bytes | str] = MappingProxyType({})
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest moment that a zip entry can name
_MODE = stat.S_IFREG | 0o644

# Setuptools' backend runs setup.py too, so a payload there runs when it would in real life.
_BACKEND = '''\
"""Runs setup.py, as every backend of an old project does, and hands over the wheel beside it."""

import pathlib
import runpy
import shutil

HERE = pathlib.Path(__file__).parent


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    runpy.run_path(str(HERE.parent / "setup.py"), run_name="__main__")
    [wheel] = HERE.glob("*.whl")
    shutil.copyfile(wheel, pathlib.Path(wheel_directory, wheel.name))
    return wheel.name
'''
_PYPROJECT = """\
[build-system]
requires = []
build-backend = "in_tree"
backend-path = ["_build"]
"""


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """One distribution file, as an index would hold it."""

    name: str
    version: str
    filename: str
    content: bytes = field(repr=False)
    metadata: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def requires_python(self) -> str | None:
        return BytesParser().parsebytes(self.metadata, headersonly=True)["Requires-Python"]

    def write_to(self, folder: Path) -> Path:
        """The path of the file, written under its own name into the existing `folder`."""
        path = folder / self.filename
        path.write_bytes(self.content)
        return path


def a_wheel(
    name: str,
    version: str,
    *,
    files: Mapping[str, bytes | str] | None = None,
    requires: Sequence[str] = (),
    requires_python: str | None = None,
    extras: Mapping[str, Sequence[str]] = MappingProxyType({}),
    tag: str = "py3-none-any",
    build: str | None = None,
    entry_points: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    data: Mapping[str, bytes | str] = _NOTHING,
    headers: Sequence[str] = (),
    record: bool | Callable[[str], str] = True,
    compression: int = zipfile.ZIP_STORED,
) -> Artifact:
    """A wheel that installs, with one small module unless `files` says otherwise.

    `extras` maps an extra to its requirements, `entry_points` a group to its names and targets,
    and `data` a path below `{name}-{version}.data/` to its content. `headers` are further lines of
    METADATA. `record` may be False for a
    wheel without RECORD, or a function that rewrites its text. Entries are stored uncompressed
    by default, because two builds of zlib need not agree on compressed bytes.
    """
    stem = _stem(name, version)
    metadata = _metadata(name, version, requires, requires_python, extras)
    metadata += "".join(f"{line}\n" for line in headers).encode()
    info = f"{stem}.dist-info"
    members = _as_bytes(_a_module(name, version) if files is None else files)
    members |= {f"{stem}.data/{path}": body for path, body in _as_bytes(data).items()}
    members |= {f"{info}/METADATA": metadata, f"{info}/WHEEL": _wheel_file(tag, build)}
    if entry_points:
        members[f"{info}/entry_points.txt"] = _entry_points_file(entry_points)
    if record:
        text = _record_file(members, f"{info}/RECORD")
        members[f"{info}/RECORD"] = (record(text) if callable(record) else text).encode()
    return Artifact(
        name=name,
        version=version,
        filename="-".join(part for part in (stem, build, tag) if part) + ".whl",
        content=_zipped(members, compression),
        metadata=metadata,
    )


def an_sdist(
    name: str,
    version: str,
    *,
    files: Mapping[str, bytes | str] | None = None,
    requires: Sequence[str] = (),
    requires_python: str | None = None,
    payload: Path | str | None = None,
    script: str = "",
    backend: str = _BACKEND,
    build_requires: Sequence[str] = (),
    makes: Artifact | None = None,
    pyproject: str = _PYPROJECT,
) -> Artifact:
    """A source distribution that builds offline, and whose setup.py writes the marker `payload`.

    `script` is what setup.py does besides, and `makes` another wheel than its own.

    Its build backend needs no other package: it runs setup.py and then hands over a wheel of the
    same `files`, which the archive carries ready-made.
    """
    wheel = a_wheel(name, version, files=files, requires=requires, requires_python=requires_python)
    made = makes or wheel
    members = _as_bytes(_a_module(name, version) if files is None else files)
    members |= {
        "PKG-INFO": wheel.metadata,
        "pyproject.toml": pyproject.replace("[]", json.dumps(list(build_requires)), 1).encode(),
        "setup.py": (("" if payload is None else _writes(payload)) + script).encode(),
        "_build/in_tree.py": backend.encode(),
        f"_build/{made.filename}": made.content,
    }
    stem = _stem(name, version)
    return Artifact(
        name=name,
        version=version,
        filename=f"{stem}.tar.gz",
        content=_tarred({f"{stem}/{path}": body for path, body in members.items()}),
        metadata=wheel.metadata,
    )


def a_startup_payload(marker: Path) -> dict[str, str]:
    """The files of a wheel that writes `marker` whenever an interpreter starts beside it."""
    return {"startup_payload.pth": _writes(marker)}


def a_module_payload(marker: Path, module: str = "payload") -> dict[str, str]:
    """The files of a wheel that writes `marker` whenever `module` is imported."""
    return {f"{module.replace('.', '/')}.py": _writes(marker)}


def _writes(marker: Path | str) -> str:
    # One line that starts with `import`: the only code that `site` runs from a .pth file.
    return f"import pathlib; pathlib.Path({str(marker)!a}).write_text('ran')\n"


def _a_module(name: str, version: str) -> Mapping[str, bytes | str]:
    return {f"{_file_name(name)}.py": f"__version__ = {version!r}\n"}


def _file_name(name: str) -> str:
    return canonicalize_name(name).replace("-", "_")


def _stem(name: str, version: str) -> str:
    return f"{_file_name(name)}-{Version(version)}"


def _as_bytes(files: Mapping[str, bytes | str]) -> dict[str, bytes]:
    return {path: body.encode() if isinstance(body, str) else body for path, body in files.items()}


def _metadata(
    name: str,
    version: str,
    requires: Sequence[str],
    requires_python: str | None,
    extras: Mapping[str, Sequence[str]],
) -> bytes:
    # 2.2 is the first version whose fields a resolver may trust in a source distribution.
    lines = ["Metadata-Version: 2.2", f"Name: {name}", f"Version: {version}"]
    if requires_python is not None:
        lines.append(f"Requires-Python: {requires_python}")
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    for extra, wanted in extras.items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {_only_with(extra, requirement)}" for requirement in wanted]
    return "\n".join([*lines, ""]).encode()


def _only_with(extra: str, text: str) -> str:
    requirement = Requirement(text)
    condition = f'extra == "{extra}"'
    if requirement.marker is not None:
        condition = f"({requirement.marker}) and {condition}"
        requirement.marker = None
    return f"{requirement} ; {condition}"


def _wheel_file(tag: str, build: str | None) -> bytes:
    lines = [
        "Wheel-Version: 1.0",
        "Generator: wheelguard-tests",
        f"Root-Is-Purelib: {'true' if tag.endswith('-any') else 'false'}",
        *(f"Tag: {each}" for each in sorted(map(str, parse_tag(tag)))),
    ]
    if build is not None:
        lines.append(f"Build: {build}")
    return "\n".join([*lines, ""]).encode()


def _entry_points_file(groups: Mapping[str, Mapping[str, str]]) -> bytes:
    sections = (
        [f"[{group}]", *(f"{name} = {target}" for name, target in names.items()), ""]
        for group, names in groups.items()
    )
    return "\n".join(itertools.chain.from_iterable(sections)).encode()


def _record_file(members: Mapping[str, bytes], itself: str) -> str:
    rows = (f"{path},{_record_hash(body)},{len(body)}" for path, body in members.items())
    return "\n".join([*rows, f"{itself},,", ""])


def _record_hash(body: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest())
    return "sha256=" + digest.decode().rstrip("=")


def _zipped(members: Mapping[str, bytes], compression: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for path, body in members.items():
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.create_system = 3  # Unix, on every machine
            entry.external_attr = _MODE << 16
            entry.compress_type = compression
            archive.writestr(entry, body)
    return buffer.getvalue()


def _tarred(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path, body in members.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
    return buffer.getvalue()
