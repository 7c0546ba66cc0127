"""How a file comes into the mirror: found on its owner's page, judged, and only then stored."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from packaging.utils import NormalizedName, parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

import guard
from guard.admission import Asked
from guard.admission.sift import requested
from guard.evidence.receipt import Run, statement
from guard.gateway.member import member_of
from guard.mirror.judging import Judge
from guard.mirror.mirror import Mirror
from guard.mirror.owners import Owners
from guard.mirror.records import Decided, FileRecord, Held, Key, Listed, State
from guard.model import Absent, Admitted, Decision, File, FileKind, Finding, Index, Unknown, Verdict
from guard.publisher import Provenance
from guard.simple import PageError, PageFile
from guard.sources.sidecar import LIMIT

_RIPENS: Final = timedelta(hours=1)
_SOON: Final = timedelta(minutes=1)
_LATER: Final = timedelta(minutes=5)
_METADATA: Final = b".dist-info/METADATA"


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no such file on the page of the project's owner."""

    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """A file, its entry on the page, and the index whose page that is."""

    owner: Index
    entry: PageFile
    file: File

    @property
    def listed(self) -> Listed:
        """What is written down of it."""
        return Listed(
            key=Key(self.entry.hashes["sha256"], self.entry.filename),
            project=self.file.project,
            version=str(self.file.version),
            kind=self.file.kind,
            origin=self.owner.url,
            url=self.entry.url,
            size=self.entry.size,
            upload_time=self.entry.upload_time,
            requires_python=self.entry.requires_python,
        )


class Intake:
    """Judges files and stores what is admitted. Used by many threads, one for each file."""

    def __init__(self, mirror: Mirror, judge: Judge, owners: Owners) -> None:
        self._mirror = mirror
        self._judge = judge
        self._owners = owners

    def find(self, key: Key) -> Found | Missing | Unknown:
        """Return the file of that name and digest, if the page of its own project lists it.

        Raises `MirrorError`.
        """
        named = project_of(key.filename)
        if named is None:
            return Missing("it is no name of a wheel or a source distribution")
        project, version = named
        owner = self._owners.of(project)
        if not isinstance(owner, Index):
            return Missing(owner.reason) if isinstance(owner, Absent) else owner
        page = self._judge.admission(owner).index.page(owner, project)
        if isinstance(page, Unknown):
            return page
        try:
            entry = None if isinstance(page, Absent) else page.file(key.filename)
        except PageError as error:
            return Unknown(str(error))
        if entry is None or entry.hashes.get("sha256") != key.sha256:
            return Missing(f"{owner.url} does not list it")
        return Found(owner, entry, file_of(entry, project, version))

    def is_current(self, record: FileRecord) -> bool:
        """Tell whether what was decided followed from what this replica judges by."""
        return record.decided is not None and record.decided.epoch == self._judge.epoch

    def take(self, key: Key) -> FileRecord | Missing | Unknown:
        """Judge one file by what holds now, store it where it is admitted, and write both down.

        Raises `MirrorError`, and then nothing was promised.
        """
        found = self.find(key)
        if isinstance(found, Unknown):
            return self._unanswered(key, found)
        if isinstance(found, Missing):
            return found
        self._mirror.files.met([found.listed])
        epoch = self._judge.epoch
        admission = self._judge.admission(found.owner)
        asked = Asked(found.file, requested(found.entry))
        judgement = admission.admit([asked])
        (verdict,) = judgement.verdicts
        admitted = next(iter(judgement.admitted), None)
        held = self._stored(found, admitted) if admitted else None
        decided = decided_of(verdict, epoch, admitted=admitted is not None)
        decided = self._kept(key, decided)
        state = self._mirror.files.decided(key, decided, held, moment=self._mirror.clock())
        decided = replace(decided, state=state)
        return FileRecord(listed=found.listed, decided=decided, held=held)

    def _unanswered(self, key: Key, why: Unknown) -> FileRecord | Unknown:
        """Return what is known of a file whose page cannot be had: what was admitted holds on."""
        record = self._mirror.files.find(key)
        if record is None or record.decided is None:
            return why
        undecided = replace(
            record.decided, state=State.UNDECIDED, epoch=self._judge.epoch, findings=()
        )
        kept = self._kept(key, undecided)
        if kept.state is not State.ADMITTED:
            return why
        self._mirror.files.decided(key, kept, None, moment=self._mirror.clock())
        return replace(record, decided=kept)

    def _kept(self, key: Key, decided: Decided) -> Decided:
        """Return `decided`, or the admission before it where nobody could tell any more.

        Under the same policy and advisories, what was admitted stays so for a bounded time while
        its upstream does not answer.
        """
        if decided.state is not State.UNDECIDED:
            return decided
        record = self._mirror.files.find(key)
        before = record.decided if record else None
        if before is None or before.state is not State.ADMITTED or before.epoch != decided.epoch:
            return decided
        now = self._mirror.clock()
        if now - before.judged_at > self._mirror.settings.stale_age:
            return decided
        return replace(before, valid_until=now + _LATER)

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

    def _metadata(self, admitted: Admitted) -> bytes:
        """Read METADATA out of a wheel that was found to be well-formed."""
        whole = admitted.path.stat().st_size
        with admitted.path.open("rb") as stream:

            def read(start: int | None, size: int) -> bytes:
                stream.seek(max(0, whole - size) if start is None else start)
                return stream.read(size)

            return member_of(read, _METADATA, limit=LIMIT)

    def _provenance(self, found: Found, admitted: Admitted) -> str | None:
        """Store the provenance object that was verified; return its digest."""
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


def file_of(entry: PageFile, project: NormalizedName, version: Version) -> File:
    """Return the file that an entry of a page is about."""
    wheel = entry.filename.endswith(".whl")
    return File(
        project=project,
        version=version,
        filename=entry.filename,
        kind=FileKind.WHEEL if wheel else FileKind.SDIST,
        url=entry.url,
        hashes=entry.hashes,
        size=entry.size,
    )


def project_of(filename: str) -> tuple[NormalizedName, Version] | None:
    """Return the project and version in a file's name, or `None` where it is no such name."""
    try:
        if filename.endswith(".whl"):
            name, version, _, _ = parse_wheel_filename(filename)
        else:
            name, version = parse_sdist_filename(filename)
    except ValueError:
        return None
    return name, version
