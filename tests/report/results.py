"""The results that every format must be able to say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from packaging.utils import canonicalize_name
from packaging.version import Version

from guard.admission import Standing
from guard.model import (
    Advisories,
    Advisory,
    Decision,
    Finding,
    Level,
    PassedOver,
    Requested,
    RuleId,
    Severity,
    Unknown,
)
from guard.publisher import GITHUB, Attestation, Identity, PredicateKind, Provenance
from guard.report import Result
from tests.builders import a_candidate, a_digest, a_file, a_listing, a_verdict, ago

LITELLM: Final = canonicalize_name("litellm")
FRESH: Final = a_listing(upload_time=ago(hours=2))
WAIVED: Final = """
[[exempt]]
name = "litellm"
rule = "fresh-upload"
reason = "fixes an outage"
approved-by = "sec@example.com"
"""
PUBLISHED: Final = Provenance(
    attestations=(
        Attestation(
            identity=Identity(
                issuer=GITHUB,
                identity="https://github.example.com/acme/frob/.github/workflows/release.yml",
                repository="acme/frob",
                workflow="release.yml",
                ref="refs/tags/v1.0",
            ),
            predicate=PredicateKind.PUBLISH,
            log_index=7,
            integrated_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        ),
    )
)

HOSTILE: Final = "\x1b[2J\x9b31m\u202e\r\n::error title=x::pwned\n\u2028%0A\x07<b>\x00\x7f"
"""What an index could put into a reason, to be shown on a terminal or read by a runner."""


def passed_over(
    version: str, message: str = "uploaded 2 hours ago, younger than 7 days"
) -> PassedOver:
    finding = Finding(rule=RuleId("fresh-upload"), level=Level.DENY, message=message)
    return PassedOver(project=LITELLM, version=Version(version), findings=(finding,))


ADMITTED: Final = Result(
    decision=Decision.ADMITTED,
    verdicts=(
        a_verdict(a_candidate()),
        a_verdict(
            a_candidate(
                file=a_file("frob", "1.0"),
                listing=a_listing(yanked="broken"),
                requested=Requested(named=True, pinned=True),
                provenance=PUBLISHED,
            )
        ),
    ),
    standings=(Standing.NOT_ATTESTED, Standing.FIRST_SEEN),
    done="installed",
)
CHOSEN: Final = Result(
    decision=Decision.ADMITTED,
    verdicts=(a_verdict(a_candidate()),),
    standings=(Standing.NOT_ATTESTED,),
    passed_over=tuple(passed_over(f"1.83.{i}") for i in reversed(range(7))),
    done="installed",
)
DENIED: Final = Result(
    decision=Decision.DENIED,
    verdicts=(
        a_verdict(a_candidate(file=a_file("frob", "1.0"))),
        a_verdict(a_candidate(listing=FRESH, digests=Unknown("not downloaded"))),
    ),
    suggestions={"litellm": "1.82.6"},
    note="No solution found\n  ╰─▶ because only litellm<=1.82.6 is available",
)
UNDECIDED: Final = Result(
    decision=Decision.UNDECIDED,
    verdicts=(
        a_verdict(a_candidate()),
        a_verdict(a_candidate(file=a_file("frob", "1.0"), digests=Unknown("no answer in time"))),
    ),
)
SET_ASIDE: Final = Result(
    decision=Decision.ADMITTED,
    verdicts=(a_verdict(a_candidate(listing=FRESH), WAIVED),),
    standings=(Standing.NOT_ATTESTED,),
    done="installed",
)
SATISFIED: Final = Result(decision=Decision.ADMITTED, verdicts=(), satisfied=True)

UNINFORMED: Final = Result(
    decision=Decision.ADMITTED,
    verdicts=tuple(
        a_verdict(
            a_candidate(file=a_file(name, "1.0"), advisories=Unknown("there are none here yet"))
        )
        for name in ("frob", "dep")
    ),
    standings=(Standing.NOT_ATTESTED, Standing.NOT_ATTESTED),
)
INFORMED: Final = Result(
    decision=Decision.ADMITTED,
    verdicts=(
        a_verdict(
            a_candidate(
                advisories=Advisories(
                    records=(
                        Advisory(
                            id="PYSEC-2026-1",
                            aliases=("CVE-2026-0001",),
                            severity=Severity.HIGH,
                            summary="reads any file",
                            fixed=(Version("1.83"),),
                        ),
                    ),
                    as_of=ago(hours=3),
                    source="https://feeds.example.com/all.zip",
                )
            )
        ),
    ),
    standings=(Standing.NOT_ATTESTED,),
)
ATTACKED: Final = Result(
    decision=Decision.DENIED,
    verdicts=(
        a_verdict(
            a_candidate(
                file=a_file(filename=f"litellm{HOSTILE}.whl"), listing=a_listing(yanked=HOSTILE)
            )
        ),
    ),
    passed_over=(passed_over("2.0", HOSTILE),),
    note=HOSTILE,
)

EVERY: Final = {
    "admitted": ADMITTED,
    "chosen": CHOSEN,
    "denied": DENIED,
    "undecided": UNDECIDED,
    "set aside": SET_ASIDE,
    "satisfied": SATISFIED,
    "attacked": ATTACKED,
    "uninformed": UNINFORMED,
    "informed": INFORMED,
}

SHA256: Final = a_digest()
