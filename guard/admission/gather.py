"""Gathers the facts about a plan, in parallel, and has them judged: all that fetches is here."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Final, TypeAlias

from packaging.utils import NormalizedName

from guard.admission.judge import Asked, Judgement, judge
from guard.artifact.content import Content
from guard.model import (
    Absent,
    Admitted,
    Advisory,
    Baseline,
    Built,
    Candidate,
    Decision,
    Fact,
    File,
    FileKind,
    Listing,
    Origin,
    Overlap,
    Requested,
    Unknown,
    Verdict,
    Vouched,
)
from guard.policy import Policy
from guard.progress import Progress, Silent
from guard.quarantine import Arrival, Quarantine, TooLargeError
from guard.rules import Stage
from guard.sources.advisories import AdvisorySource
from guard.sources.baseline import Baselines
from guard.sources.contents import Contents
from guard.sources.http import FetchError, Http
from guard.sources.index import IndexSource, Located
from guard.sources.installed import Folders
from guard.sources.overlaps import Coming, overlaps
from guard.sources.publication import Publication, Publications
from guard.sources.receipts import receipt_of

FILE_LIMIT: Final = 8 << 30
"""Bytes of one file, whatever size is announced; PyPI's own largest are below."""

_STRONG: Final = frozenset({"sha256", "sha384", "sha512"})
_NOT_BUILT: Final = Absent("it was not built here")
_NOT_ASKED: Final = Unknown("not downloaded: something else was denied before")
_NO_RECEIPT: Final = Absent("nobody was asked for a receipt")
_APPROVED: Final = Unknown("what was approved needs none, and these are other bytes")
"""Of what is compared with: nobody asks for it unless the file is not the one that was promised."""


@dataclass(frozen=True, slots=True)
class _Received:
    """A file after its bytes have come, and what is inside."""

    arrival: Fact[Arrival]
    content: Fact[Content]
    baseline: Fact[Baseline] = _NOT_ASKED
    vouched: Fact[Vouched] = _NO_RECEIPT

    @property
    def digests(self) -> Fact[Mapping[str, str]]:
        return self.arrival.digests if isinstance(self.arrival, Arrival) else self.arrival


