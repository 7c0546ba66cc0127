"""How a file comes into the mirror: found on its owner's page, judged, and only then stored."""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

import guard
from guard.admission.gather import Admission
from guard.artifact.content import Content
from guard.evidence.receipt import Run, statement
from guard.gateway.member import member_of
from guard.mirror.finding import Finder, Found
from guard.mirror.finding import Missing as Missing  # noqa: PLC0414 - others ask here
from guard.mirror.finding import project_of as project_of  # noqa: PLC0414
from guard.mirror.judging import Judge
from guard.mirror.mirror import Mirror
from guard.mirror.owners import Owners
from guard.mirror.records import Decided, FileRecord, Held, Key, State
from guard.mirror.uploads.enclosed import with_provenance
from guard.model import Admitted, Decision, FileKind, Finding, Index, Unknown, Verdict
from guard.publisher import Provenance
from guard.sources.sidecar import LIMIT

_RIPENS: Final = timedelta(hours=1)
_SOON: Final = timedelta(minutes=1)
_LATER: Final = timedelta(minutes=5)
_METADATA: Final = b".dist-info/METADATA"


class Intake:
    """Judges files and stores what is admitted. Used by many threads, one for each file."""

    def __init__(self, mirror: Mirror, judge: Judge, owners: Owners) -> None:
        self._mirror = mirror
        self._judge = judge
        self._finder = Finder(mirror, judge, owners)

    def is_current(self, record: FileRecord) -> bool:
        """Tell whether what was decided followed from what this replica judges by."""
        return record.decided is not None and record.decided.epoch == self._judge.epoch

    def take(self, key: Key) -> FileRecord | Missing | Unknown:
        """Judge one file by what holds now, store it where it is admitted, and write both down.

        Raises `MirrorError`, and then nothing was promised.
        """
        found = self._finder.find(key)
        if isinstance(found, Unknown):
            return self._unanswered(key, found)
        if isinstance(found, Missing):
            return found
        self._mirror.files.met([found.listed])
        record = self.judged(found)
        if record.state is State.UNDECIDED:
            record = self._kept(record, found.owner)
        return self._written(record)

    def accept(self, record: FileRecord) -> FileRecord:
        """Write down a file that was judged, and is to be served from now on."""
        self._mirror.files.met([record.listed])
        return self._written(record)

    def judged(self, found: Found) -> FileRecord:
        """Judge a file, and store it where it is admitted. Nothing is written down."""
        epoch = self._judge.epoch
        judgement = self._admission(found).admit([found.asked])
        (verdict,) = judgement.verdicts
        admitted = next(iter(judgement.admitted), None)
        held = self._stored(found, admitted) if admitted else None
        decided = decided_of(verdict, epoch, admitted=admitted is not None)
        return FileRecord(listed=found.listed, decided=decided, held=held)

    def _admission(self, found: Found) -> Admission:
        admission = self._judge.admission(found.owner)
        if found.document is None:
            return admission
        key = found.listed.key
        return with_provenance(admission, found.document, filename=key.filename, sha256=key.sha256)

    def _written(self, record: FileRecord) -> FileRecord:
        """Write down what was decided, and return it as it is in force."""
        key, decided = record.listed.key, record.decided
        if decided is None:
            return record
        moment = self._mirror.clock()
        state = self._mirror.files.decided(key, decided, record.held, moment=moment)
        return replace(record, decided=replace(decided, state=state))

    def _unanswered(self, key: Key, why: Unknown) -> FileRecord | Unknown:
        """Return what is known of a file whose page cannot be had: what was admitted holds on."""
        record = self._mirror.files.find(key)
        if record is None or record.decided is None:
            return why
        undecided = replace(record.decided, state=State.UNDECIDED, epoch=self._judge.epoch)
        origin = record.listed.origin
        owner = next(
            (each for each in self._judge.indexes if each.url == origin), Index(url=origin)
        )
        kept = self._kept(replace(record, decided=undecided), owner)
        return self._written(kept) if kept.state is State.ADMITTED else why

    def _kept(self, record: FileRecord, owner: Index) -> FileRecord:
        """Return a file that nobody can judge any more, admitted still where it was before.

        Under the same policy and advisories, what was admitted stays so for a bounded time while
        its upstream does not answer.
        """
        before = self._mirror.files.find(record.listed.key)
        if before is None or before.decided is None or record.decided is None:
            return record
        if before.state is not State.ADMITTED or before.decided.epoch != record.decided.epoch:
            return record
        now = self._mirror.clock()
        # A judgement on a page that was old then already is no newer than that page.
        known = self._judge.seen_at(owner, record.listed.project) or before.decided.judged_at
        if now - min(known, before.decided.judged_at) > self._mirror.settings.stale_age:
            return record
        return replace(before, decided=replace(before.decided, valid_until=now + _LATER))

    def _stored(self, found: Found, admitted: Admitted) -> Held:
        """Put the bytes and what belongs to them into the store; return what is there now."""
        store = self._mirror.store
        store.put(admitted.sha256, admitted.path)
        metadata = self._metadata(admitted) if found.file.kind is FileKind.WHEEL else None
        return Held(
            size=admitted.path.stat().st_size,
            metadata=None if metadata is None else self._put(metadata),
            provenance=self._provenance(found, admitted),
            receipt=self._put(msgspec.json.encode(self._receipt(admitted))),
        )

    def _metadata(self, admitted: Admitted) -> bytes | None:
        """Return METADATA as the judgement has read it; `None` where that cannot be had alone."""
        content = admitted.verdict.candidate.content
        whole = admitted.path.stat().st_size
        with admitted.path.open("rb") as stream:

            def read(start: int | None, size: int) -> bytes:
                stream.seek(max(0, whole - size) if start is None else start)
                return stream.read(size)

            try:
                metadata = member_of(read, _METADATA, limit=LIMIT)
            except (ValueError, struct.error, zlib.error):
                return None
        digest = hashlib.sha256(metadata).hexdigest()
        read_before = isinstance(content, Content) and content.metadata_sha256 == digest
        return metadata if read_before else None

    def _provenance(self, found: Found, admitted: Admitted) -> str | None:
        """Store the provenance object that was verified; return its digest."""
        if found.document is not None:
            return self._put(found.document)
        proved = admitted.verdict.candidate.provenance
        url = found.entry.provenance
        if url is None or not isinstance(proved, Provenance) or not proved.document:
            return None
        document = self._judge.document(url)
        if document is None or hashlib.sha256(document).hexdigest() != proved.document:
            return None  # another one than was verified: it is asked for again
        return self._put(document)

    def _receipt(self, admitted: Admitted) -> dict[str, object]:
        policy = self._judge.policy
        run = Run(
            id=self._judge.epoch[:32],
            command="guard mirror",
            guard=guard.__version__,
            policy=policy,
            policy_uri=self._mirror.settings.policy or "guard:default",
            policy_digest=policy.digest,
        )
        return statement(admitted, run)

    def _put(self, content: bytes) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        self._mirror.store.put(sha256, content)
        return sha256


def decided_of(verdict: Verdict, epoch: str, *, admitted: bool) -> Decided:
    """Return what a verdict comes to; `admitted` is whether there is a proof of it."""
    now = verdict.candidate.judged_at
    if admitted:
        state = State.ADMITTED
    elif verdict.decision is Decision.DENIED:
        state = State.DENIED
    else:
        state = State.UNDECIDED
    return Decided(
        state=state,
        epoch=epoch,
        judged_at=now,
        valid_until=_valid_until(state, now),
        findings=tuple(map(_plain, verdict.findings)),
    )


def _valid_until(state: State, now: datetime) -> datetime:
    """Return when to judge again: approvals and waivers expire at midnight, UTC."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    midnight = day + timedelta(days=1)
    match state:
        case State.DENIED:
            return min(midnight, now + _RIPENS)
        case State.UNDECIDED:
            return now + _SOON
        case _:
            return midnight


def _plain(finding: Finding) -> Finding:
    """Return the finding as it is kept: how to ask for an approval, the mirror says itself."""
    return replace(finding, asks_for=None)
