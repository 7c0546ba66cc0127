"""A workspace of uv: a shop, its core and its web site, and what they need of two indexes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.e2e.guarded import LONG_AGO
from tests.fakes import LoopbackIndex
from tests.wheels import Artifact, a_wheel

USER, PASSWORD = "builder", "s3cret-of-the-shop"

OLD: Final = (
    a_wheel("frob", "1.0", requires=["dep>=1"], extras={"fast": ["speed"]}),
    a_wheel("dep", "1.0"),
    a_wheel("speed", "1.0", entry_points={"console_scripts": {"speed": "speed:main"}}),
    a_wheel("probe", "1.0", requires=["dep"]),
    a_wheel("tidy", "0.9"),
    a_wheel("tidy", "1.0"),
)
NEWER: Final = (
    a_wheel("frob", "1.1", requires=["dep>=1"], extras={"fast": ["speed"]}),
    a_wheel("dep", "1.1"),
)
"""Came when everything was locked already, and old enough since."""

FRESH: Final = tuple(a_wheel(name, "2.0") for name in ("frob", "dep", "speed", "probe", "tidy"))
"""Uploaded yesterday."""

MARKED: Final = a_wheel("speed", "1.1", files={"speed.pth": "import os\n"})
"""Old enough, and it would run code at every start."""

INNER: Final = (a_wheel("acme", "1.0", requires=["dep"]), a_wheel("acme", "1.1", requires=["dep"]))

_BACKEND: Final = '''\
"""The least that is a build backend."""

import base64
import hashlib
import pathlib
import tomllib
import zipfile


PROJECT = tomllib.loads(pathlib.Path("pyproject.toml").read_text())["project"]
NAME = PROJECT["name"].replace("-", "_")


def _wheel(folder, lines):
    stem = f"{NAME}-{PROJECT['version']}"
    info = f"{stem}.dist-info"
    head = f"Metadata-Version: 2.2\\nName: {NAME}\\nVersion: {PROJECT['version']}\\n"
    needs = "".join(f"Requires-Dist: {each}\\n" for each in PROJECT.get("dependencies", ()))
    tag = "Wheel-Version: 1.0\\nGenerator: acme\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    members = {**lines, f"{info}/METADATA": head + needs, f"{info}/WHEEL": tag}
    rows = "".join(f"{name},{_hash(text)},{len(text)}\\n" for name, text in members.items())
    name = f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as archive:
        for path, text in {**members, f"{info}/RECORD": rows + f"{info}/RECORD,,\\n"}.items():
            archive.writestr(path, text)
    return name


def _hash(text):
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"sha256={digest.rstrip('=')}"


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return _wheel(wheel_directory, {p.name: p.read_text() for p in pathlib.Path("src").iterdir()})


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return _wheel(wheel_directory, {f"_{NAME}.pth": f"{pathlib.Path('src').resolve()}\\n"})
'''
BACKEND: Final = a_wheel("acme-build", "1.0", files={"acme_build.py": _BACKEND})


def stock(index: LoopbackIndex, *artifacts: Artifact) -> None:
    """Put artifacts on an index, long ago."""
    for artifact in artifacts:
        index.add(artifact, uploaded=LONG_AGO)


def project(work: Path, inner: LoopbackIndex) -> None:
    """Write the workspace into the empty folder `work`."""
    (work / "pyproject.toml").write_text(
        '[project]\nname = "shop"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
        'dependencies = [\n    "frob",\n    "shop-core",\n]\n\n'
        '[project.optional-dependencies]\nfast = ["frob[fast]"]\n\n'
        '[dependency-groups]\ndev = ["probe"]\nlint = ["tidy"]\n'
        'all = [{ include-group = "lint" }, "dep"]\n\n'
        '[tool.uv.workspace]\nmembers = ["members/*"]\n\n'
        "[tool.uv.sources]\nshop-core = { workspace = true }\n\n"
        f'[[tool.uv.index]]\nname = "inner"\nurl = "{inner.url}"\nexplicit = true\n',
        encoding="utf-8",
    )
    member(work / "members" / "core", "shop-core", '"dep"')
    sources = '[tool.uv.sources]\nacme = { index = "inner" }\nshop-core = { workspace = true }\n'
    member(work / "members" / "web", "shop-web", '"acme", "shop-core"', more=sources)
    (work / "main.py").write_text("import frob, shop_core\nprint(shop_core.NAME)\n")


def member(folder: Path, name: str, dependencies: str, *, more: str = "") -> None:
    """Write a project with a build backend, and one module, into a new folder."""
    module = f"{name.replace('-', '_')}.py"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / module).write_text(f"NAME = {name!r}\n", encoding="utf-8")
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "{name}"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
        f"dependencies = [{dependencies}]\n\n"
        '[build-system]\nrequires = ["acme-build"]\nbuild-backend = "acme_build"\n\n'
        f"{more}",
        encoding="utf-8",
    )
