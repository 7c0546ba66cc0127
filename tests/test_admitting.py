"""Admitting: facts are gathered from a real index, and only what was judged becomes a proof."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.version import Version

from guard.admission import Asked, Judgement
from guard.admission.gather import Admission
from guard.approval import Approvals, ApprovedFile
from guard.artifact.source import Scanner
from guard.model import Absent, Decision, FileKind, Requested, RuleId, Unknown
from guard.policy import Policy
from guard.policy.load import overlay
from guard.policy.policy import Floor
from guard.progress import Silent
from guard.quarantine import Quarantine
from guard.sources.baseline import Baselines
from guard.sources.identities import KnownIdentities
from guard.sources.provenance import ProvenanceSource
from guard.sources.publication import Publications
from guard.sources.trust_root import TrustRoot
from tests import faults
from tests.advisory.records import a_snapshot
from tests.builders import NOW, a_digest, a_file, a_policy, ago
from tests.fakes import LoopbackIndex
from tests.faults import Fault
from tests.policy.approving import an_approval
from tests.sources.clients import a_client, a_source, some_contents, some_pages, the_index
from tests.wheels import Artifact, a_wheel

FROB: Final = a_wheel("frob", "1.0")
DEP: Final = a_wheel("dep", "1.0")
EVIL: Final = a_wheel("frob", "1.0", files={"frob.py": "evil = True"})


@dataclass
class Place:
    """An index, and a folder in which runs of the guard keep what they have seen."""

    index: LoopbackIndex
    folder: Path
    scanner: Scanner | None = None

    def asked(self, artifact: Artifact, requested: Requested | None = None) -> Asked:
        """A file as a resolver plans it."""
        file = a_file(
            artifact.name,
            artifact.version,
            url=self.index.file_url(artifact.filename),
            hashes={"sha256": artifact.sha256},
        )
        return Asked(file, requested or Requested(named=True))

    def admitted(self, *asked: Asked, toml: str = "") -> Judgement:
        """The judgement of a new run."""
        with ThreadPoolExecutor(4) as pool:
            return self.admission(pool, toml).admit(asked)

    def admission(self, pool: Executor, toml: str = "") -> Admission:
        source = a_source(self.folder / "pages", the_index(self.index), refresh=True)
        provenance = ProvenanceSource(
            some_pages(self.folder / "pages"), self.folder, lambda _: TrustRoot(b"{}", "none")
        )
        quarantine = Quarantine(self.folder / "quarantine")
        contents = some_contents(self.folder / "contents", scanner=self.scanner)
        return Admission(
            policy=a_policy(toml),
            index=source,
            publications=Publications(source, provenance, KnownIdentities(self.folder)),
            http=a_client(),
            quarantine=quarantine,
            contents=contents,
            baselines=Baselines(source, a_client(), quarantine, contents),
            advisories=a_snapshot(self.folder / "advisories"),
            pool=pool,
            progress=Silent(),
            now=NOW,
        )

    def downloads(self) -> list[str]:
        """The files that were asked for."""
        seen = (request.location for request in self.index.requests)
        return [path.rpartition("/")[2] for path in seen if path.startswith("/files/")]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with LoopbackIndex() as index:
        for artifact in (FROB, DEP):
            index.add(artifact, uploaded=ago(days=30))
        yield Place(index, tmp_path)


def decisions(judgement: Judgement) -> dict[str, Decision]:
    return {v.candidate.file.project: v.decision for v in judgement.verdicts}


def rules(judgement: Judgement) -> set[str]:
    return {str(finding.rule) for verdict in judgement.verdicts for finding in verdict.findings}


def test_what_is_admitted_is_a_proof_with_the_judged_bytes(place: Place) -> None:
    """I2."""
    judgement = place.admitted(place.asked(FROB), place.asked(DEP))
    assert judgement.decision is Decision.ADMITTED
    assert [item.sha256 for item in judgement.admitted] == [FROB.sha256, DEP.sha256]
    for item, verdict in zip(judgement.admitted, judgement.verdicts, strict=True):
        assert item.verdict is verdict
        assert hashlib.sha256(item.path.read_bytes()).hexdigest() == item.sha256
        assert item.path.name == verdict.candidate.file.filename


def test_what_only_some_rules_were_asked_of_is_no_proof(place: Place) -> None:
    place.index.add(EVIL, uploaded=ago(minutes=5))
    partly = replace(place.asked(EVIL), only=frozenset({RuleId("yanked-file")}))
    judgement = place.admitted(partly)
    assert (judgement.decision, judgement.admitted) == (Decision.ADMITTED, ())


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_one_denied_file_leaves_no_proof_of_any(place: Place, order: tuple[int, int]) -> None:
    """I5."""
    place.index.fault(f"/files/{FROB.filename}", faults.replaced(EVIL.content))
    asked = [place.asked(FROB), place.asked(DEP)]
    judgement = place.admitted(*(asked[i] for i in order))
    assert judgement.decision is Decision.DENIED
    assert decisions(judgement) == {"frob": Decision.DENIED, "dep": Decision.ADMITTED}
    assert judgement.admitted == ()
    assert rules(judgement) == {"hash-mismatch"}


@pytest.mark.parametrize(
    "fault", [faults.status(404), faults.status(503), faults.reset(10), faults.truncated(10)]
)
def test_a_file_that_does_not_come_leaves_it_undecided(place: Place, fault: Fault) -> None:
    """I4."""
    place.index.fault(f"/files/{FROB.filename}", fault)
    judgement = place.admitted(place.asked(DEP), place.asked(FROB))
    assert judgement.decision is Decision.UNDECIDED
    assert decisions(judgement) == {"frob": Decision.UNDECIDED, "dep": Decision.ADMITTED}
    assert judgement.admitted == ()


@pytest.mark.parametrize("level", ["warn", "off"])
def test_no_level_makes_a_proof_of_bytes_that_never_came(place: Place, level: str) -> None:
    """I5: all of the plan or nothing, also where the policy only warns."""
    place.index.fault(f"/files/{FROB.filename}", faults.status(503))
    toml = f'rules.hash-mismatch.level = "{level}"\n'
    judgement = place.admitted(place.asked(DEP), place.asked(FROB), toml=toml)
    assert judgement.decision is not Decision.ADMITTED
    assert judgement.admitted == ()


class Later(Future[Any]):
    """Work that is done when somebody asks for its result, and then once."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self._work = work

    def result(self, timeout: float | None = None) -> Any:
        if not self.done():
            self.set_result(self._work())
        return super().result(timeout)


