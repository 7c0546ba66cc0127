"""An index whose files were published by several people, and a guard that knows its Sigstore."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from tests.attestations.places import tagged
from tests.e2e.guarded import Environment, Guard, Ran, ago, at, to
from tests.fakes import LoopbackIndex
from tests.local_sigstore import Fault, Identity, LocalSigstore
from tests.wheels import Artifact, a_wheel

EVIL: Final = {"repository_id": "666", "owner_id": "667"}

PIN: Final = """
[[publisher]]
name = "widget"
identities = [
    { kind = "GitHub", repository = "acme/widget", workflow = "release.yml", ref = "refs/tags/*" },
]
"""

_PRAISE: Final = re.compile(r"\b(trust(ed|worthy)|safe|secure|genuine|authentic)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Shop:
    """An index, the Sigstore that its publishers use, and the guard of somebody who installs."""

    index: LoopbackIndex
    sigstore: LocalSigstore
    guard: Guard

    def add(
        self,
        version: str,
        identity: Identity | None,
        *,
        name: str = "widget",
        days: float = 30,
        fault: Fault | None = None,
    ) -> Artifact:
        """List a wheel that was uploaded so many days ago."""
        wheel = a_wheel(name, version)
        uploaded: datetime = ago(days=days)
        provenance = None
        if identity is not None:
            provenance = self.sigstore.publish(wheel.filename, wheel.content, identity, fault=fault)
        self.index.add(wheel, uploaded=uploaded, provenance=provenance)
        return wheel

    def policy(self, more: str = "") -> Path:
        """A policy that names the Sigstore of the index, and says `more`."""
        root = self.guard.work / "root.json"
        root.write_bytes(self.sigstore.trusted_root_json())
        path = self.guard.work / "guard.toml"
        path.write_text(
            'extends = "default"\n'
            f'[[index]]\nname = "shop"\nurl = "{self.index.url}"\ntrust-root = "{root}"\n{more}',
            encoding="utf-8",
        )
        return path

    def run(self, command: str, *words: str | Path, into: Environment, policy: str = "") -> Ran:
        """One run of the guard; whatever comes of it, nobody is praised for a signature."""
        ran = self.guard(
            command, *words, "--policy", self.policy(policy), *to(into), *at(self.index)
        )
        assert not _PRAISE.search(ran.said), ran.said
        return ran

    def five_releases(self) -> None:
        """The history that this is all about."""
        branch = Identity.github(ref="refs/heads/x", trigger="pull_request_target")
        releases = {
            "1.0": tagged("1.0"),
            "1.1": tagged("1.1"),
            "1.2": None,
            "1.3": tagged("1.3", repository="evil/widget", **EVIL),
            "1.4": branch,
        }
        for age, (version, identity) in enumerate(releases.items()):
            self.add(version, identity, days=60 - age * 11)