_Key: TypeAlias = tuple[Hashable, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Jobs:
    """What is being found out about one file."""

    located: concurrent.futures.Future[Located]
    published: concurrent.futures.Future[Publication]
    before: concurrent.futures.Future[Fact[Baseline]]
    received: concurrent.futures.Future[_Received]

    def cancel(self) -> None:
        """Leave what has not begun."""
        self.published.cancel()
        self.received.cancel()
        self.before.cancel()


_NOTHING: Final = _Received(_NOT_ASKED, _NOT_ASKED)
_UNFETCHED: Final = Absent("not downloaded: judged by what its index says")
_LEFT: Final = _Received(_UNFETCHED, _UNFETCHED, Absent("not compared with"))
"""What is known of the bytes of a file that nobody is about to install."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Gathers the facts about a plan, in parallel, and judges them."""

    policy: Policy
    index: IndexSource
    publications: Publications
    http: Http
    quarantine: Quarantine
    contents: Contents
    baselines: Baselines
    advisories: AdvisorySource
    pool: concurrent.futures.Executor
    progress: Progress
    now: datetime
    installed: Callable[[], Mapping[NormalizedName, str]] = dict
    """What the target has now: a fix for that need not wait."""

    target: Callable[[], Folders | None] = lambda: None
    """Where everything would be installed, where that is known."""

    _begun: dict[_Key, _Jobs] = field(default_factory=dict, init=False, repr=False)

    def anticipate(self, asked: Asked) -> None:
        """Begin to gather the facts about a file that will probably be asked for. Only a guess.

        Nothing is judged; `admit` takes what is there already, if it is for the very same file.
        """
        key = _key(asked)
        if key not in self._begun:
            self._begun[key] = self._begin(asked, Silent())

    def admit(self, asked: Sequence[Asked], *, beside: Sequence[Admitted] = ()) -> Judgement:
        """Return the judgement on all of `asked`.

        Pages and files are fetched at once. When the pages alone deny something, the files that
        have not begun are left where they are. What is to be installed `beside` them was judged
        before, and is only compared with.
        """
        self.progress.expect(len(asked), sum(item.file.size or 0 for item in asked))
        jobs = self._jobs(asked)
        try:
            places = [job.located.result() for job in jobs]
            first = [self._listed(*pair) for pair in zip(asked, places, strict=True)]
            if any(map(self._denied_early, first, asked)):
                return Judgement(tuple(map(self._left, first, asked)))
            facts = zip(
                asked,
                places,
                (job.published.result() for job in jobs),
                (job.received.result() for job in jobs),
                strict=True,
            )
            return self._judged(list(facts), beside)
        finally:
            for job in jobs:
                job.cancel()
            self.progress.done()

    def _jobs(self, asked: Sequence[Asked]) -> list[_Jobs]:
        """Return the jobs for all of `asked`, begun before or now; wrong guesses are given up."""
        begun = dict(self._begun)
        self._begun.clear()
        anticipated = [begun.pop(_key(item), None) for item in asked]
        for job in begun.values():
            job.cancel()
        jobs = []
        for item, guessed in zip(asked, anticipated, strict=True):
            if guessed is None:
                jobs.append(self._begin(item, self.progress))
            else:
                guessed.received.add_done_callback(partial(self._came, item.file))
                jobs.append(guessed)
        return jobs

    def _begin(self, asked: Asked, progress: Progress) -> _Jobs:
        # Each waits only for what was submitted before it, so that none waits for ever.
        located = self.pool.submit(self._locate, asked)
        published = self.pool.submit(self._published, asked, located)
        before = self.pool.submit(self._before, asked, located)
        received = self.pool.submit(self._receive, asked, located, before, progress)
        return _Jobs(located=located, published=published, before=before, received=received)

    def _came(self, file: File, _: concurrent.futures.Future[_Received]) -> None:
        self.progress.received(file.size or 0)
        self.progress.arrived(file.filename)

    def audited(
        self, asked: Sequence[Asked], beside: Sequence[Asked] = ()
    ) -> tuple[tuple[Verdict, ...], tuple[Verdict, ...]]:
        """Judge what is installed or locked by what its index says; no file is fetched.

        The attestations of `asked` are verified; of what stands `beside`, the pages alone count.
        """
        places = list(self.pool.map(self._locate, asked))
        others = list(self.pool.map(self._locate, beside))
        proved = self.pool.map(self._proved, asked, places)
        listed = map(self._paged, beside, others)
        return (
            tuple(map(self._at_index, asked, places, proved)),
            tuple(map(self._at_index, beside, others, listed)),
        )

    def _at_index(self, asked: Asked, place: Located, published: Publication) -> Verdict:
        candidate = self._candidate(asked, place, published, _LEFT)
        return judge(candidate, self.policy, stage=Stage.INDEX, only=asked.only)

    def _proved(self, asked: Asked, place: Located) -> Publication:
        return self.publications.verified(asked.file, place)

    def _paged(self, asked: Asked, place: Located) -> Publication:
        if asked.built is not None:
            return _publication_of(asked.built, asked.file)
        return self.publications.listed(asked.file, place)

    def described(self, asked: Asked) -> Candidate:
        """Return the candidate that is known from the request alone, before anything is fetched."""
        return self._listed(asked, self._locate(asked))

    def preview(self, file: File, requested: Requested, located: Located) -> Verdict:
        """Judge a release that nobody downloads, by what the index says: why it was passed over."""
        candidate = self._listed(Asked(file, requested), located)
        return judge(candidate, self.policy, stage=Stage.INDEX)

    def _denied_early(self, candidate: Candidate, asked: Asked) -> bool:
        early = judge(candidate, self.policy, stage=Stage.INDEX, only=asked.only)
        return early.decision is Decision.DENIED

    def _left(self, candidate: Candidate, asked: Asked) -> Verdict:
        return judge(candidate, self.policy, only=asked.only)

    def _judged(
        self,
        facts: Sequence[tuple[Asked, Located, Publication, _Received]],
        beside: Sequence[Admitted],
    ) -> Judgement:
        verdicts = []
        over = self._overlaps([(asked, received) for asked, _, _, received in facts], beside)
        for (asked, place, published, received), found in zip(facts, over, strict=True):
            proved = published.of_bytes(received.digests)
            candidate = replace(self._candidate(asked, place, proved, received), overlaps=found)
            verdicts.append(judge(candidate, self.policy, only=asked.only))
        judgement = Judgement(tuple(verdicts))
        partly = any(asked.only is not None for asked, *_ in facts)  # that is no leave to install
        if partly or judgement.decision is not Decision.ADMITTED:
            return judgement
        proofs = (
            Admitted(verdict, arrival.path, arrival.digests["sha256"])
            for verdict, (*_, received) in zip(verdicts, facts, strict=True)
            if isinstance(arrival := received.arrival, Arrival)
        )
        return replace(judgement, admitted=tuple(proofs))

    def _overlaps(
        self, received: Sequence[tuple[Asked, _Received]], beside: Sequence[Admitted]
    ) -> list[Fact[tuple[Overlap, ...]]]:
        plan = [
            Coming(
                file=asked.file,
                content=found.content,
                path=found.arrival.path if isinstance(found.arrival, Arrival) else None,
            )
            for asked, found in received
        ]
        others = [
            Coming(file=v.candidate.file, content=v.candidate.content, path=item.path)
            for item in beside
            for v in (item.verdict,)
        ]
        return overlaps([*plan, *others], self.target())[: len(plan)]

    def _listed(self, asked: Asked, place: Located) -> Candidate:
        """Return the candidate as far as the pages alone describe it."""
        return self._candidate(asked, place, self._paged(asked, place), _NOTHING)

    def _published(self, asked: Asked, located: concurrent.futures.Future[Located]) -> Publication:
        if asked.built is not None:
            return _publication_of(asked.built, asked.file)
        return self.publications.verified(asked.file, located.result())  # its job began before

    def _locate(self, asked: Asked) -> Located:
        if (unknown := asked.unasked) is not None:
            return Located(origin=unknown, listing=unknown, status=unknown, history=unknown)
        if asked.built is not None:
            return _place_of(asked.built.source)
        if asked.local or asked.requested.direct_url is not None:
            reason = Absent("local file" if asked.local else "asked for by URL, not from an index")
            return Located(origin=reason, listing=reason, status=reason)
        return self.index.locate(asked.file, sidecar=True)

    def _candidate(
        self,
        asked: Asked,
        located: Located,
        published: Publication,
        received: _Received,
    ) -> Candidate:
        file = asked.file
        return Candidate(
            file=file,
            requested=asked.requested,
            origin=located.origin,
            listing=located.listing,
            status=located.status,
            digests=received.digests,
            provenance=published.provenance,
            prior=published.prior,
            remembered=published.remembered,
            history=located.history,
            content=received.content,
            baseline=received.baseline,
            vouched=received.vouched,
            overlaps=Absent("no target is known"),
            advisories=self.advisories.of(file.project, file.version),
            remedies=self._remedies(file, located),
            judged_at=self.now,
            installation=asked.installation,
            unowned=asked.unowned,
            built=asked.built or _NOT_BUILT,
        )

    def _remedies(self, file: File, located: Located) -> Fact[tuple[Advisory, ...]]:
        """Return the advisories that name this release as the fix of what the target has."""
        found = self.advisories.fixes(file.project, file.version, self.installed)
        if isinstance(found, Absent | Unknown) or not found:
            return found
        origin = located.origin
        came = isinstance(origin, Origin) and self.index.came_with_release(file, origin.url)
        return found if came else ()

    def _before(self, asked: Asked, located: concurrent.futures.Future[Located]) -> Fact[Baseline]:
        """Return the release to compare a young file with, and what it required."""
        place = located.result()
        required = self.policy.compares_requirements(place.listing, self.now)
        if not required and not self.policy.compares_contents(place.listing, self.now):
            return Absent("not compared with")
        if self.policy.was_opened(asked.file, place.listing, self.now):
            return _APPROVED
        baseline = self.baselines.of(asked.file, place, self.policy.settled())
        if isinstance(baseline, Baseline) and required:
            return self.baselines.requiring(baseline)
        return baseline

    def _receive(
        self,
        asked: Asked,
        located: concurrent.futures.Future[Located],
        before: concurrent.futures.Future[Fact[Baseline]],
        progress: Progress,
    ) -> _Received:
        """Bring the bytes into quarantine and look inside; where it matters, before it as well."""
        received = self._opened(asked, located, progress)
        baseline, content = before.result(), received.content
        if isinstance(baseline, Baseline) and isinstance(content, Content):
            listing = located.result().listing
            if self.policy.suspects(content) and self.policy.compares_contents(listing, self.now):
                baseline = self.baselines.opened(baseline)
        vouched = self._vouched(asked.file, located.result(), received.arrival)
        return replace(received, baseline=baseline, vouched=vouched)

    def _vouched(self, file: File, place: Located, arrival: Fact[Arrival]) -> Fact[Vouched]:
        """Return what the mirror that a file comes from says of it, where its word would count."""
        if not isinstance(place.origin, Origin) or not isinstance(arrival, Arrival):
            return _NO_RECEIPT
        index = place.origin.url
        keys = [
            entry.receipts.key
            for policy in self.policy.stack()
            for entry in policy.indexes
            if entry.receipts is not None and entry.url == index
        ]
        if not keys:
            return _NO_RECEIPT
        return receipt_of(self.http, index, arrival.digests["sha256"], file.filename, keys)

    def _opened(
        self, asked: Asked, located: concurrent.futures.Future[Located], progress: Progress
    ) -> _Received:
        arrival = self._arrive(asked, located, progress)
        if isinstance(arrival, Absent):
            return _Received(arrival, arrival)
        if isinstance(arrival, Unknown):
            return _Received(arrival, Unknown("it could not be downloaded"))
        sha256 = arrival.digests["sha256"]
        return _Received(arrival, self.contents.of(arrival.path, sha256, asked.file.kind))

    def _arrive(
        self, asked: Asked, located: concurrent.futures.Future[Located], progress: Progress
    ) -> Fact[Arrival]:
        """Bring the bytes into quarantine, or say why they are not there."""
        file = asked.file
        if file.kind is FileKind.SOURCE_TREE:
            return Absent("not a single file")
        promised = file.hashes.get("sha256")
        size = file.size
        algorithms = _demanded(asked)
        if promised is None or size is None:
            listing = located.result().listing  # its job began before this one
            if isinstance(listing, Listing):
                promised = promised or listing.hashes.get("sha256")
                size = size if size is not None else listing.size
                algorithms |= listing.hashes.keys() & _STRONG
        if promised and (held := self.quarantine.find(promised, file.filename, algorithms)):
            progress.arrived(file.filename)
            return held
        limit = FILE_LIMIT if size is None else min(size, FILE_LIMIT)
        try:
            arrival = self.http.fetch(
                file.url,
                lambda chunks: self.quarantine.receive(
                    file.filename, _watched(chunks, progress), limit=limit, algorithms=algorithms
                ),
            )
        except FetchError as error:
            return Unknown(str(error))
        except TooLargeError:
            return Unknown(f"more bytes came than the {limit} that were announced")
        progress.arrived(file.filename)
        return arrival


def _place_of(source: Candidate) -> Located:
    """Return what the indexes say of a source: for the wheel that was built of it, it holds too."""
    listing = source.listing
    if isinstance(listing, Listing):
        of_source = Absent("its index has only its source")
        listing = replace(listing, hashes={}, size=None, core_metadata=of_source)
    return Located(
        origin=source.origin, listing=listing, status=source.status, history=source.history
    )


def _publication_of(built: Built, wheel: File) -> Publication:
    """Return who published the source: it was verified for that, and judged."""
    source = built.source
    return Publication(
        provenance=source.provenance,
        prior=source.prior,
        remembered=source.remembered,
        sha256=wheel.hashes["sha256"],  # so that it counts for the wheel as well
    )


def _watched(chunks: Iterator[bytes], progress: Progress) -> Iterator[bytes]:
    for chunk in chunks:
        progress.received(len(chunk))
        yield chunk


def _key(asked: Asked) -> _Key:
    """Return all that the facts about a file depend on."""
    file = asked.file
    hashes = frozenset(file.hashes.items())
    direct = asked.local or asked.requested.direct_url is not None
    return (file.project, file.filename, file.url, file.size, hashes, _demanded(asked), direct)


def _demanded(asked: Asked) -> frozenset[str]:
    """Return the algorithms of every digest that the file must be compared with."""
    named = {name for name, _ in asked.requested.hashes} | set(asked.file.hashes)
    return frozenset(named & _STRONG)
