"""An environment on disk without an interpreter: folders, and what was installed into them."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guard.audit.distribution import Distribution, distributions
from guard.sources.installed import Folders
from tests.wheels import Artifact


@dataclass(frozen=True)
class Place:
    """The folders of one environment."""

    root: Path

    @property
    def site(self) -> Path:
        return self.root / "lib/python3.11/site-packages"

    @property
    def folders(self) -> Folders:
        return Folders(site=(self.site,), scripts=self.root / "bin", data=self.root)

    def installs(self, wheel: Artifact, *, installer: str = "pip", **more: Any) -> Path:
        """Put a wheel in place as an installer does; returns its `.dist-info`.

        `more` may hold a `direct_url`.
        """
        with zipfile.ZipFile(io.BytesIO(wheel.content)) as archive:
            archive.extractall(self.site)
            [record] = [name for name in archive.namelist() if name.endswith("dist-info/RECORD")]
        info = (self.site / record).parent
        self.adds(info, "INSTALLER", f"{installer}\n")
        if "direct_url" in more:
            self.adds(info, "direct_url.json", json.dumps(more["direct_url"]))
        return info

    def adds(self, info: Path, name: str, text: str, *, hashed: bool = True) -> Path:
        """Write a file and list it: into the `.dist-info`, or with a `/` into `site`."""
        path = info.parent / name.removeprefix("/") if name.startswith("/") else info / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        line = path.relative_to(self.site).as_posix()
        with (info / "RECORD").open("a") as stream:
            stream.write(f"{line},{hash_of(text) if hashed else ''},{len(text)}\n")
        return path

    def read(self) -> Mapping[str, Distribution]:
        """What is installed, by name."""
        return {str(each.project): each for each in distributions(self.folders)}


def hash_of(text: str) -> str:
    """A digest as RECORD has it."""
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def a_place(folder: Path) -> Place:
    """An empty environment."""
    place = Place(folder.resolve() / "env")
    place.site.mkdir(parents=True)
    (place.root / "bin").mkdir()
    return place
