"""`guard quarantine`."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime

from guard.cli.exit import ExitCode
from guard.cli.session import cache_folder
from guard.errors import UsageError
from guard.quarantine import Quarantine, digests_of


def run(arguments: argparse.Namespace) -> int:
    """List, show or purge the files in quarantine."""
    quarantine = Quarantine(cache_folder() / "quarantine")
    match arguments.action:
        case "list":
            for path in quarantine.entries():
                size = path.stat().st_size
                sys.stdout.write(f"{path.parent.name[:16]}  {size:>12,}  {path.name}\n")
        case "show":
            _show(quarantine, arguments.sha256)
        case _:
            count = quarantine.purge(arguments.sha256)
            sys.stderr.write(f"{count} files removed\n")
    return ExitCode.OK


def _show(quarantine: Quarantine, prefix: str) -> None:
    paths = list(quarantine.entries(prefix))
    if not paths:
        raise UsageError(
            f"no file in quarantine has a sha256 that begins with `{prefix}`",
            hint="`guard quarantine list` shows what is there",
        )
    for path in paths:
        status = path.stat()
        digest = digests_of(path, {"sha256"})["sha256"]
        shown = {
            "filename": path.name,
            "path": str(path),
            "size": status.st_size,
            "sha256": digest,
            "intact": digest == path.parent.name,
            "arrived": datetime.fromtimestamp(status.st_mtime, UTC).isoformat(timespec="seconds"),
        }
        sys.stdout.write(json.dumps(shown, indent=2) + "\n")