class Lazy(Executor):
    """Begins nothing by itself: what is not asked for is not done."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Later:
        return Later(lambda: work(*args, **kwargs))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_the_page_alone_denies_is_not_downloaded(place: Place, order: tuple[int, int]) -> None:
    place.index.add(FROB, uploaded=ago(days=30), yanked="broken")
    asked = [place.asked(FROB), place.asked(DEP)]
    judgement = place.admission(Lazy()).admit([asked[i] for i in order])
    assert judgement.decision is Decision.DENIED
    assert decisions(judgement)["frob"] is Decision.DENIED
    assert place.downloads() == []
    assert judgement.admitted == ()


def test_what_is_in_quarantine_already_is_not_downloaded_again(place: Place) -> None:
    for _ in range(2):
        assert place.admitted(place.asked(FROB)).decision is Decision.ADMITTED
    assert place.downloads() == [FROB.filename]


def test_what_was_tampered_with_in_quarantine_is_downloaded_again(place: Place) -> None:
    (item,) = place.admitted(place.asked(FROB)).admitted
    item.path.write_bytes(EVIL.content)
    (again,) = place.admitted(place.asked(FROB)).admitted
    assert again.path.read_bytes() == FROB.content
    assert place.downloads() == [FROB.filename] * 2


def test_a_file_that_is_larger_than_announced_is_left(place: Place) -> None:
    place.index.fault(f"/files/{FROB.filename}", faults.endless())
    judgement = place.admitted(place.asked(FROB))
    assert judgement.decision is Decision.UNDECIDED
    finding, *others = judgement.verdicts[0].findings
    assert {other.message for other in others} == {
        "what is inside is not known: it could not be downloaded"
    }
    assert f"more bytes came than the {len(FROB.content)} that were announced" in finding.message
    assert place.downloads() == [FROB.filename]


@pytest.mark.parametrize("algorithm", ["sha384", "sha512"])
@pytest.mark.parametrize("content", [FROB.content, b"other bytes"])
def test_a_demanded_digest_is_computed_and_compared(
    place: Place, algorithm: str, content: bytes
) -> None:
    demand = frozenset({(algorithm, a_digest(content, algorithm))})
    for _ in range(2):  # as it arrives, and as it is found again
        judgement = place.admitted(place.asked(FROB, Requested(named=True, hashes=demand)))
        expected = Decision.ADMITTED if content is FROB.content else Decision.DENIED
        assert judgement.decision is expected


@pytest.mark.parametrize("algorithm", ["sha384", "sha512"])
def test_an_index_that_promises_another_strong_digest_is_held_to_it(
    place: Place, algorithm: str
) -> None:
    wrong = a_digest(b"other bytes", algorithm)
    place.index.add(FROB, uploaded=ago(days=30), hashes={algorithm: wrong})
    asked = place.asked(FROB)
    unhashed = Asked(replace(asked.file, hashes={}), asked.requested)
    judgement = place.admitted(unhashed)
    assert judgement.decision is not Decision.ADMITTED
    assert rules(judgement) == {"hash-mismatch"}


@pytest.mark.parametrize("algorithm", ["sha384", "sha512"])
def test_an_index_that_keeps_its_promise_in_another_digest_is_believed(
    place: Place, algorithm: str
) -> None:
    hashes = {algorithm: a_digest(FROB.content, algorithm)}
    place.index.add(FROB, uploaded=ago(days=30), hashes=hashes)
    asked = place.asked(FROB)
    unhashed = Asked(replace(asked.file, hashes={}), asked.requested)
    assert place.admitted(unhashed).decision is Decision.ADMITTED


def test_a_source_tree_is_never_fetched(place: Place) -> None:
    tree = a_file("frob", None, kind=FileKind.SOURCE_TREE, url=f"git+{place.index.origin}/frob")
    requested = Requested(named=True, direct_url=tree.url)
    judgement = place.admitted(Asked(tree, requested))
    assert judgement.decision is Decision.DENIED
    assert rules(judgement) >= {"direct-url", "source-distribution"}
    assert place.index.requests == []


def test_what_is_asked_for_by_url_is_judged_without_an_index(place: Place) -> None:
    asked = place.asked(FROB)
    direct = Asked(asked.file, Requested(named=True, direct_url=asked.file.url))
    toml = f'rules.direct-url.allow = ["{place.index.origin}/files/*"]\n'
    judgement = place.admitted(direct, toml=toml)
    assert judgement.decision is Decision.ADMITTED
    assert isinstance(judgement.verdicts[0].candidate.origin, Absent)
    assert [seen.location for seen in place.index.requests] == [f"/files/{FROB.filename}"]


def test_a_local_file_is_judged_without_an_index(place: Place) -> None:
    path = FROB.write_to(place.folder)
    asked = Asked(a_file("frob", "1.0", url=path.as_uri(), hashes={}), Requested(), local=True)
    judgement = place.admitted(asked)
    assert judgement.decision is Decision.ADMITTED
    assert judgement.admitted[0].sha256 == FROB.sha256
    assert place.index.requests == []


def test_an_index_that_is_down_leaves_everything_undecided(place: Place) -> None:
    place.index.fault("/simple/*", faults.status(503))
    judgement = place.admitted(place.asked(FROB), place.asked(DEP))
    assert set(decisions(judgement).values()) == {Decision.UNDECIDED}
    assert judgement.admitted == ()


def test_nothing_asked_for_is_nothing_judged(place: Place) -> None:
    assert place.admitted() == Judgement(())


def test_a_preview_asks_only_what_the_page_can_answer(place: Place) -> None:
    place.index.add(FROB, uploaded=ago(hours=2))
    asked, admission = place.asked(FROB), place.admission(Lazy())
    located = admission.index.locate(asked.file)
    verdict = admission.preview(asked.file, asked.requested, located)
    assert [str(finding.rule) for finding in verdict.findings] == ["fresh-upload"]
    assert isinstance(admission.described(asked).digests, Unknown)
    assert place.downloads() == []


def test_the_verdicts_are_in_the_order_of_the_question(place: Place) -> None:
    asked: Sequence[Asked] = [place.asked(a) for a in (DEP, FROB, DEP)]
    names = [verdict.candidate.file.project for verdict in place.admitted(*asked).verdicts]
    assert names == ["dep", "frob", "dep"]


def test_what_was_anticipated_is_not_downloaded_again(place: Place) -> None:
    with ThreadPoolExecutor(4) as pool:
        admission = place.admission(pool)
        for artifact in (FROB, DEP):
            admission.anticipate(place.asked(artifact, Requested()))
            admission.anticipate(place.asked(artifact))
        judgement = admission.admit([place.asked(FROB)])
    assert [item.verdict.candidate.requested for item in judgement.admitted] == [
        Requested(named=True)
    ]
    assert place.downloads().count(FROB.filename) == 1


def test_a_guess_at_other_bytes_counts_for_nothing(place: Place) -> None:
    asked = place.asked(FROB)
    guess = replace(asked, file=replace(asked.file, hashes={"sha256": a_digest(b"other")}))
    with ThreadPoolExecutor(4) as pool:
        admission = place.admission(pool)
        admission.anticipate(guess)
        assert admission.admit([asked]).decision is Decision.ADMITTED
        assert rules(admission.admit([guess])) >= {"hash-mismatch"}


def test_a_guess_that_could_not_be_had_is_undecided_when_it_is_asked_for(place: Place) -> None:
    place.index.fault(f"/files/{FROB.filename}", faults.status(404))
    with ThreadPoolExecutor(4) as pool:
        admission = place.admission(pool)
        admission.anticipate(place.asked(FROB))
        assert admission.admit([place.asked(FROB)]).decision is Decision.UNDECIDED


NEWER: Final = a_wheel("frob", "1.1", requires=["dep", "more"])


@pytest.fixture
def with_past(place: Place) -> Place:
    """frob 1.1, of today, beside frob 1.0."""
    place.index.add(NEWER, uploaded=ago(hours=1))
    return place


UNCOOLED: Final = 'rules.fresh-upload.level = "off"\n'


def test_a_young_file_is_compared_with_the_release_before(with_past: Place) -> None:
    judgement = with_past.admitted(with_past.asked(NEWER), toml=UNCOOLED)
    [finding] = judgement.verdicts[0].findings
    assert finding.message == "requires dep, more, which 1.0 did not"
    assert judgement.decision is Decision.ADMITTED
    assert [item.sha256 for item in judgement.admitted] == [NEWER.sha256]


def test_to_compare_requirements_no_wheel_is_fetched(with_past: Place) -> None:
    with_past.admitted(with_past.asked(NEWER), toml=UNCOOLED)
    assert sorted(with_past.downloads()) == [f"{FROB.filename}.metadata", NEWER.filename]
    with_past.index.forget_requests()
    with_past.admitted(with_past.asked(NEWER), toml=UNCOOLED)
    assert with_past.downloads() == []


@pytest.mark.parametrize(
    "toml",
    [
        'rules.new-dependency.level = "off"\n',
        'rules.new-dependency.window = "1 minute"\n',
        'rules.new-dependency.level = "off"\nrules.suspicious-change.level = "off"\n',
    ],
)
def test_nothing_is_fetched_for_a_rule_that_does_not_ask(with_past: Place, toml: str) -> None:
    judgement = with_past.admitted(with_past.asked(NEWER), toml=UNCOOLED + toml)
    assert judgement.verdicts[0].findings == ()
    assert with_past.downloads() == [NEWER.filename]


def test_an_old_file_is_compared_with_nothing(place: Place) -> None:
    place.index.add(NEWER, uploaded=ago(days=91))
    place.index.add(FROB, uploaded=ago(days=200))
    judgement = place.admitted(place.asked(NEWER))
    assert judgement.verdicts[0].candidate.baseline == Absent("not compared with")
    assert place.downloads() == [NEWER.filename]


def test_what_the_baseline_required_may_stay_unknown_where_that_only_warns(
    with_past: Place,
) -> None:
    with_past.index.fault("*.metadata", faults.status(503))
    judgement = with_past.admitted(with_past.asked(NEWER), toml=UNCOOLED)
    [finding] = judgement.verdicts[0].findings
    assert (finding.rule, finding.unknown) == ("new-dependency", True)
    assert judgement.decision is Decision.ADMITTED


def test_the_baseline_is_never_a_proof(with_past: Place) -> None:
    """Nothing of it is handed to an installer."""
    with_past.index.add(FROB, uploaded=ago(days=30), metadata=False)
    judgement = with_past.admitted(with_past.asked(NEWER), toml=UNCOOLED)
    assert set(with_past.downloads()) == {FROB.filename, NEWER.filename}
    assert [item.path.name for item in judgement.admitted] == [NEWER.filename]


TAKEN_OVER_TEXT: Final = (
    "import base64, os\nexec(base64.b64decode('cGFzcw=='))\nos.system('true')\n"
)
TAKEN_OVER: Final = a_wheel("frob", "1.2", files={"frob.py": TAKEN_OVER_TEXT})


@pytest.fixture
def taken_over(with_past: Place) -> Place:
    """frob 1.2, of half an hour ago, which can do what frob 1.0 and 1.1 could not."""
    with_past.index.add(TAKEN_OVER, uploaded=ago(minutes=30))
    return replace(with_past, scanner=Scanner())


def test_only_for_what_is_suspected_the_wheel_before_is_fetched(taken_over: Place) -> None:
    asked = [taken_over.asked(NEWER), taken_over.asked(TAKEN_OVER)]
    judgement = taken_over.admitted(*asked, toml=UNCOOLED)
    assert judgement.decision is Decision.DENIED
    assert judgement.admitted == ()
    [denied] = [f for f in judgement.verdicts[1].findings if f.rule == "suspicious-change"]
    assert denied.message == (
        "'frob.py' shows what it did not in 1.0: decoded-exec, import-time-process"
    )
    assert [f.rule for f in judgement.verdicts[0].findings] == ["new-dependency"]
    assert taken_over.downloads().count(FROB.filename) == 1
    taken_over.index.forget_requests()
    assert taken_over.admitted(*asked, toml=UNCOOLED).decision is Decision.DENIED
    assert taken_over.downloads() == []


@pytest.mark.parametrize(
    "fault", [faults.status(404), faults.truncated(10), faults.replaced(TAKEN_OVER.content)]
)
def test_a_baseline_that_does_not_come_leaves_it_undecided(taken_over: Place, fault: Fault) -> None:
    """I4: or whoever controls the path could make the new seem old."""
    taken_over.index.fault(f"/files/{FROB.filename}", fault)
    judgement = taken_over.admitted(taken_over.asked(TAKEN_OVER), toml=UNCOOLED)
    assert judgement.decision is Decision.UNDECIDED
    assert judgement.admitted == ()


def test_a_rule_that_is_off_has_no_baseline_fetched(taken_over: Place) -> None:
    toml = UNCOOLED + 'rules.suspicious-change.level = "off"\n'
    taken_over.admitted(taken_over.asked(TAKEN_OVER), toml=toml)
    assert FROB.filename not in taken_over.downloads()


def approving(asked: Asked, **changes: Any) -> Policy:
    """A policy without a cooldown under which the file was opened and approved."""
    file = asked.file
    entry = an_approval(file.project, str(file.version), sha256=file.hashes["sha256"])
    table = tomllib.loads(f'extends = "default"\n{UNCOOLED}')
    approvals = Approvals((replace(entry, **changes),))
    return overlay(table, None, source="guard.toml", approvals=approvals)


def test_what_was_opened_and_approved_needs_nothing_to_compare_with(taken_over: Place) -> None:
    asked = taken_over.asked(TAKEN_OVER)
    with ThreadPoolExecutor(4) as pool:
        admission = replace(taken_over.admission(pool), policy=approving(asked))
        judgement = admission.admit([asked])
    assert judgement.decision is Decision.ADMITTED
    assert rules(judgement) == {"suspicious-code"}
    assert taken_over.downloads() == [TAKEN_OVER.filename]


@pytest.mark.parametrize(
    "changes",
    [
        {"expires": date(2026, 4, 1)},
        {"version": Version("1.1")},
        {"files": (ApprovedFile(filename="x", sha256=TAKEN_OVER.sha256, judged=False),)},
        {"files": (ApprovedFile(filename="x", sha256=FROB.sha256, judged=True),)},
    ],
    ids=["expired", "another release", "never opened", "other bytes"],
)
def test_any_other_approval_leaves_a_young_file_to_be_compared(
    taken_over: Place, changes: dict[str, Any]
) -> None:
    asked = taken_over.asked(TAKEN_OVER)
    with ThreadPoolExecutor(4) as pool:
        admission = replace(taken_over.admission(pool), policy=approving(asked, **changes))
        judgement = admission.admit([asked])
    assert "suspicious-change" in rules(judgement)
    assert judgement.decision is Decision.DENIED


def test_what_is_about_to_be_approved_is_compared_like_anything_else(taken_over: Place) -> None:
    asked = taken_over.asked(TAKEN_OVER)
    policy = approving(asked)
    table = tomllib.loads(f'extends = "default"\n{UNCOOLED}')
    approvals = replace(policy.approvals, open=True)
    proposed = overlay(table, None, source="guard.toml", approvals=approvals)
    with ThreadPoolExecutor(4) as pool:
        judgement = replace(taken_over.admission(pool), policy=proposed).admit([asked])
    assert "suspicious-change" in rules(judgement)


def test_a_policy_below_that_has_not_approved_it_is_asked_as_well(taken_over: Place) -> None:
    asked = taken_over.asked(TAKEN_OVER)
    below = overlay(tomllib.loads(UNCOOLED), None, source="below")
    policy = replace(approving(asked), floor=Floor(below, "it lies below"))
    with ThreadPoolExecutor(4) as pool:
        judgement = replace(taken_over.admission(pool), policy=policy).admit([asked])
    assert "suspicious-change" in rules(judgement)
    assert judgement.decision is Decision.DENIED


def test_other_bytes_in_the_place_of_what_was_approved_are_never_taken_for_compared(
    taken_over: Place,
) -> None:
    """Even where nobody minds that they are others."""
    asked = taken_over.asked(TAKEN_OVER)
    other = a_wheel("frob", "1.2", files={"frob.py": TAKEN_OVER_TEXT + "# other\n"})
    taken_over.index.fault(f"/files/{TAKEN_OVER.filename}", faults.replaced(other.content))
    table = tomllib.loads(f'extends = "default"\n{UNCOOLED}rules.hash-mismatch.level = "off"\n')
    approvals = approving(asked).approvals
    policy = overlay(table, None, source="guard.toml", approvals=approvals)
    with ThreadPoolExecutor(4) as pool:
        judgement = replace(taken_over.admission(pool), policy=policy).admit([asked])
    assert judgement.decision is Decision.UNDECIDED
    assert "suspicious-change" in rules(judgement)


def test_a_first_release_is_compared_with_nothing(place: Place) -> None:
    evil = a_wheel("new", "1.0", files={"new.py": "import os\nos.system('true')\n"})
    place.index.add(evil, uploaded=ago(hours=1))
    judgement = replace(place, scanner=Scanner()).admitted(place.asked(evil), toml=UNCOOLED)
    assert isinstance(judgement.verdicts[0].candidate.baseline, Absent)
    assert judgement.decision is Decision.ADMITTED
