"""`invalid-attestation`: a signature that does not fit, or that nobody could check."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from guard.model import Absent, Decision, Level, Unknown
from guard.publisher import Provenance
from tests.attestations.publishers import ACME, UNATTESTED, attested, widget
from tests.builders import a_judgement, a_verdict, report

FORGED = "DSSE: invalid signature (VerificationError)"
UNHEARD = "a publisher of kind 'Unheard-of'"
DOWN = Unknown("its attestations could not be had: HTTP 503")


def unavailable(level: str) -> str:
    return f'[rules.invalid-attestation]\nunavailable-level = "{level}"\n'


def test_a_valid_attestation_is_allowed() -> None:
    assert a_verdict(widget(provenance=attested(ACME))).findings == ()


@pytest.mark.parametrize("nothing", [UNATTESTED, Absent("a URL"), Provenance()])
def test_where_there_is_none_none_is_invalid(nothing: Absent | Provenance) -> None:
    assert a_verdict(widget(provenance=nothing)).findings == ()


def test_one_that_does_not_verify_is_denied() -> None:
    assert report(a_verdict(widget(provenance=attested(invalid=(FORGED,))))) == snapshot("""\
denied[invalid-attestation]: an attestation does not verify: DSSE: invalid signature (VerificationError)
  --> widget-1.1-py3-none-any.whl
   = help: guard rule invalid-attestation

1 file judged: 1 denied; nothing was installed
""")  # noqa: E501 - as it is printed


@pytest.mark.parametrize("valid", [1, 2, 63])
def test_valid_ones_do_not_make_up_for_it(valid: int) -> None:
    provenance = attested(*[ACME] * valid, invalid=(FORGED,))
    assert a_verdict(widget(provenance=provenance)).decision is Decision.DENIED


def test_each_that_does_not_verify_is_named() -> None:
    verdict = a_verdict(widget(provenance=attested(invalid=(FORGED, "not JSON"))))
    assert [finding.message for finding in verdict.findings] == [
        f"an attestation does not verify: {FORGED}",
        "an attestation does not verify: not JSON",
    ]


def test_what_could_not_be_fetched_is_undecided() -> None:
    assert report(a_verdict(widget(provenance=DOWN))) == snapshot("""\
undecided[invalid-attestation]: its attestations are not verified: its attestations could not be had: HTTP 503
  --> widget-1.1-py3-none-any.whl
   = policy: rules.invalid-attestation.unavailable-level = "deny"
   = help: guard rule invalid-attestation

1 file judged: 1 undecided; nothing was installed
""")  # noqa: E501 - as it is printed


def test_what_is_not_understood_is_undecided_and_not_called_forged() -> None:
    assert report(a_verdict(widget(provenance=attested(unsupported=(UNHEARD,))))) == snapshot("""\
undecided[invalid-attestation]: its attestations are not verified: not understood: a publisher of kind 'Unheard-of'
  --> widget-1.1-py3-none-any.whl
   = policy: rules.invalid-attestation.unavailable-level = "deny"
   = help: guard rule invalid-attestation

1 file judged: 1 undecided; nothing was installed
""")  # noqa: E501 - as it is printed


def test_what_is_not_understood_does_not_matter_beside_what_is() -> None:
    """An index may serve what newer verifiers understand, beside what all do."""
    assert a_verdict(widget(provenance=attested(ACME, unsupported=(UNHEARD,)))).findings == ()


@pytest.mark.parametrize("provenance", [DOWN, attested(unsupported=(UNHEARD,))])
def test_a_missing_answer_can_be_a_warning(provenance: Provenance | Unknown) -> None:
    verdict = a_verdict(widget(provenance=provenance), unavailable("warn"))
    assert verdict.decision is Decision.ADMITTED
    (finding,) = verdict.findings
    assert (finding.level, finding.unknown) == (Level.WARN, True)
    assert finding.detail == ('policy: rules.invalid-attestation.unavailable-level = "warn"',)


def test_a_wrong_answer_is_never_a_missing_one() -> None:
    provenance = attested(invalid=(FORGED,), unsupported=(UNHEARD,))
    assert a_verdict(widget(provenance=provenance), unavailable("warn")).decision is (
        Decision.DENIED
    )


def test_a_missing_answer_weighs_no_more_than_the_rule() -> None:
    policy = '[rules.invalid-attestation]\nlevel = "warn"\nunavailable-level = "deny"\n'
    assert a_verdict(widget(provenance=DOWN), policy).decision is Decision.ADMITTED


def test_a_good_file_hides_no_bad_one() -> None:
    good, bad = widget(provenance=attested(ACME)), widget(provenance=attested(invalid=(FORGED,)))
    assert a_judgement(good, bad).decision is Decision.DENIED
    assert a_judgement(bad, good).decision is Decision.DENIED
    assert a_judgement(good, widget(provenance=DOWN)).decision is Decision.UNDECIDED
