"""Resolve, judge, refine: what a resolver is asked, and what becomes of its answers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.specifiers import SpecifierSet
from packaging.tags import sys_tags
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from guard.cli.judging import judged
from guard.cli.session import Session
from guard.errors import InstallerError, SourceError, UnsupportedError, UsageError
from guard.install._base import Bounds, Hint
from guard.install.configuration import Configuration
from guard.install.flow import Outcome
from guard.install.target import Description
from guard.model import Admitted, Decision, File, FileKind, Index, index_url
from guard.plan import Planned
from guard.policy import parse
from guard.progress import Silent
from guard.request import Request, read
from tests import faults
from tests.fakes import LoopbackIndex
from tests.wheels import Artifact, a_wheel

NOW = datetime(2026, 4, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
OLD = NOW - timedelta(days=100)

Answer = Callable[[Bounds], Sequence[Planned]]


@dataclass
class Resolver:
    """An installer that answers as the test says, and remembers what it was asked."""

    index: str
    answer: Answer
    meets: tuple[str, ...] = ()
    asked: list[Bounds] = field(default_factory=list)
    name: str = "fake"

    def configuration(self) -> Configuration:
        return Configuration(indexes=(Index(url=index_url(self.index)),))

    def description(self) -> Description:
        return Description(
            environment=default_environment(),
            tags=tuple(sys_tags()),
            installed={},
            prefix=sys.prefix,
        )

    def resolve(self, request: Request, bounds: Bounds, hint: Hint) -> tuple[Planned, ...]:
        assert request.specifiers
        self.asked.append(bounds)
        for name in self.meets:
            hint(canonicalize_name(name), SpecifierSet())
        return tuple(self.answer(bounds))

    def apply(self, admitted: Sequence[Admitted], request: Request, *, quiet: bool) -> None:
        raise AssertionError(f"nothing is installed by judging: {admitted}, {request}, {quiet}")

    def remove(self, projects: Sequence[NormalizedName], *, quiet: bool) -> None:
        raise AssertionError(f"nothing is removed by judging: {projects}, {quiet}")


@dataclass
class Bench:
    """Runs one request against an index and a resolver."""

    index: LoopbackIndex

    def planned(self, wheel: Artifact) -> Planned:
        return Planned(
            file=File(
                project=canonicalize_name(wheel.name),
                version=Version(wheel.version),
                filename=wheel.filename,
                kind=FileKind.WHEEL,
                url=self.index.file_url(wheel.filename),
                hashes={"sha256": wheel.sha256},
            )
        )

    def resolver(self, answer: Answer, *meets: str) -> Resolver:
        return Resolver(self.index.url, answer, meets)

    def failing(self, output: str = "there is none") -> Resolver:
        """A resolver that finds no solution, whatever it is told."""

        def answer(_: Bounds) -> list[Planned]:
            raise no_solution(output)

        return self.resolver(answer)

    def newest_of(self, *wheels: Artifact) -> Resolver:
        """A resolver that keeps to what it is told, as far as one project goes."""

        def answer(bounds: Bounds) -> list[Planned]:
            excluded = {version for _, version in bounds.excluded}
            left = [w for w in wheels if Version(w.version) not in excluded]
            if not left:
                raise no_solution()
            return [self.planned(left[-1])]

        return self.resolver(answer)

    def judged(self, resolver: Resolver, *words: str, policy: str = "", **given: object) -> Outcome:
        request = Request(specifiers=words, **given)  # type: ignore[arg-type]
        with ThreadPoolExecutor(4) as pool:
            session = Session(
                policy=parse(f'extends = "default"\n{policy}', source="test"),
                request=request,
                wanted=read(request),
                installer=resolver,
                progress=Silent(),
                pool=pool,
                now=NOW,
            )
            try:
                return judged(session)
            finally:
                session.close()


def no_solution(output: str = "there is none") -> InstallerError:
    return InstallerError("no solution", exit_code=3, output=output)


def releases(index: LoopbackIndex, *versions: str, uploaded: datetime = OLD) -> list[Artifact]:
    wheels = [a_wheel("frob", version) for version in versions]
    for wheel in wheels:
        index.add(wheel, uploaded=uploaded)
    return wheels


@pytest.fixture
def bench(index: LoopbackIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("GUARD_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("GUARD_STATE_DIR", str(tmp_path / "state"))
    return Bench(index)


def deny(versions: str) -> str:
    return f'[[deny]]\nname = "frob"\nversions = "{versions}"\nreason = "no"\n'


def test_where_nothing_is_planned_nothing_is_asked(bench: Bench) -> None:
    outcome = bench.judged(bench.resolver(lambda _: []), "frob")
    assert outcome.judgement.decision is Decision.ADMITTED
    assert outcome.judgement.verdicts == ()
    assert bench.index.requests == []


def test_an_admitted_plan_comes_with_its_proofs(bench: Bench) -> None:
    (wheel,) = releases(bench.index, "1.0")
    resolver = bench.newest_of(wheel)
    outcome = bench.judged(resolver, "frob")
    (proof,) = outcome.judgement.admitted
    assert proof.sha256 == wheel.sha256
    assert proof.path.read_bytes() == wheel.content
    assert resolver.asked == [Bounds(cutoff=NOW - WEEK)]


def test_a_denied_release_is_excluded_with_all_that_its_page_denies(bench: Bench) -> None:
    wheels = releases(bench.index, "1.0", "1.1", "1.2", "1.3")
    resolver = bench.newest_of(*wheels)
    outcome = bench.judged(resolver, "frob", policy=deny(">=1.1"))
    assert [str(v.candidate.file.version) for v in outcome.judgement.verdicts] == ["1.0"]
    assert [str(p.version) for p in outcome.passed_over] == ["1.3", "1.2", "1.1"]
    assert [len(bounds.excluded) for bounds in resolver.asked] == [0, 3]


def test_a_pinned_release_is_denied_and_not_replaced(bench: Bench) -> None:
    wheels = releases(bench.index, "1.0", "1.1")
    resolver = bench.newest_of(*wheels)
    outcome = bench.judged(resolver, "frob==1.1", policy=deny("==1.1"))
    assert outcome.judgement.decision is Decision.DENIED
    assert len(resolver.asked) == 1
    assert resolver.asked[0].uncut == {"frob"}
    assert {str(k): str(v) for k, v in outcome.suggestions.items()} == {"frob": "1.0"}


def test_a_resolver_that_insists_is_not_asked_forever(bench: Bench) -> None:
    wheels = releases(bench.index, "1.0", "1.1")
    resolver = bench.resolver(lambda _: [bench.planned(wheels[1])])
    outcome = bench.judged(resolver, "frob", policy=deny("==1.1"))
    assert outcome.judgement.decision is Decision.DENIED
    assert len(resolver.asked) == 2


def test_where_a_denial_leaves_no_solution_the_denial_is_the_answer(bench: Bench) -> None:
    wheels = releases(bench.index, "1.0")
    outcome = bench.judged(bench.newest_of(*wheels), "frob", policy=deny(">=0"))
    assert outcome.judgement.decision is Decision.DENIED
    assert outcome.note == "there is none"


def test_where_the_cut_off_hides_the_only_solution_it_is_looked_at(bench: Bench) -> None:
    (wheel,) = releases(bench.index, "1.0", uploaded=NOW - timedelta(days=1))

    def answer(bounds: Bounds) -> list[Planned]:
        if bounds.cutoff:
            raise no_solution()
        return [bench.planned(wheel)] if not bounds.excluded else []

    resolver = bench.resolver(answer)
    bench.judged(resolver, "frob")
    assert [bounds.cutoff for bounds in resolver.asked] == [NOW - WEEK, None, None]


def test_the_users_own_cut_off_is_never_given_up(bench: Bench) -> None:
    releases(bench.index, "1.0")

    for own, cutoffs in (
        (NOW - timedelta(days=30), [NOW - timedelta(days=30)]),
        (NOW - timedelta(days=1), [NOW - WEEK, NOW - timedelta(days=1)]),
    ):
        resolver = bench.failing()
        with pytest.raises(InstallerError):
            bench.judged(resolver, "frob==1.0", uploaded_prior_to=own)
        assert [bounds.cutoff for bounds in resolver.asked] == cutoffs
        assert {bounds.own for bounds in resolver.asked} == {own}


def test_a_project_that_may_be_fresh_is_resolved_again_uncut(bench: Bench) -> None:
    dep = a_wheel("dep", "1.0")
    bench.index.add(dep, uploaded=NOW)
    exempt = '[[exempt]]\nname = "dep*"\nrule = "fresh-upload"\nreason = "ours"\n'
    resolver = bench.resolver(lambda _: [bench.planned(dep)])
    outcome = bench.judged(resolver, "frob", policy=exempt)
    assert outcome.judgement.decision is Decision.ADMITTED
    assert [bounds.uncut for bounds in resolver.asked] == [set(), {"dep"}]


def test_the_tools_own_failure_is_passed_on(bench: Bench) -> None:
    releases(bench.index, "1.0")

    with pytest.raises(InstallerError) as failed:
        bench.judged(bench.failing("frob needs what nobody has"), "frob")
    assert failed.value.exit_code == 3
    assert failed.value.output == "frob needs what nobody has"


def test_an_index_that_is_down_is_no_lack_of_solutions(bench: Bench) -> None:
    bench.index.fault("*", faults.status(403))

    resolver = bench.failing()
    with pytest.raises(SourceError) as undecided:
        bench.judged(resolver, "frob")
    assert "HTTP 403" in str(undecided.value.reason)
    assert len(resolver.asked) == 1


def test_pages_are_fetched_while_the_resolver_runs(bench: Bench) -> None:
    (wheel,) = releases(bench.index, "1.0")
    resolver = bench.resolver(lambda _: [bench.planned(wheel)], "frob", "met-on-the-way", "frob")
    bench.judged(resolver, "frob")
    paths = [seen.path for seen in bench.index.requests]
    assert paths.count("/simple/frob/") == 1
    assert paths.count("/simple/met-on-the-way/") == 1


def test_what_is_asked_for_by_url_is_judged_before_anything_is_resolved(bench: Bench) -> None:
    resolver = bench.resolver(lambda _: [])
    outcome = bench.judged(resolver, "frob @ https://example.com/frob-1.0-py3-none-any.whl")
    assert outcome.judgement.decision is Decision.DENIED
    assert resolver.asked == []
    allow = '[rules.direct-url]\nlevel = "off"\n[rules.source-distribution]\nlevel = "off"\n'
    with pytest.raises(UnsupportedError, match="would have to be built"):
        bench.judged(resolver, "git+https://example.com/frob.git", policy=allow)
    assert resolver.asked == []


def test_a_plan_without_hashes_is_refused_where_they_are_required(bench: Bench) -> None:
    (wheel,) = releases(bench.index, "1.0")
    with pytest.raises(UsageError, match=r"no hash was given for frob 1\.0"):
        bench.judged(bench.newest_of(wheel), "frob", require_hashes=True)
    assert bench.index.requests == []


def test_of_several_files_the_one_with_the_hash_is_taken(bench: Bench) -> None:
    version = f"cp3{sys.version_info.minor}"
    (plain,) = releases(bench.index, "1.0")
    newer = a_wheel("frob", "1.0", tag=f"{version}-none-any")
    bench.index.add(newer, uploaded=OLD)
    outcome = bench.judged(bench.newest_of(newer), f"frob==1.0 --hash=sha256:{plain.sha256}")
    (verdict,) = outcome.judgement.verdicts
    assert verdict.candidate.file.filename == plain.filename
    assert verdict.decision is Decision.ADMITTED


def test_nothing_asked_for_is_an_error(bench: Bench) -> None:
    with pytest.raises(UsageError, match="nothing was asked for"):
        bench.judged(bench.resolver(lambda _: []))
