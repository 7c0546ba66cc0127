"""What attestations cost: `python -m bench.attestations`.

Verifications a second in a warm process, and the time that `guard install` of 58 small wheels with
58 attestations takes against the same wheels without any. All is minted here and served on the
loopback interface, so that the network does not count.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import statistics
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.tools import GUARD, environment, installed, new_environment, timed
from guard.sources.trust_root import TrustRoot
from guard.sources.verifier import Verifier
from tests.fakes import LoopbackIndex
from tests.local_sigstore import Identity, LocalSigstore
from tests.wheels import Artifact, a_wheel

_UPLOADED = datetime(2024, 5, 6, tzinfo=UTC)
_MEMORY = Path("/dev/shm")  # noqa: S108 - only to be fast; each run makes a private folder in it
_BATCHES = 5

Samples = dict[str, list[float]]


def main() -> None:
    options = _options()
    sigstore = LocalSigstore.create()
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    _verifications(sigstore, options.verifications)
    folder = str(_MEMORY) if _MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=folder, prefix="guard-bench-") as name:
        _print(_installs(sigstore, Path(name), options.wheels, options.rounds), options.wheels)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.attestations", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--wheels", type=int, default=58)
    parser.add_argument("--verifications", type=int, default=200, help="in each of 5 batches")
    return parser.parse_args()


def _verifications(sigstore: LocalSigstore, count: int) -> None:
    """Verify as often as asked, each time another attestation, and say how fast that was."""
    verifier = Verifier(TrustRoot(sigstore.trusted_root_json(), "local"))
    content = b"the bytes of a wheel"
    sha256 = hashlib.sha256(content).hexdigest()
    name = "widget-1.0-py3-none-any.whl"
    given = [sigstore.publish(name, content, Identity.github()) for _ in range(count)]
    on_the_cpu, on_the_clock = [], []
    for _ in range(_BATCHES + 1):
        cpu, clock = time.process_time(), time.perf_counter()
        accepted = sum(
            len(verifier.provenance(raw, filename=name, sha256=sha256).attestations)
            for raw in given
        )
        on_the_cpu.append(count / (time.process_time() - cpu))
        on_the_clock.append(count / (time.perf_counter() - clock))
        assert accepted == count
    # The first batch warms up.
    cpu_rate, clock_rate = statistics.median(on_the_cpu[1:]), statistics.median(on_the_clock[1:])
    rates = f"{cpu_rate:.0f} of CPU time, {clock_rate:.0f} by the clock"
    print(f"verifications a second and core: {rates}")


@dataclass(frozen=True)
class Shop:
    """The same wheels on an index, with attestations or without."""

    name: str
    index: LoopbackIndex
    sigstore: LocalSigstore

    def fill(self, wheels: list[Artifact], *, attested: bool) -> None:
        for wheel in wheels:
            identity = Identity.github(f"acme/{wheel.name}")
            provenance = self.sigstore.publish(wheel.filename, wheel.content, identity)
            self.index.add(wheel, uploaded=_UPLOADED, provenance=provenance if attested else None)

    def policy(self, folder: Path) -> Path:
        root, path = folder / "root.json", folder / f"{self.name}.toml"
        root.write_bytes(self.sigstore.trusted_root_json())
        path.write_text(
            'extends = "default"\n'
            f'[[index]]\nname = "shop"\nurl = "{self.index.url}"\ntrust-root = "{root}"\n',
            encoding="utf-8",
        )
        return path

    def install(self, home: Path, state: str, wheels: list[Artifact]) -> float:
        """Install everything into a new environment, and return the seconds."""
        into = new_environment(home / f"{self.name}-{state}")
        mine = home / self.name
        mine.mkdir(exist_ok=True)
        env = environment(
            UV_CACHE_DIR=mine / "uv",
            GUARD_CACHE_DIR=mine / "cache",
            GUARD_STATE_DIR=mine / "state",
        )
        command = [GUARD, "install", "--quiet", "--python", str(into)]
        command += ["--index-url", self.index.url, "--policy", str(self.policy(home))]
        took = timed([*command, *(wheel.name for wheel in wheels)], env)
        assert len(installed(into)) == len(wheels)
        return took


def _installs(sigstore: LocalSigstore, home: Path, count: int, rounds: int) -> Samples:
    """Install with attestations and without, cold and then warm; who begins alternates."""
    samples: Samples = defaultdict(list)
    wheels = [a_wheel(f"widget-{number}", "1.0") for number in range(count)]
    with LoopbackIndex() as one, LoopbackIndex() as other:
        shops = [Shop("attested", one, sigstore), Shop("bare", other, sigstore)]
        for shop in shops:
            shop.fill(wheels, attested=shop.name == "attested")
        for number in range(rounds):
            folder = home / str(number)
            folder.mkdir()
            for state in ("cold", "warm"):
                for shop in shops[:: -1 if number % 2 else 1]:
                    samples[f"{shop.name} {state}"].append(shop.install(folder, state, wheels))
    return samples


def _print(samples: Samples, count: int) -> None:
    print(
        f"\nguard install of {count} wheels, seconds: median (least) of {len(samples['bare cold'])}"
    )
    print(f"{'':6} {'attested':16} {'without':16} {'added':>8} {'each':>8}")
    for state in ("cold", "warm"):
        with_them, without = samples[f"attested {state}"], samples[f"bare {state}"]
        added = statistics.median(with_them) - statistics.median(without)
        print(
            f"{state:6} {_seconds(with_them)} {_seconds(without)} "
            f"{added * 1000:+5.0f} ms {added * 1000 / count:+5.1f} ms"
        )


def _seconds(samples: list[float]) -> str:
    return f"{statistics.median(samples):6.3f} ({min(samples):.3f})".ljust(16)


if __name__ == "__main__":
    main()
