"""A JSON report as a table: what was judged, how old it is and what came of it."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any


def main() -> None:
    report: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    judged = sorted(report["candidates"], key=lambda candidate: str(candidate["name"]))
    print(f"\n{'project':28} {'version':16} {'uploaded':11} {'sha256':17} decision")
    for candidate in judged:
        # A rule that could not tell has found nothing: `known-malware` beside a file says it has.
        found = (f["rule"] for f in candidate["findings"] if not f["unknown"])
        findings = " ".join(found)
        print(
            f"{candidate['name']:28} {candidate['version'] or '?':16} "
            f"{_day(candidate['upload_time']):11} {(candidate['sha256'] or '?')[:16]} "
            f"{candidate['decision']} {findings}".rstrip()
        )
    print(f"{len(judged)} files: {report['decision']}\n")


def _day(moment: str | None) -> str:
    return datetime.fromisoformat(moment).date().isoformat() if moment else "?"


if __name__ == "__main__":
    main()
