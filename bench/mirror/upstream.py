"""What the mirror has before it: a folder of synthetic projects, as a static index."""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.wheels import Artifact, a_wheel

WARM: Final = "warm-project"
"""What the mirror serves of it is about 100 KB: one real file of 10 MB, others are only listed."""

_FILES: Final = 230
_COLD_FILES: Final = 3000
"""What the upstream says of each is about 700 bytes, as on PyPI."""

_MEGABYTES: Final = 10
_UPLOADED: Final = "2024-05-06T00:00:00.276540Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """An index in a folder: `simple/PROJECT/index.json` and `files/`."""

    folder: Path
    wheel: Artifact
    cold: tuple[str, ...]
    """Projects with a page of about 2 MB."""

    @property
    def page(self) -> Path:
        """The page of `WARM`."""
        return self.folder / "simple" / WARM / "index.json"


def write(folder: Path, *, cold: int) -> Tree:
    """Write the tree, with `cold` large pages. The same every time."""
    wheel = _wheel()
    names = tuple(f"cold-project-{number}" for number in range(cold))
    (folder / "files").mkdir(parents=True)
    wheel.write_to(folder / "files")
    real = _entry(wheel.filename, wheel.sha256, len(wheel.content))
    real |= {"url": f"../../files/{wheel.filename}", "data-dist-info-metadata": None}
    real["core-metadata"] = {"sha256": hashlib.sha256(wheel.metadata).hexdigest()}
    listed = [real]
    listed += [_listed(WARM, number) for number in range(1, _FILES)]
    _page(folder, WARM, listed)
    for name in names:
        _page(folder, name, [_listed(name, number) for number in range(_COLD_FILES)])
    root = {"meta": {"api-version": "1.1"}, "projects": [{"name": name} for name in (WARM, *names)]}
    (folder / "simple" / "index.json").write_text(json.dumps(root), encoding="utf-8")
    return Tree(folder=folder, wheel=wheel, cold=names)


def _wheel() -> Artifact:
    noise = random.Random(7).randbytes(_MEGABYTES << 20)  # noqa: S311 - bytes that do not compress
    return a_wheel(WARM, "1.0", files={"warm_project/noise.bin": noise})


def _page(folder: Path, name: str, files: list[dict[str, Any]]) -> None:
    document = {"meta": {"api-version": "1.1"}, "name": name, "files": files}
    document["versions"] = sorted({entry["filename"].split("-")[1] for entry in files})
    place = folder / "simple" / name
    place.mkdir(parents=True)
    (place / "index.json").write_text(json.dumps(document), encoding="utf-8")


def _listed(project: str, number: int) -> dict[str, Any]:
    tag = f"cp31{number % 4}"
    platform = "manylinux_2_17_x86_64.manylinux2014_x86_64"
    filename = f"{project.replace('-', '_')}-1.{number // 4}.0-{tag}-{tag}-{platform}.whl"
    return _entry(filename, hashlib.sha256(filename.encode()).hexdigest(), 10_000 + number)


def _entry(filename: str, sha256: str, size: int) -> dict[str, Any]:
    metadata = {"sha256": hashlib.sha256(sha256.encode()).hexdigest()}
    folder = f"https://files.example.com/packages/{sha256[:2]}/{sha256[2:4]}/{sha256[4:]}"
    return {
        "core-metadata": metadata,
        "data-dist-info-metadata": metadata,
        "filename": filename,
        "hashes": {"sha256": sha256},
        "provenance": None,
        "requires-python": ">=3.9",
        "size": size,
        "upload-time": _UPLOADED,
        "url": f"{folder}/{filename}",
        "yanked": False,
    }
